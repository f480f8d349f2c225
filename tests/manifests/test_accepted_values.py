"""What Berth calls valid, the API server accepts in a pod, however odd; what the server refuses, Berth refuses.

Each value is tried in Berth's definitions, in its programs, and in a pod.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from cluster.custom_objects import InvalidObject, accelerator_class, profile
from placement.accelerators import AcceleratorClass
from placement.asking.profiles import Profile
from sandbox import ApiError, ControlPlane

Manifest = dict[str, Any]
Submit = Callable[[Manifest], Manifest]
Refusal = Callable[[Manifest], str]
Parts = dict[str, Any]


def variable(name: str = "A", **source: Any) -> Parts:
    """A container with a variable: of this name, or from this source."""
    return {"env": [{"name": name, "valueFrom": source} if source else {"name": name, "value": "1"}]}


def field(path: str, **more: str) -> Parts:
    """A container with a variable from a field."""
    return variable(fieldRef={"fieldPath": path, **more})


def resource(path: str, **divisor: Any) -> Parts:
    """A container with a variable from a resource."""
    return variable(resourceFieldRef={"resource": path, **divisor})


def secret(name: str, key: str = "token") -> Parts:
    """A container with a variable from a Secret."""
    return variable(secretKeyRef={"name": name, "key": key})


def limit(name: str, amount: Any = "1") -> Parts:
    """A container with one limit."""
    return {"resources": {"limits": {name: amount}}}


def toleration(**fields: Any) -> Parts:
    """A class with one toleration."""
    return {"tolerations": [fields]}


def device(name: str) -> Parts:
    """A class with one resource."""
    return {"resources": [{"name": name}]}


FIELDS = ["metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName"]
FIELDS += ["status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs", "metadata.labels['app']"]
FIELDS += ["metadata.labels['a.b/C_d']", "metadata.annotations['a']", "metadata.annotations['A.b/c']"]

LONGEST_DOMAIN = "a" * 244

ACCEPTED = [
    *map(variable, ["a.b-c", "1A", "~!@#", " ", "A B", "..", "$(X)", '"', "\\"]),
    *map(field, FIELDS),
    field("metadata.name", apiVersion="v1"),
    *(resource(f"{side}.{name}") for side in ("limits", "requests") for name in ("cpu", "memory", "hugepages-2Mi")),
    *(resource("limits.cpu", divisor=unit) for unit in (1, "1", "1m")),
    *(resource("limits.ephemeral-storage", divisor=unit) for unit in ("1k", "1Mi", "1E", "1Ei")),
    secret("hub.a-1", "A_b-c.d"),
    secret("a" * 253, "." + "a" * 252),
    *(limit("cpu", amount) for amount in (0, 2, "0.5", "1500m", "0.0001", ".5", "1e3")),
    *(limit("memory", amount) for amount in ("64Gi", "1500m", "1E")),
    limit("ephemeral-storage", "1.5G"),
    *(limit("nvidia.com/gpu", amount) for amount in (0, 1, "8", "1k", "9223372036854775")),
    *map(limit, ["a/b", "a.b/Gpu_x.y-z", f"{LONGEST_DOMAIN}/{'g' * 63}", "kubernetes.io.example/x"]),
    {"resources": {"limits": {"hugepages-2Mi": "4Mi", "hugepages-1Gi": 0, "cpu": 1}, "requests": {"memory": "1Gi"}}},
    {"resources": {"limits": {"nvidia.com/gpu": 2}, "requests": {"nvidia.com/gpu": "2", "cpu": "1"}}},
]

NO_VARIABLE = "is no name of an environment variable"
NO_FIELD = "is no field that a variable can have"
NO_RESOURCE = "no resource of a container"
PAGES = {"cpu": 1}

REFUSED: list[tuple[Parts, str]] = [
    *((variable(name), NO_VARIABLE) for name in ("BAD=NAME x", "=", "é", "a\tb", "a\n")),
    *((field(path), NO_FIELD) for path in ("metadata.labels", "spec.schedulerName", "status.phase", "")),
    (field("metadata.name "), NO_FIELD),
    (field("metadata.labels['a'] "), NO_FIELD),
    (resource("memory"), "is no resource that a variable can have"),
    (resource("limits.nvidia.com/gpu"), "is no resource that a variable can have"),
    (secret("Hub"), "is no name of an object"),
    (secret("a..b"), "is no name of an object"),
    *((secret("hub", key), "is no key of a ConfigMap or Secret") for key in ("a b", "..", ".", "..a")),
    *((limit(name), NO_RESOURCE) for name in ("gpu", "storage", "requests.x/y", "a..b/gpu", "A.b/gpu", "a.b/-x")),
    *((limit(name), NO_RESOURCE) for name in ("a/b/c", "hugepages", f"a/{'x' * 64}", f"{LONGEST_DOMAIN}a/g")),
    *((limit("nvidia.com/gpu", amount), "whole number") for amount in ("500m", "1500m", "0.5")),
    ({"resources": {"limits": PAGES | {"hugepages-2Mi": "500m"}}}, "whole number"),
    ({"resources": {"limits": {"memory": "1Gi"}, "requests": {"memory": "2Gi"}}}, "a limit of at least the request"),
    ({"resources": {"limits": {"a/b": "1"}, "requests": {"a/b": 2}}}, "a limit of at least the request"),
]

# CEL has no arithmetic for these, or too small a budget.
REFUSED_BY_THE_PROGRAMS: list[tuple[Parts, str]] = [
    *((field(path), NO_FIELD) for path in ("metadata.labels['']", "metadata.labels['A B']", "metadata.labels['a']b']")),
    (resource("limits.cpu", divisor="1Mi"), "is no divisor of limits.cpu: write 1, 1m"),
    (resource("limits.memory", divisor="1024"), "is no divisor of limits.memory"),
    (limit("nvidia.com/gpu", "9" * 30), "whole number"),
    ({"resources": {"limits": PAGES | {"hugepages-2Mi": "3Mi"}}}, "write a multiple of 2Mi"),
    ({"resources": {"limits": PAGES | {"hugepages-0": "3"}}}, "has no size of pages"),
    (limit("hugepages-2Mi", "2Mi"), "write cpu or memory beside them"),
]

ACCEPTED_CLASSES = [
    toleration(key="nvidia.com/gpu"),
    toleration(key="a", value="b_C.d-e", effect="PreferNoSchedule"),
    toleration(key=f"{'a' * 253}/{'b' * 63}", operator="Exists"),
    toleration(key="a", operator="Exists", value="", effect="NoExecute", tolerationSeconds=-5),
    device("a.b/Gpu_x.y-z"),
    device(f"{LONGEST_DOMAIN}/{'g' * 63}"),
]

REFUSED_CLASSES: list[tuple[Parts, str]] = [
    *((toleration(key=key), "is no key of a taint") for key in ("bad key!", "A/b", "a..b/c", "a/", "-a", "x" * 64)),
    (toleration(key=f"{'a' * 254}/b"), "is no key of a taint"),
    (toleration(key="a", value="b c"), "is no value of a label"),
    (toleration(key="a", operator="Exists", value="x"), "with operator Exists"),
    (toleration(key="a", effect="NoSchedule", tolerationSeconds=5), "for effect NoExecute alone"),
    (toleration(key="a", tolerationSeconds=5), "for effect NoExecute alone"),
    (toleration(key="a", effect="Never"), "NoSchedule"),
    (toleration(key="a", operator="exists"), "Exists"),
    (toleration(key="a", operator="Lt", value="5"), "Exists"),
    *((device(name), "extended resource") for name in ("requests.x/y", "a..b/gpu", f"a/{'g' * 64}", "gpu", "a/b/c")),
    (device(f"{LONGEST_DOMAIN}a/g"), "extended resource"),
]

# The server takes these for resources of its own, and for a toleration of everything.
NOT_MEANT: list[tuple[Parts, str]] = [
    (device("kubernetes.io/gpu"), "no extended resource"),
    (device("x.kubernetes.io/gpu"), "no extended resource"),
    (toleration(operator="Exists"), "the key of the taint"),
    (toleration(key="", operator="Exists"), "the key of the taint"),
]


def profile_manifest(container: Parts) -> Manifest:
    """A profile that gives this to a container."""
    configuration = {"selector": {"acceleratorClass": "a"}, **container}
    return {
        "apiVersion": "berth.ome.io/v1alpha1",
        "kind": "AcceleratorProfile",
        "metadata": {"name": "tried"},
        "spec": {"podSelector": {}, "acceleratorConfigurations": [configuration]},
    }


def class_manifest(spec: Parts) -> Manifest:
    """A class with what it needs at least, and this."""
    return {
        "apiVersion": "ome.io/v1beta1",
        "kind": "AcceleratorClass",
        "metadata": {"name": "tried"},
        "spec": {"discovery": {"nodeSelector": {"a": "b"}}, **spec},
    }


def pod_of(container: Parts, tolerations: object = ()) -> Manifest:
    """A pod with what a profile gives, or a class."""
    spec = {"containers": [{"name": "c", "image": "c", **container}], "tolerations": tolerations}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "tried"}, "spec": spec}


def pod_of_class(spec: Parts) -> Manifest:
    """A pod that got this class."""
    amounts = {each["name"]: "1" for each in spec.get("resources", ())}
    return pod_of({"resources": {"limits": amounts}}, spec.get("tolerations"))


def read_profile(manifest: Manifest) -> Profile:
    """Read a profile as the programs do."""
    return profile(json.dumps(manifest).encode())


def read_class(manifest: Manifest) -> AcceleratorClass:
    """Read a class as the programs do."""
    return accelerator_class(json.dumps(manifest).encode())


def create(control_plane: ControlPlane, pod: Manifest) -> None:
    """Let the API server judge a pod."""
    control_plane.api.send("POST", "/api/v1/namespaces/default/pods?dryRun=All", pod)


def problem_of(manifest: Manifest) -> str:
    """Return what the programs say against a profile or class."""
    with pytest.raises(InvalidObject) as refused:
        (read_profile if manifest["kind"] == "AcceleratorProfile" else read_class)(manifest)
    (problem,) = refused.value.problems
    return problem


@pytest.mark.parametrize("container", ACCEPTED, ids=json.dumps)
def test_a_valid_profile_makes_pods_that_the_server_accepts(
    control_plane: ControlPlane, submit: Submit, container: Parts
) -> None:
    """Names and amounts that look odd, and those at the limits of what is allowed."""
    submit(profile_manifest(container))
    read_profile(profile_manifest(container))
    create(control_plane, pod_of(container))


@pytest.mark.parametrize(("container", "sentence"), REFUSED, ids=json.dumps)
def test_a_profile_whose_pods_the_server_would_refuse_is_refused(
    control_plane: ControlPlane, refusal: Refusal, container: Parts, sentence: str
) -> None:
    """Berth's definition and its programs say what to write; the server's refusal would reach the pod's author."""
    assert sentence in refusal(profile_manifest(container))
    assert sentence in problem_of(profile_manifest(container))
    with pytest.raises(ApiError):
        create(control_plane, pod_of(container))


@pytest.mark.parametrize(("container", "sentence"), REFUSED_BY_THE_PROGRAMS, ids=json.dumps)
def test_what_the_definition_cannot_see_is_refused_by_the_programs(
    control_plane: ControlPlane, container: Parts, sentence: str
) -> None:
    """The profile is then not ready, and its condition says why."""
    assert sentence in problem_of(profile_manifest(container))
    with pytest.raises(ApiError):
        create(control_plane, pod_of(container))


@pytest.mark.parametrize("spec", ACCEPTED_CLASSES, ids=json.dumps)
def test_a_valid_class_makes_pods_that_the_server_accepts(
    control_plane: ControlPlane, submit: Submit, spec: Parts
) -> None:
    """Tolerations and resource names at the limits of what is allowed."""
    submit(class_manifest(spec))
    read_class(class_manifest(spec))
    create(control_plane, pod_of_class(spec))


@pytest.mark.parametrize(("spec", "sentence"), REFUSED_CLASSES, ids=json.dumps)
def test_a_class_whose_pods_the_server_would_refuse_is_refused(
    control_plane: ControlPlane, refusal: Refusal, spec: Parts, sentence: str
) -> None:
    """The programs must see it too, because OME's definition of a class has none of these rules."""
    assert sentence in refusal(class_manifest(spec))
    assert sentence in problem_of(class_manifest(spec))
    with pytest.raises(ApiError):
        create(control_plane, pod_of_class(spec))


@pytest.mark.parametrize(("spec", "sentence"), NOT_MEANT, ids=json.dumps)
def test_a_class_that_means_something_else_to_the_server_is_refused(
    refusal: Refusal, spec: Parts, sentence: str
) -> None:
    """Pods would be accepted, and not get what was meant."""
    assert sentence in refusal(class_manifest(spec))
    assert sentence in problem_of(class_manifest(spec))


@pytest.mark.parametrize(
    ("variable", "sentence"),
    [
        ({"value": "b", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}, "both value and valueFrom"),
        ({"valueFrom": {}}, "exactly one of fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, not none"),
        (
            {"valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}, "secretKeyRef": {"name": "a", "key": "b"}}},
            "not fieldRef, secretKeyRef",
        ),
        ({"valueFrom": {"fileKeyRef": {"volumeName": "v", "path": "p", "key": "k"}}}, "not fileKeyRef"),
        ({"valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName", "apiVersion": "v2"}}}, "should be 'v1'"),
    ],
    ids=json.dumps,
)
def test_a_variable_has_one_value(
    control_plane: ControlPlane, refusal: Refusal, variable: Parts, sentence: str
) -> None:
    """A value or one source that every pod can have."""
    container = {"env": [{"name": "A", **variable}]}
    assert refusal(profile_manifest(container))
    assert sentence in problem_of(profile_manifest(container))
    with pytest.raises(ApiError):
        create(control_plane, pod_of(container))
