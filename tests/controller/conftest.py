from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from cluster.api import Api
from sandbox import ControlPlane

MANIFESTS = Path(__file__).parents[2] / "manifests/base"


@pytest.fixture(scope="session")
def control_plane() -> Iterator[ControlPlane]:
    """An API server that knows AcceleratorClasses and has the namespace berth-system."""
    with ControlPlane(kwok=False) as started:
        started.kubectl("apply", "--server-side", "--kustomize", str(MANIFESTS / "crds"))
        started.kubectl("wait", "--for=condition=Established", "customresourcedefinition", "--all", "--timeout=20s")
        started.kubectl("create", "namespace", "berth-system")
        yield started


@pytest.fixture
async def api(control_plane: ControlPlane) -> AsyncIterator[Api]:
    """The API server as its admin."""
    async with Api.connect(control_plane.kubeconfig) as connected:
        yield connected
