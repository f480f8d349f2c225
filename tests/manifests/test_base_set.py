"""The classes to begin with: accepted, truthful, and of every device that is sold exactly one size."""

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from cluster.custom_objects import accelerator_class
from placement.accelerators import AcceleratorClass, Catalog
from placement.class_conflicts import ClassConflicts
from placement.discovering.known_hardware import KNOWN
from placement.inventory import Inventory, NodeInventory
from placement.linting.classes import suspicions_of_class
from placement.linting.findings import Surroundings
from sandbox import ControlPlane

Manifest = dict[str, Any]
Labels = Mapping[str, str]
CLASSES = Path(__file__).parents[2] / "manifests/classes"


def read(file: str) -> list[Manifest]:
    """Return the objects of a file."""
    return list(yaml.safe_load_all((CLASSES / file).read_text()))


def known(file: str) -> dict[str, AcceleratorClass]:
    """Return the classes of a file, as Berth's programs read them."""
    classes = (accelerator_class(json.dumps(each).encode()) for each in read(file))
    return {each.name: each for each in classes}


SIZES, FAMILIES = known("sizes.yaml"), known("families.yaml")


def nvidia(product: str, mib: int, capability: str, **more: str) -> Labels:
    """Return the labels that NVIDIA's tools write."""
    major, minor = capability.split(".")
    return {
        "nvidia.com/gpu.product": product,
        "nvidia.com/gpu.memory": str(mib),
        "nvidia.com/gpu.compute.major": major,
        "nvidia.com/gpu.compute.minor": minor,
        "nvidia.com/gpu.sharing-strategy": "none",
    } | {f"nvidia.com/gpu.{key.replace('_', '-')}": value for key, value in more.items()}


def amd(product: str, vram: str, prefix: str = "amd.com") -> Labels:
    """Return the labels that AMD's tools write."""
    return {f"{prefix}/gpu.product-name": product, f"{prefix}/gpu.vram": vram}


def intel(product: str) -> Labels:
    """Return the label that Intel's rules write."""
    return {"gpu.intel.com/product": product}


def titles(rows: Iterable[tuple[Labels, str, str] | Labels]) -> list[str]:
    """Return what tells the devices of a table apart."""
    labels = (each[0] if isinstance(each, tuple) else each for each in rows)
    return [" ".join([*each.values()][:2]) for each in labels]


# What a node is labelled, its size, and its family where the base set has that.
DEVICES: list[tuple[Labels, str, str]] = [
    (nvidia("Tesla-T4", 15360, "7.5"), "small-gpu", ""),
    (nvidia("Tesla-T4", 15109, "7.5"), "small-gpu", ""),
    (nvidia("Tesla-V100-SXM2-16GB", 16384, "7.0"), "small-gpu", ""),
    (nvidia("Tesla-V100-SXM2-32GB", 32768, "7.0"), "small-gpu", ""),
    (nvidia("Quadro-RTX-8000", 49152, "7.5"), "small-gpu", ""),
    (nvidia("NVIDIA-A16", 15356, "8.6"), "small-gpu", ""),
    (nvidia("NVIDIA-L4", 23034, "8.9"), "small-gpu", ""),
    (nvidia("NVIDIA-A10", 23028, "8.6"), "small-gpu", ""),
    (nvidia("NVIDIA-A10G", 22731, "8.6"), "small-gpu", ""),
    (nvidia("NVIDIA-A30", 24258, "8.0"), "small-gpu", ""),
    (nvidia("NVIDIA-GeForce-RTX-5090", 32607, "12.0"), "small-gpu", ""),
    (nvidia("NVIDIA-A100-SXM4-40GB-MIG-3g.20gb", 19968, "8.0"), "small-gpu", ""),
    (nvidia("NVIDIA-A100-SXM4-40GB", 40960, "8.0"), "medium-gpu", "nvidia-a100-40gb"),
    (nvidia("NVIDIA-A100-SXM4-40GB", 39538, "8.0"), "medium-gpu", "nvidia-a100-40gb"),
    (nvidia("A100-SXM4-40GB", 40536, "8.0"), "medium-gpu", "nvidia-a100-40gb"),
    (nvidia("NVIDIA-A100-PCIE-40GB", 40960, "8.0"), "medium-gpu", "nvidia-a100-40gb"),
    (nvidia("NVIDIA-A40", 46068, "8.6"), "medium-gpu", ""),
    (nvidia("NVIDIA-RTX-A6000", 49140, "8.6"), "medium-gpu", ""),
    (nvidia("NVIDIA-L40S", 46068, "8.9"), "medium-gpu", ""),
    (nvidia("NVIDIA-A100-SXM4-80GB", 81920, "8.0"), "large-gpu", "nvidia-a100-80gb"),
    (nvidia("NVIDIA-A100-80GB-PCIe", 81920, "8.0"), "large-gpu", "nvidia-a100-80gb"),
    (nvidia("NVIDIA-H100-80GB-HBM3", 81559, "9.0"), "large-gpu", "nvidia-h100-80gb"),
    (nvidia("NVIDIA-H100-PCIe", 81559, "9.0"), "large-gpu", "nvidia-h100-80gb"),
    (nvidia("NVIDIA-H100-NVL", 95830, "9.0"), "large-gpu", ""),
    (nvidia("NVIDIA-GH200-480GB", 97871, "9.0"), "large-gpu", ""),
    (nvidia("NVIDIA-H200", 143771, "9.0"), "large-gpu", ""),
    (nvidia("NVIDIA-B200", 183359, "10.0"), "large-gpu", ""),
    (nvidia("NVIDIA-GB200", 189471, "10.0"), "large-gpu", ""),
    (amd("AMD_Instinct_MI250X", "64G"), "medium-gpu-amd", "amd-mi250x"),
    (amd("AMD_Instinct_MI250X", "65520", "beta.amd.com"), "medium-gpu-amd", "amd-mi250x"),
    (amd("AMD_Instinct_MI210", "64G"), "medium-gpu-amd", ""),
    (amd("AMD_Radeon_PRO_V620", "32G"), "small-gpu-amd", ""),
    (amd("AMD_Instinct_MI300A", "128G"), "large-gpu-amd", ""),
    (amd("AMD_Instinct_MI300X_OAM", "192G"), "large-gpu-amd", ""),
    (amd("AMD_Instinct_MI300X_OAM", "196592"), "large-gpu-amd", ""),
    (amd("AMD_Instinct_MI325X_OAM", "256G"), "large-gpu-amd", ""),
    (amd("AMD_Instinct_MI355X_OAM", "288G", "beta.amd.com"), "large-gpu-amd", ""),
    (intel("Flex_170"), "small-gpu-intel", ""),
    (intel("Max_1100"), "medium-gpu-intel", ""),
    (intel("Max_1550"), "large-gpu-intel", ""),
]

# What no size can promise anything of.
NO_SIZE = [
    nvidia("Tesla-P4", 7680, "6.1"),
    nvidia("Tesla-P100-PCIE-16GB", 16384, "6.0"),
    nvidia("NVIDIA-A100-SXM4-40GB-MIG-1g.5gb", 4864, "8.0"),
    nvidia("NVIDIA-A100-SXM4-40GB-MIG-INVALID", 0, "8.0"),
    nvidia("NVIDIA-L4-SHARED", 23034, "8.9", sharing_strategy="time-slicing", replicas="4"),
    nvidia("NVIDIA-H100-80GB-HBM3-SHARED", 81559, "9.0", sharing_strategy="mps", replicas="2"),
    intel("Flex_140"),
    {"nvidia.com/gpu.product": "NVIDIA-L4"},
    {"kubernetes.io/os": "linux"},
]


def test_they_are_accepted_as_one_kustomization(control_plane: ControlPlane, manifests: Path) -> None:
    """With strict field validation; nobody has them who does not ask for them."""
    control_plane.kubectl("apply", "--validate=strict", "--dry-run=server", "-k", str(manifests / "classes"))
    base = control_plane.kubectl("kustomize", str(manifests / "base"))

    assert "\nkind: AcceleratorClass\n" not in base


@pytest.mark.parametrize("manifest", [*read("sizes.yaml"), *read("families.yaml")], ids=lambda m: m["metadata"]["name"])
def test_the_definition_keeps_every_field_of_them(manifest: Manifest, submit: Callable[[Manifest], Manifest]) -> None:
    """What stands in the files is what the API server has."""
    wanted = json.loads(json.dumps(manifest["spec"]))
    for resource in wanted["resources"]:
        resource["quantity"] = "1"

    assert submit(manifest)["spec"] == wanted


@pytest.mark.parametrize(("labels", "size", "family"), DEVICES, ids=titles(DEVICES))
def test_every_device_has_one_size_and_its_family(labels: Labels, size: str, family: str) -> None:
    """By the labels that vendors' tools write."""
    assert Catalog(SIZES).carried_by(labels, "n") == (size,)
    assert Catalog(FAMILIES).carried_by(labels, "n") == ((family,) if family else ())


@pytest.mark.parametrize("labels", NO_SIZE, ids=titles(NO_SIZE))
def test_a_device_of_which_nothing_can_be_promised_has_none(labels: Labels) -> None:
    """Too small, too old, shared, or unknown."""
    assert Catalog(SIZES).carried_by(labels, "n") == ()


def test_between_two_sizes_is_no_gap() -> None:
    """Whatever a driver reports of a device of 16 GB and more."""
    names = ("small-gpu", "medium-gpu", "large-gpu")
    near = (mib for bound in (14_746, 36_864, 73_728) for mib in range(bound - 3, bound + 4))
    sizes = [Catalog(SIZES).carried_by(nvidia("x", mib, "9.0"), "n") for mib in (*near, *range(15_000, 300_000, 512))]

    assert {len(each) for each in sizes} == {0, 1}
    assert sizes.count(()) == 3
    assert {each for (each,) in filter(None, sizes)} == set(names)


@pytest.mark.parametrize(("labels", "size", "family"), DEVICES, ids=titles(DEVICES))
def test_no_class_promises_more_than_its_devices_have(labels: Labels, size: str, family: str) -> None:
    """Neither memory, nor rates, nor features, nor compute capability."""
    resource = next(iter((SIZES | FAMILIES)[size].resource_names))
    node = NodeInventory("n", labels, allocatable={resource: 8})
    around = Surroundings(inventory=Inventory({"n": node}))

    for each in filter(None, (SIZES[size], FAMILIES.get(family))):
        # That it may promise less, is what a size is.
        assert [one for one in suspicions_of_class(each, around) if "but every device" not in one] == []


def test_families_state_what_their_vendors_publish_of_the_slowest_variant() -> None:
    """Each figure and feature is that of all variants."""
    variants = {
        "nvidia-a100-40gb": ("a100-sxm4-40gb", "a100-pcie-40gb"),
        "nvidia-a100-80gb": ("a100-sxm4-80gb", "a100-pcie-80gb"),
        "nvidia-h100-80gb": ("h100-80gb-hbm3", "h100-pcie"),
        "amd-mi250x": ("mi250x",),
    }
    assert FAMILIES.keys() == variants.keys()
    for name, known_names in variants.items():
        stated, published = FAMILIES[name], [KNOWN[FAMILIES[name].vendor, each] for each in known_names]
        assert {stated.capabilities.memory_gib} == {each.memory_gib for each in published}
        assert stated.family == published[0].family
        for figure, amount in stated.capabilities.figures.items():
            assert amount == pytest.approx(min(dict(each.figures)[figure] for each in published), rel=0.01)


def test_they_contradict_neither_each_other_nor_the_examples(manifests: Path) -> None:
    """Whoever applies all of them has no class with a conflict."""
    written = yaml.safe_load_all((manifests / "examples/classes.yaml").read_text())
    examples = (accelerator_class(json.dumps(each).encode()) for each in written)
    catalog = Catalog({each.name: each for each in examples} | SIZES | FAMILIES)
    conflicts = ClassConflicts()
    conflicts.follow(catalog)

    assert {name: conflicts.of(name) for name in catalog.names} == dict.fromkeys(catalog.names)
