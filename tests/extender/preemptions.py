"""What the tests of preemption have in common: the question of a scheduler, pods that may have to leave, answers."""

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from extender.desk import Desk
from extender.preempting import Preempting
from placement.pods import Pod
from placement.shares import SHARES
from tests.builders import H100, node
from tests.extender.known import KnownCluster, args, bound, known, pod_json
from tests.extender.sharing import share_pod, shared_node

Json = dict[str, Any]

IMPORTANT = 1000

WHOLE = pod_json("high", 2, priority=IMPORTANT)
REASON = f"berth: node(s) with too few free {SHARES} on one device"


def gpu_tenant(uid: str, node: str, count: int, priority: int = 0) -> Pod:
    """Return a bound pod with GPUs."""
    return replace(bound(node, count, uid=uid), priority=priority)


def share_tenant(uid: str, node: str, amount: int, devices: str, priority: int = 0) -> Pod:
    """Return a bound pod with shares."""
    return replace(share_pod(uid, amount, node, devices), priority=priority)


def share_json(uid: str, amount: int, priority: int = IMPORTANT) -> Json:
    """Return a pod that asks for shares, as kube-scheduler sends it."""
    return pod_json(uid, amount, SHARES, priority=priority)


def preempt_args(pod: Json, offered: Mapping[str, Collection[str]]) -> bytes:
    """Return ExtenderPreemptionArgs about a pod and victims by uid."""
    victims = {node: {"Pods": [{"UID": uid} for uid in uids], "NumPDBViolations": 0} for node, uids in offered.items()}
    return json.dumps({"Pod": pod, "NodeNameToVictims": None, "NodeNameToMetaVictims": victims}).encode()


def preempted(desk: Desk, pod: Json, offered: Mapping[str, Collection[str]]) -> dict[str, list[str]]:
    """Return who has to leave which node for a pod."""
    nodes = json.loads(Preempting(desk).preempt(preempt_args(pod, offered)).body)["NodeNameToMetaVictims"]
    return {node: [each["UID"] for each in victims["Pods"]] for node, victims in nodes.items()}


def filtered(desk: Desk, pod: Json, names: Collection[str]) -> Json:
    """Return the answer to a filter question."""
    content: Json = json.loads(desk.filter(args(names, pod)).body)
    return content


def two_nodes() -> KnownCluster:
    """Return two full nodes, the second with the less important pods."""
    cluster = known(node("a", H100, 2), node("b", H100, 2))
    for each in (gpu_tenant("a1", "a", 2, 100), gpu_tenant("b1", "b", 1), gpu_tenant("b2", "b", 1)):
        cluster.account.apply_pod(each)
    return cluster


def two_devices() -> KnownCluster:
    """Return a node with two devices, and pods that are half of one each."""
    cluster = known(shared_node("n"))
    for uid, device in (("a", "0"), ("b", "1"), ("c", "0"), ("d", "1")):
        cluster.account.apply_pod(share_tenant(uid, "n", 500, device))
    return cluster
