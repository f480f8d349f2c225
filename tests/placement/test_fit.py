"""Why a node will not do, in words that kube-scheduler can count."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from placement.inventory import NodeInventory
from placement.rejections import Cause
from placement.requirements import Requirements
from placement.scheduling.fit import accelerator_rejection, rejection
from placement.selection import NodeSelection
from placement.taints import Taint, Toleration
from tests.placement.clusters import GPU, asking, gpu_node, nodes_named, questions

TAINT = Taint("nvidia.com/gpu", "present")


@pytest.mark.parametrize(
    ("changes", "cause", "reason"),
    [
        ({"is_schedulable": False}, Cause.EXHAUSTED, "node(s) cordoned"),
        ({"is_ready": False}, Cause.EXHAUSTED, "node(s) not ready"),
        ({"taints": (TAINT,)}, Cause.FILTERED, "node(s) with untolerated taint nvidia.com/gpu=present:NoSchedule"),
        ({"allocatable": {}, "offers": frozenset()}, Cause.FILTERED, "node(s) without nvidia.com/gpu"),
        ({"allocatable": {GPU: 1}}, Cause.FILTERED, "node(s) with fewer nvidia.com/gpu than asked"),
        ({"held": {GPU: 7}}, Cause.EXHAUSTED, "node(s) with too few free nvidia.com/gpu"),
        ({"held": {"cpu": 95_500}}, Cause.EXHAUSTED, "node(s) with too little free cpu"),
        ({"held": {"pods": 110}}, Cause.EXHAUSTED, "node(s) with too little free pods"),
    ],
)
def test_each_obstacle_has_its_cause_and_its_reason(changes: Mapping[str, Any], cause: Cause, reason: str) -> None:
    """A node that would do, with one thing against it."""
    no = rejection(asking(2), replace(gpu_node("n"), **changes))

    assert no is not None
    assert (no.subject, no.cause, no.reason) == ("n", cause, reason)


def test_a_node_with_nothing_against_it_will_do() -> None:
    """No reason, no rejection."""
    assert rejection(asking(8), gpu_node("n")) is None


def test_a_pod_that_selects_another_class_hears_which_class_it_left_out() -> None:
    """The class says more to a person than the label does."""
    asked = replace(asking(1), selection=NodeSelection({"gpu": "l4"}))

    assert str(rejection(asked, gpu_node("n"))) != ""
    assert _reason(asked, gpu_node("n")) == "node(s) of class h100, not selected by the pod"
    assert _reason(asked, replace(gpu_node("n"), classes=("big", "h100"))) == (
        "node(s) of class big+h100, not selected by the pod"
    )
    assert _reason(asked, replace(gpu_node("n"), classes=())) == (
        "node(s) without accelerator class, not selected by the pod"
    )


def test_a_tolerated_taint_is_no_obstacle() -> None:
    """Nor is one that only prefers."""
    tolerant = replace(asking(1), tolerations=(Toleration("nvidia.com/gpu", "Exists"),))
    tainted = replace(gpu_node("n"), taints=(TAINT, Taint("slow", effect="PreferNoSchedule")))

    assert rejection(tolerant, tainted) is None


def test_accelerators_that_cannot_be_seen_pass_where_the_class_offers_them() -> None:
    """Devices behind Dynamic Resource Allocation stand in no node's status: only a contradiction rejects."""
    behind = replace(gpu_node("n"), allocatable={"cpu": 96_000, "pods": 110})

    assert accelerator_rejection(asking(1), behind) is None


def test_pods_in_flight_are_no_reason_to_reject() -> None:
    """Whole devices are promised by the scheduler's own check, which is exact."""
    assert accelerator_rejection(asking(2), gpu_node("n", 2, assumed=2)) is None


def test_every_kind_of_accelerator_that_is_asked_must_be_there() -> None:
    """A pod may ask two kinds at once."""
    asked = Requirements({GPU: 1, "amd.com/gpu": 1}, {GPU: 1, "amd.com/gpu": 1})

    assert _reason(asked, gpu_node("n")) == "node(s) without amd.com/gpu"


@pytest.mark.parametrize(
    ("has", "held", "cause", "reason"),
    [
        ({}, {}, Cause.FILTERED, "node(s) without foo.com/gpu"),
        ({"foo.com/gpu": 1}, {}, Cause.FILTERED, "node(s) with fewer foo.com/gpu than asked"),
        ({"foo.com/gpu": 2}, {"foo.com/gpu": 1}, Cause.EXHAUSTED, "node(s) with too few free foo.com/gpu"),
        ({"foo.com/gpu": 2}, {}, Cause.FILTERED, "node(s) without hugepages-2Mi"),
    ],
)
def test_what_else_is_asked_must_be_there_too(
    has: Mapping[str, int], held: Mapping[str, int], cause: Cause, reason: str
) -> None:
    """Devices that no class knows, and huge pages, keep a pod away as well; it is not told that there is room."""
    pod = asking(1)
    asked = replace(pod, requests={**pod.requests, "hugepages-2Mi": 2**21, "foo.com/gpu": 2})
    node = gpu_node("n")

    no = rejection(asked, replace(node, allocatable={**node.allocatable, **has}, held=held))

    assert no is not None
    assert (no.cause, no.reason) == (cause, reason)
    assert accelerator_rejection(asked, node) is None


@given(nodes_named("some-node"), questions)
def test_reasons_name_no_node_and_no_amount(node: NodeInventory, asked: Requirements) -> None:
    """kube-scheduler counts equal texts into one condition, which unequal ones would blow up."""
    no = rejection(asked, node)

    if no is not None:
        assert "some-node" not in no.reason
        assert not any(letter.isdigit() for letter in no.reason.replace("h100", ""))
        assert "%" not in no.reason


def _reason(asked: Requirements, node: NodeInventory) -> str:
    no = rejection(asked, node)
    return no.reason if no else ""
