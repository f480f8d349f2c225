"""The AcceleratorClasses of the founding document against the real API server."""

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from sandbox import ControlPlane, KubectlError

GTE = (
    ".operator: Invalid value: Gte is no operator of Kubernetes: "
    "write Gt with the value one less (Gt 32767 means at least 32768)"
)
NO_INTEGER = (
    ".values: Invalid value: Gt and Lt take exactly one integer without a unit, not {}: "
    "nvidia.com/gpu.memory counts MiB, where 24Gi is 24576 (24 * 1024)"
)
FIRST = "spec.discovery.nodeSelectorTerms[0].matchExpressions[0]"
SECOND = "spec.discovery.nodeSelectorTerms[0].matchExpressions[1]"

HELP = {
    "gpu-nvidia-a100": ["spec.discovery is missing: write spec.discovery.nodeSelector instead of spec.nodeSelector"],
    "small-gpu": [FIRST + NO_INTEGER.format("24Gi")],
    "medium-gpu": [FIRST + GTE, FIRST + NO_INTEGER.format("32Gi"), SECOND + NO_INTEGER.format("80Gi")],
    "large-gpu": [FIRST + GTE, FIRST + NO_INTEGER.format("80Gi")],
}

Manifest = dict[str, Any]
Submit = Callable[[Manifest], Manifest]


def classes_of(objects: list[Manifest]) -> list[Manifest]:
    """The AcceleratorClasses among objects."""
    return [each for each in objects if each["kind"] == "AcceleratorClass"]


def test_the_document_has_nine_classes(proposal: list[Manifest]) -> None:
    """All of its classes are found, also those inside the ConfigMap."""
    assert [each["metadata"]["name"] for each in classes_of(proposal)] == [
        "gpu-nvidia-a100",
        "nvidia-h100-80gb",
        "nvidia-a100-40gb",
        "nvidia-h100-80gb",
        "amd-mi250x",
        "intel-max-1550",
        "small-gpu",
        "medium-gpu",
        "large-gpu",
    ]


def test_its_possible_classes_are_accepted_whole(proposal: list[Manifest], control_plane: ControlPlane) -> None:
    """Each class that a node can meet is applied by kubectl, and the API server keeps every field of it."""
    for manifest in classes_of(proposal):
        if manifest["metadata"]["name"] in HELP:
            continue
        control_plane.kubectl("apply", "--validate=strict", "-f", "-", stdin=yaml.safe_dump(manifest))
        stored = control_plane.get_json("acceleratorclass", manifest["metadata"]["name"])
        assert stored["spec"] == {"capabilities": {}} | manifest["spec"]


@pytest.mark.parametrize("name", HELP)
def test_its_impossible_classes_are_refused_with_help(
    name: str, proposal: list[Manifest], control_plane: ControlPlane
) -> None:
    """The author of a class that no node can meet reads what to write instead."""
    manifest = next(each for each in classes_of(proposal) if each["metadata"]["name"] == name)
    with pytest.raises(KubectlError) as refused:
        control_plane.kubectl("apply", "-f", "-", stdin=yaml.safe_dump(manifest))
    told = refused.value.stderr.replace('Invalid value: "object": ', "Invalid value: ")  # As older releases have it.
    for sentence in HELP[name]:
        assert sentence in told


def test_what_the_runtimes_of_its_stories_say_is_a_profile(proposal: list[Manifest], submit: Submit) -> None:
    """Requirements and configurations of the ServingRuntimes fit into an AcceleratorProfile as they stand."""
    fields = ("acceleratorRequirements", "acceleratorConfigurations")
    runtimes = [each for each in proposal if each["kind"] == "ServingRuntime" and fields[1] in each["spec"]]
    assert len(runtimes) == 3
    for runtime in runtimes:
        said = {field: runtime["spec"][field] for field in fields if field in runtime["spec"]}
        profile = {
            "apiVersion": "berth.ome.io/v1alpha1",
            "kind": "AcceleratorProfile",
            "metadata": {"name": runtime["metadata"]["name"]},
            "spec": {"podSelector": {}, **said},
        }
        assert submit(profile)["spec"].items() >= said.items()
