"""What counts as a schema that takes less than it did."""

from typing import Any

import pytest

from tests.upgrade.narrowing import narrowings

TEXT = {"type": "string", "maxLength": 10}
OBJECT = {"type": "object", "properties": {"name": TEXT}}

Schema = dict[str, Any]


def having(**fields: Schema) -> Schema:
    """Return an object with these fields."""
    return {"type": "object", "properties": fields}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (OBJECT, having(), "is gone"),
        (OBJECT, {**OBJECT, "required": ["name"]}, "is required"),
        (OBJECT, having(name={"type": "integer"}), "type was 'string'"),
        (OBJECT, having(name={**TEXT, "maxLength": 9}), "maxLength is 9"),
        (OBJECT, having(name={**TEXT, "minLength": 1}), "minLength is 1"),
        (OBJECT, having(name={**TEXT, "pattern": "a"}), "pattern was None"),
        (OBJECT, having(name={**TEXT, "enum": ["a"]}), "enum is ['a']"),
        (having(a={**TEXT, "enum": ["a", "b"]}), having(a={**TEXT, "enum": ["a"]}), "enum is ['a']"),
        (OBJECT, {**OBJECT, "x-kubernetes-validations": [{"rule": "has(self.name)"}]}, "a rule that it had not"),
        ({**OBJECT, "x-kubernetes-preserve-unknown-fields": True}, OBJECT, "is true no longer"),
        ({**OBJECT, "nullable": True}, OBJECT, "is true no longer"),
        (OBJECT, {**OBJECT, "anyOf": [{"required": ["name"]}]}, "anyOf was None"),
        ({"type": "array", "items": OBJECT}, {"type": "array", "items": having()}, "[].name: is gone"),
    ],
)
def test_less_is_told(old: Schema, new: Schema, words: str) -> None:
    """Each way to refuse, to drop or to read otherwise what was fine."""
    (found,) = list(narrowings(old, new))

    assert words in found


@pytest.mark.parametrize(
    "new",
    [
        OBJECT,
        having(name={"type": "string"}),
        having(name={**TEXT, "maxLength": 11}),
        having(name=TEXT, more={"type": "integer", "minimum": 3}),
    ],
)
def test_more_is_fine(new: Schema) -> None:
    """New fields, wider limits, and limits that are gone."""
    assert list(narrowings(OBJECT, new)) == []
