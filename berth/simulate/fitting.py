"""How many copies of pods a cluster still takes, what stops the next one, and what would help: the values of it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from berth.preview.documents import metadata
from berth.preview.errand import Subject, Wish, subject_of
from berth.preview.templates import PodSource
from berth.simulate.copies import Asked, Copies, Placing, Refused
from berth.simulate.learning import Learning
from berth.simulate.room import Room, rooms
from placement import keys
from placement.scheduling.remedies import MAX_REMEDIES, listed, remedies
from placement.scheduling.shortfalls import nearest

CURRENT = [Path("current")]
_NEAREST = 3


class NothingToDoError(ValueError):
    """There are no pods, or no nodes to put them on."""


class OnNode(msgspec.Struct, frozen=True):
    """A node, the classes that it carries, and how many copies it took."""

    node: str
    classes: tuple[str, ...]
    copies: int


class NearNode(msgspec.Struct, frozen=True):
    """A node that has the right hardware, why it will not do, and what is missing there."""

    node: str
    reason: str
    missing: tuple[str, ...]


class Stop(msgspec.Struct, frozen=True, rename="camel"):
    """Why the next copy finds no node: its classes, reasons with the number of nodes, the nearest nodes, remedies."""

    classes: tuple[str, ...]
    summary: str
    reasons: dict[str, int]
    nearest: tuple[NearNode, ...] = ()
    helps: tuple[str, ...] = ()


class Fit(msgspec.Struct, frozen=True, rename="camel"):
    """How many copies of a pod or template fit; `stop` is None where all do."""

    kind: str
    namespace: str
    name: str
    template: str
    classes: tuple[str, ...]
    reason: str
    count: int
    fits: int
    nodes: tuple[OnNode, ...]
    stop: Stop | None
    warnings: tuple[str, ...]


class Fits(msgspec.Struct, frozen=True, rename="camel"):
    """What became of all pods, and the room before the first and after the last."""

    pods: tuple[Fit, ...]
    before: tuple[Room, ...]
    after: tuple[Room, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """Pods in files, a cluster in files or the current one, how many copies of each, perhaps a file of a mix."""

    pods: list[Path]
    cluster: list[Path]
    count: int
    namespace: str
    kubeconfig: Path | None
    scheduler_name: str | None
    mix: Path | None = None


async def fits(question: Question) -> tuple[Fits, tuple[str, ...]]:
    """Return how many fit, and notes on what could not be used.

    Raises UnreadableFileError, MixFileError and NothingToDoError.
    """
    learning = Learning.begun_with(question.mix)
    cluster = [] if question.cluster == CURRENT else question.cluster
    place = question.namespace, "", question.kubeconfig, question.scheduler_name
    subject = await subject_of(Wish(question.pods, cluster, *place), learning.sightings)
    _check(subject)
    before = rooms(subject.cluster.inventory)
    placing = Placing(subject.cluster, question.scheduler_name, learning)
    copies = placing.put(subject.sources, question.count)
    told = tuple(_fit(each, question.count, placing) for each in copies)
    return Fits(told, before, rooms(subject.cluster.inventory)), subject.notes


def _check(subject: Subject) -> None:
    notes = "".join(f"\n{note}" for note in subject.notes)
    if not subject.sources:
        raise NothingToDoError(f"--pods: found no pod and no pod template, allowed: one at least{notes}")
    if not subject.cluster.inventory.nodes:
        raise NothingToDoError(f"--cluster: found no node, allowed: one at least{notes}")


def _fit(copies: Copies, count: int, placing: Placing) -> Fit:
    source, entry = copies.source, copies.first.entry
    nodes = placing.cluster.inventory.nodes
    return Fit(
        source.kind,
        source.namespace,
        source.name,
        source.template,
        entry.classes,
        entry.reason,
        count,
        copies.placed,
        tuple(OnNode(name, nodes[name].classes, placed) for name, placed in sorted(copies.nodes.items())),
        None if copies.placed == count else _stop(copies, placing),
        tuple(dict.fromkeys((*entry.warnings, *copies.last.entry.warnings))),
    )


def _stop(copies: Copies, placing: Placing) -> Stop:
    last = copies.last
    if isinstance(last, Refused):
        return Stop((), last.reason, {})
    reasons = Counter(each.reason for each in last.decision.rejections)
    inventory = placing.cluster.inventory
    near = nearest(last.requirements, last.decision.rejections, inventory, _NEAREST)
    helps = (*_other_classes(copies.source, last, placing), *remedies(last.requirements, inventory))
    return Stop(
        last.entry.classes,
        last.decision.explanation,
        dict(sorted(reasons.items(), key=lambda each: (-each[1], each[0]))),
        tuple(NearNode(each.node, each.reason, tuple(map(str, each.shortfalls))) for each in near),
        helps[:MAX_REMEDIES],
    )


def _other_classes(source: PodSource, last: Asked, placing: Placing) -> Iterator[str]:
    """Yield which classes that will do as well have room, tried by naming each on the pod."""
    entry = last.entry
    rejected = {each.accelerator_class for each in entry.rejected}
    for name in entry.considered:
        if name not in rejected and name not in entry.classes:
            tried = placing.ask(_naming(source, name))
            if isinstance(tried, Asked) and name in tried.entry.classes and tried.decision.candidates:
                names = listed(each.node for each in tried.decision.candidates)
                yield f"class {name} will do as well and has room ({names}): annotation {keys.REQUESTED_CLASS}: {name}"


def _naming(source: PodSource, accelerator_class: str) -> PodSource:
    given = metadata(source.pod)
    annotations = {**(given.get("annotations") or {}), keys.REQUESTED_CLASS: accelerator_class}
    return replace(source, pod={**source.pod, "metadata": {**given, "annotations": annotations}})
