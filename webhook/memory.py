"""Memory: what was found out about a pod is true of every replica of its template, until something else changes.

Replicas differ in their names alone. What a pod asks stays as long as classes, profiles and serving objects do; which
classes will do, as long as nodes, queues, autoscalers and allowances do as well; whether they have room is looked at
for every pod.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
from cachetools import LRUCache

from cluster.objects import pod_of, template_of
from cluster.shapes import Metadata, PodShape
from placement import keys
from placement.admission import Admission, World, compete, inquire, judge
from placement.allowances import Allowances
from placement.choosing.choice import Contest, full
from placement.pods import Pod
from placement.recognising.platforms import group_of
from webhook.judging import Judged, judged, patch_of
from webhook.patch import Json, pointer

# Templates that pods are made from within minutes; there are few larger ones, and they would fill the memory.
TEMPLATES, TEMPLATE_BYTES = 256, 2**16

_ANNOTATIONS = ("metadata", "annotations")
_Key = tuple[str, frozenset[tuple[str, str]], bytes]


class Memory:
    """What is known of the templates seen last; it never changes an answer."""

    def __init__(self) -> None:
        self._templates: LRUCache[_Key, _Template] = LRUCache(TEMPLATES)

    def judged(
        self, raw: msgspec.Raw, shape: PodShape, namespace: str, labels: Mapping[str, str], world: World
    ) -> Judged:
        """Judge a pod, given as JSON and as read from it; raises MalformedObject, or PatchError as `judged` does."""
        written = template_of(shape)
        key = (namespace, frozenset(labels.items()), written)
        known = self._templates.get(key)
        if known is None or not known.asks_the_same_of(world):
            pod = pod_of(shape, namespace)
            if len(written) > TEMPLATE_BYTES or not _is_replica(pod):
                return judged(raw, pod, labels, world)
            known = self._templates[key] = _Template(pod, labels, world)
        return known.judged(raw, shape.metadata, world)


def _is_replica(pod: Pod) -> bool:
    """Tell whether nothing of a pod's own decides: neither what Berth wrote on it before, nor the class of a group."""
    return keys.DECISION not in pod.annotations and group_of(pod) is None


class _Template:
    """What was found out about the pods of one template, and from what."""

    def __init__(self, pod: Pod, labels: Mapping[str, str], world: World) -> None:
        self._pod = pod
        self._sources = (world.catalog, world.profiles, world.serving)
        self._inquiry = inquire(pod, labels, world)
        self._surroundings: tuple[object, object, object, Allowances] | None = None
        self._circumstances = world.circumstances(pod)
        self._contest: Contest | None = None
        self._verdicts: dict[frozenset[str], _Verdict] = {}

    def asks_the_same_of(self, world: World) -> bool:
        """Tell whether those who say something about a pod's class still say the same."""
        catalog, profiles, serving = self._sources
        return catalog is world.catalog and profiles is world.profiles and serving is world.serving

    def judged(self, raw: msgspec.Raw, metadata: Metadata, world: World) -> Judged:
        """Return the verdict on one more pod of the template."""
        verdict = self._verdict(raw, world)
        name, record = metadata.name or metadata.generate_name, verdict.admission.record
        decision = record.to_json(self._pod.namespace, name, world.seal) if record else ""
        patch = _about(verdict.patch, decision) if record else verdict.patch
        return Judged(self._pod, name, verdict.admission, patch)

    def _verdict(self, raw: msgspec.Raw, world: World) -> "_Verdict":
        """Return what was found out for the same nodes and the same full classes, or find it out."""
        if self._surroundings is None or not _are_the_same(self._surroundings, world):
            self._surroundings = (world.inventory, world.queueing, world.supply, world.allowances)
            self._circumstances = world.circumstances(self._pod)
            self._contest = compete(self._inquiry, world)
            self._verdicts.clear()
        if self._circumstances.roster is not world.roster or self._circumstances.inventory is not world.inventory:
            self._circumstances = world.circumstances(self._pod)
        asked, found = self._inquiry.asked, self._contest
        passed = full(asked, found, self._circumstances) if asked and found else frozenset()
        if passed not in self._verdicts:
            admission = judge(self._inquiry, found, world)
            self._verdicts[passed] = _Verdict(admission, patch_of(admission, raw))
        return self._verdicts[passed]


@dataclass(frozen=True, slots=True)
class _Verdict:
    admission: Admission
    patch: list[Json]


def _are_the_same(last: tuple[object, object, object, Allowances], world: World) -> bool:
    """Tell whether nodes, queues, autoscalers and allowances are those of the last time."""
    inventory, queueing, supply, allowances = last
    is_same = inventory is world.inventory and queueing is world.queueing and supply is world.supply
    return is_same and allowances == world.allowances


def _about(patch: list[Json], decision: str) -> list[Json]:
    """Return a patch with the decision about another pod."""
    return [_with_decision(each, decision) for each in patch]


def _with_decision(operation: Json, decision: str) -> Json:
    if operation["path"] == _DECISION:
        return {**operation, "value": decision}
    if operation["path"] == _ALL_ANNOTATIONS:
        return {**operation, "value": {**operation["value"], keys.DECISION: decision}}
    return operation


_DECISION, _ALL_ANNOTATIONS = pointer((*_ANNOTATIONS, keys.DECISION)), pointer(_ANNOTATIONS)
