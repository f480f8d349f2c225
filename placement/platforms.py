"""Inference platforms, one entry each: how their pods are known, which of them run a model, and which belong together.

A mark is `key`, `!key` (not there) or `key=pattern` over a pod's labels and annotations, where `*` in the pattern
stands for anything. To add a platform, add an entry to `PLATFORMS`; nothing else changes. Sources: the constants for
labels and annotations of KServe 0.16, Dynamo 1.6, llm-d 0.6, Kthena, RoleBasedGroup v1alpha2, OME v1beta1, AIBrix,
LeaderWorkerSet, KubeRay 1, Kueue, Volcano and KubeAI.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import translate
from functools import lru_cache

from placement.pods import Pod

Mark = str


@dataclass(frozen=True, slots=True)
class Platform:
    """What is particular about the pods of one platform.

    `marks`: one of them identifies its pods. `idle`: pods with one of these run no model. `followers`: pods with one of
    these follow a leader of their group. `engines` are containers that run the model even where their command says
    nothing, `bystanders` never do. `groups` are alternative keys of one group, each made of labels or annotations;
    `sizes` tell how many pods it has, and may be variables. `models` are labels or annotations that name the model.
    `fixes_counts`: the parent has counted the accelerators already. `merges`: it injects classes of its own.
    """

    name: str
    marks: tuple[Mark, ...] = ()
    idle: tuple[Mark, ...] = ()
    followers: tuple[Mark, ...] = ()
    engines: frozenset[str] = field(default_factory=frozenset)
    bystanders: frozenset[str] = field(default_factory=frozenset)
    groups: tuple[tuple[str, ...], ...] = ()
    sizes: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    fixes_counts: bool = False
    merges: bool = False


_LWS = "leaderworkerset.sigs.k8s.io"
_KTHENA = "modelserving.volcano.sh"
_RBG = "rbg.workloads.x-k8s.io"
_OLD_RBG = "rolebasedgroup.workloads.x-k8s.io"
_LLMISVC = "app.kubernetes.io/component"
_KSERVE_BYSTANDERS = frozenset({"storage-initializer", "agent", "queue-proxy", "modelcar", "kube-rbac-proxy"})

# What builds the group stands before what only queues or schedules it.
PLATFORMS = (
    Platform(
        "kserve-llmisvc",
        ("app.kubernetes.io/part-of=llminferenceservice",),
        idle=(f"{_LLMISVC}=*router-scheduler", f"{_LLMISVC}=tokenizer", f"{_LLMISVC}=llminferenceservice-router*"),
        followers=(f"{_LLMISVC}=llminferenceservice-workload-worker*",),
        engines=frozenset({"main"}),
        bystanders=_KSERVE_BYSTANDERS | {"llm-d-routing-sidecar", "tokenizer"},
        models=("internal.serving.kserve.io/storage-initializer-sourceuri",),
    ),
    # Its predictors may as well run scikit-learn, so no name of a container says anything.
    Platform(
        "kserve-isvc",
        ("serving.kserve.io/inferenceservice",),
        idle=("component=transformer", "component=explainer", "component=router"),
        bystanders=_KSERVE_BYSTANDERS,
        models=("internal.serving.kserve.io/storage-initializer-sourceuri",),
    ),
    Platform(
        "dynamo",
        (
            "nvidia.com/dynamo-graph-deployment-name",
            "nvidia.com/dynamo-component-type",
            "nvidia.com/dynamo-component-class",
        ),
        idle=(
            "nvidia.com/dynamo-component-type=frontend",
            "nvidia.com/dynamo-component-type=planner",
            "nvidia.com/dynamo-component-type=epp",
            "nvidia.com/dynamo-component-type=router",
            "nvidia.com/dynamo-component-type=mocker",
            "nvidia.com/dynamo-component=Frontend",
            "nvidia.com/dynamo-component=Planner",
            "grove.io/podclique=*-gms",
        ),
        followers=("grove.io/podclique=*-wkr",),
        bystanders=frozenset({"sidecar-frontend", "wait-for-leader-mp"}),
        fixes_counts=True,
    ),
    Platform(
        "llm-d",
        ("llm-d.ai/inference-serving", "llm-d.ai/inferenceServing", "llm-d.ai/model"),
        idle=("llm-d.ai/role=epp", "llm-d.ai/role=router"),
        bystanders=frozenset({"routing-proxy"}),
        models=("llm-d.ai/model",),
    ),
    Platform(
        "lws",
        (f"{_LWS}/name",),
        followers=(f"{_LWS}/leader-name", f"{_LWS}/worker-index=[1-9]*"),
        groups=((f"{_LWS}/group-key",), (f"{_LWS}/name", f"{_LWS}/group-index")),
        sizes=(f"{_LWS}/size", "LWS_GROUP_SIZE"),
    ),
    Platform(
        "kthena",
        (f"{_KTHENA}/name",),
        idle=(f"{_KTHENA}/role=router",),
        followers=(f"!{_KTHENA}/entry",),
        bystanders=frozenset({"runtime", "downloader"}),
        groups=((f"{_KTHENA}/group-name", f"{_KTHENA}/role-id"), (f"{_KTHENA}/group-name", f"{_KTHENA}/role")),
        sizes=("GROUP_SIZE",),
    ),
    Platform(
        "rbg",
        (f"{_RBG}/group-name", f"{_OLD_RBG}/name"),
        idle=(
            f"{_RBG}/role-name=*router",
            f"{_RBG}/role-name=scheduler",
            f"{_OLD_RBG}/role=*router",
            f"{_OLD_RBG}/role=scheduler",
        ),
        followers=(f"{_RBG}/component-name=worker",),
        bystanders=frozenset({"patio-runtime"}),
        groups=((f"{_RBG}/role-instance-name",),),
        sizes=("RBG_LWP_GROUP_SIZE",),
    ),
    Platform(
        "ome",
        ("ome.io/inferenceservice",),
        idle=("component=router",),
        engines=frozenset({"ome-container"}),
        bystanders=frozenset({"serving-sidecar", "multinode-prober", "model-init", "fine-tuned-adapter"}),
        models=("ome.io/base-model-name", "base-model-name"),
        merges=True,
    ),
    Platform(
        "aibrix",
        ("storm-service-name", "roleset-name", "model.aibrix.ai/name"),
        idle=("role-name=routing", "role-name=router", "stormservice.orchestration.aibrix.ai/role-name=routing"),
        bystanders=frozenset({"aibrix-runtime"}),
        groups=(("podset-name",), ("roleset-name", "role-name")),
        models=("model.aibrix.ai/name",),
    ),
    Platform(
        "kuberay",
        ("ray.io/is-ray-node", "ray.io/cluster"),
        bystanders=frozenset({"autoscaler", "wait-gcs-ready", "fluentbit"}),
        groups=(("ray.io/cluster", "ray.io/group"),),
        fixes_counts=True,
    ),
    Platform(
        "kubeai",
        ("app.kubernetes.io/managed-by=kubeai",),
        bystanders=frozenset({"loader"}),
        models=("model",),
    ),
    Platform(
        "grove",
        ("grove.io/podclique",),
        groups=(
            ("grove.io/podcliquescalinggroup", "grove.io/podcliquescalinggroup-replica-index"),
            ("grove.io/podclique",),
        ),
    ),
    Platform(
        "kueue",
        ("kueue.x-k8s.io/queue-name", "kueue.x-k8s.io/managed", "kueue.x-k8s.io/pod-group-name"),
        groups=(("kueue.x-k8s.io/pod-group-name",),),
        sizes=("kueue.x-k8s.io/pod-group-total-count",),
        fixes_counts=True,
    ),
    Platform(
        "volcano",
        ("scheduling.k8s.io/group-name", "volcano.sh/job-name"),
        groups=(("volcano.sh/job-name", "volcano.sh/task-spec"),),
        fixes_counts=True,
    ),
)

# Whoever says so: these serve beside a model, on a CPU.
_IDLE_ROLES = r"epp|explainer|frontend|planner|routing|(?:.*-)?router|router-scheduler|scheduler|tokenizer|transformer"
_ROLE_KEYS = (
    "component",
    "app.kubernetes.io/component",
    "llm-d.ai/role",
    "nvidia.com/dynamo-component-type",
    "nvidia.com/dynamo-sub-component-type",
    "rbg.workloads.x-k8s.io/role-name",
    "role-name",
)
_IDLE_ROLE = re.compile(_IDLE_ROLES)
# Containers that service meshes and serving frameworks put beside any other.
BYSTANDERS = frozenset({"istio-proxy", "linkerd-proxy", "queue-proxy", "envoy", "cloud-sql-proxy", "vault-agent"})


@dataclass(frozen=True, slots=True)
class Group:
    """Pods that must get one class: which labels say so (`key`), what they say (`value`), and how many there are."""

    key: str
    value: str
    size: int | None = None


def platforms_of(pod: Pod) -> tuple[Platform, ...]:
    """Return the platforms that a pod belongs to: one may have built it, another may queue it."""
    said = {**pod.annotations, **pod.labels}
    return tuple(each for each in PLATFORMS if any(_holds(mark, said) for mark in each.marks))


def runs_no_model(pod: Pod) -> bool:
    """Tell whether the pod's platform says that it runs no model."""
    if any(_IDLE_ROLE.fullmatch(pod.labels.get(key, "")) for key in _ROLE_KEYS):
        return True
    said = {**pod.annotations, **pod.labels}
    return any(_holds(mark, said) for each in platforms_of(pod) for mark in each.idle)


def is_follower(pod: Pod) -> bool:
    """Tell whether the pod's platform says that it follows a leader of its group."""
    said = {**pod.annotations, **pod.labels}
    return any(_holds(mark, said) for each in platforms_of(pod) for mark in each.followers)


def counts_are_fixed(pod: Pod) -> bool:
    """Tell whether the pod's parent has counted its accelerators already, so that they must stay as they are."""
    return any(each.fixes_counts for each in platforms_of(pod))


def group_of(pod: Pod) -> Group | None:
    """Return the group whose pods must get one class, or None where the pod stands alone."""
    said = {**pod.annotations, **pod.labels}
    platforms = platforms_of(pod)
    keys = next((keys for each in platforms for keys in each.groups if all(key in said for key in keys)), None)
    if keys is None:
        return None
    sizes = (_number(said.get(name) or _variable(pod, name)) for each in platforms for name in each.sizes)
    return Group(_joined(keys), "/".join(said[key] for key in keys), next((size for size in sizes if size), None))


def _joined(keys: tuple[str, ...]) -> str:
    """Return the keys as one, what they have in common once: `ray.io/cluster+group`."""
    prefix = keys[0].rpartition("/")[0] + "/"
    return "+".join([keys[0], *(key.removeprefix(prefix) for key in keys[1:])])


def _variable(pod: Pod, name: str) -> str:
    return next((each.value or "" for container in pod.containers for each in container.env if each.name == name), "")


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < len("1000000") else None


def _holds(mark: Mark, said: Mapping[str, str]) -> bool:
    key, _, pattern = mark.partition("=")
    if key.startswith("!"):
        return key[1:] not in said
    return key in said and (not pattern or _compiled(pattern).match(said[key]) is not None)


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(translate(pattern))
