"""Manifests as the programs read them back."""

from typing import Any

import msgspec

from cluster.custom_objects import accelerator_class
from placement.accelerators import AcceleratorClass


def reading_back(written: dict[str, Any]) -> AcceleratorClass:
    """Return the class that a manifest describes."""
    return accelerator_class(msgspec.json.encode(written))
