from pathlib import Path

import pytest
import yaml

from berth.cli import main
from tests.cluster.scripted_server import write_kubeconfig
from tests.docs.pages import ROOT
from tests.webhook.validations import NOWHERE, a_class, a_profile, supporting

NODES = str(ROOT / "docs/examples/nodes.yaml")
H100 = {"nodeSelector": {"nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3"}}


def linted(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[str], str]:
    """Run `berth lint`; return the exit code, its lines and what it says beside them."""
    code = main(["lint", *arguments])
    said = capsys.readouterr()
    return code, said.out.splitlines(), said.err


def test_files_are_judged_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A profile and its class, in any order; what the webhook would say is said, and fails the command."""
    file = tmp_path / "all.yaml"
    objects = [
        a_profile("fine", "fine", **supporting("h100")),
        a_class("h100", discovery=H100),
        a_class("cheap", discovery=H100, cost={"perHour": 0}),
        a_profile("lost", "lost", **supporting("h10")),
        a_class("nowhere", discovery=NOWHERE),
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "other"}},
    ]
    file.write_text(yaml.safe_dump_all(objects))

    code, lines, said = linted(capsys, str(file), "--cluster", NODES)

    cheap, lost, nowhere, summary = lines
    assert cheap.startswith(f"{file}: AcceleratorClass cheap: warning: costs 0 USD/h")
    assert lost.startswith(f"{file}: AcceleratorProfile lost: refused: acceleratorRequirements.supportedClasses names ")
    assert lost.endswith("class h10, which this cluster does not have (did you mean h100?)")
    assert nowhere.startswith(f"{file}: AcceleratorClass nowhere: refused: spec.discovery: has only terms")
    assert (code, summary, said) == (1, "5 classes and profiles, 2 would be refused", "")


def test_without_nodes_nothing_is_said_of_them(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever has files alone can lint them."""
    files = str(ROOT / "manifests/classes/families.yaml")

    assert linted(capsys, files, "--cluster", files) == (0, ["4 classes and profiles, 0 would be refused"], "")


def test_a_file_that_cannot_be_read_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """Instead of a traceback."""
    code, lines, said = linted(capsys, "/no/such/file.yaml", "--cluster", NODES)

    assert (code, lines) == (1, [])
    assert "/no/such/file.yaml" in said


def test_a_cluster_that_does_not_answer_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And the files are judged all the same."""
    kubeconfig = write_kubeconfig(tmp_path / "config", "http://127.0.0.1:1", {})
    files = str(ROOT / "manifests/classes/families.yaml")
    code, lines, said = linted(capsys, files, "--kubeconfig", str(kubeconfig))

    assert (code, lines) == (0, ["4 classes and profiles, 0 would be refused"])
    assert "empty cluster" in said
