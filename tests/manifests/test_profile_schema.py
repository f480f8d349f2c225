"""What the API server makes of an AcceleratorProfile: defaults, columns, and a refusal that helps for each mistake."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox import ControlPlane

Manifest = dict[str, Any]
Submit = Callable[[Manifest], Manifest]
Refusal = Callable[[Manifest], str]


def profile(spec: Manifest, name: str = "tried") -> Manifest:
    """A profile for every pod, and what the test adds."""
    return {
        "apiVersion": "berth.ome.io/v1alpha1",
        "kind": "AcceleratorProfile",
        "metadata": {"name": name},
        "spec": {"podSelector": {}, **deepcopy(spec)},
    }


def requiring(**capabilities: object) -> Manifest:
    """A spec that requires capabilities."""
    return {"acceleratorRequirements": {"requiredCapabilities": capabilities}}


def configured(**fields: object) -> Manifest:
    """A spec with one configuration."""
    return {"acceleratorConfigurations": [{"selector": {"acceleratorClass": "a"}, **fields}]}


def preferring(score: int, **condition: str) -> Manifest:
    """A spec with one preference under one condition."""
    return {"acceleratorRequirements": {"preferenceOrder": [{"class": "a", "score": score, "conditions": [condition]}]}}


REFUSED: dict[str, tuple[Manifest, str]] = {
    "strategy": ({"strategy": "cheap"}, 'supported values: "performance", "cost", "balanced", "fit", "order"'),
    "onNoMatch": ({"onNoMatch": "Ignore"}, 'supported values: "Admit", "Deny"'),
    "onSlipped": ({"onSlipped": "Delete"}, 'supported values: "Report", "Recreate"'),
    "onStuck": ({"onStuck": "Evict"}, 'supported values: "Report", "Recreate"'),
    "spread": ({"spread": "rack"}, 'supported values: "none", "node", "zone"'),
    "selector operator": (
        {"podSelector": {"matchExpressions": [{"key": "a", "operator": "Gt", "values": ["1"]}]}},
        'supported values: "In", "NotIn", "Exists", "DoesNotExist"',
    ),
    "selector key": ({"podSelector": {"matchLabels": {"a b": "c"}}}, "has a key that no label can have"),
    "selector key of an expression": (
        {"namespaceSelector": {"matchExpressions": [{"key": "/a", "operator": "Exists"}]}},
        "is no key of a label",
    ),
    "selector value": ({"podSelector": {"matchLabels": {"a": "b c"}}}, "is no value of a label"),
    "memory": (requiring(memoryGB="40GB"), 'write 40 or "40Gi" for 40 GiB'),
    "version": (requiring(minComputeCapability="sm_90"), 'must be numbers separated by dots, in quotes, like "8.0"'),
    "version of ROCm": (requiring(rocmVersion="6.2"), "levelZeroVersion and rocmVersion are not judged; remove them"),
    "version twice": (requiring(computeCapability="8.0", minComputeCapability="8.0"), "keep one of the two"),
    "features twice": (requiring(features=["a"], requiredFeatures=["a"]), "keep one of the two"),
    "preferred twice": (
        {"preferredClasses": ["a"], "acceleratorRequirements": {"preferredClasses": ["b"]}},
        "stands in spec.acceleratorRequirements.preferredClasses too; keep one of the two lists",
    ),
    "nothing left": (
        {"acceleratorRequirements": {"supportedClasses": ["a"], "excludedClasses": ["a", "b"]}},
        "excludedClasses names every supported class",
    ),
    "score": (preferring(101, modelSize="<30B"), "should be less than or equal to 100"),
    "model size": (preferring(1, modelSize="small"), 'must be a comparison with a number of parameters, like "<30B"'),
    "two configurations": (
        {"acceleratorConfigurations": [{"selector": {"acceleratorClass": "a"}}] * 2},
        "has two entries for one selector",
    ),
    "two configurations for an engine": (
        {"acceleratorConfigurations": [{"selector": {"acceleratorClass": "a", "engine": "vllm"}}] * 2},
        "has two entries for one selector",
    ),
    "variable twice": (configured(env=[{"name": "A"}, {"name": "A"}]), "Duplicate value"),
    "value and source": (
        configured(env=[{"name": "A", "value": "b", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}]),
        "has both value and valueFrom",
    ),
    "quantity": (configured(resources={"limits": {"memory": "64GB"}}), "must be a Kubernetes quantity of at least 0"),
}


@pytest.mark.parametrize("mistake", REFUSED)
def test_a_mistake_is_refused_with_what_to_write(mistake: str, refusal: Refusal) -> None:
    """Each mistake is answered with the text that helps its author."""
    spec, text = REFUSED[mistake]
    assert text in refusal(profile(spec))


def test_a_profile_for_every_pod_has_to_say_so(refusal: Refusal) -> None:
    """A profile without podSelector is refused, and told how to select every pod."""
    manifest = profile({})
    del manifest["spec"]["podSelector"]
    assert "podSelector: {} for every pod" in refusal(manifest)


def test_what_is_not_said_has_a_default(submit: Submit) -> None:
    """Pods are admitted where nothing matches, none is deleted, replicas spread, the strategy is balanced."""
    assert submit(profile({}))["spec"] == {
        "podSelector": {},
        "onNoMatch": "Admit",
        "onSlipped": "Report",
        "onStuck": "Report",
        "spread": "node",
        "strategy": "balanced",
    }


def test_every_field_of_a_configuration_is_kept(submit: Submit) -> None:
    """Environment with its sources, resources and the runner arrive as they were written."""
    source = {"secretKeyRef": {"name": "hub", "key": "token", "optional": True}}
    configuration = configured(
        env=[{"name": "A", "value": "1"}, {"name": "TOKEN", "valueFrom": source}],
        resources={"limits": {"nvidia.com/gpu": 2}, "requests": {"memory": "64Gi", "nvidia.com/gpu": "2"}},
        runner={"args": ["--tensor-parallel-size=2"], "env": [{"name": "B", "value": "$(A)"}]},
    )
    assert submit(profile(configuration))["spec"].items() >= configuration.items()


def test_a_class_may_be_configured_for_each_engine_and_format(submit: Submit) -> None:
    """Entries for one class may differ in their engine or model format."""
    selectors: list[Manifest] = [
        {},
        {"engine": "vllm"},
        {"engine": "sglang"},
        {"engine": "vllm", "modelFormat": "gguf"},
    ]
    configurations = [{"selector": {"acceleratorClass": "a", **each}} for each in selectors]
    assert submit(profile({"acceleratorConfigurations": configurations}))


def test_a_profile_can_require_whatever_a_class_can_state(manifests: Path) -> None:
    """Required capabilities have every field of a class's capabilities, of the same type."""
    stated = _spec_of(manifests, "accelerator-classes.yaml")["capabilities"]["properties"]
    requirements = _spec_of(manifests, "accelerator-profiles.yaml")["acceleratorRequirements"]["properties"]
    required = requirements["requiredCapabilities"]["properties"]
    assert _types(stated).items() <= _types(required).items()
    assert _types(stated["performance"]["properties"]) == _types(required["performance"]["properties"])


def _spec_of(manifests: Path, file: str) -> Manifest:
    definition = yaml.safe_load((manifests / "base/crds" / file).read_text())
    schema = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    properties: Manifest = schema["properties"]["spec"]["properties"]
    return properties


def _types(properties: Manifest) -> dict[str, str | None]:
    return {name: field.get("type") for name, field in properties.items()}


def test_kubectl_shows_a_profile_in_one_line(control_plane: ControlPlane) -> None:
    """`kubectl get` tells how a profile decides and for which classes."""
    classes = {"strategy": "cost", "acceleratorRequirements": {"supportedClasses": ["nvidia-l4"]}}
    control_plane.apply(yaml.safe_dump(profile(classes, name="shown")))
    header, row = control_plane.kubectl("get", "accprof", "shown").splitlines()
    assert header.split() == ["NAME", "STRATEGY", "NOMATCH", "SPREAD", "CLASSES", "READY", "AGE"]
    assert row.split()[:5] == ["shown", "cost", "Admit", "node", '["nvidia-l4"]']
