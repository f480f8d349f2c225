"""What a setting may be, in words, out of the JSON schema of its model."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

_PLAIN = {"boolean": "true or false", "null": "nothing", "array": "a list", "object": "a mapping"}


def allowed_values(model: type[BaseModel], field: str) -> str:
    """Return what a field of the model accepts: `an integer from 0 to 65535`."""
    schema = model.model_json_schema()
    return _words(schema["properties"][field], schema.get("$defs", {}))


def _words(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    match schema:
        case {"$ref": str(reference)}:
            return _words(definitions[reference.rpartition("/")[2]], definitions)
        case {"anyOf": [*alternatives]}:
            return " or ".join(_words(each, definitions) for each in alternatives)
        case {"enum": [*values]}:
            return f"one of {', '.join(map(str, values))}"
        case {"type": "integer" | "number" as kind}:
            return ("an integer" if kind == "integer" else "a number") + _range(schema)
        case {"type": "string"}:
            return "a path" if schema.get("format") == "path" else f"text that {_pattern(schema)}"
        case _:
            return _PLAIN.get(schema.get("type", ""), "another kind of value")


def _range(schema: Mapping[str, Any]) -> str:
    words = {"minimum": "from", "exclusiveMinimum": "above", "maximum": "to", "exclusiveMaximum": "below"}
    return "".join(f" {word} {schema[bound]}" for bound, word in words.items() if bound in schema)


def _pattern(schema: Mapping[str, Any]) -> str:
    return f"matches {schema['pattern']}" if "pattern" in schema else "is not empty"
