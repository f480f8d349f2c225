"""A battlefield that the shorter tests share."""

from collections.abc import Iterator

import pytest

from tests.chaos.cluster import Battlefield, battlefield
from tests.extender.scheduling import Cluster


@pytest.fixture(scope="package")
def shared_field() -> Iterator[Battlefield]:
    """A node of whole devices, and two in shares."""
    with battlefield(whole=2, shared=2) as ready:
        yield ready


@pytest.fixture
def field(shared_field: Battlefield) -> Iterator[Battlefield]:
    """The battlefield, without pods and in peace."""
    yield shared_field
    shared_field.proxy.calm()
    Cluster(shared_field.plane).delete_pods()
