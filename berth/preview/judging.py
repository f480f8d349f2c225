"""The webhook's own judgement on one pod, with what the pods before it left behind."""

from collections.abc import Mapping
from dataclasses import replace

import msgspec

from berth.preview.templates import PodSource
from cluster.objects import decode_pod
from placement import keys
from placement.admission import Admission, World
from placement.asking.roster import GroupPlace
from webhook.judging import Judged, judged


def judgement(source: PodSource, namespace_labels: Mapping[str, str], world: World) -> Judged:
    """Judge a pod as the webhook does; raises MalformedObject or PatchError."""
    raw = msgspec.Raw(msgspec.json.encode(source.pod))
    pod = decode_pod(raw, source.namespace)
    if pod.labels.get(keys.INJECTION) == "false":
        return Judged(pod, pod.name, Admission(), [])
    return judged(raw, pod, namespace_labels, world)


def following(world: World, groups: Mapping[GroupPlace, str]) -> World:
    """Return the world in which these groups, by namespace, key and value, have their class."""
    return replace(world, roster=replace(world.roster, groups={**world.roster.groups, **groups}))
