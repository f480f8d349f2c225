from dataclasses import replace
from typing import Any

import pytest

from placement.accelerators import Catalog
from placement.asking.class_requests import ClassRequest, Known, request_of
from placement.asking.class_requirements import ClassRequirements
from placement.asking.configurations import Configuration
from placement.asking.layers import Layer
from placement.asking.profiles import Profile
from placement.asking.strategies import Strategy
from placement.choosing.choice import Choice, Circumstances, contest, decided
from placement.injecting.injection import Premises, injection
from placement.injecting.plans import Plans
from placement.keys import REQUESTED_CLASS
from placement.label_selectors import LabelSelector
from placement.selection import Expression, NodeSelection, Operator, Term
from placement.taints import Toleration
from tests.builders import CATALOG, H100, INVENTORY, L4, MI300X, NVIDIA, PRODUCT, inventory, node, pod, vllm


def _request(profile: Profile | None = None, explicit: str | None = None, **of_pod: object) -> ClassRequest:
    """Return what a pod asks as the journey of admission gathers it."""
    annotations = {REQUESTED_CLASS: explicit} if explicit else {}
    asked = request_of(pod(annotations=annotations, **of_pod), {}, Known(CATALOG, (profile,) if profile else ()))
    assert asked
    return asked


def _choose(asked: ClassRequest, catalog: Catalog = CATALOG, **more: Any) -> Choice:
    circumstances = Circumstances(catalog, **{"inventory": INVENTORY, **more})
    return decided(asked, contest(asked, circumstances, Plans(asked)), circumstances)


def _names(asked: ClassRequest, catalog: Catalog = CATALOG) -> list[str]:
    return [each.name for each in _choose(asked, catalog).eligible]


def _reasons(asked: ClassRequest, catalog: Catalog = CATALOG) -> dict[str, str]:
    return {each.subject: each.reason for each in _choose(asked, catalog).rejections}


def test_strategies_order_what_remains() -> None:
    """Cheapest first, most capable first, or the mean of both."""
    assert _names(_request(Profile("p", strategy=Strategy.COST))) == ["t4", "l4", "mi300x", "h100"]
    assert _names(_request(Profile("p", strategy=Strategy.PERFORMANCE))) == ["mi300x", "h100", "l4", "t4"]
    assert _names(_request(Profile("p"))) == ["t4", "mi300x", "l4", "h100"]


def test_preferred_classes_come_first_in_their_order() -> None:
    """A profile's preference beats price; what it does not name follows."""
    assert _names(_request(Profile("p", preferred=("h100", "l4")))) == ["h100", "l4", "t4", "mi300x"]


def test_a_preferred_class_outside_the_supported_ones_is_not_eligible() -> None:
    """Preference orders, it does not admit."""
    profile = Profile("p", preferred=("h100",), requirements=ClassRequirements(frozenset({"l4"})))

    assert _names(_request(profile)) == ["l4"]
    assert _reasons(_request(profile))["h100"] == "is not among the supported classes"


def test_the_reasons_that_help_come_first() -> None:
    """Warnings are cut at the protocol's limits: what was ruled out by name says least."""
    requirements = ClassRequirements(frozenset({"h100", "t4"}), memory_gib=500)
    choice = _choose(_request(Profile("p", requirements=requirements)))

    assert [each.subject for each in choice.rejections] == ["h100", "t4", "l4", "mi300x"]


@pytest.mark.parametrize(
    ("requirements", "fitting", "why"),
    [
        (ClassRequirements(memory_gib=40), ["mi300x", "h100"], {"t4": "has 16 GiB of memory, 40 needed"}),
        (
            ClassRequirements(compute_capability=(9, 0)),
            ["h100"],
            {"l4": "has compute capability 8.9, 9.0 needed", "mi300x": "states no compute capability, 9.0 needed"},
        ),
        (ClassRequirements(features=frozenset({"FP8"})), ["l4", "h100"], {"t4": "lacks FP8"}),
        (ClassRequirements(excluded=frozenset({"t4", "l4"})), ["mi300x", "h100"], {"t4": "is excluded"}),
    ],
)
def test_a_class_that_falls_short_says_of_what(
    requirements: ClassRequirements, fitting: list[str], why: dict[str, str]
) -> None:
    """Every rejection names what the class has and what is needed."""
    asked = _request(Profile("p", requirements=requirements))

    assert _names(asked) == fitting
    assert _reasons(asked).items() >= why.items()


def test_ten_is_above_nine() -> None:
    """Compute capabilities compare as numbers, not as texts."""
    blackwell = replace(H100, name="b200", capabilities=replace(H100.capabilities, compute_capability=(10, 0)))

    assert ClassRequirements(compute_capability=(9, 0)).rejection(blackwell) is None


def test_an_explicit_class_is_the_only_one_considered_and_must_pass_too() -> None:
    """Naming a class does not make it fit."""
    assert _names(_request(explicit="h100")) == ["h100"]
    refused = _request(Profile("p", requirements=ClassRequirements(memory_gib=40)), explicit="t4")
    assert _reasons(refused) == {"t4": "has 16 GiB of memory, 40 needed"}


def test_an_unknown_class_is_answered_with_the_nearest_name() -> None:
    """A typing error in a class name is told with the name that would do, or with all of them."""
    near, far = _reasons(_request(explicit="h1000")), _reasons(_request(explicit="zzz"))

    assert near["h1000"] == "is no valid AcceleratorClass of this cluster (did you mean h100?)"
    assert far["zzz"] == "is no valid AcceleratorClass of this cluster (there are: h100, l4, mi300x, t4)"


def test_a_class_of_another_resource_than_the_pod_asks_for_is_out() -> None:
    """A pod that asks for amd.com/gpu cannot run on NVIDIA hardware."""
    asked = _request(Profile("p"), containers=(vllm(limits={"amd.com/gpu": "1"}),))

    assert _names(asked) == ["mi300x"]
    assert _reasons(asked)["h100"] == "does not offer amd.com/gpu, which the pod asks for"


def test_the_pods_own_node_selector_is_kept_and_contradicting_classes_are_out() -> None:
    """The author may be right: a class that contradicts them is not eligible."""
    asked = _request(Profile("p"), selection=NodeSelection({PRODUCT: "L4"}))

    assert _names(asked) == ["l4"]
    assert _reasons(asked)["t4"] == f"contradicts the pod's own nodeSelector {PRODUCT}=L4"


def test_the_pods_own_affinity_must_be_met_by_a_node_of_the_class() -> None:
    """Affinity that no node of a class meets rules the class out."""
    term = Term((Expression(PRODUCT, Operator.IN, ("H100", "L4")),))
    asked = _request(Profile("p"), selection=NodeSelection({}, (term,)))

    assert _names(asked) == ["l4", "h100"]
    assert _reasons(asked)["mi300x"] == "none of its nodes meets the pod's own node selection"


def test_a_class_without_nodes_is_out_unless_it_scales_from_zero() -> None:
    """Somebody must carry the class, or be able to."""
    gone = replace(H100, name="gone")
    catalog = Catalog({"gone": gone, "born": replace(gone, name="born", scalable_from_zero=True)})

    assert _names(_request(Profile("p")), catalog) == ["born"]
    assert _reasons(_request(Profile("p")), catalog) == {"gone": "no node carries it"}


def test_cordoned_and_unready_nodes_do_not_count() -> None:
    """A class whose every node is cordoned or not ready cannot take a pod."""
    nodes = inventory(node("a", L4, is_schedulable=False), node("b", L4, is_ready=False))
    choice = _choose(_request(explicit="l4"), inventory=nodes)

    assert [each.reason for each in choice.rejections] == ["its nodes are cordoned or not ready"]


def test_taints_must_be_tolerated_by_pod_or_class() -> None:
    """The class brings the toleration of its vendor's taint; any other taint is the pod's affair."""
    tainted = replace(node("a", L4), taints=(*node("a", L4).taints, *node("b", MI300X).taints))
    refused = _choose(_request(explicit="l4"), inventory=inventory(tainted))
    borne = _choose(
        _request(explicit="l4", tolerations=(Toleration("amd.com/gpu", "Exists"),)), inventory=inventory(tainted)
    )

    assert "taint amd.com/gpu=present:NoSchedule" in refused.rejections[0].reason
    assert borne.chosen == L4


def test_a_class_whose_largest_node_is_too_small_is_out() -> None:
    """Eight devices never fit on a node of four."""
    asked = _request(Profile("p"), containers=(vllm(limits={NVIDIA: "8"}),))

    assert _names(asked) == ["h100"]
    assert _reasons(asked)["l4"] == "its largest node has 4, the pod asks 8 nvidia.com/gpu"


def test_a_class_may_be_kept_for_some_namespaces() -> None:
    """Pods of other namespaces cannot have it, and are told so."""
    catalog = Catalog({"l4": replace(L4, allowed_namespaces=frozenset({"prod"}))})

    assert _reasons(_request(explicit="l4"), catalog) == {"l4": "may not be used in namespace ml"}


def test_a_class_may_be_kept_for_namespaces_with_some_labels() -> None:
    """Beside OME's definition an annotation with a label selector says so."""
    catalog = Catalog({"l4": replace(L4, namespaces=LabelSelector({"team": "a"}))})
    allowed = replace(_request(explicit="l4"), namespace_labels={"team": "a"})

    assert _reasons(_request(explicit="l4"), catalog) == {"l4": "may not be used in namespace ml"}
    assert _reasons(allowed, catalog) == {}


def test_labels_that_a_layer_wants_of_the_nodes_are_required_and_injected() -> None:
    """The proposal's acceleratorSelector.nodeSelector narrows the nodes of whatever class is chosen."""
    wanted = Layer("InferenceService ml/x", node_labels={PRODUCT: "L4"})
    asked = replace(_request(Profile("p")), layer=wanted)

    assert _names(asked) == ["l4"]
    choice = _choose(asked)
    assert injection(asked, choice.taken, choice.mutations, Premises(INVENTORY)).node_selector == {PRODUCT: "L4"}


def test_a_class_is_judged_by_the_devices_that_its_own_arguments_need() -> None:
    """What one class's configuration splits the model over says nothing about another's."""
    sizes = {"t4": 4, "l4": 2, "h100": 1}
    configurations = tuple(
        Configuration(name, args=(f"--tensor-parallel-size={size}",)) for name, size in sizes.items()
    )
    asked = _request(Profile("p", preferred=("t4", "l4"), configurations=configurations))
    asked = replace(asked, engines=asked.pod.containers)

    assert _names(asked)[0] == "l4"
    assert _reasons(asked)["t4"] == "its largest node has 2, the pod asks 4 nvidia.com/gpu"
