"""What the tests of the validation share: a cluster as values, and reviews of classes and profiles."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from prometheus_client import CollectorRegistry

from cluster.api import ApiError
from placement.accelerators import Catalog
from tests.builders import CATALOG
from tests.webhook.knowledge import Values
from tests.webhook.test_wire import review
from webhook.validating import Validation
from webhook.validation_observers import ValidationObservers
from webhook.wire import parse

Json = dict[str, Any]
RESOURCES = {
    "AcceleratorClass": {"group": "ome.io", "version": "v1beta1", "resource": "acceleratorclasses"},
    "AcceleratorProfile": {"group": "berth.ome.io", "version": "v1alpha1", "resource": "acceleratorprofiles"},
}


@dataclass
class Definitions(Values):
    """Implements webhook.ports.KnowledgeOfClasses; `unseen` are classes that only the API server knows yet."""

    catalog: Catalog = CATALOG
    class_problems: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unseen: frozenset[str] = frozenset()
    trouble: Exception | None = None
    asked: list[str] = field(default_factory=list)

    async def has_class(self, name: str) -> bool:
        """Tell whether the API server has it."""
        self.asked.append(name)
        if self.trouble:
            raise self.trouble
        return name in self.unseen


UNREACHABLE = ApiError(0, "Unreachable", "the API server does not answer")


@dataclass
class Gate:
    """A validation with its metrics."""

    knowledge: Definitions = field(default_factory=Definitions)
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def __post_init__(self) -> None:
        """Open it."""
        self.validation = Validation(self.knowledge, ValidationObservers(self.registry))

    async def ask(self, written: Json, old: Json | None = None, **request: Any) -> Json:
        """Return the response about an object that is created, or updated where there is an old one."""
        asked = question(written, old, **request)
        content: Json = json.loads(await self.validation.answer(parse(json.dumps(asked).encode()), 1.0))
        response: Json = content["response"]
        return response

    def count(self, kind: str, outcome: str) -> float:
        """Return how many validations of a kind ended so."""
        labels = {"kind": kind, "outcome": outcome}
        return self.registry.get_sample_value("berth_webhook_validations_total", labels) or 0


def question(written: Json, old: Json | None = None, **request: Any) -> Json:
    """Return the review of an object."""
    resource = RESOURCES[written["kind"]]
    operation = "UPDATE" if old else "CREATE"
    return review(
        **{"object": written, "oldObject": old, "resource": resource, "operation": operation, "namespace": ""} | request
    )


# Selects no node, and is not legal either.
NOWHERE: Json = {"nodeSelectorTerms": [{}]}


def a_class(name: str = "tried", **spec: Any) -> Json:
    """Return a class of the nodes of h100."""
    usual = {
        "discovery": {"nodeSelector": {"nvidia.com/gpu.product": "H100"}},
        "capabilities": {"memoryGB": "80Gi", "computeCapability": "9.0"},
        "resources": [{"name": "nvidia.com/gpu"}],
    }
    metadata = {"name": name, **spec.pop("metadata", {})}
    return {"apiVersion": "ome.io/v1beta1", "kind": "AcceleratorClass", "metadata": metadata, "spec": usual | spec}


def a_profile(name: str = "tried", app: str = "chat", **spec: Any) -> Json:
    """Return a profile for the pods of an app."""
    usual = {"podSelector": {"matchLabels": {"app": app}}}
    metadata = {"name": name, **spec.pop("metadata", {})}
    kind = {"apiVersion": "berth.ome.io/v1alpha1", "kind": "AcceleratorProfile"}
    return {**kind, "metadata": metadata, "spec": usual | spec}


def supporting(*names: str, **more: Any) -> Json:
    """Return the part of a profile that lists classes."""
    return {"acceleratorRequirements": {"supportedClasses": list(names), **more}}
