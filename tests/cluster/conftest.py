"""One real control plane for what only the real one can tell, and a shelf for what a reflector sees."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from cluster.api import Api
from sandbox import ControlPlane
from tests.cluster.recorders import Shelf

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def shelf() -> Shelf:
    """Where the reflector under test puts what it sees."""
    return Shelf()


@pytest.fixture(scope="package")
def control_plane() -> Iterator[ControlPlane]:
    """A real API server; each test uses names of its own."""
    with ControlPlane(kwok=False) as running:
        yield running


@pytest.fixture
async def real_api(control_plane: ControlPlane) -> AsyncIterator[Api]:
    """The real server's API as the cluster's admin."""
    async with Api.connect(control_plane.kubeconfig) as connected:
        yield connected
