"""Examples of the documentation: a pod, a cluster, and what a preview of them says among other things."""

import json
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import yaml

from berth.cli import main
from tests.docs.pages import ROOT, Block, blocks

CLUSTER = (ROOT / "docs/examples/nodes.yaml", ROOT / "manifests/examples/classes.yaml")


@dataclass(frozen=True, slots=True)
class Example:
    """The nearest pod above, the objects of its section, and what must come of them."""

    pod: str
    objects: str
    flags: tuple[str, ...]
    expected: Any
    place: str

    def __str__(self) -> str:
        return self.place


def examples(name: str, text: str) -> Iterator[Example]:
    """Yield the examples of a page."""
    pod, objects, heading = "", list[str](), ""
    for each in blocks(text):
        if each.heading != heading:
            objects, heading = [], each.heading
        if each.kind == "yaml pod":
            pod = each.text
        elif each.kind == "yaml cluster":
            objects.append(each.text)
        elif each.kind == "yaml preview":
            yield Example(pod, "---\n".join(objects), each.words[2:], yaml.safe_load(each.text), _place(name, each))


def outcome(example: Example, folder: Path) -> list[dict[str, Any]]:
    """Return the entries of the preview of an example."""
    (folder / "pod.yaml").write_text(example.pod)
    (folder / "more.yaml").write_text(example.objects or "kind: List\nitems: []\n")
    cluster = ["--cluster", *map(str, CLUSTER), str(folder / "more.yaml")]
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(["preview", "-f", str(folder / "pod.yaml"), *cluster, "-o", "json", *example.flags])
    assert (code, err.getvalue()) == (0, "")
    entries: list[dict[str, Any]] = json.loads(out.getvalue())
    return entries


def differences(expected: Any, found: Any, path: str = "") -> Iterator[str]:
    """Yield where something is not as expected: of objects the named fields count (null: absent), lists are whole."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for name, value in expected.items():
            yield from differences(value, found.get(name), f"{path}.{name}")
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for index, (one, other) in enumerate(zip(expected, found, strict=True)):
            yield from differences(one, other, f"{path}[{index}]")
    elif expected != found:
        yield f"{path or '.'}: documented {expected!r}, found {found!r}"


def _place(name: str, block: Block) -> str:
    return f"{name}:{block.line}"
