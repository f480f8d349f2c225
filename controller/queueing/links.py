"""What ties a class to a flavor of Kueue: which one it names, which one it was made of, and whose each of them is."""

from dataclasses import dataclass

import msgspec

from cluster.custom_objects import CustomObject
from cluster.kueue_manifests import BERTH, MANAGED_BY
from cluster.shapes import Labels, OwnerReference, Shape
from placement.keys import AUTO_DISCOVERED, OF_FLAVOR


@dataclass(frozen=True, slots=True)
class Link:
    """The flavor that a class names, and the one that Berth made it of (empty: none); `uid` is the class's own."""

    named: str = ""
    made_of: str = ""
    uid: str = ""

    @property
    def flavors(self) -> frozenset[str]:
        """The flavors that the class has to do with."""
        return frozenset({self.named, self.made_of} - {""})


class _Metadata(Shape):
    uid: str = ""
    labels: Labels = None
    annotations: Labels = None
    owner_references: list[OwnerReference] | None = None


class _Integration(Shape):
    kueue_resource_flavor: str | None = None


class _Spec(Shape):
    integration: _Integration | None = None


class _Linked(Shape):
    metadata: _Metadata
    spec: _Spec | None = None


_LINKED = msgspec.json.Decoder(_Linked)


def link_of(seen: CustomObject) -> Link:
    """Return what a class has to do with Kueue; one that somebody else owns or took over was made by nobody."""
    try:
        found = _LINKED.decode(seen.raw)
    except ValueError:
        return Link()
    metadata = found.metadata
    is_ours = (metadata.labels or {}).get(AUTO_DISCOVERED) == "true" and not metadata.owner_references
    made_of = (metadata.annotations or {}).get(OF_FLAVOR, "") if is_ours else ""
    integration = (found.spec and found.spec.integration) or _Integration()
    return Link(integration.kueue_resource_flavor or "", made_of, metadata.uid)


def is_made_by_berth(flavor: CustomObject) -> bool:
    """Tell whether Berth made a flavor, and nobody else owns it or took it over."""
    metadata = _LINKED.decode(flavor.raw).metadata
    return (metadata.labels or {}).get(MANAGED_BY) == BERTH and not metadata.owner_references
