"""Nodes and pods as an API server writes them, with everything that nobody here needs: 24 kB a node, 7 kB a pod.

A third of the nodes has accelerators, a fifth of these divided into shares. Of ten pods one asks for whole devices, one
for a share of a device, and two are of DaemonSets.
"""

import json
from typing import Any

from placement.keys import CHOSEN_CLASS, DEVICES

Json = dict[str, Any]

NVIDIA, SHARES = "nvidia.com/gpu", "berth.ome.io/gpu-milli"
PRODUCT = "nvidia.com/gpu.product"
PRODUCTS = ("NVIDIA-H100-80GB-HBM3", "NVIDIA-A100-SXM4-80GB", "NVIDIA-L4", "Tesla-T4")
CLASSES = ("h100", "a100-80g", "l4", "t4")
DEVICES_PER_NODE = 8
TEMPLATES = 400

_TIME = "2026-03-01T12:00:00Z"
_GPU_LABELS = 44


def classes() -> list[Json]:
    """Return an AcceleratorClass for each product."""
    return [
        {
            "apiVersion": "ome.io/v1beta1",
            "kind": "AcceleratorClass",
            "metadata": {"name": name, "uid": f"class-{name}", "resourceVersion": "7"},
            "spec": {
                "vendor": "nvidia",
                "discovery": {"nodeSelector": {PRODUCT: product}},
                "capabilities": {"memoryGB": "80Gi"},
                "resources": [{"name": NVIDIA}, {"name": SHARES}],
            },
        }
        for name, product in zip(CLASSES, PRODUCTS, strict=True)
    ]


def node_name(number: int) -> str:
    """Return a name as clouds give them."""
    return f"ip-10-{number // 256 % 256}-{number % 256}-{number % 97}.eu-central-1.compute.internal"


def has_devices(number: int) -> bool:
    """Tell whether the node of that number has accelerators."""
    return number % 3 == 0


def has_shares(number: int) -> bool:
    """Tell whether the node of that number has its accelerators divided."""
    return number % 15 == 0


def node(number: int, beats: int = 0) -> Json:
    """Return a node that has told that many times of its state."""
    version = str(1_000_000 + number + beats)
    return {
        "kind": "Node",
        "apiVersion": "v1",
        "metadata": {
            "name": node_name(number),
            "uid": f"{number:08x}-7d0a-4c58-9f0e-1d5b3f0c7a11",
            "resourceVersion": version,
            "creationTimestamp": _TIME,
            "labels": _node_labels(number),
            "annotations": {f"example.com/annotation-{i}": f"value of annotation {i}" * 3 for i in range(16)},
            "managedFields": [_node_fields(owner) for owner in ("kubelet", "node-feature-discovery")],
        },
        "spec": {"podCIDR": "10.0.0.0/24", "providerID": f"aws:///eu-central-1a/i-{number:017x}"},
        "status": _node_status(number, beats),
    }


def _node_labels(number: int) -> dict[str, str]:
    own = {
        "kubernetes.io/hostname": node_name(number),
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/os": "linux",
        "node.kubernetes.io/instance-type": "p5.48xlarge" if has_devices(number) else "m7i.12xlarge",
        "topology.kubernetes.io/region": "eu-central-1",
        "topology.kubernetes.io/zone": f"eu-central-1{'abc'[number % 3]}",
        **{f"example.com/pool-label-{i}": f"pool-value-{i}" for i in range(24)},
    }
    if not has_devices(number):
        return own | {f"feature.node.kubernetes.io/cpu-cpuid.FEATURE{i}": "true" for i in range(_GPU_LABELS)}
    gpu = {f"nvidia.com/gpu.property-{i}": f"{i * 1024}" for i in range(_GPU_LABELS - 1)}
    return own | gpu | {PRODUCT: PRODUCTS[number // 3 % len(PRODUCTS)]}


def _node_status(number: int, beats: int) -> Json:
    amounts = {"cpu": "96", "memory": "2113404776Ki", "pods": "110", "ephemeral-storage": "95551679124"}
    if has_devices(number):
        amounts |= {SHARES: f"{DEVICES_PER_NODE * 1000}"} if has_shares(number) else {NVIDIA: f"{DEVICES_PER_NODE}"}
    kinds = ("MemoryPressure", "DiskPressure", "PIDPressure", "Ready")
    return {
        "capacity": amounts,
        "allocatable": amounts | {"cpu": "95690m"},
        "conditions": [
            {
                "type": kind,
                "status": "True" if kind == "Ready" else "False",
                "lastHeartbeatTime": f"2026-03-01T12:{beats % 60:02}:00Z",
                "lastTransitionTime": _TIME,
                "reason": f"Kubelet{kind}",
                "message": "kubelet says so",
            }
            for kind in kinds
        ],
        "addresses": [{"type": "InternalIP", "address": f"10.0.{number // 256}.{number % 256}"}],
        "nodeInfo": {f"property{i}": f"value-{i}" for i in range(10)},
        "images": [
            {
                "names": [f"registry.example.com/team/image-{i}@sha256:{i:064x}", f"registry.example.com/image-{i}:v1"],
                "sizeBytes": 123_456_789 + i,
            }
            for i in range(50)
        ],
    }


def _node_fields(owner: str) -> Json:
    labels: Json = {f"f:example.com/pool-label-{i}": {} for i in range(24)}
    features: Json = {f"f:{owner}.example.com/field-{i}": {".": {}, "f:value": {}} for i in range(24)}
    return _managed(owner, {"f:metadata": {"f:labels": labels, "f:annotations": features}, "f:status": features})


def _managed(owner: str, fields: Json) -> Json:
    said = {"manager": owner, "operation": "Update", "apiVersion": "v1", "time": _TIME}
    return said | {"fieldsType": "FieldsV1", "fieldsV1": fields}


def home(number: int, nodes: int) -> int:
    """Return the number of the node, out of so many, on which the pod of that number runs."""
    asked, turn = asks(number % TEMPLATES), number // 10
    if SHARES in asked:
        return turn * 15 % (nodes // 15 * 15)
    if NVIDIA in asked:
        return (turn * 15 + (3, 6, 9, 12)[turn * 15 // (nodes // 15 * 15) % 4]) % (nodes // 15 * 15)
    return number % nodes


def pod(number: int, where: int | None) -> Json:
    """Return the pod of that number on the node of that number, or waiting for one."""
    template = number % TEMPLATES
    return {
        "kind": "Pod",
        "apiVersion": "v1",
        "metadata": _pod_metadata(number, template),
        "spec": _pod_spec(number, template) | _place(template, where),
        "status": _pod_status(where),
    }


def asks(template: int) -> Json:
    """Return the extended resources that pods of a template ask for."""
    match template % 10:
        case 8:
            return {NVIDIA: str((1, 1, 2, 4)[template // 10 % 4])}
        case 9:
            return {SHARES: str((250, 500, 125)[template // 10 % 3])}
        case _:
            return {}


def _pod_metadata(number: int, template: int) -> Json:
    annotations = {f"example.com/annotation-{i}": f"value {i} of template {template}" for i in range(4)}
    labels = {"app": f"service-{template}", "pod-template-hash": f"{template:010x}", "team": f"team-{template % 20}"}
    asked = asks(template)
    if asked:
        annotations[CHOSEN_CLASS] = labels[CHOSEN_CLASS] = CLASSES[template // 10 % len(CLASSES)]
    if SHARES in asked:
        annotations[DEVICES] = str(number // TEMPLATES % DEVICES_PER_NODE)
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": f"service-{template}", "controller": True}
    return {
        "name": f"service-{template}-{template:010x}-{number:05x}",
        "generateName": f"service-{template}-{template:010x}-",
        "namespace": f"team-{template % 20}",
        "uid": pod_uid(number),
        "resourceVersion": str(2_000_000 + number),
        "creationTimestamp": f"2026-03-01T{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}Z",
        "labels": labels,
        "annotations": annotations,
        "ownerReferences": [owner | {"uid": f"{template:08x}-91c5-4a7f-8a54-2f1f5f4e7c22", "blockOwnerDeletion": True}],
        "managedFields": [_pod_fields(owner) for owner in ("kube-controller-manager", "kubelet")],
    }


def pod_uid(number: int) -> str:
    """Return the uid of the pod of that number."""
    return f"{number:08x}-35c1-4d6e-b2d7-6a1f4c0e9b33"


def _pod_fields(owner: str) -> Json:
    fields: Json = {f"f:field-{i}": {".": {}, "f:name": {}, "f:value": {}} for i in range(12)}
    return _managed(owner, {"f:metadata": fields, "f:spec": {'k:{"name":"server"}': fields}})


def _pod_spec(number: int, template: int) -> Json:
    asked = {"cpu": f"{1 + template % 4}", "memory": f"{1 + template % 7}Gi"} | asks(template)
    return {
        "volumes": [
            {"name": f"kube-api-access-{number:05x}", "projected": {"sources": [{"serviceAccountToken": {}}] * 3}},
            {"name": "models", "persistentVolumeClaim": {"claimName": f"models-{template}"}},
            {"name": "shm", "emptyDir": {"medium": "Memory"}},
        ],
        "containers": [_container("server", number, template, asked), _container("proxy", number, template, {})],
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "serviceAccountName": "default",
        "schedulerName": "berth-scheduler",
        "tolerations": [
            {"key": NVIDIA, "operator": "Exists", "effect": "NoSchedule"},
            {
                "key": "node.kubernetes.io/not-ready",
                "operator": "Exists",
                "effect": "NoExecute",
                "tolerationSeconds": 300,
            },
        ],
        "priority": 0,
        "enableServiceLinks": True,
        "preemptionPolicy": "PreemptLowerPriority",
    }


def _place(template: int, where: int | None) -> Json:
    """Return where a pod runs; one of a DaemonSet says so from the beginning."""
    if where is None:
        return {}
    bound = {"nodeName": node_name(where)}
    if template % 10 > 1:
        return bound
    field = {"key": "metadata.name", "operator": "In", "values": [node_name(where)]}
    required = {"nodeSelectorTerms": [{"matchFields": [field]}]}
    return bound | {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}}


def _container(name: str, number: int, template: int, asked: Json) -> Json:
    return {
        "name": name,
        "image": f"registry.example.com/team/{name}:v{template}",
        "command": ["python3", "-m", "vllm.entrypoints.openai.api_server"],
        "args": ["--model", f"/models/{template}", "--port", "8080", "--max-model-len", "32768"],
        "env": [{"name": f"VARIABLE_{i}", "value": f"value {i} of template {template}"} for i in range(8)],
        "resources": {"requests": asked, "limits": asked},
        "volumeMounts": [
            {"name": "models", "mountPath": "/models"},
            {
                "name": f"kube-api-access-{number:05x}",
                "readOnly": True,
                "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
            },
        ],
        "readinessProbe": {"httpGet": {"path": "/health", "port": 8080, "scheme": "HTTP"}, "periodSeconds": 10},
        "imagePullPolicy": "IfNotPresent",
    }


def _pod_status(where: int | None) -> Json:
    if where is None:
        return {"phase": "Pending", "qosClass": "Burstable"}
    kinds = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
    return {
        "phase": "Running",
        "conditions": [
            {"type": kind, "status": "True", "lastProbeTime": None, "lastTransitionTime": _TIME} for kind in kinds
        ],
        "hostIP": f"10.0.{where // 256}.{where % 256}",
        "podIP": "10.1.2.3",
        "startTime": _TIME,
        "containerStatuses": [
            {
                "name": name,
                "state": {"running": {"startedAt": _TIME}},
                "ready": True,
                "restartCount": 0,
                "image": f"registry.example.com/team/{name}:v1",
                "imageID": f"registry.example.com/team/{name}@sha256:{1:064x}",
                "containerID": f"containerd://{where:064x}",
            }
            for name in ("server", "proxy")
        ],
        "qosClass": "Burstable",
    }


def written(content: Json) -> bytes:
    """Return JSON as Go writes it."""
    return json.dumps(content, separators=(",", ":")).encode()
