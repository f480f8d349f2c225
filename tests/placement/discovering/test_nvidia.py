"""NVIDIA's devices in every form, by feature discovery and by clouds."""

import pytest

from placement.accelerators import AcceleratorClass, DeviceResource, Figure
from placement.discovering.discovery import classes_of, problems, read
from tests.placement.discovering import nodes
from tests.placement.discovering.nodes import GPU, Node, node


def class_of(*given: Node) -> AcceleratorClass:
    """Return the only class of these nodes."""
    (found,) = classes_of({each for number, one in enumerate(given) for each in read(node(f"n{number}", one))})
    return found.accelerator_class


def names_of(given: Node) -> list[str]:
    """Return the names of a node's classes."""
    return [each.name for each in read(node("n", given))]


def test_a_whole_device_has_all_that_is_known_of_it() -> None:
    """Figures are those of the data sheet, the selector is the product alone."""
    found = class_of(nodes.h100())

    assert found.name == "nvidia-h100-80gb-hbm3"
    assert (found.vendor, found.family) == ("nvidia", "hopper")
    assert dict(found.selection.labels) == {f"{GPU}.product": "NVIDIA-H100-80GB-HBM3"}
    assert not found.selection.terms
    assert found.capabilities.memory_gib == 80
    assert found.capabilities.compute_capability == (9, 0)
    assert found.capabilities.features == {"tensor-cores", "transformer-engine", "bf16", "fp8", "nvlink", "mig"}
    assert found.capabilities.figures[Figure.FP16] == 989
    assert found.resources == (DeviceResource(GPU),)


@pytest.mark.parametrize(
    "products",
    [
        ("Tesla-T4", "NVIDIA-T4", "NVIDIA-Tesla-T4", "T4", "tesla-t4"),
        ("NVIDIA-A100-SXM4-40GB", "A100-SXM4-40GB", "A100_SXM4_40GB"),
        ("NVIDIA-A100-80GB-PCIe", "NVIDIA-A100-PCIE-80GB", "A100-PCIE-80GB"),
        ("NVIDIA-GeForce-RTX-4090", "GeForce-RTX-4090"),
    ],
)
def test_all_spellings_of_a_product_are_one_class(products: tuple[str, ...]) -> None:
    """It admits the spellings that were seen."""
    spelled = [nodes.nvidia(each) for each in products]
    found = class_of(*spelled)

    assert all(found.carried_by(labels, "n") for labels, _ in spelled)
    assert not found.carried_by(nodes.l4()[0], "n")
    (term,) = found.selection.terms
    assert [each.values for each in term.expressions] == [tuple(sorted(products))]


def test_unknown_hardware_gets_what_its_labels_prove() -> None:
    """Memory, compute capability, what this brings, and that it can be divided; no figures."""
    labels = {"nvidia.com/mig.capable": "true"}
    found = class_of(nodes.nvidia("NVIDIA-R100", 8, 294_912, (13, 0), "rubin", **labels))

    assert (found.name, found.family) == ("nvidia-r100", "rubin")
    assert found.capabilities.memory_gib == 288
    assert found.capabilities.compute_capability == (13, 0)
    assert found.capabilities.features == {"tensor-cores", "bf16", "fp8", "mig"}
    assert not found.capabilities.figures


def test_without_further_labels_nothing_more_is_said() -> None:
    """A family that feature discovery does not know is none, and a version in part is none."""
    labels = {f"{GPU}.product": "NVIDIA-X", f"{GPU}.family": "undefined", f"{GPU}.compute.major": "8"}
    found = class_of((labels, {GPU: 1}))

    assert (found.family, found.capabilities.memory_gib, found.capabilities.compute_capability) == ("", None, None)
    assert not found.capabilities.features


def test_a_newer_compute_capability_is_more() -> None:
    """10.0 is above 9.0: numbers are compared, not texts."""
    older, newer = (class_of(each).capabilities.compute_capability for each in (nodes.h100(), nodes.nvidia("B200")))

    assert older
    assert newer
    assert older < newer == (10, 0)


def test_time_slices_have_no_memory_of_their_own() -> None:
    """Nor rates, nor links: a pod may get all of them or hardly any. A feature says so."""
    found = class_of(nodes.time_sliced(nodes.a100()))

    assert found.name == "nvidia-a100-sxm4-80gb-shared"
    assert found.capabilities.memory_gib is None
    assert not found.capabilities.figures
    assert found.capabilities.features == {"tensor-cores", "bf16", "time-slicing"}
    assert dict(found.selection.labels) == {
        f"{GPU}.product": "NVIDIA-A100-SXM4-80GB-SHARED",
        f"{GPU}.sharing-strategy": "time-slicing",
    }


def test_renamed_slices_are_asked_for_by_their_own_name() -> None:
    """Their product has no suffix, so that whole devices of it need one more label."""
    sliced, whole = classes_of(
        {*read(node("a", nodes.time_sliced(nodes.l4(), is_renamed=True))), *read(node("b", nodes.l4()))}
    )[::-1]

    assert sliced.name == "nvidia-l4-shared"
    assert sliced.accelerator_class.resource_names == {f"{GPU}.shared"}
    assert dict(sliced.accelerator_class.selection.labels)[f"{GPU}.sharing-strategy"] == "time-slicing"
    assert dict(whole.accelerator_class.selection.labels)[f"{GPU}.sharing-strategy"] == "none"


def test_slices_of_a_release_that_says_no_strategy_are_time_slices() -> None:
    """It knew no other."""
    labels, amounts = nodes.time_sliced(nodes.t4())

    assert names_of(({key: labels[key] for key in labels if not key.endswith(".sharing-strategy")}, amounts)) == [
        "nvidia-t4-shared"
    ]


def test_a_client_of_mps_has_its_part_of_the_memory() -> None:
    """How many clients there are makes different classes."""
    found = class_of(nodes.mps(nodes.l4(), 4))

    assert (found.name, found.capabilities.memory_gib) == ("nvidia-l4-mps-4", 6)
    assert "mps" in found.capabilities.features
    assert not found.carried_by(nodes.mps(nodes.l4(), 2)[0], "n")
    assert class_of(nodes.mps(nodes.a100(), 3)).capabilities.memory_gib == pytest.approx(80 / 3, rel=1e-4)


def test_a_slice_has_the_memory_of_its_profile() -> None:
    """Under the MIG strategy single it is asked for as a GPU."""
    found = class_of(nodes.mig_single(nodes.a100()))

    assert found.name == "nvidia-a100-sxm4-80gb-mig-1g.10gb-single"
    assert found.capabilities.memory_gib == 10
    assert found.resource_names == {GPU}
    assert found.capabilities.features == {"tensor-cores", "bf16", "mig-device"}
    assert not found.capabilities.figures


def test_a_mixed_node_has_a_class_for_each_profile() -> None:
    """It has none for whole devices where all are divided."""
    given = nodes.mig_mixed(nodes.h100())
    found = {each.name: each.accelerator_class for each in classes_of(read(node("n", given)))}

    assert {name: each.capabilities.memory_gib for name, each in found.items()} == {
        "nvidia-h100-80gb-hbm3-mig-1g.10gb": 10,
        "nvidia-h100-80gb-hbm3-mig-3g.40gb": 40,
    }
    assert found["nvidia-h100-80gb-hbm3-mig-3g.40gb"].resource_names == {"nvidia.com/mig-3g.40gb"}
    assert found["nvidia-h100-80gb-hbm3-mig-3g.40gb"].family == "hopper"
    assert problems(node("n", given)) == ()


def test_whole_devices_beside_slices_are_a_class_as_well() -> None:
    """And whole devices of other nodes are not taken for those of a node that has slices alone."""
    beside, divided = nodes.mig_mixed(nodes.h100(), whole=4), nodes.mig_mixed(nodes.h100())

    assert "nvidia-h100-80gb-hbm3" in names_of(beside)
    found = classes_of({*read(node("a", beside)), *read(node("b", divided)), *read(node("c", nodes.h100()))})
    (whole,) = (each.accelerator_class for each in found if each.name == "nvidia-h100-80gb-hbm3")
    assert whole.carried_by(nodes.h100()[0], "c")
    assert whole.carried_by(beside[0], "a")
    assert not whole.carried_by(divided[0], "b")


def test_a_profile_with_media_engines_is_one_under_both_strategies() -> None:
    """Labels lose the plus sign that the driver writes."""
    single = nodes.mig_single(nodes.a100(), "1g.10gbme")
    mixed = nodes.mig_mixed(nodes.a100(), {"1g.10gb.me": (1, 9856)})

    assert names_of(single) == ["nvidia-a100-sxm4-80gb-mig-1g.10gb.me-single"]
    assert names_of(mixed) == ["nvidia-a100-sxm4-80gb-mig-1g.10gb.me"]


def test_an_invalid_division_makes_no_class_and_is_told() -> None:
    """Nothing can be asked for there."""
    given = node("n", nodes.mig_invalid(nodes.a100()))

    assert classes_of(read(given)) == ()
    (problem,) = problems(given)
    assert problem.startswith(f"has the label {GPU}.product=NVIDIA-A100-SXM4-80GB-MIG-INVALID: its devices are divided")


def test_a_virtual_device_has_its_profiles_memory() -> None:
    """What is known of the board says nothing of it."""
    found = class_of(nodes.vgpu())

    assert (found.name, found.capabilities.memory_gib) == ("nvidia-grid-a100-10c-vgpu", 10)
    assert "vgpu" in found.capabilities.features


@pytest.mark.parametrize(
    ("given", "name", "memory_gib"),
    [
        (nodes.gke(), "nvidia-l4", 24),
        (nodes.gke("nvidia-tesla-t4"), "nvidia-t4", 16),
        (nodes.gke("nvidia-tesla-a100"), "nvidia-a100-sxm4-40gb", 40),
        (nodes.gke("nvidia-a100-80gb"), "nvidia-a100-sxm4-80gb", 80),
        (nodes.gke("nvidia-h100-mega-80gb"), "nvidia-h100-80gb-hbm3", 80),
        (nodes.gke("nvidia-h200-141gb"), "nvidia-h200", 141),
        (nodes.gke("nvidia-b200"), "nvidia-b200", 180),
        (nodes.gke("nvidia-l4", 4, gpu_sharing_strategy="time-sharing"), "nvidia-l4-shared", None),
        (nodes.gke(gpu_sharing_strategy="mps", max_shared_clients_per_gpu="3"), "nvidia-l4-mps-3", 8),
        (
            nodes.gke("nvidia-tesla-a100", gpu_partition_size="2g.10gb"),
            "nvidia-a100-sxm4-40gb-mig-2g.10gb-single",
            10,
        ),
        (nodes.karpenter_aws("t4", 16384), "nvidia-t4", 16),
        (nodes.karpenter_aws("a10g", 24576), "nvidia-a10g", 24),
        (nodes.karpenter_aws("l4", 22888), "nvidia-l4", 24),
        (nodes.karpenter_aws("l40s", 45776), "nvidia-l40s", 48),
        (nodes.karpenter_aws("a100", 40960), "nvidia-a100-sxm4-40gb", 40),
        (nodes.karpenter_aws("a100", 81920), "nvidia-a100-sxm4-80gb", 80),
        (nodes.karpenter_aws("h100", 81920), "nvidia-h100-80gb-hbm3", 80),
        (nodes.karpenter_aws("h200", 144_384), "nvidia-h200", 141),
        (nodes.karpenter_aws("b200", 183_359), "nvidia-b200", 180),
        (nodes.karpenter_aws("b300", 275_040), "nvidia-b300-sxm6-ac", 270),
        ((nodes.karpenter_aws("l4", 22888, 1)[0], {GPU: 4}), "nvidia-l4-shared", None),
        (nodes.karpenter_aws("t4g", 16384), "nvidia-t4g", None),
        (nodes.aks_nap("T4"), "nvidia-t4", 16),
        (nodes.aks_nap("A100"), "nvidia-a100", None),
    ],
)
def test_a_clouds_labels_do_where_feature_discovery_does_not_run(
    given: Node, name: str, memory_gib: float | None
) -> None:
    """The same hardware has the same name; a model that comes in several sizes has no more than its model in common."""
    found = class_of(given)

    assert found.name == name
    if memory_gib is not None:
        assert found.capabilities.memory_gib == memory_gib
    assert found.resource_names == {GPU}
    assert found.carried_by(given[0], "n")


def test_a_cloud_that_offers_parts_under_the_name_of_the_whole_is_not_believed() -> None:
    """AKS has sixths of an A10, and the label does not say which."""
    assert names_of(nodes.aks_nap("A10")) == [""]


def test_feature_discovery_is_believed_before_the_cloud() -> None:
    """And where the two name different models, that is told."""
    told = nodes.l4()[0] | nodes.gke("nvidia-tesla-t4")[0]

    assert names_of((told, {GPU: 1})) == ["nvidia-l4"]
    assert problems(node("n", (told, {GPU: 1}))) == (
        f"is a l4 by the label {GPU}.product, and a t4 by cloud.google.com/gke-accelerator: the first is believed",
    )
    both = nodes.l4()[0] | nodes.gke()[0]
    assert problems(node("n", (both, {GPU: 1}))) == ()
