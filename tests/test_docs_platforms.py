import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from placement.recognising.platform_table import BYSTANDERS, IDLE_ROLES, PLATFORMS, ROLE_KEYS, Platform

ROOT = Path(__file__).parent.parent
DOC = (ROOT / "docs" / "platforms.md").read_text()
TOLD = """
import json, sys
from cluster.objects import decode_pod
from placement.accelerators import Catalog
from placement.recognising.inference import inference_of
found = inference_of(decode_pod(sys.stdin.read().encode()), Catalog())
print(json.dumps({
    "platforms": found.platforms, "follows": found.follows, "model": found.model.name,
    "containers": [each.name for each in found.containers],
    "group": [found.group.key, found.group.value, found.group.size], "gpus": found.devices,
    "groupGpus": found.group_devices,
}))
"""


def _code(*texts: str) -> str:
    return ", ".join(f"`{text}`" for text in texts) or "none"


def _keys(keys: tuple[str, ...]) -> str:
    return " + ".join(f"`{key}`" for key in keys)


def _rows(platform: Platform) -> Iterator[str]:
    name = platform.name
    yield f"| {name} | {_code(*platform.marks)} |"
    if platform.idle or platform.bystanders:
        yield f"| {name} | {_code(*platform.idle)} | {_code(*sorted(platform.bystanders))} |"
    if platform.groups or platform.followers:
        groups = "; or ".join(map(_keys, platform.groups)) or "none"
        yield f"| {name} | {groups} | {_code(*platform.sizes)} | {_code(*platform.followers)} |"


ROWS = [row for each in PLATFORMS for row in _rows(each)]


@pytest.mark.parametrize("row", ROWS)
def test_what_the_table_says_of_a_platform_stands_in_the_docs(row: str) -> None:
    """Marks, roles, containers and group keys are those that the webhook goes by."""
    assert row in DOC


def test_the_docs_speak_of_no_platform_that_is_not_in_the_table() -> None:
    """Every row of the three tables is one that the table gives."""
    head, _, rest = DOC.partition("## Add a platform")
    rows = [line for line in head.splitlines() if re.match(r"\| [a-z][a-z-]+ \| (?:`|none)", line)]

    assert rest
    assert sorted(rows) == sorted(ROWS)


@pytest.mark.parametrize(
    ("said", "chosen"),
    [
        ("has counted accelerators before its pods exist", [each.name for each in PLATFORMS if each.fixes_counts]),
        ("injects classes of its own", [each.name for each in PLATFORMS if each.merges]),
        ("updates live pods in place", [each.name for each in PLATFORMS if each.updates_in_place]),
        ("starts pods from a checkpoint", [each.name for each in PLATFORMS if each.restored]),
    ],
)
def test_what_a_platform_does_by_itself_stands_in_the_docs(said: str, chosen: list[str]) -> None:
    """Berth leaves alone what the parent of a pod has settled."""
    assert f"| {said} | {', '.join(chosen)} |" in DOC


def test_what_no_platform_touches_stands_in_the_docs() -> None:
    """Proxies of any mesh, and the words by which any platform's pods say that they only serve beside a model."""
    roles = {each for each in re.findall(r"[a-z]+", IDLE_ROLES) if each != "router"}

    assert all(f"`{name}`" in DOC for name in (*BYSTANDERS, *ROLE_KEYS))
    assert all(re.search(rf"says .*\b{each}\b", DOC) for each in roles)


@pytest.mark.parametrize("platform", [each for each in PLATFORMS if each.count_variables])
def test_variables_that_hold_a_count_stand_in_the_docs(platform: Platform) -> None:
    """They are computed anew when a class changes the count."""
    assert f"`{platform.count_variables[0]}` ({platform.name})" in DOC


def test_every_field_of_an_entry_is_explained() -> None:
    """Whoever adds a platform finds what each field means."""
    explained = re.findall(r"^\* `(\w+)`", DOC.partition("## Add a platform")[2], re.MULTILINE)

    assert explained == [each.name for each in fields(Platform)]


def test_the_worked_entry_is_all_that_a_new_platform_needs(tmp_path: Path) -> None:
    """With that one entry in the table, and nothing else changed, its pod is understood as the page says."""
    blocks = dict(re.findall(r"```(python|yaml|json)\n(.*?)```", DOC.partition("## Add a platform")[2], re.DOTALL))
    for room in ("placement", "cluster"):
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    table = tmp_path / "placement" / "recognising" / "platform_table.py"
    table.write_text(table.read_text().replace("PLATFORMS = (\n", f"PLATFORMS = (\n{blocks['python']}", 1))

    pod = json.dumps(yaml.safe_load(blocks["yaml"]))
    program = [sys.executable, "-c", TOLD]
    told = subprocess.run(program, cwd=tmp_path, input=pod, capture_output=True, text=True, check=True)

    assert json.loads(told.stdout) == json.loads(blocks["json"])
