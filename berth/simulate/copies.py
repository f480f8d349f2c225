"""Copies of pods put on a cluster one after the other: each is admitted by the webhook's code, then placed.

A copy that finds its node is taken into the view of the cluster as a bound pod, so that both the webhook and the choice
of a node see it when they judge the next one.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import msgspec

from berth.preview.documents import Json, metadata
from berth.preview.entries import Entry, Preview, previews
from berth.preview.templates import PodSource
from berth.simulate.learning import Learning
from cluster import files
from cluster.kinds import Kind
from cluster.objects import MalformedObject, decode_pod
from cluster.view import ClusterView
from placement import keys
from placement.asking.class_requests import spread_of
from placement.rejections import Cause, Rejection
from placement.requirements import Requirements, requirements_of
from placement.scheduling.decisions import Candidate, Decision
from placement.shares import devices_text


@dataclass(frozen=True, slots=True)
class Asked:
    """What a pod that would be created asks of a node, and the answer."""

    entry: Entry
    created: Json
    requirements: Requirements
    decision: Decision


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a pod would not be created, or cannot be judged."""

    entry: Entry
    reason: str


@dataclass
class Copies:
    """The copies of one pod or template: how many stand on each node, the first answer and the last.

    The `number` tells the sources apart, which may have the same name.
    """

    number: int
    source: PodSource
    first: Asked | Refused
    last: Asked | Refused
    nodes: Counter[str] = field(default_factory=Counter)

    @property
    def placed(self) -> int:
        """How many found a node."""
        return self.nodes.total()

    @property
    def next_uid(self) -> str:
        """By which the next copy is known."""
        return _uid(self.number, self.placed)


@dataclass
class Placing:
    """A cluster onto which copies are put."""

    cluster: ClusterView
    scheduler_name: str | None
    learning: Learning

    def put(self, sources: Sequence[PodSource], count: int) -> list[Copies]:
        """Put so many copies of each on the cluster, all in turn, until none of them finds a node any more."""
        self.learning.catch_up(self.cluster)
        owned = [_owned(source) for source in sources]
        first = [self.ask(source, _uid(number, 0)) for number, source in enumerate(owned)]
        every = [Copies(number, *each, each[1]) for number, each in enumerate(zip(owned, first, strict=True))]
        # One that found no node is asked about again: copies of others may have turned the webhook to another class.
        while sum(self._put_one(copies) for copies in every if copies.placed < count):
            pass
        for copies in every:
            copies.last = self.ask(copies.source)
        return every

    def ask(self, source: PodSource, uid: str = "") -> Asked | Refused:
        """Admit a pod and look for its node, without putting it there; one with a uid counts as arrived."""
        (preview,) = previews([source], self.cluster, self.scheduler_name)
        if preview.created is None:
            return Refused(preview.entry, preview.entry.warnings[0])
        try:
            requirements = self._requirements(preview, preview.created)
        except MalformedObject as error:
            return Refused(preview.entry, f"Berth does not understand this pod: {error}")
        if uid:
            self.learning.see(uid, requirements, self.cluster)
        decision = self.learning.chooser.survey(requirements, self.cluster.inventory)
        return Asked(preview.entry, preview.created, requirements, _visible(requirements, decision))

    def _put_one(self, copies: Copies) -> bool:
        """Put one copy on its node, and tell whether there was one."""
        uid = copies.next_uid
        copies.last = self.ask(copies.source, uid)
        if isinstance(copies.last, Refused) or copies.last.decision.winner is None:
            return False
        winner = copies.last.decision.winner
        bound = _bound(copies.last.created, winner, uid)
        files.take(self.cluster, Kind.PODS, bound, copies.source.namespace)
        self.learning.catch_up(self.cluster)
        copies.nodes[winner.node] += 1
        return True

    def _requirements(self, preview: Preview, created: Json) -> Requirements:
        """Return what a pod asks, spread as the profile that matches it says."""
        pod = decode_pod(msgspec.Raw(msgspec.json.encode(created)), preview.source.namespace)
        labels = self.cluster.namespace_labels(pod.namespace) or {}
        return requirements_of(pod, self.cluster.catalog, spread_of(pod, labels, self.cluster.profiles))


def _uid(number: int, placed: int) -> str:
    return f"simulated/{number}/{placed}"


def _visible(asked: Requirements, decision: Decision) -> Decision:
    """Return the decision without nodes whose accelerators cannot be seen, and so cannot be counted."""
    if not asked.accelerators:
        return decision
    seen = tuple(each for each in decision.candidates if not each.score.unknown)
    unseen = (each.node for each in decision.candidates if each.score.unknown)
    rejections = (Rejection(node, Cause.FILTERED, "node(s) whose accelerators cannot be seen") for node in unseen)
    return Decision(seen, (*decision.rejections, *rejections))


def _owned(source: PodSource) -> PodSource:
    """Return a pod of a template with its owner, by which replicas know each other."""
    given = metadata(source.pod)
    if not source.template or given.get("ownerReferences"):
        return source
    uid = f"{source.kind}/{source.namespace}/{source.name}/{source.template}"
    owner = {"apiVersion": "v1", "kind": source.kind, "name": source.name, "uid": uid, "controller": True}
    return replace(source, pod={**source.pod, "metadata": {**given, "ownerReferences": [owner]}})


def _bound(created: Json, winner: Candidate, uid: str) -> Json:
    """Return a pod as it stands in the cluster once it is bound."""
    given = metadata(created)
    annotations = {**(given.get("annotations") or {}), keys.DEVICES: devices_text(winner.devices)}
    kept = {name: value for name, value in annotations.items() if value}
    placed = {**given, "uid": uid, "annotations": kept}
    return {**created, "metadata": placed, "spec": {**created["spec"], "nodeName": winner.node}}
