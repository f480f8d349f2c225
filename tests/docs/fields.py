"""The fields that may say something about a class, as paths: `acceleratorConfigurations[].selector.engine`."""

from collections.abc import Iterator, Mapping
from typing import Any, get_args, get_origin

import yaml
from pydantic import AliasChoices, BaseModel
from pydantic.fields import FieldInfo

from tests.docs.pages import ROOT

# Fields that Kubernetes or an engine defines, or that one row tells as a whole.
_WHOLE = frozenset({"podSelector", "namespaceSelector", "performance", "env", "requests", "limits", "nodeSelector"})
_PROFILES = ROOT / "manifests/base/crds/accelerator-profiles.yaml"


def profile_fields() -> set[str]:
    """Return those of a profile's spec, by its definition."""
    return set(_of_schema(profile_schema(), ""))


def profile_schema() -> Mapping[str, Any]:
    """Return the fields of a profile's spec with what its definition says of each."""
    (version,) = yaml.safe_load(_PROFILES.read_text())["spec"]["versions"]
    fields: Mapping[str, Any] = version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    return fields


def model_fields(model: Any, *, without: frozenset[str] = frozenset()) -> set[str]:
    """Return those of an object as it is read, a model of pydantic, less some at its top."""
    return {path for path in _of_model(model, "") if path.split(".")[0].split("[")[0] not in without}


def _of_schema(properties: Mapping[str, Any], above: str) -> Iterator[str]:
    for name, schema in properties.items():
        items = schema.get("items", {})
        below = {} if name in _WHOLE else schema.get("properties") or items.get("properties") or {}
        brackets = "[]" if "properties" in items and name not in _WHOLE else ""
        if below:
            yield from _of_schema(below, f"{above}{name}{brackets}.")
        else:
            yield f"{above}{name}"


def _of_model(model: type[BaseModel], above: str) -> Iterator[str]:
    for attribute, field in model.model_fields.items():
        for name in _names(attribute, field):
            path = f'{above[:-1]}["{name}"]' if "/" in name else f"{above}{name}"
            below, brackets = _below(field.annotation)
            if below is None or name in _WHOLE:
                yield path
            else:
                yield from _of_model(below, f"{path}{brackets}.")


def _names(attribute: str, field: FieldInfo) -> list[str]:
    choices = field.validation_alias
    if isinstance(choices, AliasChoices):
        return [str(each) for each in choices.choices]
    return [field.alias or attribute]


def _below(annotation: Any) -> tuple[type[BaseModel] | None, str]:
    """Return the model that an annotation has in it, with the brackets of lists and the stars of maps around it."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, ""
    origin = get_origin(annotation)
    around = "[]" if origin is tuple else ".*" if origin in (dict, Mapping) else ""
    found = (_below(each) for each in get_args(annotation))
    return next(((model, around + inner) for model, inner in found if model), (None, ""))
