"""The examples: accepted, and true to the labels, taints and resources of nodes."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from placement.discovering.discovery import classes_of, read
from placement.inventory import NodeInventory
from sandbox import ControlPlane, load_nodes
from tests.placement.discovering.nodes import EVERY

Manifest = dict[str, Any]

CLASSES = {
    "nvidia-h100-80gb": "h100",
    "nvidia-a100-80gb": "a100",
    "nvidia-l4": "l4",
    "nvidia-t4": "t4",
    "amd-mi300x": "mi300x",
    "intel-max-1550": "max1550",
}


@pytest.fixture(scope="module")
def classes(manifests: Path) -> dict[str, Manifest]:
    """The example classes by name."""
    content = yaml.safe_load_all((manifests / "examples/classes.yaml").read_text())
    return {each["metadata"]["name"]: each["spec"] for each in content}


def test_every_example_is_accepted(control_plane: ControlPlane, manifests: Path) -> None:
    """Classes, profile and workload are applied with strict field validation."""
    files = sorted((manifests / "examples").glob("*.yaml"))
    assert [each.name for each in files] == ["classes.yaml", "deployment.yaml", "profile.yaml"]
    for file in files:
        control_plane.apply(file)
    control_plane.kubectl("delete", "--wait=false", "-f", str(manifests / "examples"))


def test_each_class_selects_the_nodes_of_its_hardware_and_no_others(classes: dict[str, Manifest]) -> None:
    """The selectors are the labels that vendors' tools write on such nodes."""
    assert classes.keys() == CLASSES.keys()
    for name, spec in classes.items():
        wanted = spec["discovery"]["nodeSelector"].items()
        selected = {each["metadata"]["name"] for each in load_nodes() if wanted <= each["metadata"]["labels"].items()}
        assert selected
        assert {each.rpartition("-")[0] for each in selected} == {CLASSES[name]}


def test_each_class_tolerates_the_taints_of_its_nodes(classes: dict[str, Manifest]) -> None:
    """A pod with what the class injects may stand on every node of the class."""
    for spec in classes.values():
        tolerated = {(each["key"], each["effect"]) for each in spec["tolerations"] if each["operator"] == "Exists"}
        for node in load_nodes():
            if spec["discovery"]["nodeSelector"].items() <= node["metadata"]["labels"].items():
                assert {(each["key"], each["effect"]) for each in node["spec"]["taints"]} <= tolerated


def test_the_resources_of_all_classes_reach_the_extender(classes: dict[str, Manifest], manifests: Path) -> None:
    """What a class offers is offered by its nodes and managed by the extender."""
    configuration = yaml.safe_load((manifests / "base/scheduler/kube-scheduler.yaml").read_text())
    managed = {each["name"] for each in configuration["extenders"][0]["managedResources"]}
    for spec in classes.values():
        for resource in spec["resources"]:
            assert resource["name"] in managed
            nodes = [
                each
                for each in load_nodes()
                if spec["discovery"]["nodeSelector"].items() <= each["metadata"]["labels"].items()
            ]
            assert all(resource["name"] in each["status"]["allocatable"] for each in nodes)


def test_the_extender_is_asked_about_everything_that_discovery_makes_classes_of(manifests: Path) -> None:
    """A class whose pods no extender hears of would be placed blindly."""
    shipped = yaml.safe_load((manifests / "base/scheduler/kube-scheduler.yaml").read_text())
    managed = {each["name"] for each in shipped["extenders"][0]["managedResources"]}
    nodes = [NodeInventory(name, labels, allocatable=amounts) for name, (labels, amounts) in EVERY.items()]
    classes = classes_of([reading for node in nodes for reading in read(node)])

    offered = {name for each in classes for name in each.accelerator_class.resource_names}

    assert offered - managed == set()
