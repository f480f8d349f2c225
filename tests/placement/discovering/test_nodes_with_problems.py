"""Nodes that say too little, or things that do not go together."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster.class_manifests import manifest
from placement.discovering.discovery import classes_of, problems, read
from placement.inventory import NodeInventory
from placement.taints import Taint, Toleration
from tests.cluster.manifests import reading_back
from tests.placement.discovering import nodes
from tests.placement.discovering.nodes import GPU, Node, node


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        (({}, {GPU: 4}), f"offers 4 {GPU}, and no label tells what they are"),
        (({f"{GPU}.product": "NVIDIA A100"}, {GPU: 4}), f"offers 4 {GPU}, and no label tells what they are"),
        (({}, {"nvidia.com/mig-1g.5gb": 7}), "offers 7 nvidia.com/mig-1g.5gb, and has no label"),
        (({}, {"amd.com/gpu": 8}), "offers 8 amd.com/gpu, and no label tells what they are"),
        (({}, {"habana.ai/gaudi": 8}), "offers 8 habana.ai/gaudi, and no label tells what they are"),
        (({}, {"google.com/tpu": 4}), "offers 4 google.com/tpu, and no label tells what they are"),
        ((nodes.h100()[0], {}), f"has the label {GPU}.product, and offers no {GPU}"),
        ((nodes.h100()[0], {GPU: 0}), f"has the label {GPU}.product, and offers no {GPU}"),
        ((nodes.amd()[0], {"amd.com/gpu": 0}), "has the label amd.com/gpu.product-name, and offers no amd.com/gpu"),
        (
            nodes.nvidia(memory_mib=40_000),
            f"has 40000 MiB of memory by the label {GPU}.memory, and is a h100-80gb-hbm3",
        ),
        (
            nodes.nvidia("Tesla-T4", 1, 15_360),
            "has compute capability 9.0 by its labels, and is a t4, which has 7.5: the latter is believed",
        ),
        (nodes.mig_mixed(nodes.a100(), {"": (0, 0)}), f"has {GPU}.replicas=0: MIG is on for all its devices"),
        (
            (nodes.amd()[0] | {"amd.com/gpu.compute-memory-partition": "CPX"}, {"amd.com/gpu": 64}),
            "has devices in partitions that are not understood: cpx",
        ),
        (
            ({"amd.com/gpu.product-name": "AMD_Instinct_MI210", "amd.com/gpu.device-id": "74a1"}, {"amd.com/gpu": 1}),
            "has labels of 2 different products, so that a pod would get either: mi210 (amd.com/gpu.product-name), ",
        ),
    ],
)
def test_what_is_wrong_with_a_node_is_told_in_a_sentence(found: Node, problem: str) -> None:
    """It names the label or the resource."""
    told = problems(node("n", found))

    assert any(each.startswith(problem) for each in told), told


@pytest.mark.parametrize("name", sorted(nodes.EVERY))
def test_usual_nodes_have_no_problems(name: str) -> None:
    """But for those that are examples of problems."""
    has_problem = "invalid" in name or "-and-" in name.replace("mixed-and-whole", "") or name == "unlabelled"

    assert bool(problems(node(name, nodes.EVERY[name]))) == has_problem


def test_a_device_without_a_plugin_is_known_all_the_same() -> None:
    """Its class has a node, of which nothing can be had yet."""
    assert [each.name for each in read(node("n", (nodes.h100()[0], {})))] == ["nvidia-h100-80gb-hbm3"]


def test_a_device_that_berth_divides_is_no_problem() -> None:
    """No plugin offers what Berth offers in shares."""
    assert problems(node("n", (nodes.h100()[0], {"berth.ome.io/gpu-milli": 8000}))) == ()


def test_the_less_memory_is_believed() -> None:
    """In one node as among nodes: a class must not promise what some node lacks."""
    (one,) = classes_of(read(node("n", nodes.nvidia(memory_mib=40_000))))
    assert one.accelerator_class.capabilities.memory_gib == 40

    larger, smaller = nodes.nvidia("NVIDIA-X", memory_mib=81_920), nodes.nvidia("NVIDIA-X", memory_mib=40_960)
    (both,) = classes_of({*read(node("a", larger)), *read(node("b", smaller))})
    assert both.accelerator_class.capabilities.memory_gib == 40
    assert both.problems == ("its nodes report 40 and 80 GiB of memory: the least is believed",)


def test_taints_that_keep_pods_without_accelerators_away_are_tolerated() -> None:
    """Those that say more than that, of teams and of nodes in trouble, are not."""
    taints = (
        Taint(GPU, "present"),
        Taint(GPU, "present", "NoExecute"),
        Taint("sku", "gpu"),
        Taint("sku", "memory"),
        Taint("berth.ome.io/scheduler", "berth-scheduler"),
        Taint("team", "research"),
        Taint("node.kubernetes.io/not-ready", effect="NoExecute"),
        Taint("node.kubernetes.io/unschedulable"),
        Taint("habana.ai/gaudi", effect="PreferNoSchedule"),
    )
    (found,) = classes_of(read(node("n", nodes.l4(), taints)))

    assert set(found.accelerator_class.listed_tolerations) == {
        Toleration(GPU, "Exists", effect="NoSchedule"),
        Toleration(GPU, "Exists", effect="NoExecute"),
        Toleration("sku", "Equal", "gpu", "NoSchedule"),
        Toleration("berth.ome.io/scheduler", "Equal", "berth-scheduler", "NoSchedule"),
    }


def test_slices_tolerate_the_taint_of_whole_devices() -> None:
    """Providers know no other."""
    found = classes_of(read(node("n", nodes.mig_mixed(nodes.h100()))))

    assert {each.accelerator_class.listed_tolerations for each in found} == {
        (Toleration(GPU, "Exists", effect="NoSchedule"),)
    }


# Everything by which some vendor or cloud says something, and what is near to it.
_KEYS = sorted({key for labels, _ in nodes.EVERY.values() for key in labels})
_RESOURCES = sorted({name for _, amounts in nodes.EVERY.values() for name in amounts})
_VALUES = sorted({value for labels, _ in nodes.EVERY.values() for value in labels.values()})
_ODD = st.text("aA1-_. /é", max_size=70)
_TEXTS = st.one_of(st.sampled_from(_VALUES), _ODD)
_MANGLED = st.builds(lambda key, more: key + more, st.sampled_from(_KEYS), st.text("a.-_/ é", max_size=3))
NODES = st.builds(
    lambda labels, amounts: NodeInventory("n", labels, (), amounts),
    st.dictionaries(st.one_of(st.sampled_from(_KEYS), _MANGLED), _TEXTS, max_size=12),
    st.dictionaries(st.sampled_from(_RESOURCES), st.integers(-5, 2**70), max_size=4),
)


@settings(max_examples=60)
@given(found=st.lists(NODES, max_size=3))
def test_whatever_stands_on_nodes_makes_classes_that_the_api_takes(found: list[NodeInventory]) -> None:
    """No exception, and what is made can be written and read back as it is."""
    assert all(isinstance(each, str) for one in found for each in problems(one))
    for each in classes_of({reading for one in found for reading in read(one)}):
        written: dict[str, Any] = manifest(each)
        assert reading_back(written) == each.accelerator_class
