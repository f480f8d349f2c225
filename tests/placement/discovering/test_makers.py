"""Devices of AMD, Intel, Habana, AWS, Google and Huawei."""

import pytest

from placement.accelerators import AcceleratorClass, DeviceResource
from placement.discovering.discovery import classes_of, problems, read
from placement.selection import Expression, Operator
from tests.placement.discovering import nodes
from tests.placement.discovering.nodes import Node, node


def class_of(*given: Node) -> AcceleratorClass:
    """Return the only class of these nodes."""
    (found,) = classes_of({each for number, one in enumerate(given) for each in read(node(f"n{number}", one))})
    return found.accelerator_class


def test_amd_is_known_by_product_under_either_prefix_and_by_device() -> None:
    """All of these nodes are of one class, whatever the labeller was told to write."""
    labels, amounts = nodes.amd()
    plain = ({"amd.com/gpu.product-name": labels["amd.com/gpu.product-name"]}, amounts)
    beta = ({"beta.amd.com/gpu.device-id": "74a1", "beta.amd.com/gpu.vram": "192G"}, amounts)
    found = class_of((labels, amounts), plain, beta, nodes.amd_counters())

    assert (found.name, found.family, found.capabilities.memory_gib) == ("amd-mi300x", "cdna3", 192)
    assert "matrix-cores" in found.capabilities.features
    assert all(found.carried_by(each, "n") for each, _ in (plain, beta, nodes.amd_counters()))
    conditions = [term.expressions[0] for term in found.selection.terms]
    assert Expression("beta.amd.com/gpu.device-id.74a1", Operator.EXISTS) in conditions


def test_amds_memory_may_be_in_mib() -> None:
    """Hardware that no table knows has what is reported."""
    found = class_of(({"amd.com/gpu.product-name": "AMD_Radeon_PRO_W7900", "amd.com/gpu.vram": "46068"}, {}))

    assert (found.name, found.capabilities.memory_gib) == ("amd-radeon-pro-w7900", 48)


def test_an_unknown_device_is_named_by_its_number() -> None:
    """Which is better than nothing, and gives way to a product."""
    assert class_of(({"amd.com/gpu.device-id": "7550"}, {})).name == "amd-device-7550"
    named = {"amd.com/gpu.device-id": "7550", "amd.com/gpu.product-name": "AMD_Radeon_AI_PRO_R9700"}
    assert class_of((named, {})).name == "amd-radeon-ai-pro-r9700"


@pytest.mark.parametrize(("vram", "memory_gib"), [("24G", 24), ("192G", 24), ("48G", 48)])
def test_a_partition_has_its_part_of_the_memory(vram: str, memory_gib: float) -> None:
    """What is reported of it, or an even part where the whole is reported."""
    found = class_of(nodes.amd_partitioned(vram=vram))

    assert (found.name, found.capabilities.memory_gib) == ("amd-mi300x-cpx-nps4", memory_gib)
    assert "partition" in found.capabilities.features
    assert not found.capabilities.figures
    assert found.selection.labels["amd.com/gpu.compute-memory-partition"] == "cpx_nps4"


def test_a_partition_may_have_a_resource_of_its_own() -> None:
    """Its name tells the partition where no label does."""
    mixed = nodes.amd_partitioned(is_mixed=True)
    unlabelled = (nodes.amd()[0], mixed[1])

    assert class_of(mixed).resource_names == {"amd.com/cpx_nps4"}
    assert class_of(unlabelled).name == class_of(mixed).name == "amd-mi300x-cpx-nps4"


def test_one_partition_is_the_whole() -> None:
    """SPX in one memory partition is how devices start."""
    found = classes_of({*read(node("a", nodes.amd())), *read(node("b", nodes.amd_partitioned("spx_nps1", "192G", 8)))})

    assert [(each.name, each.accelerator_class.capabilities.memory_gib) for each in found] == [("amd-mi300x", 192)]


@pytest.mark.parametrize("given", [nodes.amd_two_models(), nodes.intel_two_models()])
def test_two_models_in_one_node_make_no_class(given: Node) -> None:
    """A pod would get either; and the class of such a model on other nodes keeps away from this one."""
    (problem,) = problems(node("n", given))
    assert problem.startswith("has labels of 2 different products, so that a pod would get either: ")

    others = (nodes.amd_counters(), nodes.intel("Flex_170", "0380-56c0"))
    found = classes_of({each for one in (given, *others) for each in read(node("n", one))})
    assert [each.name for each in found] == ["amd-mi300x", "intel-flex-170"]
    assert not any(each.accelerator_class.carried_by(given[0], "n") for each in found)


def test_intel_is_asked_for_by_the_driver_that_nodes_have() -> None:
    """Both names are alternatives where nodes differ."""
    found = class_of(nodes.intel(), nodes.intel(driver="xe"))

    assert (found.name, found.capabilities.memory_gib) == ("intel-max-1550", 128)
    assert found.resource_names == {"gpu.intel.com/i915", "gpu.intel.com/xe"}
    assert dict(found.selection.labels) == {"gpu.intel.com/product": "Max_1550"}


def test_intels_shared_devices_have_no_memory_of_their_own() -> None:
    """The plugin offers each several times under the same name."""
    labels, amounts = nodes.intel()
    found = class_of((labels, {name: amount * 10 for name, amount in amounts.items()}))

    assert (found.name, found.capabilities.memory_gib) == ("intel-max-1550-shared", None)


def test_intel_without_a_product_is_known_by_its_device() -> None:
    """Known devices have their name, others their number."""
    key = "gpu.intel.com/device-id.0380-{}.present"

    assert class_of(({key.format("0bda"): "true"}, {})).name == "intel-max-1100"
    assert class_of(({key.format("e211"): "true"}, {})).name == "intel-device-e211"


@pytest.mark.parametrize(
    ("given", "name", "memory_gib", "resource"),
    [
        (nodes.gaudi(), "habana-gaudi2", 96, "habana.ai/gaudi"),
        (nodes.gaudi("1060"), "habana-gaudi3", 128, "habana.ai/gaudi"),
        (nodes.gaudi(""), "habana-gaudi", None, "habana.ai/gaudi"),
        (nodes.karpenter_aws("gaudi-hl-205", 32768, maker="habana"), "habana-gaudi1", 32, "habana.ai/gaudi"),
        (nodes.neuron(), "aws-inferentia2", 32, "aws.amazon.com/neuron"),
        (nodes.neuron("trn1.32xlarge", 16, 32), "aws-trainium", 32, "aws.amazon.com/neuron"),
        (nodes.neuron("trn2.48xlarge", 16, 64), "aws-trainium2", 96, "aws.amazon.com/neuron"),
        (nodes.tpu(), "google-tpu-v5e", 16, "google.com/tpu"),
        (nodes.tpu("tpu-v5p-slice"), "google-tpu-v5p", 95, "google.com/tpu"),
        (nodes.tpu("tpu7x"), "google-tpu7x", None, "google.com/tpu"),
        (nodes.ascend(), "huawei-ascend-910b3", None, "huawei.com/Ascend910"),
        (nodes.ascend("310P3", "huawei.com/Ascend310P"), "huawei-ascend-310p3", None, "huawei.com/Ascend310P"),
        (({"accelerator": "huawei-Ascend310P"}, {}), "huawei-ascend-310p", None, "huawei.com/Ascend310P"),
        (
            ({"feature.node.kubernetes.io/pci-1200_19e5.present": "true"}, {"huawei.com/ascend-1980": 8}),
            "huawei-ascend",
            None,
            "huawei.com/ascend-1980",
        ),
    ],
)
def test_other_accelerators_are_known_by_the_labels_that_they_have(
    given: Node, name: str, memory_gib: float | None, resource: str
) -> None:
    """Memory is stated where the table has it."""
    found = class_of(given)

    assert (found.name, found.capabilities.memory_gib) == (name, memory_gib)
    assert resource in found.resource_names
    assert found.carried_by(given[0], "n")


def test_cores_of_neuron_are_an_alternative_by_so_many() -> None:
    """A device has two of them, as the node shows."""
    assert class_of(nodes.neuron()).resources == (
        DeviceResource("aws.amazon.com/neuron"),
        DeviceResource("aws.amazon.com/neuroncore", 2),
    )


def test_all_sizes_of_an_instance_family_are_one_class() -> None:
    """They have the same chips."""
    found = class_of(nodes.neuron(), nodes.neuron("inf2.xlarge", 1, 2))

    (term,) = found.selection.terms
    assert [each.values for each in term.expressions] == [("inf2.48xlarge", "inf2.xlarge")]
