"""What admission says of pods that stand: would they have a class, and has another one room."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placement.admission import admit
from placement.asking.class_requirements import ClassRequirements
from placement.asking.configurations import Configuration
from placement.asking.profiles import Profile
from placement.asking.roster import Roster
from placement.inventory import Hold, Inventory
from placement.keys import CHOSEN_CLASS, DECISION, INJECTION, PLACEMENT, REQUESTED_CLASS, WAIT
from placement.pods import Container, Pod
from placement.reconsidering import elsewhere, is_asked_for, is_enforced, may_have_slipped, missed
from tests.builders import INVENTORY, NVIDIA, inventory, node, pod, vllm, world

PROFILE = Profile(
    "chat",
    requirements=ClassRequirements(frozenset({"h100", "l4"})),
    preferred=("h100", "l4"),
    configurations=(Configuration("l4", args=("--enforce-eager",)),),
)
LWS = "leaderworkerset.sigs.k8s.io"
GROUPED = {f"{LWS}/name": "a", f"{LWS}/group-index": "0", f"{LWS}/group-key": "k"}


def full(*names: str) -> Inventory:
    """Return the small world with every NVIDIA device of some nodes held."""
    nodes = dict(INVENTORY.nodes)
    for name in names:
        nodes[name] = nodes[name].hold(Hold(name, {NVIDIA: nodes[name].allocatable[NVIDIA]}))
    return Inventory(nodes)


@pytest.mark.parametrize("labels", [None, {}, {INJECTION: "warn"}, {INJECTION: "audit"}, {INJECTION: "x"}])
def test_only_enforced_namespaces_have_pods_that_slip(labels: dict[str, str] | None) -> None:
    """Elsewhere nothing is changed, so nothing can be missed."""
    assert not is_enforced(labels)
    assert is_enforced({INJECTION: "enforce"})


@pytest.mark.parametrize(
    "more",
    [
        {"labels": {INJECTION: "false"}},
        {"labels": {CHOSEN_CLASS: "l4"}},
        {"annotations": {DECISION: "{}"}},
        {"annotations": {"kubernetes.io/config.mirror": "x"}},
        {"is_terminating": True},
        {"is_finished": True},
    ],
)
def test_a_pod_that_is_treated_exempt_or_on_its_way_out_did_not_slip(more: dict[str, Any]) -> None:
    """Whatever it asks for."""
    assert may_have_slipped(pod())
    assert not may_have_slipped(pod(**more))


def test_who_is_asked_for_is_told_without_containers() -> None:
    """A watch shows pods without what they run: their words are enough to know whom to look at."""
    anonymous = Pod("ml", labels={"app": "chat"})

    assert not is_asked_for(anonymous, {}, world())
    assert is_asked_for(anonymous, {}, world(PROFILE))
    assert is_asked_for(replace(anonymous, annotations={REQUESTED_CLASS: "l4"}), {}, world())


def test_a_pod_that_runs_is_judged_as_one_that_is_created() -> None:
    """Its node, and what only Berth writes, do not count."""
    running = pod(node="t4-0", annotations={PLACEMENT: "{}"})
    finding = missed(running, {}, world(PROFILE))

    assert finding is not None
    assert (finding.chosen, finding.profile) == ("h100", PROFILE)


def test_where_no_class_will_do_none_was_missed_yet() -> None:
    """It would be recorded without a class; nodes may come that change that."""
    finding = missed(pod(), {}, world(PROFILE, inventory=inventory(node("cpu-0"))))

    assert finding is not None
    assert finding.chosen == ""


@pytest.mark.parametrize("subject", [pod(), pod(Container("web", "nginx"), annotations={"a": "b"})])
def test_a_pod_that_nobody_asks_for_missed_nothing(subject: Pod) -> None:
    """No annotation, no profile."""
    assert missed(subject, {}, world()) is None


def test_another_class_with_room_is_named() -> None:
    """The best of those that will do, beside the one that is waited for."""
    finding = elsewhere(pod(), "h100", {}, world(PROFILE, inventory=full("h100-0")))

    assert finding is not None
    assert (finding.chosen, finding.profile) == ("l4", PROFILE)


@pytest.mark.parametrize(
    ("subject", "more"),
    [
        (pod(), {"inventory": full("h100-0", "l4-0")}),
        (pod(annotations={REQUESTED_CLASS: "h100"}), {}),
        (pod(annotations={WAIT: "true"}), {}),
        (pod(labels=GROUPED), {}),
        (pod(vllm(limits={NVIDIA: "5"})), {}),
        (pod(), {"roster": Roster(pending={"l4": {NVIDIA: 4}})}),
    ],
    ids=["full too", "named", "waits on purpose", "in a group", "too small", "others wait there"],
)
def test_nothing_else_will_do(subject: Pod, more: dict[str, Any]) -> None:
    """A class without room, or one that the pod cannot or will not have, is no other."""
    assert elsewhere(subject, "h100", {}, world(PROFILE, **({"inventory": full("h100-0")} | more))) is None


@given(st.sets(st.sampled_from(["h100-0", "l4-0", "t4-0"])), st.sampled_from(["h100", "l4"]), st.integers(0, 9))
def test_whatever_is_named_admission_would_give_where_the_other_is_full(
    busy: set[str], waits_for: str, count: int
) -> None:
    """What is called stuck is never a pod that would get its class again, if that has no room."""
    subject, around = pod(vllm(limits={NVIDIA: str(count)})), world(PROFILE, inventory=full(*busy, f"{waits_for}-0"))
    finding = elsewhere(subject, waits_for, {}, around)
    verdict = admit(subject, {}, around)

    assert finding is None or verdict.classes == (finding.chosen,)
