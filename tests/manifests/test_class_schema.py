"""What the API server makes of an AcceleratorClass: defaults, columns, and a refusal that helps for each mistake."""

import json
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


def accelerator_class(spec: Manifest, name: str = "tried") -> Manifest:
    """A class with what it needs at least, and what the test adds."""
    return {
        "apiVersion": "ome.io/v1beta1",
        "kind": "AcceleratorClass",
        "metadata": {"name": name},
        "spec": {"discovery": {"nodeSelector": {"a": "b"}}, **deepcopy(spec)},
    }


def memory(amount: object) -> Manifest:
    """A spec that states this amount of memory."""
    return {"capabilities": {"memoryGB": amount}}


def field(**expression: object) -> Manifest:
    """A spec that selects nodes by one condition on their name."""
    named = {"key": "metadata.name", "operator": "In", "values": ["a"], **expression}
    return {"discovery": {"nodeSelectorTerms": [{"matchFields": [named]}]}}


def terms(**expression: object) -> Manifest:
    """A spec that selects nodes by one expression in nodeSelectorTerms."""
    return {"discovery": {"nodeSelectorTerms": [{"matchExpressions": [{"key": "k", **expression}]}]}}


def affinity(**expression: object) -> Manifest:
    """A spec that selects nodes by one expression in an affinity."""
    required = {"nodeSelectorTerms": [{"matchExpressions": [{"key": "k", **expression}]}]}
    return {"discovery": {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}}}


def toleration(**fields: object) -> Manifest:
    """A spec with one toleration."""
    return {"tolerations": [fields]}


GTE = "Gte is no operator of Kubernetes: write Gt with the value one less (Gt 32767 means at least 32768)"
LTE = "Lte is no operator of Kubernetes: write Lt with the value one more (Lt 32769 means at most 32768)"
ONE_INTEGER = "Gt and Lt take exactly one integer without a unit"
GIB = 'must be the memory of one accelerator, more than 0: write 40 or "40Gi" for 40 GiB'
NO_LABEL = "is no value of a label"
EXTENDED = "must be an extended resource with its domain"
WHOLE = "must be a whole number of at least 1"
AMOUNT = 'must be a number of at least 0, with a fraction in quotes, like 3350 or "2.21"'

REFUSED = {
    "labels in two places": ({"nodeSelector": {"a": "b"}}, "spec.nodeSelector is not read; move its labels"),
    "memory is a word": (memory("abc"), GIB),
    "memory in GB": (memory("40GB"), GIB),
    "memory with a space": (memory("40 Gi"), GIB),
    "memory zero": (memory(0), GIB),
    "memory zero with unit": (memory("0Gi"), GIB),
    "memory negative": (memory(-40), GIB),
    "memory negative with unit": (memory("-40Gi"), GIB),
    "memory in bytes": (memory(85899345920), "at most 65536"),
    "Gte in terms": (terms(operator="Gte", values=["32768"]), GTE),
    "Gte in affinity": (affinity(operator="Gte", values=["32768"]), GTE),
    "Lte": (terms(operator="Lte", values=["32768"]), LTE),
    "unknown operator": (terms(operator="Equals", values=["x"]), "write In, NotIn, Exists, DoesNotExist, Gt or Lt"),
    "unit in terms": (terms(operator="Lt", values=["24Gi"]), f"{ONE_INTEGER}, not 24Gi"),
    "unit in affinity": (affinity(operator="Gt", values=["80GB"]), f"{ONE_INTEGER}, not 80GB"),
    "fraction": (terms(operator="Gt", values=["8.5"]), ONE_INTEGER),
    "two bounds": (terms(operator="Gt", values=["1", "2"]), ONE_INTEGER),
    "no bound": (terms(operator="Gt"), ONE_INTEGER),
    "In without values": (terms(operator="In", values=[]), "In and NotIn need at least one value"),
    "Exists with values": (terms(operator="Exists", values=["x"]), "Exists and DoesNotExist take no values"),
    "key with spaces": ({"discovery": {"nodeSelector": {"gpu product": "x"}}}, "has a key that no label can have"),
    "key of a term": (terms(key="nvidia.com/", operator="Exists"), "is no key of a label"),
    "field of a node": (field(key="spec.nodeName"), "must have key metadata.name, operator In or NotIn, and one value"),
    "two nodes": (field(values=["a", "b"]), "must have key metadata.name, operator In or NotIn, and one value"),
    "version with a letter": ({"capabilities": {"computeCapability": "9.0a"}}, 'like "9.0"; or a word'),
    "least version with a space": ({"capabilities": {"minComputeCapability": " 8.0"}}, 'like "9.0"; or a word'),
    "label with spaces": ({"discovery": {"nodeSelector": {"a": "AMD Instinct MI300X"}}}, NO_LABEL),
    "value with spaces": (terms(operator="In", values=["AMD Instinct MI300X"]), NO_LABEL),
    "resource without domain": ({"resources": [{"name": "gpu"}]}, EXTENDED),
    "half a resource": ({"resources": [{"name": "nvidia.com/gpu", "quantity": "0.5"}]}, WHOLE),
    "no resource": ({"resources": [{"name": "nvidia.com/gpu", "quantity": 0}]}, WHOLE),
    "negative price": ({"cost": {"perHour": "-1"}}, AMOUNT),
    "price in words": ({"cost": {"spotPerHour": "cheap"}}, AMOUNT),
    "bandwidth with unit": ({"capabilities": {"memoryBandwidthGBps": "3350GB"}}, AMOUNT),
    "one rate twice": (
        {"capabilities": {"performance": {"fp16TFLOPS": 312, "fp16Tflops": 312}}},
        "names one rate in two spellings",
    ),
    "tolerate everything": (toleration(operator="Exists"), "must name the key of the taint"),
    "Exists with a value": (toleration(key="k", operator="Exists", value="x"), "must be absent with operator Exists"),
    "seconds for NoSchedule": (
        toleration(key="k", operator="Exists", effect="NoSchedule", tolerationSeconds=5),
        "is for effect NoExecute alone",
    ),
    "nobody may use it": ({"allowedNamespaces": []}, "should have at least 1 item"),
    "unknown field": ({"tolerance": []}, 'unknown field "spec.tolerance"'),
}


@pytest.mark.parametrize("mistake", REFUSED)
def test_a_mistake_is_refused_with_what_to_write(mistake: str, refusal: Refusal) -> None:
    """Each mistake is answered with the text that helps its author."""
    spec, text = REFUSED[mistake]
    assert text in refusal(accelerator_class(spec))


def test_a_class_without_discovery_is_refused(refusal: Refusal) -> None:
    """A class that says nothing of its nodes is told where their labels belong."""
    manifest = accelerator_class({})
    del manifest["spec"]["discovery"]
    assert "spec.discovery is missing: write the labels of the nodes which carry" in refusal(manifest)


def test_a_name_longer_than_a_label_value_is_refused(submit: Submit, refusal: Refusal) -> None:
    """63 characters are accepted, 64 are not: the name becomes a label value."""
    assert submit(accelerator_class({}, name="a" * 63))
    assert "metadata.name: Invalid value" in (said := refusal(accelerator_class({}, name="a" * 64)))
    assert "must have at most 63 characters" in said


@pytest.mark.parametrize("amount", [40, "40", "40Gi", "80G", "81559Mi", "79.6Gi", "0.5Ti"], ids=repr)
def test_memory_is_accepted_as_people_write_it(amount: int | str, submit: Submit) -> None:
    """A bare number and quantities with a unit are kept as they were written."""
    assert submit(accelerator_class(memory(amount)))["spec"]["capabilities"]["memoryGB"] == amount


def test_what_is_not_said_has_a_default(submit: Submit) -> None:
    """A resource counts once, and capabilities are there, empty, as OME's definition wants them."""
    spec = submit(accelerator_class({"resources": [{"name": "nvidia.com/gpu"}]}))["spec"]
    assert spec["resources"] == [{"name": "nvidia.com/gpu", "quantity": "1"}]
    assert spec["capabilities"] == {}


def test_berths_own_fields_are_kept(submit: Submit) -> None:
    """Tolerations, allowed namespaces and scaling from zero are fields of a class."""
    own = {
        "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}],
        "allowedNamespaces": ["team-a"],
        "scalableFromZero": True,
    }
    assert submit(accelerator_class(own))["spec"].items() >= own.items()


def test_classes_in_omes_dialect_are_accepted_whole(submit: Submit) -> None:
    """Every field that OME's definition has is accepted, and nothing of it is lost."""
    classes = list(yaml.safe_load_all(Path(__file__).with_name("ome-classes.yaml").read_text()))
    for manifest in classes:
        wanted = deepcopy(manifest["spec"])
        for resource in wanted.get("resources", []):
            resource.setdefault("quantity", "1")
        assert submit(manifest)["spec"] == wanted


def test_kubectl_shows_a_class_in_one_line(control_plane: ControlPlane) -> None:
    """`kubectl get` has OME's columns, accelerators, validity and age, and the category lists classes too."""
    capabilities = {"vendor": "nvidia", "family": "hopper", **memory("80Gi")}
    control_plane.apply(yaml.safe_dump(accelerator_class(capabilities, name="shown")))
    ready = {"type": "Ready", "status": "False", "reason": "InvalidSelector", "message": "selects nothing"}
    ready["lastTransitionTime"] = "2026-11-23T00:00:00Z"
    counts = {"availableNodes": 3, "totalAccelerators": 24, "availableAccelerators": 5}
    status = json.dumps({"status": {**counts, "conditions": [ready]}})
    control_plane.kubectl(
        "patch", "acceleratorclass", "shown", "--subresource=status", "--type=merge", f"--patch={status}"
    )
    header, row = control_plane.kubectl("get", "acceleratorclass", "shown").splitlines()
    columns = ["NAME", "VENDOR", "FAMILY", "MEMORY", "NODES", "TOTAL", "AVAILABLE", "READY", "AGE"]
    assert header.split() == columns
    assert row.split()[:8] == ["shown", "nvidia", "hopper", "80Gi", "3", "24", "5", "False"]
    assert "acceleratorclass.ome.io/shown" in control_plane.kubectl("get", "accelerators", "--output=name")
