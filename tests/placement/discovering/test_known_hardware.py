"""The table of known hardware: complete, consistent, and true to the examples."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from cluster.custom_objects import accelerator_class
from placement.accelerators import AcceleratorClass, Figure
from placement.discovering.discovery import classes_of, read
from placement.discovering.hardware_table import BLOCKS
from placement.discovering.known_hardware import KNOWN, PCI_VENDORS, known_device, known_name
from placement.discovering.memory import nominal_gib
from placement.discovering.naming import hardware_name
from placement.inventory import NodeInventory
from sandbox import load_nodes

EXAMPLES = Path(__file__).parents[3] / "manifests/examples/classes.yaml"

WANTED = """
nvidia: t4 v100-sxm2-16gb v100-sxm2-32gb p100-pcie-16gb a10 a10g a16 a30 a40 a100-sxm4-40gb a100-sxm4-80gb
nvidia: a100-pcie-40gb a100-pcie-80gb l4 l40 l40s rtx-a6000 rtx-6000-ada-generation h100-80gb-hbm3 h100-pcie h100-nvl
nvidia: rtx-pro-6000-blackwell-server-edition h200 h20 gh200-480gb b200 b300-sxm6-ac gb200
amd: mi210 mi250x mi300x mi300a mi325x mi355x
intel: max-1100 max-1550 flex-140 flex-170
habana: gaudi2 gaudi3
aws: inferentia2 trainium trainium2
google: tpu-v5e tpu-v5p tpu-v6e
huawei: ascend-910b ascend-310p
"""


@pytest.mark.parametrize("line", WANTED.strip().splitlines())
def test_what_clusters_have_is_known(line: str) -> None:
    """All of these are in the table, by their own names."""
    vendor, _, names = line.partition(": ")
    for name in names.split():
        assert (vendor, name) in KNOWN
        assert hardware_name(vendor, name) == known_name(vendor, name) == name


def test_every_line_is_of_hardware_of_its_own() -> None:
    """No name, spelling or device stands for two."""
    lines = [(block.vendor, *line.split()) for block in BLOCKS for line in block.lines.strip().splitlines()]
    spellings = [(vendor, text) for vendor, name, *_, more in lines for text in (name, *_listed(more))]
    devices = [(vendor, text) for vendor, *fields in lines for text in _listed(fields[10])]

    assert len(spellings) == len({*spellings})
    assert len(devices) == len({*devices})
    assert all(re.fullmatch(r"[0-9a-f]{4}", device) for _, device in devices)
    assert all(block.source and block.vendor in PCI_VENDORS for block in BLOCKS)


def _listed(text: str) -> list[str]:
    return [] if text == "-" else text.split(",")


def test_rates_are_those_of_dense_matrices() -> None:
    """From one precision to the next they double at most, as data sheets round; with sparsity that would be more."""
    for name, traits in KNOWN.items():
        figures = dict(traits.figures)
        half = figures.get(Figure.FP16)
        for figure in (Figure.FP8, Figure.INT8):
            if half and figure in figures:
                assert figures[figure] <= half * 2.03, name


def test_features_agree_with_the_compute_capability() -> None:
    """As the CUDA Programming Guide has it."""
    for (vendor, name), traits in KNOWN.items():
        if vendor == "nvidia":
            assert traits.compute_capability, name
            assert ("bf16" in traits.features) == (traits.compute_capability >= (8, 0)), name
            assert ("fp8" in traits.features) == (traits.compute_capability >= (8, 9)), name


def test_a_device_is_known_by_its_number() -> None:
    """In any case of letters, and behind 0x."""
    assert known_device("amd", "74a1") == known_device("amd", "0x74A1") == "mi300x"
    assert known_device("nvidia", "74a1") is None


@pytest.mark.parametrize(
    ("mib", "gib"),
    [
        (81_559, 80),
        (81_920, 80),
        (39_538, 40),
        (40_536, 40),
        (40_960, 40),
        (15_109, 16),
        (16_384, 16),
        (23_034, 24),
        (46_068, 48),
        (95_830, 94),
        (97_871, 96),
        (143_771, 141),
        (183_359, 180),
        (275_040, 270),
        (11_441, 12),
        (8_192, 8),
    ],
)
def test_the_nominal_size_is_that_of_the_card(mib: int, gib: float) -> None:
    """Drivers report up to a tenth less."""
    assert nominal_gib(mib) == gib


def test_what_is_near_to_no_size_stays_as_it_is_reported() -> None:
    """And nothing is made of nothing, or of what no card has."""
    assert nominal_gib(55 * 1024) == 55
    assert nominal_gib(9_856, 10) == 10
    assert nominal_gib(0) is None
    assert nominal_gib(2**40) is None


def _examples() -> dict[str, tuple[AcceleratorClass, dict[str, Any]]]:
    content = list(yaml.safe_load_all(EXAMPLES.read_text()))
    return {each["metadata"]["name"]: (accelerator_class(json.dumps(each).encode()), each["spec"]) for each in content}


def test_the_classes_of_the_sandboxs_nodes_are_those_of_the_examples() -> None:
    """Same nodes, memory, features and figures, where both state them."""
    found = [
        NodeInventory(each["metadata"]["name"], each["metadata"]["labels"], (), _counts(each["status"]["allocatable"]))
        for each in load_nodes()
    ]
    mine = classes_of({reading for one in found for reading in read(one)})

    for example, written in _examples().values():
        (alike,) = (each for each in mine if each.accelerator_class.selection == example.selection)
        discovered = alike.accelerator_class
        assert (discovered.vendor, discovered.family, alike.model) == (
            example.vendor,
            example.family,
            written["model"],
        )
        assert set(written["discovery"]["deviceIDs"]) <= {*alike.pci_devices}
        assert discovered.capabilities.memory_gib == example.capabilities.memory_gib
        assert discovered.capabilities.compute_capability == example.capabilities.compute_capability
        assert discovered.capabilities.features == example.capabilities.features
        for figure, amount in discovered.capabilities.figures.items():
            assert amount == example.capabilities.figures[figure]
        assert discovered.resources == example.resources


def _counts(amounts: dict[str, str]) -> dict[str, int]:
    return {name: int(text) for name, text in amounts.items() if "/" in name}
