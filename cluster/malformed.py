"""Objects that cannot be understood, for people: what is wrong, and of which object."""

from typing import Any

import msgspec

from cluster.shapes import Metadata, Shape


class _Named(Shape):
    metadata: Metadata


_NAMED = msgspec.json.Decoder(_Named)


def named(given: Any, error: ValueError) -> ValueError:
    """Return what is wrong with an object, its JSON or its shape, with its name where that can be understood."""
    try:
        metadata = (_NAMED.decode(given) if isinstance(given, msgspec.Raw) else given).metadata
    except ValueError:
        return error
    name = f"{metadata.namespace}/{metadata.name}".strip("/")
    return ValueError(f"{name}: {error}") if name else error
