import json
from dataclasses import replace
from typing import Any

import pytest

from placement.admission import Admission, admit
from placement.asking.class_requirements import ClassRequirements
from placement.asking.configurations import Configuration
from placement.asking.profiles import Profile
from placement.asking.strategies import Strategy
from placement.choosing.records import MAX_RECORD_BYTES
from placement.inventory import Inventory
from placement.keys import CHOSEN_CLASS, CONTAINER, DECISION, DEVICES, PLACEMENT, REQUESTED_CLASS
from placement.pods import Container, Pod
from placement.selection import Expression, NodeSelection, Operator, Term
from placement.taints import Toleration
from tests.builders import H100, INVENTORY, NVIDIA, PRODUCT, pod, vllm, world

PROFILE_OF_ALL = Profile("all")
EXPLICIT = {REQUESTED_CLASS: "h100"}


def _admitted(subject: Pod, *profiles: Profile, **more: object) -> Admission:
    return admit(subject, {"team": "a"}, world(*profiles, **more))


def _decision(verdict: Admission) -> dict[str, Any]:
    decision: dict[str, Any] = json.loads(verdict.mutation.annotations[DECISION])
    return decision


def test_a_pod_that_asks_for_nothing_is_left_alone() -> None:
    """No annotation, no profile: nothing changes, nobody is told anything."""
    assert _admitted(pod()) == Admission()


def test_an_explicit_class_is_injected_with_everything_it_needs() -> None:
    """Node selection, toleration, resource, label and annotations: the pod can run as it is then."""
    changes = _admitted(pod(annotations=EXPLICIT), scheduler_name="berth-scheduler").mutation

    assert changes.node_selector == {PRODUCT: "H100"}
    assert changes.terms is None
    assert changes.tolerations == (Toleration(NVIDIA, "Exists", effect="NoSchedule"),)
    assert changes.containers[0].limits == changes.containers[0].requests == {NVIDIA: "1"}
    assert changes.labels == {CHOSEN_CLASS: "h100"}
    assert changes.annotations.keys() == {CHOSEN_CLASS, DECISION}
    assert changes.scheduler_name == "berth-scheduler"


def test_the_decision_tells_why_and_why_not_and_what_was_injected() -> None:
    """The annotation alone is enough to explain the pod."""
    profile = Profile("big", requirements=ClassRequirements(memory_gib=40))

    decision = _decision(_admitted(pod(), profile))

    assert decision["class"] == "mi300x"
    assert decision["source"] == "profile big"
    assert decision["why"] == "best of 2 classes that fit by strategy balanced, 4 USD/h"
    assert decision["rejected"] == [
        {"class": "h100", "why": "fits, but comes later (5 USD/h)"},
        {"class": "l4", "why": "has 24 GiB of memory, 40 needed"},
        {"class": "t4", "why": "has 16 GiB of memory, 40 needed"},
    ]
    assert decision["injected"] == {
        "nodeSelector": {"amd.com/gpu.product-name": "MI300X"},
        "tolerations": ["amd.com/gpu"],
        "containers": {"engine": {"resources": {"amd.com/gpu": "1"}}},
    }


def test_the_decision_never_exceeds_its_size() -> None:
    """However many classes there are, the annotation stays within 2 KiB and says what it leaves out."""
    catalog = {f"class-{i}": replace(H100, name=f"class-{i}") for i in range(200)}
    profile = Profile("all", requirements=ClassRequirements(frozenset({"h100"})))
    crowded = world(profile, catalog=replace(world().catalog, classes={**world().catalog.classes, **catalog}))

    text = admit(pod(), {}, crowded).mutation.annotations[DECISION]

    assert len(text.encode()) <= MAX_RECORD_BYTES
    assert json.loads(text)["omitted"] > 100


def test_the_counts_that_will_be_injected_decide_which_class_is_large_enough() -> None:
    """Four devices never fit on a node of two, also when it is the profile that asks for them."""
    four = {name: Configuration(name, limits={NVIDIA: "4"}) for name in ("t4", "l4", "h100")}
    profile = Profile(
        "p",
        requirements=ClassRequirements(frozenset(four)),
        configurations=tuple(four.values()),
        strategy=Strategy.COST,
    )

    decision = _decision(_admitted(pod(), profile))

    assert decision["class"] == "l4"
    assert {"class": "t4", "why": f"its largest node has 2, the pod asks 4 {NVIDIA}"} in decision["rejected"]


def test_a_pod_that_names_its_node_gets_the_class_of_that_node_or_none() -> None:
    """Whoever binds a pod by hand keeps it there, and its scheduler."""
    bound = pod(annotations=EXPLICIT, node="h100-0")
    elsewhere = pod(annotations=EXPLICIT, node="t4-0")

    assert _admitted(bound, scheduler_name="berth-scheduler").mutation.scheduler_name is None
    assert _admitted(elsewhere).warnings[-1] == "h100: the pod names node t4-0, which does not carry it"


def test_cpu_and_memory_stay_where_they_are_given_for_the_pod_as_a_whole() -> None:
    """Containers may not ask for more than their pod; devices are counted apart."""
    profile = Profile("p", configurations=(Configuration("t4", requests={"cpu": "6"}, limits={NVIDIA: "2"}),))

    container = _admitted(pod(pod_level={"cpu": "2"}), profile).mutation.containers[0]

    assert container.requests == container.limits == {NVIDIA: "2"}


def test_a_forged_decision_does_not_stand() -> None:
    """Only the letter of what Berth wrote about this very pod is left alone when it comes again."""
    changes = _admitted(pod(annotations=EXPLICIT, selection=NodeSelection({PRODUCT: "H100"}))).mutation
    genuine = json.loads(changes.annotations[DECISION])
    forged = json.dumps({**genuine, "why": "because I said so"}, separators=(",", ":"))
    done = vllm(limits={NVIDIA: "1"}, requests={NVIDIA: "1"})
    settled = {"selection": NodeSelection({PRODUCT: "H100"}), "tolerations": (Toleration(operator="Exists"),)}

    carried = {**EXPLICIT, DECISION: changes.annotations[DECISION]}
    again = _admitted(pod(done, annotations=carried, **settled))
    other = _admitted(pod(done, annotations={**EXPLICIT, DECISION: forged}, **settled))
    copied = _admitted(pod(done, name="q", annotations=carried, **settled))

    assert DECISION not in again.mutation.annotations
    assert _decision(other)["why"] == "named by the pod"
    assert _decision(copied)["seal"] != genuine["seal"]


def test_arguments_that_cannot_be_appended_are_told() -> None:
    """A shell script is never edited; the author hears what is missing."""
    profile = Profile("p", configurations=(Configuration("t4", args=("--enforce-eager",)),))
    scripted = pod(vllm(command=("sh", "-c", "vllm serve m")))

    verdict = _admitted(scripted, profile)

    assert verdict.mutation.containers[0].args == ()
    assert verdict.warnings == (
        "container engine: --enforce-eager cannot be appended to its command; use env in the profile",
    )


def test_nothing_fits_admits_the_pod_and_names_the_reason_per_class() -> None:
    """Berth never costs a pod; its author learns why nothing was injected."""
    verdict = _admitted(pod(), Profile("p", requirements=ClassRequirements(memory_gib=500)))

    assert verdict.is_unfit
    assert not verdict.mutation.injects
    assert verdict.mutation.labels == {}
    assert _decision(verdict)["why"] == "no class will do"
    assert verdict.warnings[0] == "no accelerator class will do for this pod (profile p); it is admitted as it is"
    assert "h100: has 80 GiB of memory, 500 needed" in verdict.warnings


@pytest.mark.parametrize(
    "bystander",
    [
        pod(vllm(image="vllm/vllm-openai-cpu:v0.23.0")),
        pod(Container("proxy", "envoy:v1"), labels={"component": "router"}),
        pod(Container("download", "python:3.12", ("sh", "-c", "hf download m"))),
    ],
)
def test_pods_that_run_no_model_on_an_accelerator_are_left_alone(bystander: Pod) -> None:
    """Routers, downloaders and CPU images match profiles too, and must not get accelerators."""
    assert _admitted(bystander, PROFILE_OF_ALL) == Admission()


def test_containers_are_found_by_evidence_not_by_position() -> None:
    """The sidecar that stands first gets nothing."""
    subject = pod(Container("sidecar", "proxy:v1"), vllm(), annotations=EXPLICIT)

    assert [each.container for each in _admitted(subject).mutation.containers] == ["engine"]


def test_the_author_may_name_the_container() -> None:
    """What nobody recognises can be named."""
    subject = pod(Container("a", "x"), Container("b", "y"), annotations={**EXPLICIT, CONTAINER: "b"})

    assert [each.container for each in _admitted(subject).mutation.containers] == ["b"]


def test_an_explicit_class_without_a_recognised_container_is_told() -> None:
    """Silence would leave the author guessing."""
    verdict = _admitted(pod(Container("a", "x"), Container("b", "y"), annotations=EXPLICIT))

    assert verdict.warnings == (f"no container was recognised as running a model: name it with annotation {CONTAINER}",)


def test_a_class_with_terms_is_anded_into_every_term_of_the_pod() -> None:
    """Terms are ORed, so each must carry the class's conditions."""
    newer = Term((Expression("nvidia.com/gpu.memory", Operator.GT, ("40000",)),))
    catalog = replace(
        world().catalog, classes={"h100": replace(H100, selection=NodeSelection({PRODUCT: "H100"}, (newer,)))}
    )
    zones = tuple(Term((Expression("zone", Operator.IN, (zone,)),)) for zone in "ab")
    nodes = {
        name: replace(each, labels={**each.labels, "zone": "a", "nvidia.com/gpu.memory": "81559"})
        for name, each in INVENTORY.nodes.items()
    }
    subject = pod(annotations=EXPLICIT, selection=NodeSelection({}, zones))

    changes = _admitted(subject, catalog=catalog, inventory=replace(INVENTORY, nodes=nodes)).mutation

    product = Expression(PRODUCT, Operator.IN, ("H100",))
    assert changes.node_selector == {}
    assert changes.terms == tuple(Term((*zone.expressions, product, *newer.expressions)) for zone in zones)


@pytest.mark.parametrize("label", ["kueue.x-k8s.io/queue-name", "kueue.x-k8s.io/managed"])
def test_pods_in_a_queue_keep_their_resources_and_get_affinity(label: str) -> None:
    """Kueue counted the resources already, and reads its flavor from affinity."""
    changes = _admitted(pod(annotations=EXPLICIT, labels={label: "q"})).mutation

    assert changes.terms == (Term((Expression(PRODUCT, Operator.IN, ("H100",)),)),)
    assert changes.node_selector == {}
    assert changes.containers == ()


def test_pods_whose_parent_counted_already_keep_their_counts() -> None:
    """Ray and others tell their workers how many devices there are before the pod is created."""
    profile = Profile("p", configurations=(Configuration("t4", limits={NVIDIA: "2"}),))
    worker = pod(
        vllm(limits={NVIDIA: "1"}, requests={NVIDIA: "1"}), labels={"ray.io/cluster": "c", "ray.io/is-ray-node": "yes"}
    )

    assert _admitted(worker, profile).mutation.containers == ()


def test_gangs_and_pods_of_other_schedulers_keep_their_scheduler() -> None:
    """A gang scheduler waits for its pods."""
    for subject in (pod(annotations=EXPLICIT, in_gang=True), pod(annotations=EXPLICIT, scheduler_name="volcano")):
        assert _admitted(subject, scheduler_name="berth-scheduler").mutation.scheduler_name is None


def test_what_only_berth_writes_is_stripped_from_what_comes_in() -> None:
    """Nobody brings a decision, a placement or devices along."""
    forged = dict.fromkeys((DECISION, PLACEMENT, DEVICES, CHOSEN_CLASS), "forged")

    alone = _admitted(pod(annotations=forged, labels=forged)).mutation
    injected = _admitted(pod(annotations={**forged, **EXPLICIT}, labels=forged)).mutation

    assert alone.stripped_annotations == alone.stripped_labels == forged.keys()
    assert injected.stripped_annotations == {PLACEMENT, DEVICES}
    assert injected.stripped_labels == {DECISION, PLACEMENT, DEVICES}
    assert injected.annotations[CHOSEN_CLASS] == injected.labels[CHOSEN_CLASS] == "h100"
    assert json.loads(injected.annotations[DECISION])["class"] == "h100"


def test_a_device_that_a_class_does_not_offer_rules_it_out_unless_its_nodes_have_it() -> None:
    """Slices that no class lists are still slices; where the class's nodes advertise them, the pod can run."""
    slice_ = "nvidia.com/mig-3g.40gb"
    asking = pod(vllm(limits={slice_: "1"}, requests={slice_: "1"}), annotations=EXPLICIT)
    sliced = replace(INVENTORY.nodes["h100-0"], allocatable={**INVENTORY.nodes["h100-0"].allocatable, slice_: 2})
    nodes = Inventory({**INVENTORY.nodes, "h100-0": sliced})

    assert _admitted(asking).warnings[-1] == f"h100: does not offer {slice_}, which the pod asks for"
    verdict = _admitted(asking, inventory=nodes)
    assert verdict.classes == ("h100",)
    assert verdict.mutation.containers == ()


def test_a_configuration_that_asks_for_another_classs_device_rules_its_class_out() -> None:
    """What would be injected could never run on the class."""
    wrong = Profile("p", preferred=("l4",), configurations=(Configuration("l4", limits={"amd.com/gpu": "1"}),))

    verdict = _admitted(pod(), wrong)

    assert verdict.classes == ("t4",)
    assert {"class": "l4", "why": "does not offer amd.com/gpu, which its configuration asks for"} in _decision(verdict)[
        "rejected"
    ]


def test_whoever_asks_for_no_device_in_so_many_words_gets_none() -> None:
    """Zero is an answer."""
    assert _admitted(pod(vllm(limits={NVIDIA: "0"})), PROFILE_OF_ALL).classes == ()


def test_a_container_that_is_named_but_not_there_is_told() -> None:
    """A typing error leaves nobody guessing."""
    verdict = _admitted(pod(annotations={CONTAINER: "engin"}), PROFILE_OF_ALL)

    assert verdict.warnings == (f"annotation {CONTAINER}: there is no container engin, but engine",)


def test_a_pod_of_very_many_containers_is_not_looked_at() -> None:
    """The API server does not wait for the longest of pods."""
    verdict = _admitted(pod(*(vllm(name=f"c{number}") for number in range(300))), PROFILE_OF_ALL)

    assert verdict.mutation.is_empty
    assert verdict.warnings == ("this pod has 300 containers: Berth looks at 256 at most",)
