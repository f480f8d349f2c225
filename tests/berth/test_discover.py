"""`berth discover`: what is printed, what is told beside it, and how it ends."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from berth.cli import main
from cluster.custom_objects import accelerator_class
from sandbox import ControlPlane
from tests.placement.discovering import nodes


def node_of(name: str, given: nodes.Node) -> dict[str, Any]:
    """Return a node as the API has it."""
    labels, amounts = given
    listed = {key: str(amount) for key, amount in amounts.items()}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "status": {"allocatable": listed, "capacity": listed},
    }


def class_of(name: str, product: str, **labels: str) -> dict[str, Any]:
    """Return a class that somebody wrote, or with the label that discovery made."""
    return {
        "apiVersion": "ome.io/v1beta1",
        "kind": "AcceleratorClass",
        "metadata": {"name": name, "labels": labels},
        "spec": {"vendor": "nvidia", "discovery": {"nodeSelector": {"nvidia.com/gpu.product": product}}},
    }


def file_of(folder: Path, *objects: dict[str, Any]) -> str:
    """Return the path of a file with these objects."""
    file = folder / "cluster.json"
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
    return str(file)


def test_classes_are_printed_as_they_would_be_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """YAML that can be applied and read back, a List in JSON, or a table with the count of nodes."""
    cluster = file_of(tmp_path, node_of("a", nodes.l4()), node_of("b", nodes.l4()), node_of("c", nodes.amd()))

    assert main(["discover", "--cluster", cluster]) == 0
    written = list(yaml.safe_load_all(capsys.readouterr().out))
    assert [each["metadata"]["name"] for each in written] == ["amd-mi300x", "nvidia-l4"]
    assert accelerator_class(json.dumps(written[1]).encode()).capabilities.memory_gib == 24

    assert main(["discover", "--cluster", cluster, "-o", "json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert (listed["kind"], listed["items"]) == ("List", written)

    assert main(["discover", "--cluster", cluster, "-o", "table"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "NAME         VENDOR   FAMILY         MEMORY   RESOURCES        NODES",
        "amd-mi300x   amd      cdna3          192Gi    amd.com/gpu      1",
        "nvidia-l4    nvidia   ada-lovelace   24Gi     nvidia.com/gpu   2",
    ]


def test_problems_are_told_once_with_the_nodes_that_have_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On standard error, so that the classes can be piped on; they are no failure."""
    unlabelled = [node_of(f"n{number}", ({}, {nodes.GPU: 4})) for number in range(5)]

    assert main(["discover", "--cluster", file_of(tmp_path, *unlabelled, node_of("a", nodes.l4()))]) == 0
    told = capsys.readouterr()
    assert told.out.startswith("apiVersion: ome.io/v1beta1\n")
    (problem,) = told.err.splitlines()
    assert problem.startswith("n0, n1, n2 and 2 more: offers 4 nvidia.com/gpu, and no label tells what they are")


def test_what_somebody_wrote_is_not_made_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As the controller does: neither by the name nor for the same nodes; what discovery made is made again."""
    written = (
        class_of("mine", "NVIDIA-L4"),
        class_of("nvidia-t4", "whatever"),
        class_of("nvidia-h100-80gb-hbm3", "NVIDIA-H100-80GB-HBM3", **{"ome.io/auto-discovered": "true"}),
    )
    given = (node_of("a", nodes.l4()), node_of("b", nodes.t4()), node_of("c", nodes.h100()))

    assert main(["discover", "--cluster", file_of(tmp_path, *given, *written), "-o", "table"]) == 0
    told = capsys.readouterr()
    assert [line.split()[0] for line in told.out.splitlines()[1:]] == ["nvidia-h100-80gb-hbm3"]
    assert told.err.splitlines() == [
        "nvidia-l4: is not made, because mine, which somebody wrote, selects the same nodes",
        "nvidia-t4: is not made, because somebody wrote a class of this name",
    ]


def test_a_cluster_without_accelerators_has_no_classes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """That is an answer."""
    assert main(["discover", "--cluster", file_of(tmp_path, node_of("a", ({}, {})))]) == 0
    assert capsys.readouterr() == ("", "")


def test_what_cannot_be_read_ends_with_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The message names the file; an object that cannot be understood is left out, and said."""
    assert main(["discover", "--cluster", str(tmp_path / "none.yaml")]) == 1
    assert capsys.readouterr().err == f"{tmp_path}/none.yaml: No such file or directory\n"
    assert main(["discover", "--kubeconfig", str(tmp_path / "none")]) == 1
    assert "does not exist" in capsys.readouterr().err

    odd = node_of("a", nodes.l4()) | {"status": {"allocatable": {"nvidia.com/gpu": "many"}}}
    cluster = file_of(tmp_path, odd)
    assert main(["discover", "--cluster", cluster]) == 0
    assert capsys.readouterr().err.startswith(f"{cluster}: Node a: status.allocatable[nvidia.com/gpu]: 'many'")


def test_the_current_cluster_is_read_and_left_as_it_is(
    control_plane: ControlPlane, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Without the definition of classes, too."""
    name = "discovered-l40s"
    labels, amounts = nodes.nvidia("NVIDIA-L40S", 4, 46_068, (8, 9), "ada-lovelace")
    control_plane.kubectl("create", "-f", file_of(tmp_path, node_of(name, (labels, amounts))))
    try:
        assert main(["discover", "--kubeconfig", str(control_plane.kubeconfig), "-o", "table"]) == 0
        (line,) = (each for each in capsys.readouterr().out.splitlines() if each.startswith("nvidia-l40s"))
        assert line.split() == ["nvidia-l40s", "nvidia", "ada-lovelace", "48Gi", "nvidia.com/gpu", "1"]
    finally:
        control_plane.kubectl("delete", "node", name)
