from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from cluster.api import Api
from sandbox import ControlPlane

MANIFESTS = Path(__file__).parents[2] / "manifests/base"

# Who wrote what, and which leases with what in them.
AUDIT_WRITES = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        {"level": "None", "verbs": ["get", "list", "watch"]},
        {"level": "Request", "resources": [{"group": "coordination.k8s.io", "resources": ["leases"]}]},
        {"level": "Metadata"},
    ],
}


@pytest.fixture(scope="package")
def control_plane() -> Iterator[ControlPlane]:
    """An API server that knows AcceleratorClasses and has the namespace berth-system."""
    with ControlPlane(kwok=False, audit_policy=AUDIT_WRITES) as started:
        started.kubectl("apply", "--server-side", "--kustomize", str(MANIFESTS / "crds"))
        started.kubectl("wait", "--for=condition=Established", "customresourcedefinition", "--all", "--timeout=20s")
        started.kubectl("create", "namespace", "berth-system")
        yield started


@pytest.fixture
async def api(control_plane: ControlPlane) -> AsyncIterator[Api]:
    """The API server as its admin."""
    async with Api.connect(control_plane.kubeconfig) as connected:
        yield connected
