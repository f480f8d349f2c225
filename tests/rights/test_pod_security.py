"""Every pod that the manifests make, however they are installed: what an API server and NetworkPolicies let it do."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from demo.installation import MANIFESTS, Installation
from sandbox import ApiError, ControlPlane
from tests.manifests.helm import objects

Json = dict[str, Any]

FOLDERS = [MANIFESTS / "base", *sorted(each.parent for each in MANIFESTS.glob("overlays/*/kustomization.yaml"))]
GUARDED = Path(__file__).parents[1] / "manifests/values/guarded.yaml"
RESTRICTED = "restricted"
# A container that stands on a host's network has its ports there.
HOST_NETWORK = re.compile(r"host namespaces \(hostNetwork=true\), hostPort \([^)]*\)")


@pytest.fixture(scope="module")
def plane(berth: Installation) -> ControlPlane:
    """The API server, with a namespace that enforces the restricted Pod Security Standard."""
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    berth.plane.api.send("POST", "/api/v1/namespaces", {"metadata": {"name": RESTRICTED, "labels": labels}})
    return berth.plane


def templates(manifests: list[Json]) -> Iterator[tuple[str, Json]]:
    """Yield the pods of everything that makes pods, by the name of what makes them."""
    for each in manifests:
        if "template" in (each.get("spec") or {}):
            yield each["metadata"]["name"], each["spec"]["template"]


def violations(plane: ControlPlane, name: str, template: Json) -> str:
    """Return what the API server says against a pod of a template; empty where it takes it."""
    pod = {"metadata": {**template["metadata"], "name": name}, "spec": template["spec"]}
    try:
        path = f"/api/v1/namespaces/{RESTRICTED}/pods?dryRun=All&fieldValidation=Strict"
        plane.api.send("POST", path, pod)
    except ApiError as error:
        message: str = json.loads(error.answer)["message"]
        return message.partition('"restricted:latest": ')[2] or message
    return ""


def judged(plane: ControlPlane, manifests: list[Json]) -> None:
    """Raise AssertionError where a pod does what the standard forbids, but for the network of hosts that it names."""
    found = list(templates(manifests))
    assert found
    for name, template in found:
        said = violations(plane, name, template)
        on_host = template["spec"].get("hostNetwork", False)
        assert HOST_NETWORK.fullmatch(said) if on_host else (name, said) == (name, "")


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda each: each.name)
def test_pods_of_every_kustomization_meet_the_restricted_standard(folder: Path, plane: ControlPlane) -> None:
    """Not root, no capabilities, no escalation, seccomp; on a host's network only where another scheduler needs it."""
    judged(plane, list(yaml.safe_load_all(plane.kubectl("kustomize", str(folder)))))


def test_containers_write_to_no_file_system_of_theirs() -> None:
    """The standard does not ask for it."""
    for _, template in templates(objects(GUARDED)):
        for container in template["spec"]["containers"]:
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
            assert all(each["readOnly"] for each in container["volumeMounts"])


def test_a_network_policy_speaks_of_every_port_that_a_container_has() -> None:
    """A port that is forgotten would be closed, and one that is gone would be a hole."""
    manifests = objects(GUARDED)
    policies = [each["spec"] for each in manifests if each["kind"] == "NetworkPolicy"]
    for name, template in templates(manifests):
        ours = [each for each in policies if _selects(each, template) and "Ingress" in each["policyTypes"]]
        opened = {port["port"] for each in ours for rule in each["ingress"] for port in rule["ports"]}
        listening = {port["name"] for each in template["spec"]["containers"] for port in each["ports"]}
        assert (name, opened) == (name, listening)


def _selects(policy: Json, template: Json) -> bool:
    wanted: Json = policy["podSelector"]["matchLabels"]
    return bool(wanted.items() <= template["metadata"]["labels"].items())
