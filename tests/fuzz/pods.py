"""Valid pods of every platform, as their controllers create them, and of nobody in particular."""

from random import Random
from typing import Any

from tests.fuzz.texts import SCRIPTS, annotation
from tests.fuzz.worlds import APPS, CLASS_NAMES, RESOURCES

Json = dict[str, Any]

_LWS = "leaderworkerset.sigs.k8s.io"
_RBG = "rbg.workloads.x-k8s.io"
_KTHENA = "modelserving.volcano.sh"
_DYNAMO = "nvidia.com/dynamo"

# Labels, the engine's container, what stands beside it, and the scheduler.
PLATFORMS: tuple[tuple[Json, str, tuple[str, ...], str], ...] = (
    ({}, "engine", (), "default-scheduler"),
    ({}, "main", ("istio-proxy",), "default-scheduler"),
    (
        {
            "app.kubernetes.io/part-of": "llminferenceservice",
            "app.kubernetes.io/component": "llminferenceservice-workload",
        },
        "main",
        (),
        "default-scheduler",
    ),
    (
        {"app.kubernetes.io/part-of": "llminferenceservice", "app.kubernetes.io/component": "tokenizer"},
        "main",
        (),
        "default-scheduler",
    ),
    (
        {"serving.kserve.io/inferenceservice": "llama", "component": "predictor"},
        "kserve-container",
        ("agent", "queue-proxy"),
        "default-scheduler",
    ),
    (
        {
            f"{_DYNAMO}-graph-deployment-name": "g",
            f"{_DYNAMO}-component-type": "worker",
            "grove.io/podclique": "g-0-wkr",
        },
        "main",
        ("sidecar-frontend",),
        "kai-scheduler",
    ),
    ({f"{_DYNAMO}-component-type": "frontend"}, "main", (), "default-scheduler"),
    ({"llm-d.ai/inference-serving": "true", "llm-d.ai/model": "m", "llm-d.ai/role": "decode"}, "vllm", (), ""),
    (
        {
            f"{_KTHENA}/name": "m",
            f"{_KTHENA}/group-name": "m-0",
            f"{_KTHENA}/role": "prefill",
            f"{_KTHENA}/entry": "true",
        },
        "engine",
        ("runtime",),
        "volcano",
    ),
    (
        {f"{_RBG}/group-name": "g", f"{_RBG}/role-name": "decode", f"{_RBG}/role-instance-name": "g-decode-0"},
        "sglang",
        ("patio-runtime",),
        "default-scheduler",
    ),
    ({"ome.io/inferenceservice": "llama", "component": "engine"}, "ome-container", ("serving-sidecar",), ""),
    ({"ome.io/inferenceservice": "llama", "component": "router"}, "ome-container", (), "default-scheduler"),
    ({"storm-service-name": "s", "roleset-name": "r", "role-name": "prefill"}, "prefill", ("aibrix-runtime",), ""),
    (
        {f"{_LWS}/name": "l", f"{_LWS}/group-index": "0", f"{_LWS}/worker-index": "1", f"{_LWS}/group-key": "k"},
        "worker",
        (),
        "default-scheduler",
    ),
    ({"ray.io/is-ray-node": "yes", "ray.io/cluster": "c", "ray.io/group": "gpu"}, "ray-worker", ("autoscaler",), ""),
    ({"kueue.x-k8s.io/queue-name": "q", "kueue.x-k8s.io/managed": "true"}, "trainer", (), "default-scheduler"),
    ({"volcano.sh/job-name": "j"}, "task", (), "volcano"),
    ({"app": "model", "model": "llama", "app.kubernetes.io/managed-by": "kubeai"}, "server", ("loader",), ""),
)
_COMMANDS: tuple[Json, ...] = (
    {"args": ["--model", "meta-llama/Llama-3.1-8B-Instruct"]},
    {"command": ["vllm", "serve"], "args": ["m", "-tp", "2", "--no-enable-prefix-caching"]},
    {"command": ["vllm", "serve", "m", "--max-model-len"], "args": None},
    {"command": ["python3", "-m", "sglang.launch_server"], "args": ["--model-path", "Qwen/Qwen3-32B", "--tp=4"]},
    {"command": ["python3", "-m", "dynamo.vllm", "--model", "m"]},
    {"command": ["trtllm-serve", "m"], "args": ["--tp_size", "8"]},
    {"command": ["llama-server"], "args": ["-m", "/m/model.gguf", "-ngl", "99"]},
    {"command": ["nginx", "-g", "daemon off;"]},
    {},
)
_IMAGES = (
    "vllm/vllm-openai:v0.23.0",
    "lmsysorg/sglang:v0.5",
    "ghcr.io/huggingface/text-generation-inference:3",
    "vllm/vllm-openai-cpu:v1",
    "nginx",
    "registry:5000/a@sha256:0",
)
_AFFINITY_TERMS: tuple[Json, ...] = (
    {"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a", "b"]}]},
    {"matchExpressions": [{"key": "product", "operator": "Exists"}]},
    {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["node-1"]}]},
    {},
)


def pod(chance: Random) -> Json:
    """Return a valid pod."""
    labels, name, beside, scheduler = chance.choice(PLATFORMS)
    containers = [_engine(chance, name), *({"name": each, "image": "sidecar"} for each in beside)]
    chance.shuffle(containers)
    spec = {
        "containers": containers,
        "volumes": [{"name": f"kube-api-access-{chance.randrange(16**5):05x}", "projected": {"sources": []}}],
        **_more_spec(chance),
    }
    if scheduler:
        spec["schedulerName"] = scheduler
    return {"apiVersion": "v1", "kind": "Pod", "metadata": _metadata(chance, labels), "spec": spec, "status": {}}


def _metadata(chance: Random, labels: Json) -> Json:
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "r", "uid": "u-1", "controller": True}
    metadata: Json = {
        "labels": {"app": chance.choice(APPS), **labels},
        "annotations": dict(_annotations(chance)),
        "ownerReferences": [owner],
        "managedFields": [{"manager": "m", "fieldsV1": {"f:spec": {'k:{"name":"main"}': {".": {}}}}}],
    }
    for key in ("labels", "annotations", "ownerReferences"):
        if chance.random() < 0.1:
            metadata[key] = chance.choice((None, type(metadata[key])()))
    named = {"name": f"pod-{chance.randrange(10**6)}"} if chance.random() < 0.5 else {"generateName": "pod-"}
    return {**metadata, **named, "namespace": "", "creationTimestamp": None}


def _annotations(chance: Random) -> list[tuple[str, str]]:
    found = [("prometheus.io/scrape", "true")]
    if chance.random() < 0.5:
        found.append(("ome.io/accelerator-class", chance.choice(CLASS_NAMES)))
    if chance.random() < 0.1:
        found.append(annotation(chance))
    return found


def _engine(chance: Random, name: str) -> Json:
    script = {"command": ["/bin/bash", "-c", chance.choice(SCRIPTS), "--"], "args": ["--tp", "2"]}
    container = {
        "name": name,
        "image": chance.choice(_IMAGES),
        **(script if chance.random() < 0.3 else chance.choice(_COMMANDS)),
        "volumeMounts": [{"name": "v", "mountPath": "/m"}],
        "livenessProbe": {"httpGet": {"path": "/health", "port": 8000}},
    }
    if chance.random() < 0.7:
        container["env"] = _env(chance)
    if chance.random() < 0.8:
        container["resources"] = _resources(chance)
    return container


def _env(chance: Random) -> list[Json] | None:
    if chance.random() < 0.1:
        return None
    names = chance.sample(("TP", "URL", "HOST", "MODEL", "X", "VLLM_ADDITIONAL_ARGS"), chance.randint(0, 4))
    values = ("1", "$(TP)", "http://$(HOST)", "${X}", "$(URL)$(URL)", "")
    return [{"name": each, "value": chance.choice(values)} for each in names] + [
        {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}
    ]


def _resources(chance: Random) -> Json:
    resource, count = chance.choice(RESOURCES), chance.choice(("1", "2", "4"))
    choices: tuple[Json, ...] = (
        {},
        {"limits": None},
        {"limits": {"cpu": "4"}, "requests": {"cpu": "500m"}},
        {"limits": {resource: count}},
        {"limits": {resource: count, "memory": "64Gi"}, "requests": {resource: count, "memory": "1Gi"}},
        {"claims": [{"name": "gpu"}]},
    )
    return chance.choice(choices)


def _more_spec(chance: Random) -> Json:
    required = {"nodeSelectorTerms": [chance.choice(_AFFINITY_TERMS) for _ in range(chance.randint(0, 3))]}
    wishes = [{"weight": 1, "preference": _AFFINITY_TERMS[0]}]
    node: tuple[Json | None, ...] = (
        None,
        {},
        {"requiredDuringSchedulingIgnoredDuringExecution": required},
        {"preferredDuringSchedulingIgnoredDuringExecution": wishes},
    )
    parts: Json = {
        "nodeSelector": chance.choice((None, {}, {}, {"product": chance.choice(CLASS_NAMES)}, {"zone": "a"})),
        "affinity": chance.choice((None, {}, {"nodeAffinity": chance.choice(node), "podAntiAffinity": {}})),
        "tolerations": chance.choice((None, [], [{"operator": "Exists"}], [{"key": "a", "effect": "NoSchedule"}])),
        "initContainers": [{"name": "storage-initializer", "image": "i", "args": ["hf://a/b", "/mnt/models"]}],
        "overhead": {"cpu": "100m"},
        "nodeName": "node-1",
        "resources": {"requests": {"cpu": "8"}},
        "topologySpreadConstraints": [{"whenUnsatisfiable": "ScheduleAnyway"}],
        "securityContext": {"runAsUser": 1},
    }
    chances = {"nodeName": 0.03, "resources": 0.05, "overhead": 0.1}
    return {name: part for name, part in parts.items() if chance.random() < chances.get(name, 0.4)}
