"""Every class and profile that is written somewhere in the project or its founding document."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from cluster.custom_objects import InvalidObject, accelerator_class, profile
from cluster.objects import decode_pod

PROJECT = Path(__file__).parents[2]


def objects_in(text: str) -> Iterator[dict[str, Any]]:
    """Yield the objects of some YAML, those inside ConfigMaps included."""
    for content in yaml.safe_load_all(text):
        if content and "kind" in content:
            yield content
            for inner in content.get("data", {}).values():
                yield from objects_in(inner)


@pytest.mark.parametrize("file", ["classes.yaml", "profile.yaml"])
def test_the_shipped_examples_are_valid(file: str) -> None:
    """What people copy works."""
    for each in objects_in((PROJECT / "manifests/examples" / file).read_text()):
        parse = accelerator_class if each["kind"] == "AcceleratorClass" else profile
        assert parse(json.dumps(each).encode()).name == each["metadata"]["name"]


def test_the_founding_documents_classes_are_valid_but_those_that_cannot_work(shared: Path) -> None:
    """`Gte` is no operator, 24Gi no integer, and one selects no node; everything else of the proposal works."""
    text = (shared / "seeds/000_36b3c3ed325ee8a3.txt").read_text()
    blocks = [block.split("```")[0] for block in text.split("```yaml\n")[1:]]
    classes = [each for block in blocks for each in objects_in(block) if each["kind"] == "AcceleratorClass"]

    assert len(classes) >= 8
    assert {each["metadata"]["name"] for each in classes if not is_valid(each)} == {
        "gpu-nvidia-a100",
        "small-gpu",
        "medium-gpu",
        "large-gpu",
    }


def test_the_pods_of_all_platforms_are_understood(shared: Path) -> None:
    """Whatever an inference platform writes into a pod is no obstacle."""
    files = sorted((shared / "pods").glob("*.yaml"))
    pods = [each for file in files for each in objects_in(file.read_text()) if each["kind"] == "Pod"]

    decoded = [decode_pod(json.dumps(each).encode(), "ai") for each in pods]

    assert len(decoded) >= 10
    assert all(pod.containers for pod in decoded)


def is_valid(manifest: dict[str, Any]) -> bool:
    """Tell whether an AcceleratorClass is one."""
    try:
        accelerator_class(json.dumps(manifest).encode())
    except InvalidObject:
        return False
    return True
