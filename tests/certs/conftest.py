from collections.abc import AsyncIterator, Iterator

import pytest

from cluster.api import Api
from sandbox import ControlPlane


@pytest.fixture(scope="package")
def control_plane() -> Iterator[ControlPlane]:
    """An API server; each test uses names of its own."""
    with ControlPlane(kwok=False) as started:
        yield started


@pytest.fixture
async def api(control_plane: ControlPlane) -> AsyncIterator[Api]:
    """The API server as its admin."""
    async with Api.connect(control_plane.kubeconfig) as connected:
        yield connected
