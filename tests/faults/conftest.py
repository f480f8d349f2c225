"""One stage that all faults share."""

from collections.abc import Iterator

import pytest

from tests.faults.stage import Stage, stage


@pytest.fixture(scope="package")
def shared_stage() -> Iterator[Stage]:
    """Berth with two replicas of its webhook, ready."""
    with stage() as ready:
        yield ready


@pytest.fixture
def berth(shared_stage: Stage) -> Stage:
    """The stage, whole and without pods."""
    shared_stage.clear()
    return shared_stage
