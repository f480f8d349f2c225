"""A real control plane with accelerator nodes, for schedulers of several kinds."""

from collections.abc import Iterator

import pytest

from sandbox import ControlPlane
from tests.chaos.auditor import GPU, MILLI
from tests.chaos.cluster import node
from tests.extender.scheduling import PROJECT, Cluster, define


@pytest.fixture(scope="package")
def plane() -> Iterator[ControlPlane]:
    """A control plane with nodes of whole devices and of shares, Berth's CRDs and a class for each kind of hardware."""
    with ControlPlane(kwok=False) as started:
        started.add_nodes([node(f"whole-{index}", {GPU: "8"}) for index in range(6)])
        started.add_nodes([node(f"shared-{index}", {MILLI: "4000"}) for index in range(4)])
        define(started)
        yield started


@pytest.fixture(scope="package")
def installed(plane: ControlPlane) -> ControlPlane:
    """The control plane with Berth installed beside a scheduler of its own."""
    overlay = PROJECT / "manifests/overlays/existing-scheduler"
    plane.kubectl("apply", "--server-side", "--force-conflicts", "--validate=strict", "-k", str(overlay))
    return plane


@pytest.fixture
def cluster(plane: ControlPlane) -> Iterator[Cluster]:
    """The control plane without pods, before and after."""
    running = Cluster(plane)
    yield running
    running.delete_pods()
