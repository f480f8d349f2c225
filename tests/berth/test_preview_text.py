"""What a preview prints for people, and what its documentation says."""

import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
import yaml

from berth.cli import main
from berth.preview.entries import Entry
from berth.preview.text import as_yaml

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/preview.md").read_text()
BERTH = str(Path(sys.executable).with_name("berth"))
POD = """\
apiVersion: v1
kind: Pod
metadata: {name: vllm-0-1, labels: {leaderworkerset.sigs.k8s.io/name: vllm, leaderworkerset.sigs.k8s.io/group-key: k}}
spec:
  containers:
  - name: worker
    image: vllm/vllm-openai
    command: [sh, -c, "ray start --address=head:6379 --block"]
    resources: {limits: {RESOURCE}}
"""


def test_the_documented_example_prints_what_the_page_says() -> None:
    """Command and output, letter for letter."""
    command, _, printed = PAGE.partition("```console\n$ berth ")[2].partition("```")[0].partition("\n")
    outcome = subprocess.run([BERTH, *command.split()], cwd=ROOT, capture_output=True, text=True, check=True)

    assert outcome.stdout == printed
    assert outcome.stderr == ""


def test_every_field_is_documented() -> None:
    """Those of the JSON form, in their order."""
    table = PAGE.partition("| field |")[2]
    rows = re.findall(r"^\| (`.+?) \|", table, re.MULTILINE)

    assert [name for row in rows for name in re.findall(r"`(\w+)`", row)] == [
        each.encode_name for each in msgspec.structs.fields(Entry)
    ]


@pytest.mark.parametrize(
    ("resource", "asks"),
    [
        ("nvidia.com/gpu: 8", "asks for 8 accelerators"),
        ("nvidia.com/gpu: 1", "asks for 1 accelerator"),
        ("nvidia.com/mig-3g.40gb: 1", "asks for parts of accelerators"),
    ],
)
def test_a_worker_is_told_as_one(resource: str, asks: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It has no model of its own; what it asks for is said in words."""
    (tmp_path / "pod.yaml").write_text(POD.replace("RESOURCE", resource))
    assert main(["preview", "-f", str(tmp_path / "pod.yaml"), "--kubeconfig", "/no/such/file"]) == 0
    title, runs, *rest = capsys.readouterr().out.splitlines()

    assert title == "Pod default/vllm-0-1"
    assert runs.startswith(f"  runs: ray-worker in worker; follows its leader; {asks}")
    assert (rest[0], rest[2:]) == ("  class: none", ["  changes: none"])
    assert rest[1].startswith("  why: nothing asks for a class: no annotation ome.io/accelerator-class, ")


def test_yaml_for_people_has_scripts_as_blocks_and_reads_back_as_it_was() -> None:
    """Texts that look like numbers stay texts."""
    value = {"args": ["set -e\nvllm serve m\n", "8", "a" * 300], "again": ["x"], "twice": {"n": 1}}
    value["shared"] = value["again"]
    written = as_yaml(value)

    assert yaml.safe_load(written) == value
    assert "- |\n  set -e\n  vllm serve m\n" in written
    assert "&" not in written
