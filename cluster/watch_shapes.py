"""What the API server sends of many objects: pages of a list, and the events of a watch."""

from typing import Generic, TypeVar

import msgspec

from cluster.shapes import Metadata, Shape

ShapeT = TypeVar("ShapeT")


class _ListMetadata(Shape):
    resource_version: str = ""
    continue_: str = msgspec.field(name="continue", default="")


class Page(Shape):
    """Some objects of a list."""

    metadata: _ListMetadata
    items: list[msgspec.Raw] | None = None


class Event(Shape, Generic[ShapeT]):
    """What became of an object."""

    type: str
    object: ShapeT


class Versioned(Shape):
    """An object, or a bookmark in its place, of which only the version matters."""

    metadata: Metadata


class Failure(Shape):
    """Why a watch ends."""

    code: int = 0
    reason: str = ""
    message: str = ""


PAGE = msgspec.json.Decoder(Page)
EVENT = msgspec.json.Decoder(Event[msgspec.Raw])
VERSIONED = msgspec.json.Decoder(Versioned)
FAILURE = msgspec.json.Decoder(Failure)
