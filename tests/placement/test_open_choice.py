"""Room, choices that are left open to the node, and groups whose pods get one class."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placement.accelerators import Catalog
from placement.admission import Admission, admit
from placement.asking.class_requirements import ClassRequirements
from placement.asking.configurations import Configuration
from placement.asking.preferences import Preference, size_range
from placement.asking.profiles import Profile
from placement.asking.roster import Roster
from placement.inventory import Hold, Inventory
from placement.keys import CHOSEN_CLASS, DECISION, REQUESTED_CLASS, WAIT
from placement.pods import Pod
from placement.selection import Expression, NodeSelection, Operator, Term
from tests.builders import (
    AMD,
    CATALOG,
    H100,
    INVENTORY,
    L4,
    NVIDIA,
    PRODUCT,
    accelerator_class,
    inventory,
    node,
    pod,
    vllm,
    world,
)

NVIDIAS = Profile("p", requirements=ClassRequirements(frozenset({"h100", "l4"})), preferred=("l4",))
DIFFERENT = replace(NVIDIAS, configurations=(Configuration("l4", args=("--enforce-eager",)),))
SCHEDULER = "berth-scheduler"
LWS = "leaderworkerset.sigs.k8s.io"


def _admitted(subject: Pod, profile: Profile, **more: Any) -> Admission:
    parts = {"scheduler_name": SCHEDULER, **more}
    return admit(subject, {}, world(profile, **parts))


def _classes(verdict: Admission) -> tuple[str, ...]:
    assert verdict.record
    return verdict.record.classes


def _full(name: str) -> Inventory:
    """Return the small world with every device of one node held."""
    held = INVENTORY.nodes[name]
    count = held.allocatable[NVIDIA]
    return Inventory({**INVENTORY.nodes, name: held.hold(Hold(name, {NVIDIA: count}))})


def test_classes_that_inject_the_same_are_left_open_in_order() -> None:
    """The node decides: the terms of all are injected, and the annotation names them in order of preference."""
    verdict = _admitted(pod(), NVIDIAS)
    changes = verdict.mutation

    assert _classes(verdict) == ("l4", "h100")
    assert changes.annotations[CHOSEN_CLASS] == "l4,h100"
    assert changes.labels[CHOSEN_CLASS] == "l4_h100"
    assert changes.node_selector == {}
    assert [str(term.expressions[0]) for term in changes.terms or ()] == [f"{PRODUCT} In L4", f"{PRODUCT} In H100"]
    assert json.loads(changes.annotations[DECISION])["classes"] == ["l4", "h100"]


def test_an_open_choice_is_anded_into_every_term_of_the_pod() -> None:
    """Two terms of the pod and two classes make four terms."""
    zones = tuple(Term((Expression("zone", Operator.IN, (zone,)),)) for zone in "ab")
    nodes = inventory(*(replace(each, labels={**each.labels, "zone": "a"}) for each in INVENTORY.nodes.values()))

    terms = _admitted(pod(selection=NodeSelection({}, zones)), NVIDIAS, inventory=nodes).mutation.terms

    assert terms is not None
    assert len(terms) == 4
    assert all(term.expressions[0].key == "zone" for term in terms)


@pytest.mark.parametrize(
    ("subject", "profile", "more"),
    [
        (pod(), DIFFERENT, {}),
        (pod(annotations={WAIT: "true"}), NVIDIAS, {}),
        (pod(annotations={REQUESTED_CLASS: "l4"}), NVIDIAS, {}),
        (pod(scheduler_name="kai-scheduler"), NVIDIAS, {}),
        (pod(), NVIDIAS, {"scheduler_name": None}),
        (pod(labels={f"{LWS}/name": "s", f"{LWS}/group-key": "k"}), NVIDIAS, {}),
    ],
    ids=["different", "waits", "named", "another scheduler", "no scheduler of ours", "group"],
)
def test_a_choice_is_made_at_once_where_the_node_must_not_make_it(
    subject: Pod, profile: Profile, more: dict[str, Any]
) -> None:
    """What differs in what is injected, waits, is named, in a group or placed by somebody else has one class."""
    verdict = _admitted(subject, profile, **more)

    assert _classes(verdict) == ("l4",)
    assert verdict.mutation.node_selector == {PRODUCT: "L4"}


def test_a_class_with_room_comes_before_a_preferred_one_without() -> None:
    """Nobody waits for the preferred class while another one is free, unless asked to."""
    full = _full("l4-0")

    assert _classes(_admitted(pod(), DIFFERENT, inventory=full)) == ("h100",)
    assert _classes(_admitted(pod(annotations={WAIT: "true"}), DIFFERENT, inventory=full)) == ("l4",)


def test_a_full_class_says_so() -> None:
    """The decision tells why the preferred class was passed over."""
    decision = json.loads(_admitted(pod(), DIFFERENT, inventory=_full("l4-0")).mutation.annotations[DECISION])

    assert {"class": "l4", "why": "fits, but is full"} in decision["rejected"]


@given(st.integers(0, 12))
def test_what_pending_pods_ask_is_no_room(pending: int) -> None:
    """Four devices are free in the preferred class: as soon as four are asked for, the next pod takes the other."""
    roster = Roster(pending={"l4": {NVIDIA: pending}})

    assert _classes(_admitted(pod(), DIFFERENT, roster=roster)) == (("l4",) if pending < 4 else ("h100",))


def test_room_means_the_devices_of_one_pod_on_one_node() -> None:
    """Two nodes with one free device each have no room for a pod of two."""
    held = {name: node(name, L4, 4).hold(Hold(name, {NVIDIA: 3})) for name in ("a", "b")}
    nodes = inventory(*held.values(), node("h", H100))
    two = pod(vllm(limits={NVIDIA: "2"}, requests={NVIDIA: "2"}))

    assert _classes(_admitted(two, DIFFERENT, inventory=nodes)) == ("h100",)


def test_terms_that_autoscalers_know_come_first() -> None:
    """Karpenter reads the first term: labels that only drivers write would never get it a node."""
    product = Term((Expression(PRODUCT, Operator.IN, ("B200",)),))
    known = Term((Expression("karpenter.k8s.aws/instance-gpu-name", Operator.IN, ("b200",)),))
    b200 = replace(L4, name="b200", selection=NodeSelection({}, (product, known)), scalable_from_zero=True)

    verdict = _admitted(pod(), Profile("p"), catalog=Catalog({"b200": b200}), inventory=inventory())

    assert verdict.mutation.terms == (known, product)


GROUP = {f"{LWS}/name": "s", f"{LWS}/group-key": "k"}
ROOMS = st.builds(
    lambda held, pending: {
        "inventory": Inventory({**INVENTORY.nodes, "l4-0": INVENTORY.nodes["l4-0"].hold(Hold("l4-0", {NVIDIA: held}))}),
        "roster": Roster(pending={"l4": {NVIDIA: pending}}),
    },
    st.integers(0, 4),
    st.integers(0, 9),
)


@given(ROOMS, ROOMS)
def test_the_pods_of_a_group_get_one_class_whatever_is_free_when_each_comes(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    """Two replicas of the webhook that answer at once, and pods in any order, come to the same class."""
    leader = pod(vllm(limits={NVIDIA: "2"}), labels=GROUP, name="leader")
    worker = pod(
        vllm(command=("sh", "-c", "ray start --address=x --block"), limits={NVIDIA: "2"}), labels=GROUP, name="worker"
    )

    assert _classes(_admitted(leader, DIFFERENT, **one)) == _classes(_admitted(worker, DIFFERENT, **other))


def test_a_worker_does_not_need_to_know_the_model_that_its_leader_serves() -> None:
    """What only the leader's command line tells decides nothing in a group."""
    sized = Profile("p", preferences=(Preference("h100", 100, (size_range(">100B"),)),))
    leader = pod(vllm(command=("vllm", "serve", "meta-llama/Llama-3.1-405B-Instruct")), labels=GROUP)
    alone = replace(leader, labels={})
    worker = pod(vllm(command=("sh", "-c", "ray start --address=x --block"), limits={NVIDIA: "1"}), labels=GROUP)

    assert _classes(_admitted(leader, sized)) == _classes(_admitted(worker, sized)) == ("t4",)
    assert _classes(_admitted(alone, sized))[0] == "h100"


def test_a_pod_follows_the_class_that_its_group_has() -> None:
    """Also where its own labels match no profile, and where another class would be chosen by now."""
    roster = Roster(groups={("ml", f"{LWS}/group-key", "k"): "h100"})
    worker = pod(vllm(limits={NVIDIA: "2"}), labels=GROUP)

    followed = _admitted(worker, DIFFERENT, roster=roster)
    unmatched = admit(worker, {}, world(roster=roster))

    assert _classes(followed) == _classes(unmatched) == ("h100",)
    assert followed.record
    assert followed.record.why == "the class of its group"


def test_another_group_is_another_choice() -> None:
    """Prefill and decode are groups of their own."""
    roster = Roster(groups={("ml", f"{LWS}/group-key", "other"): "h100"})

    assert _classes(_admitted(pod(labels=GROUP), DIFFERENT, roster=roster)) == ("l4",)


def test_pods_that_are_updated_in_place_are_left_alone_unless_asked() -> None:
    """AIBrix replaces a pod that differs from its rendering, so only who asks gets a class."""
    labels = {"storm-service-name": "s", "roleset-name": "r", "role-name": "decode"}

    left = _admitted(pod(labels=labels), NVIDIAS)
    asked = _admitted(pod(labels=labels, annotations={REQUESTED_CLASS: "l4"}), NVIDIAS)

    assert left.mutation.is_empty
    assert "left as it is" in left.warnings[0]
    assert _classes(asked) == ("l4",)


def test_the_same_inputs_give_the_same_answer() -> None:
    """Catalog and nodes in another order change nothing."""
    reversed_world = {
        "catalog": Catalog(dict(reversed(list(CATALOG.classes.items())))),
        "inventory": inventory(*reversed(list(INVENTORY.nodes.values()))),
    }

    assert _admitted(pod(), NVIDIAS).mutation == _admitted(pod(), NVIDIAS, **reversed_world).mutation


def test_a_class_of_another_resource_is_not_left_open_with_the_others() -> None:
    """A pod asks for one resource name."""
    assert AMD not in str(_admitted(pod(), Profile("p")).mutation)


def test_a_pod_that_is_asked_about_again_has_its_classes_in_the_same_order() -> None:
    """Scores compare with all that is eligible, which an ineligible resource is no longer once devices are injected."""
    large = accelerator_class("large", {PRODUCT: "large"}, AMD, 1000, 9.0)
    dear = accelerator_class("dear", {PRODUCT: "dear"}, NVIDIA, 100, 1.25)
    cheap = accelerator_class("cheap", {PRODUCT: "cheap"}, NVIDIA, 50, 1.0)
    classes = (large, dear, cheap)
    known = {
        "catalog": Catalog({each.name: each for each in classes}),
        "inventory": inventory(*(node(each.name, each) for each in classes)),
    }
    first = _admitted(pod(), Profile("p"), **known)
    changes = first.mutation
    assert changes.terms is not None
    mutated = pod(
        vllm(requests=changes.containers[0].requests, limits=changes.containers[0].limits),
        labels=changes.labels,
        annotations=changes.annotations,
        selection=NodeSelection({}, changes.terms),
        tolerations=changes.tolerations,
        scheduler_name=SCHEDULER,
    )

    assert _classes(first) == ("cheap", "dear")
    assert _admitted(mutated, Profile("p"), **known).mutation.is_empty
