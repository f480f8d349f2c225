"""What Kueue's flavors and queues accept, and what flavors and classes say in each other's words."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placement.accelerators import AcceleratorClass, Capabilities, Catalog, DeviceResource
from placement.admission import World, admit
from placement.discovering.readings import DiscoveredClass
from placement.injecting.plans import is_queued
from placement.pods import Container, Pod
from placement.queueing.equivalents import class_for, labels_for, tolerations_for, unnamable
from placement.queueing.flavors import Flavor
from placement.queueing.queues import QUEUE_NAME, ClusterQueue, LocalQueue, Queueing, ResourceGroup
from placement.selection import Expression as Ex
from placement.selection import NodeSelection, Operator, Term
from placement.taints import Taint, Toleration
from tests.builders import AMD, H100, INVENTORY, L4, NVIDIA, PRODUCT, T4, inventory, node, pod, vllm, world

KEYS = ("a", "b", "c")
VALUES = ("1", "2")
some_labels = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES))
expressions = st.one_of(
    st.builds(
        Ex,
        st.sampled_from(KEYS),
        st.sampled_from([Operator.IN, Operator.NOT_IN]),
        st.sampled_from([VALUES[:1], VALUES]),
    ),
    st.builds(Ex, st.sampled_from(KEYS), st.sampled_from([Operator.EXISTS, Operator.DOES_NOT_EXIST])),
    st.builds(Ex, st.sampled_from(KEYS), st.sampled_from([Operator.GT, Operator.LT]), st.just(("1",))),
)
terms = st.lists(st.builds(Term, st.lists(expressions, min_size=1, max_size=2).map(tuple)), max_size=3).map(tuple)
selections = st.builds(NodeSelection, some_labels, terms)

FLAVORS = {
    "h100": Flavor("h100", {PRODUCT: "H100"}),
    "l4": Flavor("l4", {PRODUCT: "L4"}),
    "any": Flavor("any"),
    "reserved": Flavor("reserved", {PRODUCT: "H100"}, (Taint("reserved", "true"),)),
    "zone": Flavor("zone", {"zone": "z"}),
}


def queueing(*flavors: str, resources: frozenset[str] = frozenset({NVIDIA})) -> Queueing:
    """Return the queue `team` of namespace ml, which leads to these flavors."""
    queues = {"q": ClusterQueue("q", (ResourceGroup(resources, flavors),))}
    return Queueing(FLAVORS, queues, {("ml", "team"): LocalQueue("ml", "team", "q")})


def queued(**more: object) -> Pod:
    """Return a pod that asks for one GPU, any class, in that queue."""
    parts = {"labels": {QUEUE_NAME: "team"}, "annotations": {"ome.io/selection-strategy": "cost"}, **more}
    return pod(vllm(requests={NVIDIA: "1"}, limits={NVIDIA: "1"}), **parts)


def reasons(subject: Pod, known: World) -> dict[str, str]:
    """Return why classes will not do for a pod."""
    choice = admit(subject, {}, known).choice
    assert choice is not None
    return {each.subject: each.reason for each in choice.rejections}


@given(selections, some_labels, some_labels)
def test_what_a_flavor_refuses_could_go_to_none_of_its_nodes(
    selection: NodeSelection, flavor: dict[str, str], others: dict[str, str]
) -> None:
    """Kueue looks at the flavor's own labels alone, which all of its nodes have."""
    refused = Flavor("f", flavor).refusal(selection, ())

    assert refused is None or not selection.admits({**others, **flavor}, "n")


@given(selections, some_labels)
def test_what_a_flavor_accepts_it_does_not_contradict(selection: NodeSelection, flavor: dict[str, str]) -> None:
    """Kueue would never start a pod whose nodeSelector has another value than its flavor."""
    accepted = Flavor("f", flavor).refusal(selection, ()) is None

    assert not accepted or selection.contradiction(NodeSelection(flavor)) is None


@given(selections, some_labels)
def test_a_class_that_a_flavor_can_express_has_the_same_nodes(selection: NodeSelection, labels: dict[str, str]) -> None:
    """Nothing is lost on the way; what cannot be said is said to be so."""
    wanted, problem = labels_for(AcceleratorClass("c", selection))

    assert problem or Flavor("f", wanted).is_on(labels) == selection.admits(labels, "n")
    assert bool(problem) != bool(wanted)


@pytest.mark.parametrize(
    ("selection", "problem"),
    [
        (NodeSelection({}, (Term((Ex("a", Operator.EXISTS),)), Term((Ex("b", Operator.EXISTS),)))), "2 alternatives"),
        (NodeSelection({}, (Term((Ex("mem", Operator.GT, ("40000",)),)),)), "mem Gt 40000"),
        (NodeSelection({}, (Term((Ex("a", Operator.IN, ("1", "2")),)),)), "a In 1,2"),
        (NodeSelection({"a": "1"}, (Term((Ex("a", Operator.IN, ("2",)),)),)), "which no node can be"),
        (NodeSelection({str(each): "x" for each in range(9)}), "9 labels"),
        (NodeSelection({}, (Term((), (Ex("metadata.name", Operator.IN, ("n",)),)),)), "names its nodes"),
    ],
)
def test_what_a_flavor_cannot_express_is_named(selection: NodeSelection, problem: str) -> None:
    """People read why their class has no flavor."""
    assert problem in labels_for(AcceleratorClass("c", selection))[1]


def test_one_value_of_one_term_is_a_label_like_any_other() -> None:
    """OME's dialect has no nodeSelector but an affinity."""
    selection = NodeSelection({"a": "1"}, (Term((Ex("b", Operator.IN, ("2",)),)),))

    assert labels_for(AcceleratorClass("c", selection)) == ({"a": "1", "b": "2"}, "")


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({PRODUCT: "NVIDIA-L4"}, True),
        ({"amd.com/gpu.product-name": "x"}, True),
        ({"beta.amd.com/gpu.family": "AI"}, True),
        ({"gpu.intel.com/product": "Max_1550"}, True),
        ({"cloud.google.com/gke-accelerator": "nvidia-l4"}, True),
        ({"karpenter.k8s.aws/instance-gpu-name": "l4"}, True),
        ({"zone": "gpu-zone"}, False),
        ({"cloud.google.com/gke-nodepool": "gpu"}, False),
        ({}, False),
    ],
)
def test_a_flavor_is_known_by_the_keys_of_its_labels(labels: dict[str, str], *, expected: bool) -> None:
    """Not by its name, which may be anything."""
    assert Flavor("gpu-a100", labels).has_accelerators() is expected


def test_further_keys_may_be_configured() -> None:
    """Admins label nodes in words of their own."""
    assert Flavor("big", {"corp.example/accelerator": "x"}).has_accelerators(("corp.example/accel",))


def test_a_class_has_what_its_flavors_taints_need() -> None:
    """Pods of the class must be able to go where the flavor leads, and not everywhere."""
    flavor = Flavor(
        "f",
        {PRODUCT: "L4"},
        (Taint("spot", "true"), Taint("dedicated", ""), Taint("soft", "", "PreferNoSchedule")),
        (Toleration("spot", "Exists"), Toleration("", "Exists")),
    )

    assert tolerations_for(flavor) == (
        Toleration("spot", "Exists"),
        Toleration("dedicated", "Exists", effect="NoSchedule"),
    )


def found(name: str, vendor: str = "nvidia") -> DiscoveredClass:
    """Return a class as discovery makes it."""
    selection, capabilities = NodeSelection({PRODUCT: name}), Capabilities(24.0, (8, 9))
    return DiscoveredClass(
        AcceleratorClass(name, selection, vendor, "ada-lovelace", capabilities, (DeviceResource(NVIDIA),)), model="l4"
    )


def test_a_flavor_of_one_hardware_becomes_a_class_that_knows_it() -> None:
    """Its name and its nodes are the flavor's, what it can do is that of its nodes."""
    flavor = Flavor("team-gpus", {PRODUCT: "NVIDIA-L4", "team": "a"})
    made = class_for(flavor, [found("nvidia-l4")])

    assert made.model == "l4"
    assert made.accelerator_class == replace(
        found("nvidia-l4").accelerator_class,
        name="team-gpus",
        selection=NodeSelection(flavor.labels),
        kueue_flavor="team-gpus",
    )


def test_a_flavor_of_several_kinds_of_hardware_promises_nothing() -> None:
    """A pod that needs 80 GB must not land on 16 because both are in the flavor."""
    made = class_for(Flavor("f", {"nvidia.com/gpu.present": "true"}), [found("l4"), found("t4")]).accelerator_class

    assert (made.vendor, made.capabilities, made.listed_resources) == ("nvidia", Capabilities(), ())


def test_a_name_that_is_too_long_for_a_class_is_named() -> None:
    """It would be no label value of pods."""
    assert "64 characters" in unnamable(Flavor("x" * 64))
    assert not unnamable(Flavor("x" * 63))


def test_a_queued_pod_gets_a_class_that_some_flavor_accepts() -> None:
    """The cheapest would be the T4, which no flavor of its queue is for."""
    verdict = admit(queued(), {}, world(queueing=queueing("h100", "l4")))

    assert verdict.classes == ("l4",)
    assert reasons(queued(), world(queueing=queueing("h100", "l4")))["t4"] == (
        "no flavor of queue team accepts it (h100 is for other labels, l4 is for other labels)"
    )


def test_a_class_that_is_named_must_be_one_of_the_queue() -> None:
    """Else the pod would wait in its queue for ever."""
    named = queued(annotations={"ome.io/accelerator-class": "t4"})
    verdict = admit(named, {}, world(queueing=queueing("l4")))

    assert verdict.is_unfit
    assert any("no flavor of queue team accepts it" in each for each in verdict.warnings)


@pytest.mark.parametrize(
    "known",
    [
        Queueing(),
        replace(queueing("l4"), local_queues={}),
        replace(queueing("l4"), cluster_queues={}),
        queueing("l4", "nobody-knows-it"),
        queueing("l4", resources=frozenset({"cpu", "memory"})),
        queueing("any"),
    ],
    ids=["no-kueue", "no-local-queue", "no-cluster-queue", "unknown-flavor", "no-accelerators", "no-labels"],
)
def test_what_is_not_known_restricts_nothing(known: Queueing) -> None:
    """Kueue may be absent, or be told of its queues later."""
    assert admit(queued(), {}, world(queueing=known)).classes == ("t4",)


def test_other_pods_are_not_restricted() -> None:
    """A queue counts for those who wait in it."""
    free = queued(labels={})

    assert not is_queued(free)
    assert admit(free, {}, world(queueing=queueing("h100"))).classes == ("t4",)


def test_a_queue_without_a_resource_refuses_the_classes_that_are_asked_for_by_it() -> None:
    """Kueue never admits a pod that asks for a resource its queue does not cover."""
    engine = vllm(requests={AMD: "1"}, limits={AMD: "1"})
    subject = pod(engine, labels={QUEUE_NAME: "team"}, annotations={"ome.io/selection-strategy": "cost"})

    assert reasons(subject, world(queueing=queueing("l4")))["mi300x"] == "queue team has no flavor for amd.com/gpu"


def test_a_flavors_taint_must_be_tolerated() -> None:
    """By the pod, its class or the flavor itself."""
    known = world(queueing=queueing("reserved"))
    tolerant = queued(tolerations=(Toleration("reserved", "Exists"),))

    assert "reserved has the taint reserved=true:NoSchedule" in reasons(queued(), known)["h100"]
    assert admit(tolerant, {}, known).classes == ("h100",)


def test_a_flavor_that_is_on_none_of_a_classs_nodes_leads_to_none_of_them() -> None:
    """Labels under other keys do not contradict, and yet no node has both."""
    known = world(queueing=queueing("zone"))
    zoned = replace(node("l4-0", L4), labels={**L4.selection.labels, "zone": "z"})

    assert "zone is for other nodes" in reasons(queued(), known)["l4"]
    assert admit(queued(), {}, replace(known, inventory=inventory(*INVENTORY.nodes.values(), zoned))).classes == ("l4",)


def test_nodes_to_come_may_have_the_flavors_labels() -> None:
    """A class that scales from zero is not bound to the nodes that it has."""
    scalable = Catalog({"t4": replace(T4, scalable_from_zero=True), "h100": H100})

    assert admit(queued(), {}, world(catalog=scalable, queueing=queueing("zone"))).classes == ("t4",)


def test_the_pods_own_selection_narrows_what_flavors_accept() -> None:
    """Flavor l4 accepts the class, but not this pod."""
    elsewhere = queued(selection=NodeSelection({PRODUCT: "H100"}))

    assert admit(elsewhere, {}, world(queueing=queueing("l4", "h100"))).classes == ("h100",)
    assert admit(elsewhere, {}, world(queueing=queueing("l4"))).is_unfit


def test_a_pod_without_devices_of_its_own_is_not_restricted() -> None:
    """Its queue decides about accelerators that it asks for; Berth adds none to what Kueue has counted."""
    bare = pod(
        Container("engine", "vllm/vllm-openai", ("vllm", "serve", "m")),
        labels={QUEUE_NAME: "team"},
        annotations={"ome.io/selection-strategy": "cost"},
    )

    assert admit(bare, {}, world(queueing=queueing("h100"))).classes == ("t4",)
