"""What `kubectl explain` can say about the definitions."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

Schema = dict[str, Any]


def undescribed(schema: Schema, path: str = "") -> Iterator[str]:
    """The paths of all fields under a schema that have no description."""
    for name, field in schema.get("properties", {}).items():
        where = f"{path}.{name}"
        if where == ".metadata":
            continue
        if not field.get("description"):
            yield where
        yield from undescribed(field, where)
    for inner in schema.keys() & {"items", "additionalProperties"}:
        yield from undescribed(schema[inner], f"{path}[]")


@pytest.mark.parametrize("file", ["accelerator-classes.yaml", "accelerator-profiles.yaml"])
def test_every_field_has_a_description(file: str, manifests: Path) -> None:
    """Nobody has to guess what a field means or which unit it has."""
    definition = yaml.safe_load((manifests / "base/crds" / file).read_text())
    schema = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    assert list(undescribed(schema)) == []
