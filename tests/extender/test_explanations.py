"""What is said about pods that wait."""

from dataclasses import replace

import pytest

from cluster.writers import EventType
from extender.explanations import event_of
from placement.policy import survey
from placement.taints import Toleration
from tests.builders import H100, NVIDIA, inventory, node
from tests.placement.clusters import asking

TOLERANT = replace(asking(1), tolerations=(Toleration(NVIDIA, "Exists"),))


def test_a_pod_that_fits_nowhere_hears_why_counted() -> None:
    """The same words as kube-scheduler's own, with the class where it says more than the label."""
    full = replace(node("full", H100), held={NVIDIA: 8})
    event = event_of(survey(TOLERANT, inventory(full, node("cpu-0"), node("cpu-1"))))

    assert (event.type, event.reason) == (EventType.WARNING, "NoAccelerator")
    assert event.note == ("0/3 nodes fit: 2 node(s) without nvidia.com/gpu, 1 node(s) with too few free nvidia.com/gpu")


@pytest.mark.parametrize(
    ("count", "where"),
    [(1, "n0"), (3, "n0, n1, n2"), (5, "n0, n1, n2 and 2 more")],
)
def test_a_pod_for_which_there_is_room_hears_where(count: int, where: str) -> None:
    """Then something else keeps it waiting, which is the scheduler's to say."""
    event = event_of(survey(TOLERANT, inventory(*(node(f"n{index}", H100) for index in range(count)))))

    assert (event.type, event.reason) == (EventType.NORMAL, "AcceleratorFree")
    assert event.note.startswith(f"Berth sees room on {where}: the scheduler's own message tells")
