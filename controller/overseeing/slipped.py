"""Pods that slipped through: created in an enforced namespace, without what the webhook would have given them.

The webhook was away then, or the namespace was labelled later. The watch tells which pods bear no sign of having been
treated, but not what their containers run; so a namespace where there are such pods is listed once, and its pods are
judged as admission judges them. It is listed again where a pod came that may be another one, and after classes,
profiles or the namespace changed.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import msgspec
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from cluster.lists import pages
from cluster.objects import MalformedObject, decode_pod
from cluster.writers import Event, EventType, Subject
from controller.overseeing.findings import Findings, counted, named
from controller.overseeing.owners import Owners, Reference, controller_of
from controller.overseeing.recreation import Candidate, Cause
from controller.overseeing.worlds import known_of, world_of
from controller.parts import Context
from placement import keys
from placement.asking.profiles import Remedy
from placement.pods import Pod
from placement.recognising.platforms import group_of
from placement.reconsidering import Finding, is_asked_for, is_enforced, may_have_slipped, missed

CONDITION = "PodsTreated"
# Of a namespace's owners so many are told at once; the conditions have the count of all their pods.
MAX_TOLD = 50
# The webhook configuration leaves these out whatever their labels say.
_NEVER_TREATED = frozenset({"kube-system", "kube-node-lease"})
_SELECTORS = {
    "labelSelector": f"!{keys.CHOSEN_CLASS},{keys.INJECTION}!=false",
    "fieldSelector": "status.phase!=Succeeded,status.phase!=Failed",
}


@dataclass(frozen=True, slots=True)
class Slip:
    """A pod that slipped through, and the class that it would have got, as the profile says that matches it."""

    namespace: str
    name: str
    uid: str
    created_at: str
    accelerator_class: str
    profile: str
    remedy: Remedy
    owner: Reference | None
    is_waiting: bool
    is_grouped: bool

    @property
    def note(self) -> str:
        """What its owner is told, the same for all replicas."""
        said = f" as profile {self.profile} says" if self.profile else ""
        return (
            "pods of it were created without Berth's webhook, which would have given them accelerator class "
            f"{self.accelerator_class}{said}; those that are created anew get it"
        )


class _Basis(NamedTuple):
    """What verdicts rest on, beside the pods themselves."""

    labels: Mapping[str, str]
    objects: tuple[object, ...]

    def still_holds(self, other: "_Basis") -> bool:
        """Tell whether nothing has changed; what did not is the same value."""
        pairs = zip(self.objects, other.objects, strict=True)
        return self.labels == other.labels and all(mine is its for mine, its in pairs)


# For each uid what was found: nothing, where the pod is as it should be.
_Judged = dict[str, Slip | None]


class Slipped:
    """A sink of pods, and what slipped through of them; `changed` is told which namespace to look at."""

    def __init__(self, context: Context, owners: Owners) -> None:
        self.changed: Callable[[str], None] = lambda _namespace: None
        self.findings: Findings[Slip] = Findings(
            CONDITION, "PodsSlippedThrough", context.classes, context.profiles, _spoken, self._is_complete
        )
        self._context = context
        self._owners = owners
        self._view = context.view
        self._namespaces: set[str] = set()
        self._due: set[str] = set()
        self._judged: dict[str, _Judged] = {}
        self._bases: dict[str, _Basis] = {}
        self._meanwhile: dict[str, list[Callable[[], None]]] = {}

    def apply(self, pod: Pod) -> None:
        """Take in a pod: one that may have slipped through and was not judged has its namespace looked at."""
        self._remember(self.apply, pod)
        if not may_have_slipped(pod):
            self.remove(pod)
            return
        self._namespaces.add(pod.namespace)
        judged = self._judged.get(pod.namespace, {})
        slip = judged.get(pod.uid)
        if slip and slip.is_waiting and pod.node:
            judged[pod.uid] = bound = replace(slip, is_waiting=False)
            self.findings.note(pod.namespace, pod.uid, bound)
        elif pod.uid not in judged and self._is_meant(pod):
            self._due.add(pod.namespace)
            self.changed(pod.namespace)

    def remove(self, pod: Pod) -> None:
        """Drop a pod that was deleted or is treated."""
        self._remember(self.remove, pod)
        if self._judged.get(pod.namespace, {}).pop(pod.uid, None):
            self.findings.note(pod.namespace, pod.uid, None)

    def retain(self, keys: AbstractSet[str]) -> None:
        """Drop all pods but these."""
        for namespace, judged in tuple(self._judged.items()):
            if not judged.keys() <= keys:
                self._keep(namespace, {uid: each for uid, each in judged.items() if uid in keys})
        self._due |= self._meanwhile.keys()

    def namespaces(self) -> list[str]:
        """Return the namespaces to look at."""
        return [name for name in self._namespaces if name in self._judged or self._labels(name) is not None]

    async def settle(self, namespace: str) -> list[str]:
        """Judge the pods of a namespace where something may be new, and tell their owners. Raises ApiError."""
        if not self._view.is_synced:
            return []
        labels = self._labels(namespace)
        if labels is None:
            self._keep(namespace, {})
            del self._judged[namespace]
            self._bases.pop(namespace, None)
            return []
        view = self._view
        basis = _Basis(labels, (view.catalog, view.profiles, view.serving, view.queueing, view.supply))
        known = self._bases.get(namespace)
        if namespace in self._due or known is None or not known.still_holds(basis):
            self._due.discard(namespace)
            self._bases.pop(namespace, None)
            if await self._listed(namespace, labels):
                self._bases[namespace] = basis
        return []

    def candidates(self) -> Iterator[Candidate]:
        """Yield the pods that may be made anew; one member of a group alone would restart or split it."""
        for each in self.findings:
            if each.remedy is Remedy.RECREATE and each.is_waiting and each.owner and not each.is_grouped:
                yield Candidate(each.namespace, each.name, each.uid, each.owner.uid, each.created_at, Cause.SLIPPED)

    def metrics(self) -> Iterator[Metric]:
        """Yield how many there are."""
        family = GaugeMetricFamily(
            "berth_pods_slipped", "Pods that should have been treated at creation and were not.", labels=["state"]
        )
        waiting = [each.is_waiting for each in self.findings]
        family.add_metric(["waiting"], waiting.count(True))
        family.add_metric(["bound"], waiting.count(False))
        yield family

    def _is_complete(self) -> bool:
        return self._view.is_synced and all(name in self._judged for name in self.namespaces())

    def _labels(self, namespace: str) -> Mapping[str, str] | None:
        """Return the labels of a namespace whose pods are treated, None for others."""
        labels = self._view.namespace_labels(namespace)
        is_left_out = namespace in _NEVER_TREATED or namespace == self._context.settings.namespace
        return labels if labels and is_enforced(labels) and not is_left_out else None

    def _is_meant(self, pod: Pod) -> bool:
        labels = self._labels(pod.namespace)
        return labels is not None and is_asked_for(pod, labels, known_of(self._view))

    def _remember(self, seen: Callable[[Pod], None], pod: Pod) -> None:
        """Note what the watch tells of a namespace while its pods are listed: the list may be older."""
        if pod.namespace in self._meanwhile:
            self._meanwhile[pod.namespace].append(partial(seen, pod))

    async def _listed(self, namespace: str, labels: Mapping[str, str]) -> bool:
        """Judge the pods of a namespace as _look does, and take in what became of them since."""
        self._meanwhile[namespace] = []
        try:
            is_lasting = await self._look(namespace, labels)
        finally:
            meanwhile = self._meanwhile.pop(namespace)
        for each in meanwhile:
            each()
        await self._tell(tuple(each for each in self._judged[namespace].values() if each))
        return is_lasting

    async def _look(self, namespace: str, labels: Mapping[str, str]) -> bool:
        """Judge the pods of a namespace; tell whether that holds until something changes but nodes."""
        judged: _Judged = {}
        replicas: dict[str, Finding | None] = {}
        is_lasting = True
        async for page in pages(self._context.api, f"/api/v1/namespaces/{namespace}/pods", _SELECTORS):
            for raw, pod in _untreated(page):
                if pod.owner not in replicas:
                    await asyncio.sleep(0)  # judging takes up to milliseconds
                    replicas[pod.owner] = missed(pod, labels, world_of(self._view))
                finding = replicas[pod.owner] if pod.owner else replicas.pop("")
                judged[pod.uid] = _slip(raw, pod, finding) if finding and finding.chosen else None
                # Where no class will do, one may with the next node.
                is_lasting &= finding is None or bool(finding.chosen)
        self._keep(namespace, judged)
        return is_lasting

    def _keep(self, namespace: str, judged: _Judged) -> None:
        self._judged[namespace] = judged
        self.findings.put(namespace, {uid: each for uid, each in judged.items() if each})

    async def _tell(self, slips: Iterable[Slip]) -> None:
        """Tell each owner once."""
        first = {each.owner.uid if each.owner else each.uid: each for each in slips}
        for each in tuple(first.values())[:MAX_TOLD]:
            itself = Subject("Pod", each.namespace, each.name, each.uid)
            subject = await self._owners.told_of(each.owner, each.namespace) if each.owner else itself
            await self._context.events.tell(
                subject, Event(EventType.WARNING, "PodsSlippedThrough", "Admitting", each.note)
            )


def _untreated(page: Iterable[msgspec.Raw]) -> Iterator[tuple[msgspec.Raw, Pod]]:
    for raw in page:
        try:
            pod = decode_pod(raw)
        except MalformedObject:
            continue
        if may_have_slipped(pod):
            yield raw, pod


def _slip(raw: msgspec.Raw, pod: Pod, finding: Finding) -> Slip:
    profile = finding.profile
    return Slip(
        pod.namespace,
        pod.name,
        pod.uid,
        pod.created_at,
        finding.chosen,
        profile.name if profile else "",
        profile.on_slipped if profile else Remedy.REPORT,
        controller_of(raw),
        is_waiting=not pod.node,
        is_grouped=pod.in_gang or group_of(pod) is not None,
    )


def _spoken(first: Sequence[Slip], slips: Collection[Slip]) -> str:
    waiting = sum(each.is_waiting for each in slips)
    return (
        f"{counted(slips)} should have been treated by the webhook and {'was' if len(slips) == 1 else 'were'} not: "
        f"{named(first, slips)}; {waiting} still without a node"
    )
