"""AcceleratorClasses and AcceleratorProfiles as the domain sees them; what is wrong with one is said in sentences."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec
from pydantic import ValidationError

from cluster.class_shapes import ClassShape
from cluster.findings import ShapeT, sentences
from cluster.profile_shapes import ProfileShape
from cluster.shapes import MalformedObject, Metadata, Shape, decoded
from placement.accelerators import AcceleratorClass
from placement.asking.profiles import Profile

V = TypeVar("V")


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
    namespace: str = ""
    is_terminating: bool = False

    @property
    def key(self) -> str:
        """What identifies it among all of its kind: its name, behind its namespace where it has one."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


@dataclass(frozen=True, slots=True)
class Judged(Generic[V]):
    """What a custom object says, None where that is nothing to go by, and what is wrong with it, in sentences."""

    value: V | None
    problems: tuple[str, ...] = ()


_CUSTOM = msgspec.json.Decoder(_Custom)


def decode_custom_object(raw: bytes | msgspec.Raw) -> CustomObject:
    """Return what is common to all custom objects; raises MalformedObject."""
    metadata = decoded(_CUSTOM, raw).metadata
    if not metadata.name:
        raise MalformedObject("metadata.name", "is missing")
    return CustomObject(
        metadata.name,
        metadata.resource_version,
        metadata.generation,
        bytes(raw),
        metadata.namespace,
        is_terminating=metadata.deletion_timestamp is not None,
    )


def accelerator_class(raw: bytes) -> AcceleratorClass:
    """Return the class that an AcceleratorClass of either dialect describes; raises InvalidObject."""
    return validated(ClassShape, raw).accelerator_class


def profile(raw: bytes) -> Profile:
    """Return the profile that an AcceleratorProfile describes; raises InvalidObject."""
    return validated(ProfileShape, raw).profile


def strictly(parse: Callable[[bytes], V]) -> Callable[[bytes], Judged[V]]:
    """Return a judge for whom one problem is enough to do without the object."""

    def judge(raw: bytes) -> Judged[V]:
        try:
            return Judged(parse(raw))
        except InvalidObject as error:
            return Judged(None, error.problems)

    return judge


def validated(shape: type[ShapeT], raw: bytes) -> ShapeT:
    """Return an object in a shape; raises InvalidObject."""
    try:
        return shape.model_validate_json(raw)
    except ValidationError as error:
        raise InvalidObject(_name(raw), sentences(error)) from None


def _name(raw: bytes) -> str:
    try:
        return decoded(_CUSTOM, raw).metadata.name
    except MalformedObject:
        return ""
