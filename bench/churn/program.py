"""`berth extender` as it is, which counts its objects when asked: `python -m bench.churn.program FILE FLAGS`.

Upon SIGUSR1 it writes to the file how many objects of each class the garbage collector tracks, as JSON. Nothing is
collected for that: what only a collection would free counts.
"""

import gc
import json
import signal
import sys
from collections import Counter
from pathlib import Path
from types import FrameType

from berth.cli import main


def census() -> Counter[str]:
    """Count the objects of each class, and all together."""
    kinds = Counter(type(each) for each in gc.get_objects())
    named = {f"{kind.__module__}.{kind.__qualname__}": count for kind, count in kinds.items()}
    return Counter(named | {"all": kinds.total()})


if __name__ == "__main__":
    place = Path(sys.argv.pop(1))

    def _tell(_number: int, _frame: FrameType | None) -> None:
        fresh = place.with_suffix(".fresh")
        fresh.write_text(json.dumps(census()))
        fresh.rename(place)

    signal.signal(signal.SIGUSR1, _tell)
    sys.argv.insert(1, "extender")
    sys.exit(main())
