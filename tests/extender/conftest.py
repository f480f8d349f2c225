"""A real control plane whose kube-scheduler asks the extender."""

from collections.abc import Iterator

import pytest

from sandbox import ControlPlane, load_nodes
from tests.extender.scheduling import Cluster, ExtenderProgram, define, scheduler_configuration


@pytest.fixture(scope="package")
def plane() -> Iterator[ControlPlane]:
    """A control plane with the fake nodes, Berth's CRDs and a class for each kind of hardware."""
    with ControlPlane(kwok=False) as started:
        started.add_nodes(load_nodes())
        define(started)
        yield started


@pytest.fixture(scope="package")
def program(plane: ControlPlane) -> ExtenderProgram:
    """The extender as a program, asked by a kube-scheduler."""
    extender = ExtenderProgram(plane)
    plane.start_scheduler(scheduler_configuration(extender.url))
    return extender


@pytest.fixture
def cluster(plane: ControlPlane, program: ExtenderProgram) -> Iterator[Cluster]:
    """A cluster without pods whose scheduler asks the extender."""
    assert program.port
    running = Cluster(plane)
    yield running
    running.delete_pods()
