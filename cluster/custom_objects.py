"""AcceleratorClasses and AcceleratorProfiles as the domain sees them; what is wrong with one is said in sentences."""

from dataclasses import dataclass
from reprlib import repr as shortened
from typing import Any, TypeVar

import msgspec
from pydantic import ValidationError

from cluster.class_shapes import ClassShape
from cluster.profile_shapes import ProfileShape
from cluster.selectors import Model
from cluster.shapes import MalformedObject, Metadata, Shape, decoded
from placement.accelerators import AcceleratorClass
from placement.profiles import Profile

ShapeT = TypeVar("ShapeT", bound=Model)


class InvalidObject(ValueError):  # noqa: N818 - a value at the door, named for what it is.
    """A custom object says what cannot be done; each problem names its field and what to write instead."""

    def __init__(self, name: str, problems: tuple[str, ...]) -> None:
        super().__init__(f"{name}: {'; '.join(problems)}")
        self.name = name
        self.problems = problems


class _Custom(Shape):
    metadata: Metadata


@dataclass(frozen=True, slots=True)
class CustomObject:
    """A custom object as it was read: what identifies it and its state, and its JSON."""

    name: str
    resource_version: str
    generation: int
    raw: bytes


_CUSTOM = msgspec.json.Decoder(_Custom)


def decode_custom_object(raw: bytes | msgspec.Raw) -> CustomObject:
    """Return what is common to all custom objects; raises MalformedObject."""
    metadata = decoded(_CUSTOM, raw).metadata
    if not metadata.name:
        raise MalformedObject("metadata.name", "is missing")
    return CustomObject(metadata.name, metadata.resource_version, metadata.generation, bytes(raw))


def accelerator_class(raw: bytes) -> AcceleratorClass:
    """Return the class that an AcceleratorClass of either dialect describes; raises InvalidObject."""
    return _validated(ClassShape, raw).accelerator_class


def profile(raw: bytes) -> Profile:
    """Return the profile that an AcceleratorProfile describes; raises InvalidObject."""
    return _validated(ProfileShape, raw).profile


def _validated(shape: type[ShapeT], raw: bytes) -> ShapeT:
    try:
        return shape.model_validate_json(raw)
    except ValidationError as error:
        problems = tuple(_sentence(each) for each in error.errors(include_url=False))
        raise InvalidObject(_name(raw), problems) from None


def _name(raw: bytes) -> str:
    try:
        return decoded(_CUSTOM, raw).metadata.name
    except MalformedObject:
        return ""


def _sentence(error: Any) -> str:
    """Return pydantic's finding as a sentence with the field's path."""
    where = _path(error["loc"])
    match error["type"]:
        case "value_error":
            said = str(error["ctx"]["error"])
        case "missing":
            said = "is missing"
        case "extra_forbidden":
            said = "is not judged: remove it; memoryGB, minComputeCapability and requiredFeatures are"
        case _:
            said = f"{error['msg']}, not {shortened(error['input'])}"
    return f"{where}: {said}" if where else said


def _path(parts: tuple[int | str, ...]) -> str:
    return "".join(f"[{each}]" if isinstance(each, int) else f".{each}" for each in parts).removeprefix(".")
