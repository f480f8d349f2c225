"""Random clusters: classes and profiles as their authors write them, nodes that carry some of the classes."""

import json
from collections.abc import Mapping
from random import Random
from typing import Any

from cluster.account import Account
from cluster.custom_objects import accelerator_class, profile
from placement.accelerators import Catalog
from placement.inventory import NodeInventory
from placement.keys import INJECTION
from placement.profiles import OnNoMatch
from placement.taints import Taint
from tests.webhook.knowledge import Values

Json = dict[str, Any]

RESOURCES = ("nvidia.com/gpu", "amd.com/gpu", "gpu.intel.com/i915", "habana.ai/gaudi", "nvidia.com/mig-1g.10gb")
VENDORS = ("nvidia", "amd", "intel", "habana", "acme")
CLASS_NAMES = tuple(f"class-{number}" for number in range(8))
APPS = ("chat", "embed", "rank", "web")
MODES = ("enforce",) * 8 + ("warn", "audit", "nonsense")
_STRATEGIES = ("performance", "cost", "balanced")


class World(Values):
    """A random cluster in which every namespace has opted in by its name's first word."""

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


def world(chance: Random) -> World:
    """Return a random cluster."""
    catalog = Catalog({name: accelerator_class(_text(_class(chance, name))) for name in _some(chance, CLASS_NAMES)})
    account = Account()
    account.use(catalog)
    for number in range(chance.randrange(24)):
        account.apply_node(_node(chance, f"node-{number}"))
    profiles = tuple(profile(_text(_profile(chance, f"profile-{number}"))) for number in range(chance.randrange(8)))
    return World(catalog=catalog, profiles=profiles, inventory=account.inventory)


def _text(content: Json) -> bytes:
    return json.dumps(content).encode()


def _some(chance: Random, items: tuple[str, ...]) -> list[str]:
    return chance.sample(items, len(items) - int(len(items) * chance.random() ** 2))


def _maybe(chance: Random, **parts: Any) -> Json:
    return {name: part for name, part in parts.items() if chance.random() < 0.5}


def _class(chance: Random, name: str) -> Json:
    terms = [{"matchExpressions": [chance.choice(_expressions(name))]} for _ in range(chance.randint(1, 2))]
    discovery = {"nodeSelector": {"product": name}} if chance.random() < 0.7 else {"nodeSelectorTerms": terms}
    spec = _maybe(
        chance,
        vendor=chance.choice(VENDORS),
        family=chance.choice(("hopper", "ada", "")),
        capabilities=_maybe(chance, memoryGB=f"{chance.choice((16, 80, 192))}Gi", computeCapability="9.0"),
        resources=[{"name": each, "divisible": "mig" in each} for each in chance.sample(RESOURCES, 2)],
        tolerations=[{"key": "gpu/dedicated", "operator": "Exists"}],
        cost=_maybe(chance, perHour=f"{chance.random() * 9:.2f}", spotPerHour="0"),
        scalableFromZero=True,
    )
    if chance.random() < 0.15:
        spec["allowedNamespaces"] = ["enforce-1", "warn-1"]
    return {"metadata": {"name": name}, "spec": {**spec, "discovery": discovery}}


def _expressions(name: str) -> list[Json]:
    return [
        {"key": "product", "operator": "In", "values": [name, "other"]},
        {"key": "product", "operator": "Exists"},
        {"key": "generation", "operator": "Gt", "values": ["3"]},
        {"key": "zone", "operator": "NotIn", "values": ["a"]},
    ]


def _node(chance: Random, name: str) -> NodeInventory:
    product, resource = chance.choice(CLASS_NAMES), chance.choice(RESOURCES)
    return NodeInventory(
        name,
        {"product": product, "zone": chance.choice("ab"), "generation": chance.choice(("2", "5", "x"))},
        taints=tuple(Taint(key) for key in (resource, "gpu/dedicated", "other") if chance.random() < 0.3),
        allocatable={"cpu": 64_000, "memory": 2**39, "pods": 110, resource: chance.choice((1, 4, 8))},
        is_schedulable=chance.random() < 0.9,
        is_ready=chance.random() < 0.9,
    )


def _profile(chance: Random, name: str) -> Json:
    selector = {"matchLabels": {"app": chance.choice(APPS)}} if chance.random() < 0.8 else {"matchLabels": {}}
    configured = chance.sample((*CLASS_NAMES, "no-such-class"), chance.randint(0, 5))
    spec = _maybe(
        chance,
        namespaceSelector={"matchLabels": {"team": "1"}},
        containers=["main"],
        onNoMatch=chance.choice(("Admit", "Deny")),
        strategy=chance.choice(_STRATEGIES),
        acceleratorRequirements=_requirements(chance),
    )
    configurations = [_configuration(chance, each) for each in configured]
    return {
        "metadata": {"name": name},
        "spec": {"podSelector": selector, "acceleratorConfigurations": configurations, **spec},
    }


def _requirements(chance: Random) -> Json:
    return _maybe(
        chance,
        supportedClasses=[*_some(chance, CLASS_NAMES), "no-such-class"],
        excludedClasses=_some(chance, CLASS_NAMES[:3]),
        preferredClasses=_some(chance, CLASS_NAMES),
        requiredCapabilities=_maybe(chance, memoryGB="40Gi", minComputeCapability="8.0", requiredFeatures=["fp8"]),
        preferenceOrder=[{"class": "class-1", "score": 90, "conditions": [{"modelSize": "<30B"}]}],
    )


def _configuration(chance: Random, name: str) -> Json:
    count = chance.choice(("1", "2", "8"))
    env = [
        {"name": "TP", "value": count},
        {"name": "URL", "value": "http://$(HOST):$(TP)"},
        {"name": "HOST", "valueFrom": {"fieldRef": {"fieldPath": "status.hostIP"}}},
    ]
    resource = chance.choice(RESOURCES)
    resources = {"limits": {resource: count, "cpu": "16"}, "requests": {resource: count, "cpu": "8", "memory": "8Gi"}}
    args = ["--tensor-parallel-size", count, "--enable-prefix-caching", "--max-model-len=4096"]
    parts = _maybe(chance, env=env, resources=resources, runner={"args": args})
    return {"selector": {"acceleratorClass": name}, **parts}
