"""The eight user stories of the founding proposal, each as its pods are stored by a real API server."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from demo.installation import Installation
from placement.keys import MODEL_SIZE, REQUESTED_CLASS
from tests.ome.stories import stories
from tests.webhook.hardware import A100_40, A100_80, GPU, H100, H200, PRODUCT, T4, cpu_nodes
from tests.webhook.ome_pods import ome_pod
from tests.webhook.real import Created, admitting, create

Json = dict[str, Any]
KINDS = (A100_40, A100_80, H100, H200, T4)
ZONE = "topology.kubernetes.io/zone"
FLAVOR = "gpu-nvidia-a100"
FLAVOR_PRODUCT = "A100-SXM4-40GB"

# A class as the controller makes it from Carol's ResourceFlavor.
OF_FLAVOR = {
    "apiVersion": "ome.io/v1beta1",
    "kind": "AcceleratorClass",
    "metadata": {
        "name": FLAVOR,
        "labels": {"ome.io/auto-discovered": "true"},
        "annotations": {"ome.io/kueue-resource-flavor": FLAVOR},
    },
    "spec": {
        "discovery": {"nodeSelector": {PRODUCT: FLAVOR_PRODUCT}},
        "capabilities": {"memoryGB": 40, "computeCapability": "8.0"},
        "resources": [{"name": GPU}],
    },
}


@pytest.fixture(scope="module")
def berth() -> Iterator[Installation]:
    """Berth beside OME's definitions, with the stories' objects, hardware and classes."""
    nodes = [each for kind in KINDS for each in kind.nodes(8)]
    nodes += H100.nodes(1, labels={ZONE: "us-west-2a", "compliance": "pci"})
    nodes += cpu_nodes(1, {"node-type": "cpu-only", "instance-type": "spot"})
    nodes += replace(A100_40, name="flavored", product=FLAVOR_PRODUCT).nodes(1)
    with admitting(KINDS, nodes, OF_FLAVOR, with_ome=True) as installation:
        yield installation


def _stored(berth: Installation, pod: Json, **annotations: str) -> Created:
    pod["metadata"]["annotations"] |= annotations
    return create(berth.plane, pod)


def _configured(runtime: str, accelerator_class: str) -> tuple[dict[str, str], list[str]]:
    """Return the variables and arguments that a runtime of the stories gives on a class."""
    listed = stories()["ServingRuntime", runtime]["spec"]["acceleratorConfigurations"]
    found: Json = next((each for each in listed if each["selector"]["acceleratorClass"] == accelerator_class), {})
    env = {each["name"]: each["value"] for each in found.get("env", [])}
    return env, found.get("runner", {}).get("args", [])


def _runner(service: str) -> Json:
    """Return what the author of a service wrote of its engine's container, as OME merges it into the pod."""
    content: Json = stories()["InferenceService", service]["spec"]["engine"]["runner"]
    return content


def test_story_1_an_ml_practitioner_names_nothing(berth: Installation) -> None:
    """Alice names a runtime and no GPU: her model gets the GPU that is worth its price, and its settings."""
    alice = _stored(berth, ome_pod("llama-7b", runtime="sglang-universal", model="llama-7b"))

    env, args = _configured("sglang-universal", A100_40.name)
    assert alice.chosen == A100_40.name
    assert alice.decision["why"].startswith("best of 4 classes that fit")
    assert alice.spec["nodeSelector"] == {PRODUCT: A100_40.product}
    assert {"key": GPU, "operator": "Exists", "effect": "NoSchedule"} in alice.spec["tolerations"]
    assert alice.gpus == 1
    assert alice.engine["args"] == args
    assert env.items() <= alice.env.items()
    assert alice.reasons[T4.name] == "has compute capability 7.5, 8.0 needed"


def test_story_2_a_platform_engineer_writes_one_runtime_for_all_gpus(berth: Installation) -> None:
    """Bob's one runtime gives each GPU its own settings, and works on GPUs that it says nothing of."""
    got = {}
    for kind in (A100_40, A100_80, H100, H200):
        pod = ome_pod("bob", runtime="sglang-universal")
        got[kind.name] = _stored(berth, pod, **{REQUESTED_CLASS: kind.name})

    for kind in (A100_40, A100_80, H100, H200):
        env, args = _configured("sglang-universal", kind.name)
        found = got[kind.name]
        assert found.spec["nodeSelector"] == {PRODUCT: kind.product}
        assert found.engine.get("args", []) == args
        assert {name: found.env.get(name) for name in env} == env
    assert "ENABLE_FP8" not in got[A100_40.name].env
    assert "MAX_MODEL_LEN" not in got[A100_80.name].env


def test_story_3_a_kueue_user_keeps_her_flavors(berth: Installation) -> None:
    """Carol's pod is pinned to the class of her flavor in words that never contradict what Kueue will write."""
    pod = ome_pod("carol", container={"resources": {"limits": {GPU: "2"}}})
    pod["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] = "team"

    carol = _stored(berth, pod, **{REQUESTED_CLASS: FLAVOR})

    required = carol.spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert carol.chosen == FLAVOR
    assert required["nodeSelectorTerms"] == [
        {"matchExpressions": [{"key": PRODUCT, "operator": "In", "values": [FLAVOR_PRODUCT]}]}
    ]
    assert "nodeSelector" not in carol.spec
    assert carol.gpus == 2


def test_story_4_complex_node_selection(berth: Installation) -> None:
    """Dave's zone and compliance labels stand beside the class's: all three hold."""
    selector = stories()["InferenceService", "llama-70b"]["spec"]["engine"]["nodeSelector"]

    dave = _stored(berth, ome_pod("llama-70b", runtime="sglang-universal", model="llama-70b", nodeSelector=selector))

    assert dave.spec["nodeSelector"] == {PRODUCT: H100.product, ZONE: "us-west-2a", "compliance": "pci"}
    assert dave.decision["why"] == "preferred class 1 of 1"
    assert dave.reasons[H200.name] == "none of its nodes meets the pod's own node selection"
    assert dave.engine["args"] == _configured("sglang-universal", H100.name)[1]


def test_story_5_the_router_stays_on_cheap_nodes(berth: Installation) -> None:
    """Emma's router is left exactly as it was rendered; her engine gets its GPU."""
    router = stories()["InferenceService", "llama-7b-with-router"]["spec"]["router"]
    container = {"image": "docker.io/lmsysorg/sglang-router:v0.3.2", "resources": router["resources"]}
    rendered = ome_pod("llama-7b-with-router", "router", runtime="sglang-universal", container=container)
    rendered["spec"]["nodeSelector"] = router["nodeSelector"]

    of_router = _stored(berth, rendered)
    of_engine = _stored(berth, ome_pod("llama-7b-with-router", runtime="sglang-universal"))

    assert of_router.chosen == ""
    assert of_router.spec["nodeSelector"] == router["nodeSelector"]
    assert of_router.engine["resources"] == router["resources"]
    assert of_router.spec["schedulerName"] == "default-scheduler"
    assert of_engine.chosen == A100_40.name
    assert of_engine.engine["resources"]["limits"] == {GPU: "1"}
    assert of_engine.spec["nodeSelector"] == {PRODUCT: A100_40.product}


def test_story_6_cost_optimized_serving(berth: Installation) -> None:
    """Frank's 13B model runs on the cheap GPU within his threshold, a large one where it needs to."""
    runtime = "sglang-cost-optimized"
    pod = ome_pod("cost-sensitive-deployment", runtime=runtime, model="llama-13b")
    small = _stored(berth, pod, **{MODEL_SIZE: "13B"})
    large = _stored(berth, ome_pod("frank", runtime=runtime, model="llama-3-3-70b-instruct"))

    assert small.chosen == A100_40.name
    assert _configured(runtime, A100_40.name)[0].items() <= small.env.items()
    assert small.reasons[H100.name] == "costs 2.1 USD/h, at most 0.5 allowed"
    assert small.decision["notes"] == [
        "requestSize <2048 is not known when a pod is created",
        "requestSize >4096 is not known when a pod is created",
    ]
    assert large.chosen == H100.name
    assert _configured(runtime, H100.name)[0].items() <= large.env.items()


def test_story_7_each_gpu_does_all_it_can(berth: Installation) -> None:
    """Grace's engine gets quantization, speculation and kernels as each GPU has them, without entries of the others."""
    runtime = "sglang-performance-optimized"
    got = {
        kind.name: _stored(berth, ome_pod("grace", runtime=runtime), **{REQUESTED_CLASS: kind.name})
        for kind in (A100_40, H100, H200)
    }

    for name, found in got.items():
        env, args = _configured(runtime, name)
        assert found.engine["args"] == args
        assert {key: text for key, text in found.env.items() if key not in _of_ome()} == env


def _of_ome() -> set[str]:
    return {each["name"] for each in ome_pod("any")["spec"]["containers"][0]["env"]}


def test_story_8_scenario_1_a_command_of_his_own_gets_no_arguments(berth: Installation) -> None:
    """Henry wrote the whole command: it stays to the letter, while node and variables are still chosen for him."""
    command = _runner("custom-command-deployment")["command"]
    pod = ome_pod(
        "custom-command-deployment",
        runtime="sglang-performance-optimized",
        container={"command": command, "resources": {"limits": {GPU: "8"}}},
    )

    henry = _stored(berth, pod)

    assert henry.chosen == H100.name
    assert henry.engine["command"] == command
    assert "args" not in henry.engine
    assert henry.env["QUANTIZATION_METHOD"] == "fp8"
    assert henry.gpus == 8
    assert henry.warnings == []


def test_story_8_scenario_2_arguments_are_appended_to_his(berth: Installation) -> None:
    """The result is the list that the proposal prints, in its order."""
    args = _runner("args-merge-deployment")["args"]
    pod = ome_pod("args-merge-deployment", runtime="sglang-performance-optimized", container={"args": args})

    henry = _stored(berth, pod)

    assert henry.engine["args"] == [
        "--host=0.0.0.0",
        "--port=8080",
        "--model-path=${MODEL_PATH}",
        "--tp-size=8",
        "--trust-remote-code",
        "--enable-prefix-caching",
        "--enable-cuda-graph",
        "--enable-chunked-prefill",
        "--num-speculative-tokens=5",
        "--spec-decoding-acceptance-method=typical",
    ]


def test_story_8_scenario_3_his_variables_win(berth: Installation) -> None:
    """His values stay and the class adds the rest; what the proposal expects is of this runtime."""
    env = _runner("env-merge-deployment")["env"]
    pod = ome_pod("env-merge-deployment", runtime="sglang-universal")
    pod["spec"]["containers"][0]["env"] += env

    henry = _stored(berth, pod)

    expected = {"CUSTOM_SETTING": "user-value", "ENABLE_FP8": "true", "GPU_MEMORY_UTILIZATION": "0.95"}
    assert henry.env["TENSOR_PARALLEL_SIZE"] == "4"
    assert expected.items() <= henry.env.items()
    assert [each["name"] for each in henry.engine["env"]].count("TENSOR_PARALLEL_SIZE") == 1
