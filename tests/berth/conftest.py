from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import ControlPlane, load_nodes

MANIFESTS = Path(__file__).parents[2] / "manifests/base"


@pytest.fixture(scope="session")
def control_plane() -> Iterator[ControlPlane]:
    """An API server with fake nodes and everything that `kubectl apply -k manifests/base` brings."""
    with ControlPlane(kwok=False) as started:
        started.kubectl("apply", "--server-side", "--kustomize", str(MANIFESTS / "crds"))
        started.kubectl("wait", "--for=condition=Established", "customresourcedefinition", "--all", "--timeout=20s")
        started.kubectl("apply", "--server-side", "--kustomize", str(MANIFESTS))
        started.add_nodes(load_nodes())
        yield started
