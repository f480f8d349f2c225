"""Random clusters that change: what their objects say is read by the cluster room, and some of them say nonsense."""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from random import Random

from cluster.kinds import Kind
from cluster.shapes import MalformedObject
from cluster.view import ClusterView
from placement.asking.profiles import OnNoMatch
from placement.keys import CHOSEN_CLASS, INJECTION
from tests.fuzz.damage import BYTE_DAMAGE, OBJECT_DAMAGE
from tests.fuzz.hardware import accelerator_class, node, node_pool, profile
from tests.fuzz.names import CLASSES, MODES, NAMESPACES, NODES, Json, maybe, text
from tests.fuzz.pods import pod
from tests.fuzz.queueing import cluster_queue, flavor, local_queue
from tests.fuzz.quotas import limit_range, quota
from tests.fuzz.serving import cluster_model, cluster_runtime, model, runtime, service

_SPOILT = 0.1
_OPEN = ("class-0,class-1", "class-2,class-5,class-7", ",", "no-such-class")


class World(ClusterView):
    """A cluster in which every namespace has opted in by its name's first word."""

    def __init__(self) -> None:
        super().__init__(None)

    def namespace_labels(self, name: str) -> Mapping[str, str]:
        """Return labels: `enforce-1` enforces."""
        mode = name.partition("-")[0]
        return {INJECTION: mode, "team": name[-1:]} if mode in MODES else {}

    async def fetch_namespace_labels(self, name: str) -> Mapping[str, str]:
        """Return the same."""
        return self.namespace_labels(name)

    @property
    def may_deny(self) -> bool:
        """Whether some profile refuses pods for which no class will do."""
        return any(each.on_no_match is OnNoMatch.DENY for each in self.profiles)

    def see(self, kind: Kind, raw: bytes) -> None:
        """Take in an object, or pass over one that is no object, as a watch does."""
        with suppress(MalformedObject):
            self.take(kind, raw)


def world(chance: Random) -> World:
    """Return a random cluster."""
    made = World()
    for kind, (_, most, _) in _KINDS.items():
        for _ in range(chance.randint(0, most)):
            _see_one(chance, made, kind)
    return made


def change(chance: Random, changing: World) -> None:
    """Let something happen in a cluster: an object is made, or becomes another."""
    kinds = tuple(_KINDS)
    for kind in chance.choices(kinds, [_KINDS[each][2] for each in kinds], k=chance.choice((1, 1, 1, 2, 3))):
        _see_one(chance, changing, kind)


def see_admitted(chance: Random, changing: World, review: bytes) -> None:
    """Let the pod of a review be seen, as the API server keeps it, which takes no other bytes than UTF-8."""
    request = json.loads(review.decode(errors="replace"))["request"]
    about = request["object"]
    about["metadata"] |= {"uid": request["uid"], "namespace": request["namespace"], "name": f"pod-{request['uid']}"}
    about["spec"] |= maybe(chance, 0.3, nodeName=chance.choice(NODES))
    changing.see(Kind.PODS, text(about))


def _see_one(chance: Random, changing: World, kind: Kind) -> None:
    made = text({"apiVersion": "v1", "kind": kind.title(), **_KINDS[kind][0](chance)})
    changing.see(kind, _spoilt(chance, made) if chance.random() < _SPOILT else made)


def _spoilt(chance: Random, raw: bytes) -> bytes:
    if chance.random() < 0.3:
        return chance.choice(BYTE_DAMAGE)(chance, raw)
    content: Json = json.loads(raw)
    chance.choice(OBJECT_DAMAGE)(chance, content)
    return text(content)


def _present_pod(chance: Random) -> Json:
    """Return a pod that has its class, as pending, running, leaving or finished."""
    about = pod(chance)
    metadata, known = about["metadata"], chance.randrange(60)
    metadata |= {"uid": f"known-{known}", "name": f"known-{known}", "namespace": NAMESPACES[known % len(NAMESPACES)]}
    chosen = chance.choice(_OPEN) if chance.random() < 0.2 else chance.choice(CLASSES)
    metadata["annotations"] = {**(metadata["annotations"] or {}), CHOSEN_CLASS: chosen}
    metadata |= maybe(chance, 0.1, deletionTimestamp="2026-01-01T00:00:00Z")
    about["spec"] |= maybe(chance, 0.4, nodeName=chance.choice(NODES))
    about["status"] = maybe(chance, 0.2, phase="Succeeded")
    return about


# What an object of each kind says, how many a cluster has at most, and how often changes are about one.
_KINDS: Mapping[Kind, tuple[Callable[[Random], Json], int, int]] = {
    Kind.NODES: (node, 40, 25),
    Kind.PODS: (_present_pod, 40, 40),
    Kind.CLASSES: (accelerator_class, 24, 3),
    Kind.PROFILES: (profile, 10, 3),
    Kind.RUNTIMES: (runtime, 3, 3),
    Kind.CLUSTER_RUNTIMES: (cluster_runtime, 4, 3),
    Kind.SERVICES: (service, 5, 5),
    Kind.MODELS: (model, 3, 2),
    Kind.CLUSTER_MODELS: (cluster_model, 3, 2),
    Kind.QUOTAS: (quota, 10, 20),
    Kind.LIMIT_RANGES: (limit_range, 8, 10),
    Kind.NODE_POOLS: (node_pool, 6, 2),
    Kind.FLAVORS: (flavor, 24, 4),
    Kind.CLUSTER_QUEUES: (cluster_queue, 4, 2),
    Kind.LOCAL_QUEUES: (local_queue, 40, 2),
}
