"""Works that go on beside a block, in threads."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def beside(*works: Callable[[threading.Event], None]) -> Iterator[None]:
    """Let works run until the block ends, which they learn by the event."""
    over = threading.Event()
    threads = [threading.Thread(target=work, args=(over,)) for work in works]
    for each in threads:
        each.start()
    try:
        yield
    finally:
        over.set()
        for each in threads:
            each.join()
