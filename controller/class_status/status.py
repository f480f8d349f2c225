"""What is found of each class, for its one status writer: its nodes, its accelerators, and what contradicts it."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

import msgspec

from cluster.custom_objects import CustomObject
from cluster.view import ClusterView, Kind
from controller.class_status.gauges import class_gauges
from controller.parts import Context, Part
from controller.reconciling.conditions import Judgement
from controller.reconciling.definition import Definition
from controller.reconciling.objects import Objects
from controller.reconciling.statuses import NOW
from placement.class_census import ClassCensus
from placement.class_conflicts import ClassConflicts
from placement.class_counts import ClassCounts, Standing

# A class is looked at once a second at most, and its status is right within two; so this is about the last tenths.
LOOK_SECONDS = 0.2

# What only Berth's own definition has: where it is missing, OME's controller writes the other fields.
OWN_FIELD = "status.unavailableNodes"

# On the classes that OME's controller cares for, whoever defines them.
OME_FINALIZER = "acceleratorclasses.ome.io/finalizer"

# The fields are int32.
_MOST = 2**31 - 1

# What the counts are made of; nothing is known before all of it was listed.
_NEEDED = frozenset({Kind.NODES, Kind.PODS, Kind.CLASSES})

_NOTHING = ClassCounts((), dict.fromkeys(Standing, 0), 0, 0, 0)


class _Metadata(msgspec.Struct):
    finalizers: list[str] | None = None


class _Object(msgspec.Struct):
    metadata: _Metadata


@dataclass(frozen=True)
class ClassStatus:
    """What is found of classes, as of what the view last saw."""

    view: ClusterView
    classes: Objects
    definition: Definition
    census: ClassCensus = field(default_factory=ClassCensus)
    conflicts: ClassConflicts = field(default_factory=ClassConflicts)

    @property
    def is_informed(self) -> bool:
        """Whether everything that counts was listed."""
        return _NEEDED.isdisjoint(self.view.unsynced)

    async def run(self) -> NoReturn:
        """Have the classes looked at of which there is something new to find, for ever."""
        while True:
            self.follow()
            await asyncio.sleep(LOOK_SECONDS)

    def follow(self) -> None:
        """Find what is new."""
        if self.is_informed:
            catalog = self.view.catalog
            changed = self.census.follow(self.view.inventory, catalog) | self.conflicts.follow(catalog)
            for name in changed:
                self.classes.tell(name)

    def fields(self, seen: CustomObject) -> Mapping[str, Any]:
        """Return the fields of a class's status beside its conditions; a class that is not in force has nothing.

        Beside OME's controller these are the two that it leaves alone; what is said of nodes is then OME's.
        """
        self.follow()
        lacks = self.definition.lacks
        if lacks is None or not self.is_informed:
            return {}
        counts = self.census.of(seen.name) or _NOTHING
        if OWN_FIELD in lacks or _is_omes(seen):
            return {**_accelerators(counts), "unavailableNodes": None}
        return {**_accelerators(counts), **_nodes(counts), "lastUpdated": NOW}

    def judgements(self, seen: CustomObject) -> Iterable[Judgement]:
        """Yield whether others contradict a class, and whether all of it is kept; nothing where all is well."""
        if self.is_informed:
            conflict = self.conflicts.of(seen.name)
            yield Judgement("Conflict", conflict is not None, "CapabilitiesDiffer", str(conflict), conflict is None)
        if self.definition.lacks is not None:
            yield _completeness(self.definition.lacks)


def class_status(context: Context) -> Part:
    """Keep nodes, accelerators and conflicts of the classes true."""
    status = ClassStatus(context.view, context.classes, context.definition)
    context.definition.listen(context.classes.tell_all)
    return Part(
        tasks={"class counts": status.run},
        class_judges=(status.judgements,),
        class_fields=status.fields,
        metrics=lambda: class_gauges(context.view, status.census, status.conflicts),
    )


def _is_omes(seen: CustomObject) -> bool:
    return OME_FINALIZER in (msgspec.json.decode(seen.raw, type=_Object).metadata.finalizers or ())


def _accelerators(counts: ClassCounts) -> dict[str, Any]:
    return {"totalAccelerators": min(counts.total, _MOST), "availableAccelerators": min(counts.available, _MOST)}


def _nodes(counts: ClassCounts) -> dict[str, Any]:
    nodes = counts.nodes
    unavailable = {"cordoned": Standing.CORDONED, "notReady": Standing.NOT_READY, "tainted": Standing.TAINTED}
    return {
        "nodes": list(counts.names),
        "availableNodes": nodes[Standing.AVAILABLE],
        "unavailableNodes": {name: nodes[standing] for name, standing in unavailable.items()},
    }


def _completeness(lacks: tuple[str, ...]) -> Judgement:
    message = (
        f"The definition of AcceleratorClass that is installed is not Berth's and has no {', '.join(lacks)}: the API"
        " server drops what is written there. Annotations berth.ome.io/scalable-from-zero and"
        " berth.ome.io/namespace-selector are kept."
    )
    return Judgement("SchemaComplete", holds=False, reason="FieldsPruned", message=message, is_absent=not lacks)
