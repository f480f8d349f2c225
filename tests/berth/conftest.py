from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from cluster.api import Api
from sandbox import ControlPlane, load_nodes
from tests.kueue.cluster import Kueue

ROOT = Path(__file__).parents[2]
MANIFESTS = ROOT / "manifests/base"


@pytest.fixture(scope="package")
def control_plane() -> Iterator[ControlPlane]:
    """An API server with fake nodes and everything that `kubectl apply -k manifests/base` brings."""
    with ControlPlane(kwok=False) as started:
        started.kubectl("apply", "--server-side", "--kustomize", str(MANIFESTS / "crds"))
        started.kubectl("wait", "--for=condition=Established", "customresourcedefinition", "--all", "--timeout=20s")
        started.kubectl("apply", "--server-side", "--kustomize", str(MANIFESTS))
        started.add_nodes(load_nodes())
        yield started


@pytest.fixture(scope="package")
def plane() -> Iterator[ControlPlane]:
    """An API server with the definitions of OME, Berth and Kueue, none of which runs."""
    with ControlPlane(kwok=False) as started:
        started.apply(ROOT / "tests/ome/accelerator-classes.yaml")
        started.apply(MANIFESTS / "crds/accelerator-profiles.yaml")
        Kueue(started).install()
        yield started


@pytest.fixture
async def api(plane: ControlPlane) -> AsyncIterator[Api]:
    """That API server as its admin."""
    async with Api.connect(plane.kubeconfig) as connected:
        yield connected


@pytest.fixture
def no_pods(plane: ControlPlane) -> Iterator[None]:
    """Delete its pods behind a test."""
    yield
    plane.api.send("DELETE", "/api/v1/namespaces/default/pods?gracePeriodSeconds=0", {})
