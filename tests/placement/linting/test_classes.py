from dataclasses import replace
from typing import Any

import pytest

from placement.accelerators import AcceleratorClass, Capabilities, Catalog, Cost, DeviceResource, Figure
from placement.inventory import Inventory, NodeInventory
from placement.linting.classes import suspicions_of_class
from placement.linting.findings import Surroundings
from placement.scaling.node_pools import NODE_POOL, NodePool
from placement.scaling.supply import NodeSupply
from placement.selection import Expression, NodeSelection, Operator, Term
from placement.taints import Toleration

PRODUCT, MEMORY, GPU = "nvidia.com/gpu.product", "nvidia.com/gpu.memory", "nvidia.com/gpu"
H100 = "NVIDIA-H100-80GB-HBM3"


def node(name: str, **labels: str) -> NodeInventory:
    """Return a node with eight GPUs and these labels, dots and slashes of their keys put in."""
    return NodeInventory(name, {KEYS[key]: value for key, value in labels.items()}, allocatable={GPU: 8})


KEYS = {
    "product": PRODUCT,
    "memory": MEMORY,
    "replicas": "nvidia.com/gpu.replicas",
    "vram": "amd.com/gpu.vram",
    "pool": NODE_POOL,
}
NODES = (
    node("h100-0", product=H100, memory="81559"),
    node("l4-0", product="NVIDIA-L4", memory="23034"),
    node("slices-0", product="NVIDIA-A10", memory="23028", replicas="4"),
)


def a_class(product: str = H100, gib: float | None = 80, **more: Any) -> AcceleratorClass:
    """Return a class of one product."""
    figures = more.pop("figures", {})
    parts: dict[str, Any] = {"listed_resources": (DeviceResource(GPU),), "capabilities": Capabilities(gib)}
    given = parts | ({"capabilities": Capabilities(gib, figures=figures)} if figures else {}) | more
    return AcceleratorClass(
        given.pop("name", "tried"), given.pop("selection", NodeSelection({PRODUCT: product})), **given
    )


def said(candidate: AcceleratorClass, *others: AcceleratorClass, **around: Any) -> tuple[str, ...]:
    """Return what is suspicious of a class, beside others, on three nodes."""
    catalog = Catalog({each.name: each for each in others})
    return suspicions_of_class(
        candidate, Surroundings(catalog, (), Inventory({each.name: each for each in NODES}), **around)
    )


def listing(*products: str) -> NodeSelection:
    """Return a selection by alternatives."""
    return NodeSelection({}, (Term((Expression(PRODUCT, Operator.IN, products),)),))


def nowhere(reason: str) -> str:
    """Return what is said of a class without nodes."""
    return f"selects no node today: {reason}; set scalableFromZero where an autoscaler makes such nodes"


BOTH = "both must hold, so leave that label to the terms"
SUSPICIOUS = {
    "no such label": (
        a_class(selection=NodeSelection({"nvidia.com/gpu.prodct": H100})),
        nowhere(f"no node has label nvidia.com/gpu.prodct (did you mean {PRODUCT}?)"),
    ),
    "no such value": (
        a_class("NVIDIA-H100-80GB-HBM"),
        nowhere(f"no node has {PRODUCT}=NVIDIA-H100-80GB-HBM (did you mean {H100}?)"),
    ),
    "no node with all of it": (
        a_class(selection=NodeSelection({PRODUCT: H100, MEMORY: "23034"})),
        nowhere("no node has all of its labels"),
    ),
    "terms that were meant to widen": (
        a_class(selection=NodeSelection({PRODUCT: H100}, listing(H100, "NVIDIA-H100-PCIe").terms)),
        f"its terms allow {PRODUCT}=NVIDIA-H100-PCIe, which nodeSelector rules out: {BOTH}",
    ),
    "more memory than its node has": (
        a_class("NVIDIA-L4", 40),
        "states 40 GiB of memory, but a device of node l4-0 has 22 by its labels",
    ),
    "half of what its nodes have": (
        a_class(gib=40),
        "states 40 GiB of memory, but every device of its nodes has 80 or more by their labels",
    ),
    "more memory than it was ever sold with": (
        a_class("NVIDIA-A100-SXM4-40GB", 80, scalable_from_zero=True),
        "states 80 GiB of memory, of which a100-sxm4-40gb has 40",
    ),
    "no memory": (
        a_class(gib=None),
        "states no memory (capabilities.memoryGB), so that no pod which needs some gets it",
    ),
    "a rate with sparsity": (
        a_class(figures={Figure.FP8: 3958}),
        "states 3958 TFLOPS at fp8, of which h100-80gb-hbm3 has 1979: that looks like the rate with sparsity",
    ),
    "a rate of another card": (
        a_class("NVIDIA-L4", 24, figures={Figure.FP16: 312}),
        "states 312 TFLOPS at fp16, of which l4 has 121",
    ),
    "no price": (
        a_class(cost=Cost(0.0)),
        "costs 0 USD/h, so that strategy cost always takes it: leave a price out that is not known",
    ),
    "spot above demand": (a_class(cost=Cost(1, 2)), "costs more on spot (2 USD/h) than on demand (1 USD/h)"),
    "nodes in trouble": (
        a_class(listed_tolerations=(Toleration("node.kubernetes.io/unschedulable", "Exists"),)),
        "tolerates node.kubernetes.io/unschedulable for ever, by which Kubernetes keeps pods off nodes in trouble",
    ),
    "nothing to ask for": (
        a_class(listed_resources=()),
        "lists no resources, and of this vendor none is usual: containers that ask for no device get none",
    ),
    "a resource that its nodes lack": (
        a_class(listed_resources=(DeviceResource("nvidia.com/mig-1g.10gb"),)),
        "none of its 1 node(s), such as h100-0, offers nvidia.com/mig-1g.10gb",
    ),
}


@pytest.mark.parametrize("mistake", SUSPICIOUS)
def test_a_mistake_is_told_in_a_sentence(mistake: str) -> None:
    """One mistake, one sentence; each fits into a warning of the API server with the name of the class before it."""
    candidate, sentence = SUSPICIOUS[mistake]

    assert said(candidate) == (sentence,)
    assert len(f"{'c' * 40}: {sentence}") <= 256


SOUND = {
    "as its vendor says": a_class(figures={Figure.FP8: 1979, Figure.FP16: 989, Figure.BANDWIDTH: 3350}),
    "rounded": a_class(gib=79.6, figures={Figure.FP16: 1000}),
    "no nodes yet, but soon": a_class("NVIDIA-B200", 180, scalable_from_zero=True),
    "alternatives of which one is there": a_class(selection=listing(H100, "NVIDIA-H100-PCIe")),
    "several sizes, of which the least is stated": a_class(gib=20, selection=listing(H100, "NVIDIA-L4")),
    "a part of a shared device": a_class("NVIDIA-A10", 6),
    "nodes that are tolerated for a while": a_class(
        listed_tolerations=(Toleration("node.kubernetes.io/not-ready", "Exists", "", "NoExecute", 300),)
    ),
    "hardware that nobody knows": a_class("ACME-9000", 9000, figures={Figure.FP16: 1e6}, scalable_from_zero=True),
}


@pytest.mark.parametrize("candidate", SOUND.values(), ids=SOUND)
def test_what_is_meant_raises_no_suspicion(candidate: AcceleratorClass) -> None:
    """A warning that is shown each time is read no more."""
    assert said(candidate) == ()


def test_another_class_that_says_otherwise_of_the_same_nodes_is_named() -> None:
    """Equal ones may be: classes are views."""
    other = a_class(gib=40, name="other")

    assert said(a_class(), other) == (
        "selects the same nodes as other, and contradicts: memory: 80 GiB here, 40 GiB in other",
    )
    assert said(a_class(), a_class(name="twin")) == ()
    assert said(replace(other, name="tried"), other) == said(other)


def test_terms_that_karpenter_cannot_read_are_told_where_it_is_to_make_nodes() -> None:
    """Nodes that stand there and that it did not make need it no more."""
    pool = NodePool("gpu", labels={"team": "ml"})
    absent = a_class("NVIDIA-B200", 180)

    first, second = said(absent, supply=NodeSupply((pool,)))

    assert first.startswith(f"selects no node today: no node has {PRODUCT}=NVIDIA-B200")
    assert second.startswith(f"Karpenter knows no values for {PRODUCT}: ")
    assert said(a_class(), supply=NodeSupply((pool,))) == ()
    assert said(absent, supply=NodeSupply((replace(pool, labels={PRODUCT: "NVIDIA-B200"}),))) == ()


def test_labels_that_say_nonsense_are_passed_over() -> None:
    """Nodes may say anything; AMD's tools write GiB with a letter, or MiB."""
    nodes = {
        text: NodeInventory(text, {"amd.com/gpu.vram": text}, allocatable={"amd.com/gpu": 8})
        for text in ("", "0", "-1", "many", "٣", "9" * 40, "192G", "196592")
    }

    def warned(vram: str) -> bool:
        selection = NodeSelection({"amd.com/gpu.vram": vram})
        candidate = a_class(gib=16, selection=selection, listed_resources=(DeviceResource("amd.com/gpu"),))
        return bool(suspicions_of_class(candidate, Surroundings(inventory=Inventory({vram: nodes[vram]}))))

    assert [text for text in nodes if warned(text)] == ["9" * 40, "192G", "196592"]
