"""What the tests that replay the published trace share."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.placement.scheduling.traces import Trace, trace


@pytest.fixture(scope="session")
def read(shared: Path) -> Callable[[str, int], Trace]:
    """Return what reads the trace of a variant and seed."""
    return lambda variant, seed: trace(shared / "traces", variant, seed)
