"""The webhook as the real API server calls it: shipped manifests, shipped commands, their own rights."""

import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.request import urlopen

import pytest

from demo.installation import MANIFESTS, Installation
from demo.stage import engine_pod
from placement.keys import CHOSEN_CLASS, DECISION, INJECTION, PLACEMENT
from sandbox import ApiError, ControlPlane, load_nodes
from sandbox.command_lines import MUTATING_POLICIES

Json = dict[str, Any]
PODS = "/api/v1/namespaces/{}/pods"

# Changes each pod before the webhook, and once more after it: then the API server asks the webhook again.
LATER_CHANGE = """
apiVersion: admissionregistration.k8s.io/v1beta1
kind: MutatingAdmissionPolicy
metadata: {name: later}
spec:
  failurePolicy: Fail
  reinvocationPolicy: IfNeeded
  matchConstraints:
    resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]
  matchConditions:
    - {name: here, expression: "request.namespace == 'again'"}
  variables:
    - name: labelled
      expression: has(object.metadata.labels) && 'berth.ome.io/accelerator-class' in object.metadata.labels
  mutations:
    - patchType: ApplyConfiguration
      applyConfiguration:
        expression: 'Object{metadata: Object.metadata{annotations: {"seen": variables.labelled ? "after" : "before"}}}'
---
apiVersion: admissionregistration.k8s.io/v1beta1
kind: MutatingAdmissionPolicyBinding
metadata: {name: later}
spec: {policyName: later}
"""
PROFILE = """
apiVersion: berth.ome.io/v1alpha1
kind: AcceleratorProfile
metadata: {name: chat}
spec:
  podSelector: {matchLabels: {app: chat}}
  namespaceSelector: {matchLabels: {berth.ome.io/injection: enforce}}
  acceleratorRequirements:
    requiredCapabilities: {memoryGB: 40}
    preferredClasses: [amd-mi300x]
  acceleratorConfigurations:
    - selector: {acceleratorClass: amd-mi300x}
      env: [{name: HIP_FORCE_DEV_KERNARG, value: "1"}]
      resources: {limits: {amd.com/gpu: 2}}
      runner: {args: [--tensor-parallel-size=2]}
"""


@pytest.fixture(scope="module")
def berth() -> Iterator[Installation]:
    """Berth's admission side on a control plane with fake nodes and the example classes."""
    with ControlPlane(kwok=False, apiserver_flags=MUTATING_POLICIES) as plane:
        plane.add_nodes(load_nodes())
        installation = Installation(plane)
        installation.apply()
        plane.apply(MANIFESTS / "examples" / "classes.yaml")
        installation.start_controller()
        installation.start_webhook()
        for namespace, mode in (("ml", "enforce"), ("again", "enforce"), ("told", "warn"), ("plain", None)):
            labels = {INJECTION: mode} if mode else {}
            plane.api.send("POST", "/api/v1/namespaces", {"metadata": {"name": namespace, "labels": labels}})
        yield installation


def _create(berth: Installation, namespace: str, pod: Json, query: str = "") -> Json:
    return berth.plane.api.send("POST", PODS.format(namespace) + query, pod)


def _requests(berth: Installation) -> float:
    with urlopen(f"{berth.url('webhook', 'health')}/metrics", timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith("berth_webhook_requests_total{"))


def test_the_webhook_is_not_called_without_the_namespaces_label(berth: Installation) -> None:
    """Not called at all: no time is lost, nothing can go wrong."""
    before = _requests(berth)
    pod = _create(berth, "plain", engine_pod("a", accelerator_class="nvidia-l4"))

    assert "nodeSelector" not in pod["spec"]
    assert _requests(berth) == before


def test_a_bare_pod_with_generate_name_gets_everything(berth: Installation) -> None:
    """Missing parents are made; name and namespace, empty at admission, do not matter."""
    bare = {
        "metadata": {"generateName": "llm-", "annotations": {"ome.io/accelerator-class": "nvidia-l4"}},
        "spec": {"containers": [{"name": "engine", "image": "vllm/vllm-openai:v0.33.0"}]},
    }
    pod = _create(berth, "ml", bare)

    assert pod["metadata"]["name"].startswith("llm-")
    assert pod["metadata"]["labels"] == {CHOSEN_CLASS: "nvidia-l4"}
    assert pod["spec"]["nodeSelector"] == {"nvidia.com/gpu.product": "NVIDIA-L4"}
    assert pod["spec"]["containers"][0]["resources"]["requests"] == {"nvidia.com/gpu": "1"}
    assert pod["spec"]["schedulerName"] == "berth-scheduler"


def test_a_dry_run_is_answered_like_the_real_thing_and_leaves_nothing(berth: Installation) -> None:
    """`kubectl apply --dry-run=server` shows what would be injected."""
    pod = _create(berth, "ml", engine_pod("dry", accelerator_class="nvidia-l4"), "?dryRun=All")

    assert pod["spec"]["nodeSelector"] == {"nvidia.com/gpu.product": "NVIDIA-L4"}
    with pytest.raises(ApiError, match="404"):
        berth.plane.api.get(PODS.format("ml") + "/dry")


def test_a_later_change_makes_the_api_server_ask_again_and_nothing_is_injected_twice(berth: Installation) -> None:
    """Reinvocation finds its own work and answers without a patch."""
    berth.plane.apply(LATER_CHANGE)
    berth.plane.wait(lambda: _is_changed_later(berth), 20, "the later change is in force")
    before = _requests(berth)

    pod = _create(berth, "again", engine_pod("twice", accelerator_class="nvidia-l4"))

    assert _requests(berth) == before + 2
    assert pod["metadata"]["annotations"]["seen"] == "after"
    assert json.loads(pod["metadata"]["annotations"][DECISION])["injected"]["nodeSelector"]
    assert [each.get("key") for each in pod["spec"]["tolerations"]].count("nvidia.com/gpu") == 1


def _is_changed_later(berth: Installation) -> bool:
    pod = _create(berth, "again", engine_pod("probe", accelerator_class="nvidia-l4"), "?dryRun=All")
    return bool(pod["metadata"]["annotations"].get("seen") == "after")


def test_a_profile_chooses_and_configures(berth: Installation) -> None:
    """Env, args and resources of the chosen class arrive in the container."""
    berth.plane.apply(PROFILE)
    chat = engine_pod("chat", labels={"app": "chat"})

    def is_seen() -> bool:
        return DECISION in _create(berth, "ml", chat, "?dryRun=All")["metadata"].get("annotations", {})

    berth.plane.wait(is_seen, 10, "the webhook has seen the profile")
    pod = _create(berth, "ml", chat)

    engine = pod["spec"]["containers"][0]
    assert json.loads(pod["metadata"]["annotations"][DECISION])["why"] == "preferred class 1 of 1"
    assert engine["env"] == [{"name": "HIP_FORCE_DEV_KERNARG", "value": "1"}]
    assert engine["args"][-1] == "--tensor-parallel-size=2"
    assert engine["resources"]["limits"]["amd.com/gpu"] == engine["resources"]["requests"]["amd.com/gpu"] == "2"


def test_keys_that_only_berth_writes_are_stripped_from_what_comes_in(berth: Installation) -> None:
    """Nobody brings a placement along."""
    forged = engine_pod("forged")
    forged["metadata"] |= {
        "annotations": {PLACEMENT: "{}", DECISION: "{}"},
        "labels": {CHOSEN_CLASS: "x", "app": "web"},
    }

    metadata = _create(berth, "ml", forged)["metadata"]

    assert metadata["labels"] == {"app": "web"}
    assert "annotations" not in metadata


def test_required_affinity_is_anded_and_accepted(berth: Installation) -> None:
    """A patch below existing parents applies on the real API server."""
    pod = engine_pod("queued", accelerator_class="nvidia-h100-80gb", labels={"kueue.x-k8s.io/queue-name": "q"})
    zone = {"key": "topology.kubernetes.io/zone", "operator": "Exists"}
    required = {"nodeSelectorTerms": [{"matchExpressions": [zone]}]}
    pod["spec"]["affinity"] = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}

    created = _create(berth, "ml", pod)["spec"]

    (term,) = created["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    assert term["matchExpressions"] == [
        zone,
        {"key": "nvidia.com/gpu.product", "operator": "In", "values": ["NVIDIA-H100-80GB-HBM3"]},
    ]
    assert "nodeSelector" not in created


def test_warn_tells_and_changes_nothing(berth: Installation) -> None:
    """A namespace can be watched before it is enforced."""
    pod = _create(berth, "told", engine_pod("a", accelerator_class="nvidia-l4"))

    assert "nodeSelector" not in pod["spec"]
    assert DECISION not in pod["metadata"]["annotations"]


def test_a_thousand_small_wrongs_never_block_a_pod(berth: Installation) -> None:
    """Unknown class, unknown profile, unknown container: admitted, each with its warning."""
    wrongs = (
        {"ome.io/accelerator-class": "no-such"},
        {"berth.ome.io/profile": "no-such"},
        {"ome.io/accelerator-class": ""},
    )
    for number, annotations in enumerate(wrongs):
        pod = engine_pod(f"wrong-{number}")
        pod["metadata"]["annotations"] = annotations

        assert _create(berth, "ml", pod)["spec"]["schedulerName"] == "default-scheduler"


def test_pods_are_created_while_the_webhook_is_away(berth: Installation) -> None:
    """Fail open: the pod comes unchanged, at once."""
    berth.kill("webhook")
    began = time.monotonic()
    pod = _create(berth, "ml", engine_pod("alone", accelerator_class="nvidia-l4"))

    assert "nodeSelector" not in pod["spec"]
    assert time.monotonic() - began < 5
    berth.start_webhook()
    assert "nodeSelector" in _create(berth, "ml", engine_pod("back", accelerator_class="nvidia-l4"))["spec"]
