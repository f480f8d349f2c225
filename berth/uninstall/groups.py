"""Groups of pods, such as one of LeaderWorkerSet: who makes a group may take a pod that is gone for its failure."""

from collections.abc import Sequence

import msgspec

from berth.uninstall.objects import each_of
from berth.uninstall.waiting import Waiting
from cluster.api import Api
from cluster.objects import decode_pod
from cluster.shapes import MalformedObject
from placement.recognising.platforms import group_of

_UNFINISHED = {"fieldSelector": "status.phase!=Succeeded,status.phase!=Failed"}


async def beside_running(api: Api, pods: Sequence[Waiting]) -> set[str]:
    """Return the uids of those pods of whose group others have a node. Raises ApiError."""
    waiting = {each.uid: key for each in pods if (key := _group(each.raw))}
    running: set[str] = set()
    for namespace in {each.namespace for each in pods if each.uid in waiting}:
        async for raw in each_of(api, f"/api/v1/namespaces/{namespace}/pods", _UNFINISHED):
            running.add(_group(raw, has_node=True))
    return {uid for uid, key in waiting.items() if key in running}


def _group(raw: bytes | msgspec.Raw, *, has_node: bool = False) -> str:
    """Return what identifies a pod's group, empty where it stands alone, or lacks the node that it is to have."""
    try:
        pod = decode_pod(raw)
    except MalformedObject:
        return ""
    group = group_of(pod)
    return f"{pod.namespace} {group.key} {group.value}" if group and (pod.node or not has_node) else ""
