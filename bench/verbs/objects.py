"""The cluster's objects as JSON: as the API server lists them and tells of them, and as kube-scheduler asks."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec

from bench.pods import pod as workload
from bench.questions import NVIDIA
from bench.verbs.world import CORES_PER_DEVICE, GIB_PER_DEVICE, KINDS, Pod, World
from placement.scheduling.replay import Arrival
from placement.shares import PER_DEVICE, SHARES

Json = dict[str, Any]

MODEL = "example.com/gpu-model"
NAMESPACE = "ml"
CREATED = "2026-05-09T07:35:25Z"

# What differs among pods of one shape stands in their text for something of the same kind.
_NAME, _UID, _OWNER, _NODE, _DEVICES, _VERSION = (f"<{word}>" for word in ("name", "uid", "owner", "node", "of", "v"))
_VARIABLES = 12
_IMAGES_OF_NODE = 40


def uid_of(number: int) -> str:
    """Return the uid of a pod."""
    return f"{number:08x}-0000-4000-8000-000000000000"


def pending(pod: Pod, resource: str) -> bytes:
    """Return a pod that waits, as kube-scheduler keeps it: without managed fields."""
    return _filled(_text(pod.asked, resource, is_bound=False, is_managed=False), pod)


def seen(pod: Pod, resource: str, *, phase: str = "Pending", is_leaving: bool = False, node: str = "") -> bytes:
    """Return a pod as a watch tells of it."""
    text = _filled(_text(pod.asked, resource, is_bound=bool(node), is_managed=True), pod)
    text = text.replace(_NODE.encode(), node.encode()).replace(b'"phase":"Pending"', f'"phase":"{phase}"'.encode())
    if is_leaving:
        leaving = f'"deletionTimestamp":"{CREATED}","creationTimestamp"'
        text = text.replace(b'"creationTimestamp"', leaving.encode(), 1)
    return text


def event(kind: str, about: bytes) -> bytes:
    """Return a line of a watch."""
    return b'{"type":"%s","object":%s}' % (kind.encode(), about)


def arguments(pod: bytes, names: Sequence[str]) -> bytes:
    """Return ExtenderArgs."""
    return b'{"Pod":%s,"Nodes":null,"NodeNames":%s}' % (pod, msgspec.json.encode(names))


def node(world: World, row: int, version: int = 1) -> bytes:
    """Return a node: about 10 kB, most of it images."""
    name, product, devices = world.names[row], str(world.products[row]), int(world.devices[row])
    offered = (SHARES, devices * PER_DEVICE) if world.in_shares else (NVIDIA, devices)
    return _node_text(product, devices, *offered).replace(b"<name>", name.encode()).replace(b"<v>", b"%d" % version)


def classes() -> list[bytes]:
    """Return a class for each product."""
    found = []
    for product, *_ in KINDS:
        spec = {
            "discovery": {"nodeSelector": {MODEL: product}},
            "resources": [{"name": NVIDIA}, {"name": SHARES}],
        }
        metadata = {"name": product.lower(), "resourceVersion": "1", "uid": f"class-{product}"}
        found.append(msgspec.json.encode({"metadata": metadata, "spec": spec}))
    return found


def namespace() -> bytes:
    """Return the namespace of all pods."""
    return msgspec.json.encode({"metadata": {"name": NAMESPACE, "resourceVersion": "1", "labels": {}}})


def _filled(text: bytes, pod: Pod) -> bytes:
    replacements = {
        _NAME: f"llm-{pod.number:08x}",
        _UID: uid_of(pod.number),
        _OWNER: f"{pod.owner:08x}",
        _DEVICES: ",".join(map(str, pod.columns)),
        _VERSION: str(1000 + pod.number),
    }
    for placeholder, value in replacements.items():
        text = text.replace(placeholder.encode(), value.encode())
    return text


@lru_cache(maxsize=4096)
def _text(asked: Arrival, resource: str, *, is_bound: bool, is_managed: bool) -> bytes:
    """Return the text of all pods of a shape."""
    content = workload(asked.task.cpu // 1000 % 20, _VARIABLES)
    metadata, spec = content["metadata"], content["spec"]
    metadata |= {"name": _NAME, "uid": _UID, "resourceVersion": _VERSION, "creationTimestamp": CREATED}
    metadata["ownerReferences"][0] |= {"uid": _OWNER, "name": _OWNER}
    amounts = {"cpu": f"{asked.task.cpu}m", "memory": f"{asked.memory}Mi"}
    devices = {resource: str(asked.task.asked if resource == SHARES else asked.task.devices)}
    spec["containers"][0]["resources"] = {"requests": amounts | devices, "limits": devices}
    spec |= {"schedulerName": "berth-scheduler"} | _affinity(asked.task.classes)
    content["status"] = {"phase": "Pending", "qosClass": "Burstable"}
    if is_bound:
        spec["nodeName"] = _NODE
        metadata["annotations"] |= {"berth.ome.io/devices": _DEVICES} if resource == SHARES else {}
    if not is_managed:
        del metadata["managedFields"]
    return msgspec.json.encode(content)


def _affinity(products: tuple[str, ...]) -> Json:
    if not products:
        return {}
    terms = [{"matchExpressions": [{"key": MODEL, "operator": "In", "values": list(products)}]}]
    return {
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}
    }


@lru_cache
def _node_text(product: str, devices: int, resource: str, amount: int) -> bytes:
    offered = {
        "cpu": str(CORES_PER_DEVICE * devices),
        "memory": f"{GIB_PER_DEVICE * devices}Gi",
        "ephemeral-storage": "3500Gi",
        "pods": "110",
        resource: str(amount),
    }
    labels = {
        MODEL: product,
        "kubernetes.io/hostname": "<name>",
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/os": "linux",
        "node.kubernetes.io/instance-type": f"gpu-{devices}x-{product.lower()}",
        "topology.kubernetes.io/region": "eu-central",
        "topology.kubernetes.io/zone": "eu-central-a",
    }
    images = [
        {"names": [f"registry.example.internal/llm/engine-{i}@sha256:{i:064x}"], "sizeBytes": 10**9 + i}
        for i in range(_IMAGES_OF_NODE)
    ]
    condition = {"type": "Ready", "status": "True", "reason": "KubeletReady", "lastHeartbeatTime": CREATED}
    return msgspec.json.encode(
        {
            "kind": "Node",
            "apiVersion": "v1",
            "metadata": {"name": "<name>", "uid": "<name>", "resourceVersion": "<v>", "labels": labels},
            "spec": {},
            "status": {"capacity": offered, "allocatable": offered, "conditions": [condition], "images": images},
        }
    )
