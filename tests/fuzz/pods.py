"""Valid pods of every platform, as their controllers create them, and of nobody in particular."""

from random import Random

from placement import keys
from placement.queueing.queues import QUEUE_NAME
from tests.fuzz.names import (
    APPS,
    CLASSES,
    COMMANDS,
    CONTAINERS,
    FORMATS,
    MODELS,
    PROFILES,
    RESOURCES,
    RUNTIMES,
    SERVED,
    STRATEGIES,
    VALUES_OF_VARIABLES,
    VARIABLES,
    Json,
    device,
    maybe,
)
from tests.fuzz.platforms import built
from tests.fuzz.texts import SCRIPTS, annotation

_QUEUED = 0.15
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
    {"matchExpressions": [{"key": "generation", "operator": "Gt", "values": ["3"]}]},
    {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["node-1"]}]},
    {},
)
_TOLERATIONS: tuple[list[Json] | None, ...] = (
    None,
    [],
    [{"operator": "Exists"}],
    [{"key": "a", "effect": "NoSchedule"}],
    [{"key": "cloud.google.com/gke-spot", "operator": "Equal", "value": "true", "effect": "NoSchedule"}],
)
# Also what Berth writes, and is not there when it is asked.
_FIELDS = (
    *["status.podIP"] * 4,
    "metadata.labels['app']",
    f"metadata.annotations['{keys.CHOSEN_CLASS}']",
    f"metadata.labels['{keys.CHOSEN_CLASS}']",
    "metadata.annotations['ome.io/accelerator-class']",
)


def pod(chance: Random) -> Json:
    """Return a valid pod."""
    made = built(chance)
    containers = [_engine(chance, made.engine), *({"name": each, "image": "sidecar"} for each in made.beside)]
    chance.shuffle(containers)
    spec = {
        "containers": containers,
        "volumes": [{"name": f"kube-api-access-{chance.randrange(16**5):05x}", "projected": {"sources": []}}],
        **_more_spec(chance),
    }
    if made.scheduler:
        spec["schedulerName"] = made.scheduler
    about = {"apiVersion": "v1", "kind": "Pod", "metadata": _metadata(chance, made.labels), "spec": spec, "status": {}}
    return _queued(chance, about) if chance.random() < _QUEUED else about


def _queued(chance: Random, pod: Json) -> Json:
    """Return a pod that waits for Kueue, which counts what it asks for already."""
    pod["metadata"]["labels"] = {**(pod["metadata"]["labels"] or {}), QUEUE_NAME: "q"}
    for each in pod["spec"]["containers"]:
        if "resources" in each and chance.random() < 0.8:
            each["resources"] = {"limits": {RESOURCES[0]: "1"}}
    return pod


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
    if chance.random() < 0.3:
        found.append((keys.REQUESTED_CLASS, chance.choice(CLASSES)))
    if chance.random() < 0.3:
        found += maybe(chance, 0.3, **_wishes(chance)).items()
    if chance.random() < 0.1:
        found.append(annotation(chance))
    return found


def _wishes(chance: Random) -> Json:
    """Return annotations of authors who know what they do."""
    return {
        keys.PROFILE: chance.choice(PROFILES),
        keys.CONTAINER: ",".join(chance.sample(CONTAINERS, 2)),
        keys.MODEL: chance.choice(("Qwen/Qwen3-32B", "meta-llama/Llama-3.1-8B-Instruct", "m-Q4_K_M.gguf")),
        keys.MODEL_SIZE: chance.choice(("8B", "70B", "500M", "1.5T")),
        keys.WAIT: chance.choice(("true", "false")),
        keys.STRATEGY: chance.choice(STRATEGIES),
        keys.COST_THRESHOLD: chance.choice(("2.50", "5", "0")),
        keys.RUNTIME: chance.choice(RUNTIMES),
        keys.BASE_MODEL: chance.choice(MODELS),
        keys.BASE_MODEL_FORMAT: chance.choice(FORMATS),
    }


def _engine(chance: Random, name: str) -> Json:
    script = {"command": ["/bin/bash", "-c", chance.choice(SCRIPTS), "--"], "args": ["--tp", "2"]}
    container = {
        "name": name,
        "image": chance.choice(_IMAGES),
        **(script if chance.random() < 0.25 else chance.choice(SERVED if name in CONTAINERS[:2] else COMMANDS)),
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
    names = chance.sample(VARIABLES, chance.randint(0, 6))
    values = VALUES_OF_VARIABLES if chance.random() < 0.5 else VALUES_OF_VARIABLES[:2]
    return [{"name": each, "value": chance.choice(values)} for each in names] + [
        {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": chance.choice(_FIELDS)}}}
    ]


def _resources(chance: Random) -> Json:
    resource, count = device(chance), chance.choice(("1", "2", "4"))
    choices: tuple[Json, ...] = (
        {},
        {"limits": None},
        {"limits": {"cpu": "4"}, "requests": {"cpu": "500m"}},
        {"limits": {resource: count}},
        {"limits": {resource: count}, "requests": {resource: count}},
        {"limits": {"nvidia.com/gpu": "1"}, "requests": {"cpu": "2"}},
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
        "nodeSelector": chance.choice((None, {}, {}, {}, {"product": chance.choice(CLASSES)}, {"zone": "a"})),
        "affinity": chance.choice((None, {}, {"nodeAffinity": chance.choice(node), "podAntiAffinity": {}})),
        "tolerations": chance.choice(_TOLERATIONS),
        "initContainers": [{"name": "storage-initializer", "image": "i", "args": ["hf://a/b", "/mnt/models"]}],
        "overhead": {"cpu": "100m"},
        "nodeName": "node-1",
        "resources": {"requests": {"cpu": "8"}},
        "topologySpreadConstraints": [{"whenUnsatisfiable": "ScheduleAnyway"}],
        "securityContext": {"runAsUser": 1},
        "priorityClassName": "low",
        "activeDeadlineSeconds": 600,
    }
    chances = {
        "nodeName": 0.03,
        "resources": 0.05,
        "overhead": 0.1,
        "priorityClassName": 0.1,
        "activeDeadlineSeconds": 0.05,
    }
    return {name: part for name, part in parts.items() if chance.random() < chances.get(name, 0.4)}
