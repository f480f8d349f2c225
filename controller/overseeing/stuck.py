"""Stuck pods: they have waited for a node of their class for some minutes, while another class that will do has room.

What another class would mean is judged of the pod as its owner would make it, because what was injected for one class
does not suit another. So pods without an owner that tells (a ReplicaSet, a StatefulSet, a Job) are not judged.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus

import msgspec
from cachetools import LRUCache
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from cluster.api import ApiError
from cluster.objects import MalformedObject, decode_pod
from cluster.writers import Event, EventType, Subject
from controller.overseeing.findings import Findings, counted, named
from controller.overseeing.owners import Owners, as_made, controller_of
from controller.overseeing.recreation import Candidate, Cause
from controller.overseeing.worlds import world_of
from controller.parts import Context
from placement.asking.profiles import Remedy
from placement.keys import CHOSEN_CLASS
from placement.pods import Pod
from placement.reconsidering import elsewhere, is_enforced

CONDITION = "PodsPlaced"
_REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class Waiting:
    """A pod that no node was found for; `kin` are the replicas of its owner that wait for the same class.

    `since` is when it was first seen to wait: pods that a queue held back for long have waited for no node meanwhile.
    """

    namespace: str
    name: str
    uid: str
    owner: str
    created_at: str
    chosen: str
    since: str

    @property
    def kin(self) -> str:
        """What it shares with those."""
        return f"{self.namespace}/{self.owner}/{self.chosen}"


@dataclass(frozen=True, slots=True)
class Stuck:
    """A pod that waits for a class while another has room."""

    pod: Waiting
    other: str
    profile: str
    remedy: Remedy

    @property
    def namespace(self) -> str:
        """The pod's."""
        return self.pod.namespace

    @property
    def name(self) -> str:
        """The pod's."""
        return self.pod.name

    @property
    def accelerator_class(self) -> str:
        """The class that it waits for."""
        return self.pod.chosen


@dataclass(frozen=True, slots=True)
class _Made:
    """A pod as its owner would make it, and whom people know the owner by."""

    pod: Pod
    told: Subject


class StuckPods:
    """A sink of pods, and those of them that are stuck."""

    def __init__(self, context: Context, owners: Owners) -> None:
        self.findings: Findings[Stuck] = Findings(
            CONDITION, "OtherClassHasRoom", context.classes, context.profiles, _spoken, self._is_complete
        )
        self._context = context
        self._owners = owners
        self._view = context.view
        self._kins: dict[str, dict[str, Waiting]] = {}
        self._kin_of: dict[str, str] = {}
        self._made: LRUCache[str, _Made | None] = LRUCache(_REMEMBERED)
        self._looked: set[str] = set()

    def apply(self, pod: Pod) -> None:
        """Take in a pod."""
        waiting = _waiting(pod, _written(self._context.clock()))
        self._drop(pod.uid, unless=waiting.kin if waiting else "")
        if waiting:
            self._kin_of[pod.uid] = waiting.kin
            self._kins.setdefault(waiting.kin, {}).setdefault(pod.uid, waiting)

    def remove(self, pod: Pod) -> None:
        """Drop a pod that was deleted."""
        self._drop(pod.uid)

    def retain(self, keys: AbstractSet[str]) -> None:
        """Drop all pods but these."""
        for uid in self._kin_of.keys() - keys:
            self._drop(uid)

    def overdue(self) -> list[str]:
        """Return the kins of whom some have waited too long."""
        return [kin for kin in self._kins if self._overdue(kin)]

    async def settle(self, kin: str) -> list[str]:
        """Find out whether another class has room for pods that wait too long, and tell of it. Raises ApiError."""
        pods = self._overdue(kin) if self._view.is_synced else []
        found = await self._judged(pods[0], pods) if pods else []
        self._looked.add(kin)
        self.findings.put(kin, {each.pod.uid: each for each in found})
        made = self._made.get(kin)
        if found and made:
            first = found[0]
            note = f"pods of it wait for accelerator class {first.accelerator_class}, while {first.other} has room"
            await self._context.events.tell(made.told, Event(EventType.WARNING, "PodsStuck", "Placing", note))
        return []

    def candidates(self) -> Iterator[Candidate]:
        """Yield the pods that may be made anew."""
        for each in self.findings:
            if each.remedy is Remedy.RECREATE:
                pod = each.pod
                yield Candidate(
                    pod.namespace, pod.name, pod.uid, pod.owner, pod.created_at, Cause.STUCK, avoid=pod.chosen
                )

    def metrics(self) -> Iterator[Metric]:
        """Yield how many there are."""
        count = sum(1 for _ in self.findings)
        yield GaugeMetricFamily(
            "berth_pods_stuck", "Pods that wait for their class while another one has room.", value=count
        )

    def _is_complete(self) -> bool:
        return self._view.is_synced and self._looked.issuperset(self.overdue())

    def _drop(self, uid: str, unless: str = "") -> None:
        """Forget a pod, unless it is of these kin still."""
        kin = self._kin_of.get(uid)
        if kin is None or kin == unless:
            return
        del self._kin_of[uid]
        del self._kins[kin][uid]
        if not self._kins[kin]:
            del self._kins[kin]
            self._made.pop(kin, None)
            self._looked.discard(kin)
        self.findings.note(kin, uid, None)

    def _overdue(self, kin: str) -> list[Waiting]:
        patience = timedelta(minutes=self._context.settings.stuck_after_minutes)
        latest = _written(self._context.clock() - patience)
        late = (each for each in self._kins.get(kin, {}).values() if each.since <= latest)
        return sorted(late, key=lambda each: each.name)

    async def _judged(self, first: Waiting, pods: Sequence[Waiting]) -> list[Stuck]:
        labels = self._view.namespace_labels(first.namespace)
        if not labels or not is_enforced(labels):
            return []
        if first.kin not in self._made:
            self._made[first.kin] = await self._make(first)
        made = self._made[first.kin]
        return self._found(made.pod, pods, labels) if made else []

    def _found(self, made: Pod, pods: Sequence[Waiting], labels: Mapping[str, str]) -> list[Stuck]:
        finding = elsewhere(made, pods[0].chosen, labels, world_of(self._view))
        if finding is None:
            return []
        name, remedy = (finding.profile.name, finding.profile.on_stuck) if finding.profile else ("", Remedy.REPORT)
        return [Stuck(each, finding.chosen, name, Remedy.REPORT if made.in_gang else remedy) for each in pods]

    async def _make(self, waiting: Waiting) -> _Made | None:
        """Return a pod as its owner would make it, or None where nobody tells. Raises ApiError."""
        try:
            raw = await self._context.api.get(f"/api/v1/namespaces/{waiting.namespace}/pods/{waiting.name}")
            owner = await self._owners.of(controller_of(raw), waiting.namespace)
            if owner.template is None:
                return None
            return _Made(decode_pod(msgspec.json.encode(as_made(raw, owner.template))), owner.told)
        except MalformedObject:
            return None
        except ApiError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            return None


def _written(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _waiting(pod: Pod, since: str) -> Waiting | None:
    """Return a pod that waits for one class, and for which nothing is under way."""
    chosen = pod.annotations.get(CHOSEN_CLASS, "")
    is_tried = pod.is_unschedulable and not (pod.node or pod.nominated_node or pod.is_terminating or pod.is_finished)
    if not (chosen and is_tried and pod.owner) or "," in chosen:
        return None
    return Waiting(pod.namespace, pod.name, pod.uid, pod.owner, pod.created_at, chosen, since)


def _spoken(first: Sequence[Stuck], stuck: Collection[Stuck]) -> str:
    pairs = sorted({(each.accelerator_class, each.other) for each in stuck})
    said = ", ".join(f"{chosen} while {other} has room" for chosen, other in pairs)
    return f"{counted(stuck)} {'waits' if len(stuck) == 1 else 'wait'} for {said}: {named(first, stuck)}"
