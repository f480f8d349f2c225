"""Classes, profiles and nodes as JSON, as their authors and kubelets write them."""

from random import Random

from tests.fuzz.configurations import configurations, requirements
from tests.fuzz.names import APPS, CLASSES, CONTAINERS, NODES, PROFILES, STRATEGIES, Json, device, maybe, some

_VENDORS = ("nvidia", "nvidia", "amd", "intel", "habana", "acme")
_NAMESPACE_SELECTORS = ("team=1", "team in (1,2),!legacy", "team!=2", "", "stage")
_TOLERATIONS: tuple[Json, ...] = (
    {"key": "gpu/dedicated", "operator": "Exists"},
    {"key": "other", "value": "x", "effect": "NoSchedule"},
    {"key": "spot", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 60},
)


def accelerator_class(chance: Random) -> Json:
    """Return an AcceleratorClass."""
    name = chance.choice(CLASSES)
    spec = maybe(
        chance,
        vendor=chance.choice(_VENDORS),
        family=chance.choice(("hopper", "ada", "")),
        capabilities=_capabilities(chance),
        resources=[_resource(each) for each in {device(chance): None, device(chance): None}],
        tolerations=chance.sample(_TOLERATIONS, chance.randint(1, 3)),
        cost=maybe(chance, perHour=f"{chance.random() * 9:.2f}", spotPerHour="0", tier="low"),
        scalableFromZero=True,
        **({"allowedNamespaces": ["enforce-1", "warn-1"]} if chance.random() < 0.2 else {}),
    )
    annotations = maybe(
        chance,
        0.2,
        **{
            "berth.ome.io/namespace-selector": chance.choice(_NAMESPACE_SELECTORS),
            "berth.ome.io/scalable-from-zero": "true",
        },
    )
    return {
        "metadata": {"name": name, "annotations": annotations},
        "spec": {**spec, "discovery": _discovery(chance, name)},
    }


def node_pool(chance: Random) -> Json:
    """Return a NodePool that makes nodes of some class, if it makes any."""
    key, value = chance.choice((("product", chance.choice(CLASSES)), ("generation", chance.choice(("2", "5")))))
    requirement = {"key": key, "operator": chance.choice(("In", "NotIn", "Gte", "Exists")), "values": [value]}
    template = {
        "metadata": {"labels": {"product": chance.choice(CLASSES)}},
        "spec": maybe(
            chance,
            requirements=[requirement],
            taints=[{"key": chance.choice(("other", device(chance))), "effect": "NoSchedule"}],
            nodeClassRef={"group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": "default"},
        ),
    }
    spec = {"template": template, **maybe(chance, 0.2, limits={device(chance): "0"}, replicas=1, weight=5)}
    return {"metadata": {"name": f"pool-{chance.randrange(6)}"}, "spec": spec}


def node(chance: Random) -> Json:
    """Return a node."""
    product, resource = chance.choice(CLASSES), device(chance)
    labels = {"product": product, "zone": chance.choice("ab"), "generation": chance.choice(("2", "5", "x"))}
    taints = [
        {"key": key, "effect": "NoSchedule"} for key in (resource, "gpu/dedicated", "other") if chance.random() < 0.3
    ]
    devices = {resource: chance.choice((1, "4", "8"))} if chance.random() < 0.9 else {}
    conditions = [{"type": "Ready", "status": "True" if chance.random() < 0.9 else "Unknown"}]
    return {
        "metadata": {"name": chance.choice(NODES), "labels": labels},
        "spec": {"taints": taints, **maybe(chance, 0.1, unschedulable=True)},
        "status": {
            "allocatable": {"cpu": "63500m", "memory": "527Gi", "pods": "110", **devices},
            **maybe(chance, 0.8, conditions=conditions),
        },
    }


def profile(chance: Random) -> Json:
    """Return an AcceleratorProfile."""
    selector = {"matchLabels": {"app": chance.choice(APPS)}} if chance.random() < 0.8 else {}
    spec = maybe(
        chance,
        0.4,
        namespaceSelector={"matchExpressions": [{"key": "team", "operator": "In", "values": ["1"]}]},
        containers=chance.sample(CONTAINERS, 2),
        onNoMatch=chance.choice(("Admit", "Deny")),
        spread=chance.choice(("none", "node", "zone")),
        strategy=chance.choice(STRATEGIES[:5]),
        preferredClasses=some(chance, CLASSES)[:3],
        acceleratorRequirements=requirements(chance),
        acceleratorConfigurations=configurations(chance),
    )
    return {"metadata": {"name": chance.choice(PROFILES)}, "spec": {"podSelector": selector, **spec}}


def _capabilities(chance: Random) -> Json:
    return maybe(
        chance,
        0.6,
        memoryGB=f"{chance.choice((16, 80, 192))}Gi",
        computeCapability=chance.choice(("9.0", "8.9", "gfx942")),
        memoryBandwidthGBps=chance.choice(("3350", "864")),
        features=["FP8", "nvlink"],
        performance=maybe(chance, fp16TFLOPS="989", fp8Tflops="1979", int4TOPS="10"),
    )


def _resource(name: str) -> Json:
    return {"name": name, "divisible": "mig" in name, "quantity": "2" if "intel" in name else 1}


def _discovery(chance: Random, name: str) -> Json:
    terms = [{"matchExpressions": [chance.choice(_expressions(name))]} for _ in range(chance.randint(1, 2))]
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
    choices: tuple[Json, ...] = (
        {"nodeSelector": {"product": name}},
        {"nodeSelector": {"product": name}},
        {"nodeSelectorTerms": terms},
        {"affinity": {"nodeAffinity": required}},
        {"nodeSelector": {"product": name}, "nodeSelectorTerms": [*terms, {}]},
    )
    return chance.choice(choices)


def _expressions(name: str) -> list[Json]:
    return [
        {"key": "product", "operator": "In", "values": [name, "other"]},
        {"key": "product", "operator": "Exists"},
        {"key": "generation", "operator": "Gt", "values": ["3"]},
        {"key": "zone", "operator": "NotIn", "values": ["a"]},
        {"key": "karpenter.sh/instance-family", "operator": "In", "values": ["p5"]},
        {"key": "legacy", "operator": "DoesNotExist"},
    ]
