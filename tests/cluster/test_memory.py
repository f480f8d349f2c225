"""What is known of a cluster is not looked at again and again by the garbage collector."""

import asyncio
import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster.memory import YOUNG, settle
from cluster.view import Kind
from tests.cluster.recorders import until, watching
from tests.cluster.world import World, serving


@pytest.fixture
def _collector() -> Iterator[None]:
    """Leave the collector as it was."""
    threshold = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*threshold)


@pytest.mark.usefixtures("_collector")
async def test_the_collector_passes_over_a_cluster_that_is_known(tmp_path: Path) -> None:
    """And looks seldom at what is new."""
    frozen = gc.get_freeze_count()
    async with serving(World(), tmp_path) as api, watching(api, Kind.NODES) as view:
        settling = asyncio.create_task(settle(view))
        await until(lambda: gc.get_freeze_count() > frozen)
        settling.cancel()

    assert gc.get_threshold()[0] == YOUNG
