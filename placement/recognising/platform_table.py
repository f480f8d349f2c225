"""The table of inference platforms: how their pods are known, which of them run a model, and which belong together.

A mark is `key`, `!key` (not there) or `key=pattern` over a pod's labels and annotations, where `*` in the pattern
stands for anything. To add a platform, add an entry to `PLATFORMS`; nothing else changes. Sources: the constants for
labels and annotations of KServe 0.16, Dynamo 1.6, llm-d 0.6, Kthena, RoleBasedGroup v1alpha2, OME v1beta1, AIBrix,
LeaderWorkerSet, KubeRay 1, Kueue, Volcano and KubeAI.
"""

from dataclasses import dataclass, field, replace

Mark = str


@dataclass(frozen=True, slots=True)
class Platform:
    """What is particular about the pods of one platform.

    `marks`: one of them identifies its pods. `idle`: pods with one of these run no model. `followers`: pods with one of
    these follow a leader of their group. `restored`: pods with one of these start from a checkpoint of a process, so
    that their arguments and variables must stay. `engines` are containers that run the model even where their command
    says nothing, `bystanders` never do. `groups` are alternative keys of one group, each made of labels or annotations;
    `sizes` tell how many pods hold one copy of the model, and may be variables. `models` are labels or annotations that
    name the model. `count_variables` are variables that the platform derives from the count of accelerators.
    `fixes_counts`: the parent has counted the accelerators already. `merges`: it injects classes of its own.
    `updates_in_place`: it compares live pods with those that it would create, and updates no changed one in place.
    """

    name: str
    marks: tuple[Mark, ...] = ()
    idle: tuple[Mark, ...] = ()
    followers: tuple[Mark, ...] = ()
    restored: tuple[Mark, ...] = ()
    engines: frozenset[str] = field(default_factory=frozenset)
    bystanders: frozenset[str] = field(default_factory=frozenset)
    groups: tuple[tuple[str, ...], ...] = ()
    sizes: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    count_variables: tuple[str, ...] = ()
    fixes_counts: bool = False
    merges: bool = False
    updates_in_place: bool = False


_LWS = "leaderworkerset.sigs.k8s.io"
_KTHENA = "modelserving.volcano.sh"
_RBG = "rbg.workloads.x-k8s.io"
_OLD_RBG = "rolebasedgroup.workloads.x-k8s.io"
_STORM = "stormservice.orchestration.aibrix.ai"
_DYNAMO = "nvidia.com/dynamo"
_COMPONENT = "app.kubernetes.io/component"
_SOURCE = "internal.serving.kserve.io/storage-initializer-sourceuri"
_KSERVE_BYSTANDERS = frozenset({"storage-initializer", "agent", "queue-proxy", "modelcar", "kube-rbac-proxy"})

_AIBRIX = Platform(
    "aibrix",
    ("roleset-name", "model.aibrix.ai/name"),
    idle=("role-name=routing", "role-name=router", f"{_STORM}/role-name=routing"),
    followers=("pod-group-index=[1-9]*", f"{_STORM}/pod-group-index=[1-9]*"),
    bystanders=frozenset({"aibrix-runtime"}),
    groups=(("podset-name",), (f"{_STORM}/podset-name",)),
    sizes=("POD_GROUP_SIZE",),
    models=("model.aibrix.ai/name",),
)

# What builds the group stands before what only queues or schedules it.
PLATFORMS = (
    Platform(
        "kserve-llmisvc",
        ("app.kubernetes.io/part-of=llminferenceservice",),
        idle=(
            f"{_COMPONENT}=*router-scheduler",
            f"{_COMPONENT}=tokenizer",
            f"{_COMPONENT}=llminferenceservice-router*",
        ),
        followers=(f"{_COMPONENT}=llminferenceservice-workload-worker*",),
        engines=frozenset({"main"}),
        bystanders=_KSERVE_BYSTANDERS | {"llm-d-routing-sidecar", "tokenizer"},
        models=(_SOURCE,),
    ),
    # Its predictors may as well run scikit-learn, so no name of a container says anything.
    Platform(
        "kserve-isvc",
        ("serving.kserve.io/inferenceservice",),
        idle=("component=transformer", "component=explainer", "component=router"),
        followers=("app=isvc.*-predictor-worker",),
        bystanders=_KSERVE_BYSTANDERS,
        sizes=("RAY_NODE_COUNT",),
        models=(_SOURCE,),
        count_variables=("REQUEST_GPU_COUNT",),
    ),
    Platform(
        "dynamo",
        (f"{_DYNAMO}-graph-deployment-name", f"{_DYNAMO}-component-type", f"{_DYNAMO}-component-class"),
        idle=(
            f"{_DYNAMO}-component-type=frontend",
            f"{_DYNAMO}-component-type=planner",
            f"{_DYNAMO}-component-type=epp",
            f"{_DYNAMO}-component-type=router",
            f"{_DYNAMO}-component-type=mocker",
            f"{_DYNAMO}-component=Frontend",
            f"{_DYNAMO}-component=Planner",
            "grove.io/podclique=*-gms",
        ),
        followers=("grove.io/podclique=*-wkr",),
        restored=(f"{_DYNAMO}-checkpoint-restore-candidate", f"{_DYNAMO}-snapshot-compatibility-hash"),
        bystanders=frozenset({"sidecar-frontend", "wait-for-leader-mp"}),
        fixes_counts=True,
    ),
    Platform(
        "llm-d",
        ("llm-d.ai/inference-serving", "llm-d.ai/inferenceServing", "llm-d.ai/model"),
        idle=("llm-d.ai/role=epp", "llm-d.ai/role=router"),
        bystanders=frozenset({"routing-proxy"}),
        models=("llm-d.ai/model",),
        count_variables=("TP_SIZE",),
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
        count_variables=("PARALLELISM_SIZE",),
        merges=True,
    ),
    # Instances of one pod (`runner=default`) stand alone.
    Platform(
        "ome-native",
        ("ome.io/runner=leader", "ome.io/runner=worker"),
        followers=("ome.io/runner=worker",),
        groups=(("ome.io/inferenceservice", "component", "ome.io/instance-index"),),
    ),
    replace(_AIBRIX, name="aibrix-stormservice", marks=("storm-service-name",), updates_in_place=True),
    _AIBRIX,
    Platform(
        "kuberay",
        ("ray.io/is-ray-node", "ray.io/cluster"),
        followers=("ray.io/node-type=worker",),
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

# Containers that service meshes and serving frameworks put beside any other.
BYSTANDERS = frozenset({"istio-proxy", "linkerd-proxy", "queue-proxy", "envoy", "cloud-sql-proxy", "vault-agent"})
# Whoever says so in one of these labels: pods in these roles serve beside a model, on a CPU.
ROLE_KEYS = (
    "component",
    _COMPONENT,
    "llm-d.ai/role",
    f"{_DYNAMO}-component-type",
    f"{_DYNAMO}-sub-component-type",
    f"{_RBG}/role-name",
    "role-name",
)
IDLE_ROLES = r"epp|explainer|frontend|planner|routing|(?:.*-)?router|router-scheduler|scheduler|tokenizer|transformer"
