from collections.abc import Iterator

import pytest

from sandbox import ControlPlane, load_nodes


@pytest.fixture(scope="package")
def control_plane() -> Iterator[ControlPlane]:
    """A control plane with the fake nodes and the stock scheduler; each test uses names of its own."""
    with ControlPlane() as started:
        started.add_nodes(load_nodes())
        started.start_stock_scheduler()
        yield started
