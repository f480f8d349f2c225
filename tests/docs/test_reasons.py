"""Every reason that choosing.md quotes is one that a person reads, and belongs to the question beside it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from placement.keys import NAMESPACE_SELECTOR
from tests.docs.examples import Example, outcome
from tests.docs.pages import codes, page, rows

Json = dict[str, Any]
GPU = "nvidia.com/gpu"
_OF_THE_CLUSTER = frozenset({"AcceleratorClass", "AcceleratorProfile", "ClusterQueue", "Node", "ResourceFlavor"})


def _asks(**requirements: Any) -> Json:
    return {"acceleratorRequirements": requirements}


def _needs(**capabilities: Any) -> Json:
    return _asks(requiredCapabilities=capabilities)


def _grants(memory: str) -> Json:
    """Return a profile that gives the T4 some memory."""
    given = {"requests": {"memory": memory}, "limits": {"memory": memory}}
    return {"acceleratorConfigurations": [{"selector": {"acceleratorClass": "nvidia-t4"}, "resources": given}]}


def _object(kind: str, name: str, version: str = "v1", **parts: Any) -> Json:
    place = {} if kind in _OF_THE_CLUSTER else {"namespace": "ml"}
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, **place}, **parts}


def _range(name: str, **bounds: Any) -> Json:
    return _object("LimitRange", name, spec={"limits": [{"type": "Container", **bounds}]})


def _service(**constraints: Any) -> Json:
    return _object(
        "InferenceService", "s", "ome.io/v1beta1", spec={"acceleratorSelector": {"constraints": constraints}}
    )


def _class(**spec: Any) -> Json:
    selection = {"discovery": {"nodeSelector": {"kind": "more"}}}
    return _object("AcceleratorClass", "more", "ome.io/v1beta1", spec={"vendor": "nvidia", **selection, **spec})


def _node(**spec: Any) -> Json:
    node = _object("Node", "more-1", spec=spec, status={"allocatable": {GPU: "8", "cpu": "8", "memory": "64Gi"}})
    return {**node, "metadata": {"name": "more-1", "labels": {"kind": "more"}}}


def _quota() -> Json:
    name = f"requests.{GPU}"
    return _object(
        "ResourceQuota", "gpus", spec={"hard": {name: "2"}}, status={"hard": {name: "2"}, "used": {name: "2"}}
    )


def _queue(flavor: str, resource: str = GPU, **spec: Any) -> tuple[Json, ...]:
    """Return a queue with one flavor."""
    group = {"coveredResources": [resource], "flavors": [{"name": flavor}]}
    kueue = "kueue.x-k8s.io/v1beta2"
    return (
        _object("ResourceFlavor", flavor, kueue, spec=spec),
        _object("ClusterQueue", "q", kueue, spec={"resourceGroups": [group]}),
        _object("LocalQueue", "team", kueue, spec={"clusterQueue": "q"}),
    )


_QUEUED = {
    "metadata": {"labels": {"kueue.x-k8s.io/queue-name": "team"}},
    "spec": {"containers": [{"name": "vllm", "image": "vllm/vllm-openai", "resources": {"limits": {GPU: 1}}}]},
}
_SPOT = [{"key": "spot", "value": "true", "effect": "NoSchedule"}]
_TAINTED = _node(taints=[{"key": "dedicated", "value": "batch", "effect": "NoSchedule"}])
_SIZED = [{"name": "vllm", "image": "vllm/vllm-openai", "resources": {"limits": {GPU: 8}}}]
_AMD = [{"name": "vllm", "image": "vllm/vllm-openai", "resources": {"limits": {"amd.com/gpu": 1}}}]
# Number of the question, class, profile, pod, further objects.
SITUATIONS: list[tuple[int, str, Json, Json, tuple[Json, ...]]] = [
    (0, "nvidia-t4", _asks(supportedClasses=["nvidia-l4"]), {}, ()),
    (0, "nvidia-t4", _asks(excludedClasses=["nvidia-t4"]), {}, ()),
    (0, "nvidia-a100-80gb", _asks(architectureFamilies=["hopper"]), {}, ()),
    (1, "nvidia-t4", _needs(memoryGB=24), {}, ()),
    (1, "nvidia-a100-80gb", {}, {}, (_service(maxMemory=40),)),
    (1, "nvidia-t4", _needs(computeCapability="8.0"), {}, ()),
    (1, "amd-mi300x", _needs(computeCapability="8.0"), {}, ()),
    (1, "nvidia-t4", _needs(memoryBandwidthGBps=1000), {}, ()),
    (1, "nvidia-t4", _needs(features=["bf16"]), {}, ()),
    (1, "nvidia-h100-80gb", {}, {"metadata": {"annotations": {"ome.io/cost-threshold": "4"}}}, ()),
    (2, "more", {}, {}, (_class(allowedNamespaces=["other"]),)),
    (3, "nvidia-t4", {}, {"spec": {"containers": _AMD}}, ()),
    (3, "nvidia-t4", {}, {"spec": {"nodeSelector": {"nvidia.com/gpu.product": "NVIDIA-L4"}}}, ()),
    (4, "more", {}, {}, (_class(),)),
    (4, "more", {}, {}, (_class(), _node(unschedulable=True))),
    (4, "nvidia-t4", {}, {"spec": {"nodeName": "l4-1"}}, ()),
    (4, "nvidia-t4", {}, {"spec": {"nodeSelector": {"zone": "a"}}}, ()),
    (4, "more", {}, {}, (_class(), _TAINTED)),
    (4, "nvidia-t4", {}, {"spec": {"containers": _SIZED}}, ()),
    (5, "nvidia-t4", {}, {}, (_quota(),)),
    (5, "nvidia-t4", _grants("8Gi"), {}, (_range("small", max={"memory": "4Gi"}),)),
    (5, "nvidia-t4", _grants("8Gi"), {}, (_range("large", min={"memory": "16Gi"}),)),
    (6, "nvidia-t4", {}, _QUEUED, _queue("l4", nodeLabels={"nvidia.com/gpu.product": "NVIDIA-L4"})),
    (6, "nvidia-t4", {}, _QUEUED, _queue("zone", nodeLabels={"zone": "a"})),
    (6, "nvidia-t4", {}, _QUEUED, _queue("tainted", nodeTaints=_SPOT)),
    (6, "nvidia-t4", {}, _QUEUED, _queue("mi300x", "amd.com/gpu")),
]


def reasons(folder: Path) -> Iterator[tuple[int, str]]:
    """Yield the reason that comes of each situation, with the number of the question."""
    for number, name, profile, pod, objects in SITUATIONS:
        (entry,) = outcome(_example(profile, pod, objects), folder)
        yield number, next(each["reason"] for each in entry["rejected"] if each["class"] == name)


def test_reasons_are_told_as_the_table_quotes_them(tmp_path: Path) -> None:
    """Each of them, beside its question, and no other."""
    quoted = [
        (number, code) for number, row in enumerate(rows(page("choosing.md"), "question")) for code in codes(row[1])
    ]

    assert quoted == list(reasons(tmp_path))


def test_a_class_may_say_by_annotation_who_may_use_it(tmp_path: Path) -> None:
    """Where OME's definition has no field for it."""
    more = _class()
    more["metadata"]["annotations"] = {NAMESPACE_SELECTOR: "team=other"}
    (entry,) = outcome(_example({}, {}, (more, _node())), tmp_path)

    assert {"class": "more", "reason": "may not be used in namespace ml"} in entry["rejected"]


def _example(profile: Json, pod: Json, objects: tuple[Json, ...]) -> Example:
    spec = {"podSelector": {}, **profile}
    named = _object("AcceleratorProfile", "p", "berth.ome.io/v1alpha1", spec=spec)
    labels = {"ome.io/inferenceservice": "s", "component": "engine"}
    metadata = {"name": "a", "namespace": "ml", "labels": labels, **pod.get("metadata", {})}
    containers = [{"name": "vllm", "image": "vllm/vllm-openai"}]
    written = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata}
    full = {**written, "spec": {"containers": containers, **pod.get("spec", {})}}
    return Example(yaml.safe_dump(full), yaml.safe_dump_all([named, *objects]), (), None, "")
