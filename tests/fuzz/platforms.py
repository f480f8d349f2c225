"""Pods of every platform in a few words: labels, containers and scheduler, as their controllers write them."""

from dataclasses import dataclass, field
from random import Random

from tests.fuzz.names import MODELS, RUNTIMES, SERVICES, Json, maybe

_LWS = "leaderworkerset.sigs.k8s.io"
_RBG = "rbg.workloads.x-k8s.io"
_KTHENA = "modelserving.volcano.sh"
_DYNAMO = "nvidia.com/dynamo"
_COMPONENT = "app.kubernetes.io/component"
_PART_OF = {"app.kubernetes.io/part-of": "llminferenceservice"}
_STORM = "stormservice.orchestration.aibrix.ai"
# Which group, role or component a pod belongs to: one of a few.
_NUMBERED = frozenset(
    {
        f"{_LWS}/group-key",
        f"{_LWS}/group-index",
        f"{_KTHENA}/group-name",
        f"{_RBG}/role-instance-name",
        "podset-name",
        "ome.io/instance-index",
        "ray.io/group",
        "grove.io/podcliquescalinggroup-replica-index",
        "kueue.x-k8s.io/pod-group-name",
        "volcano.sh/task-spec",
    }
)


@dataclass(frozen=True, slots=True)
class Built:
    """What a platform builds: labels, the engine's container, what stands beside it, and the scheduler."""

    labels: Json = field(default_factory=dict)
    engine: str = "main"
    beside: tuple[str, ...] = ()
    scheduler: str = "default-scheduler"


PLATFORMS = (
    Built(engine="engine"),
    Built(beside=("istio-proxy",)),
    Built({**_PART_OF, _COMPONENT: "llminferenceservice-workload"}),
    Built({**_PART_OF, _COMPONENT: "tokenizer"}),
    Built(
        {"serving.kserve.io/inferenceservice": "llama", "component": "predictor"},
        "kserve-container",
        ("agent", "queue-proxy"),
    ),
    Built(
        {
            f"{_DYNAMO}-graph-deployment-name": "g",
            f"{_DYNAMO}-component-type": "worker",
            "grove.io/podclique": "g-0-wkr",
            "grove.io/podcliquescalinggroup": "g",
            "grove.io/podcliquescalinggroup-replica-index": "0",
        },
        beside=("sidecar-frontend",),
        scheduler="kai-scheduler",
    ),
    Built({f"{_DYNAMO}-component-type": "frontend"}),
    Built({f"{_DYNAMO}-component-type": "worker", f"{_DYNAMO}-checkpoint-restore-candidate": "true"}),
    Built({"llm-d.ai/inference-serving": "true", "llm-d.ai/model": "m", "llm-d.ai/role": "decode"}, "vllm", (), ""),
    Built(
        {
            f"{_KTHENA}/name": "m",
            f"{_KTHENA}/group-name": "m",
            f"{_KTHENA}/role": "prefill",
            f"{_KTHENA}/entry": "true",
        },
        "engine",
        ("runtime",),
        "volcano",
    ),
    Built(
        {f"{_RBG}/group-name": "g", f"{_RBG}/role-name": "decode", f"{_RBG}/role-instance-name": "g-decode"},
        "sglang",
        ("patio-runtime",),
    ),
    Built({"ome.io/inferenceservice": "llama", "component": "engine"}, "ome-container", ("serving-sidecar",), ""),
    Built({"ome.io/inferenceservice": "qwen", "component": "decoder"}, "ome-container"),
    Built({"ome.io/inferenceservice": "llama", "component": "router"}, "ome-container"),
    Built(
        {
            "ome.io/inferenceservice": "llama",
            "component": "engine",
            "ome.io/runner": "worker",
            "ome.io/instance-index": "0",
        },
        "ome-container",
    ),
    Built({"storm-service-name": "s", "roleset-name": "r", "role-name": "prefill"}, "prefill", ("aibrix-runtime",), ""),
    Built({"roleset-name": "r", "role-name": "decode", "podset-name": "p", "pod-group-index": "1"}, "decode"),
    Built({"storm-service-name": "s", f"{_STORM}/podset-name": "p"}, "prefill"),
    Built(
        {f"{_LWS}/name": "l", f"{_LWS}/group-index": "0", f"{_LWS}/worker-index": "1", f"{_LWS}/group-key": "k"},
        "worker",
    ),
    Built({f"{_LWS}/name": "l", f"{_LWS}/group-index": "0", f"{_LWS}/size": "2"}, "worker"),
    Built(
        {"ray.io/is-ray-node": "yes", "ray.io/cluster": "c", "ray.io/group": "gpu"}, "ray-worker", ("autoscaler",), ""
    ),
    Built({"kueue.x-k8s.io/queue-name": "q", "kueue.x-k8s.io/managed": "true"}, "trainer"),
    Built({"kueue.x-k8s.io/pod-group-name": "g", "kueue.x-k8s.io/pod-group-total-count": "2"}, "trainer"),
    Built({"volcano.sh/job-name": "j", "volcano.sh/task-spec": "t"}, "task", (), "volcano"),
    Built({"app": "model", "model": "llama", "app.kubernetes.io/managed-by": "kubeai"}, "server", ("loader",), ""),
)
_OF_OME = tuple(each for each in PLATFORMS if "ome.io/inferenceservice" in each.labels)


def built(chance: Random) -> Built:
    """Return what some platform builds, as one of several groups, and served by OME more often than it is said."""
    found = chance.choice(_OF_OME if chance.random() < 0.2 else PLATFORMS)
    labels = {
        key: f"{value}-{chance.randrange(3)}" if key in _NUMBERED else value for key, value in found.labels.items()
    }
    if chance.random() < 0.25:
        labels |= maybe(
            chance,
            **{
                "ome.io/inferenceservice": chance.choice(SERVICES),
                "component": chance.choice(("engine", "decoder", "leader", "router")),
                "serving-runtime": chance.choice(RUNTIMES),
                "base-model-name": chance.choice(MODELS),
            },
        )
    return Built(labels, found.engine, found.beside, found.scheduler)
