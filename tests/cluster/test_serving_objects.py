import json
from typing import Any

import pytest

from cluster.serving_objects import base_model
from placement.accelerators import Figure
from placement.asking.class_requirements import ANY_CLASS, ClassRequirements
from placement.asking.configurations import Configuration
from placement.asking.layers import Layer
from placement.asking.preferences import Preference, size_range
from placement.asking.serving import BaseModel, Component, Runtime, ServingObjects, Written
from placement.asking.strategies import Strategy
from placement.pods import EnvVar, Pod
from tests.cluster.serving import GOOD, judged, layer_of, runtime_of, service_of
from tests.ome.stories import stories

A100, H100, H200 = "nvidia-a100-40gb", "nvidia-h100-80gb", "nvidia-h200-96gb"


def told(kind: str, name: str) -> Any:
    """Return the value of an object of the stories."""
    found = judged(stories()[kind, name])
    assert found.problems == ()
    return found.value


@pytest.mark.parametrize("key", stories(), ids=" ".join)
def test_every_object_of_the_stories_is_understood(key: tuple[str, str]) -> None:
    """Both dialects are read as their documents write them, without a word that anything is wrong."""
    found = judged(stories()[key])

    assert found.problems == ()
    assert found.value is not None


def test_the_runtime_for_every_gpu_is_read_whole() -> None:
    """Story 2: what a class must be, and what a pod gets on each."""
    read = told("ServingRuntime", "sglang-universal")

    source = "ServingRuntime ml/sglang-universal"
    assert read.layer.source == source
    assert read.layer.requirements == ClassRequirements(compute_capability=(8, 0), features=frozenset({"tensor-cores"}))
    ((on_a100, on_h100),) = read.layer.configurations
    assert on_a100 == Configuration(
        A100,
        (
            EnvVar("TENSOR_PARALLEL_SIZE", "2"),
            EnvVar("GPU_MEMORY_UTILIZATION", "0.90"),
            EnvVar("MAX_MODEL_LEN", "16384"),
        ),
        ("--enable-prefix-caching",),
    )
    assert on_h100.args == ("--enable-prefix-caching", "--enable-chunked-prefill", "--speculative-model=llama-68m")


def test_conditions_that_stand_each_in_a_map_of_its_own_hold_together() -> None:
    """Story 6: a preference has one list of conditions, as the proposal writes it."""
    assert told("ServingRuntime", "sglang-cost-optimized").layer.preferences == (
        Preference(A100, 100, (size_range("<30B"),), ("requestSize <2048",)),
        Preference(H100, 100, (size_range(">70B"),), ("requestSize >4096",)),
    )


def test_a_service_may_put_a_strategy_and_a_price_into_its_selector() -> None:
    """Story 6: the annotations under acceleratorSelector count as if they stood on the pod."""
    layer = told("InferenceService", "cost-sensitive-deployment").layer

    assert layer.strategy is Strategy.COST
    assert layer.requirements == ClassRequirements(max_usd_per_hour=0.5)


def test_a_service_configures_its_engine_alone() -> None:
    """Story 5: what stands under the engine is no concern of decoder and router."""
    service = told("InferenceService", "llama-7b-with-router")

    configuration = Configuration(A100, limits={"nvidia.com/gpu": "1"})
    assert service.layer.preferred == (A100,)
    assert service.components == {
        "engine": Component(Layer("InferenceService ml/llama-7b-with-router", configurations=((configuration,),)))
    }
    assert (service.runtime, service.model) == ("sglang-universal", "llama-7b")


def test_what_the_author_of_a_service_wrote_is_kept() -> None:
    """Story 8: the user's command, arguments and variables, of the container that OME gives its name."""
    names = ("custom-command-deployment", "args-merge-deployment", "env-merge-deployment")
    ((command,), (args,), (env,)) = (told("InferenceService", name).components["engine"].written for name in names)

    assert command.container == "ome-container"
    assert command.command[:2] == ("sh", "-c")
    assert ("--tp-size=8",) in args.flags
    assert env == Written("ome-container", env={"TENSOR_PARALLEL_SIZE": "4", "CUSTOM_SETTING": "user-value"})


def test_a_runtime_in_omes_words_is_read_whole() -> None:
    """Classes in their order, least amounts at the precision that is preferred, and what each class overrides."""
    read = told("ClusterServingRuntime", "srt-llama")

    source = "ClusterServingRuntime srt-llama"
    assert read == Runtime(
        "srt-llama",
        "",
        Layer(
            source,
            ClassRequirements(
                frozenset({H100, A100}),
                memory_gib=40,
                compute_capability=(8, 0),
                features=frozenset({"tensor-cores"}),
                figures={Figure.FP16: 300},
            ),
            listed=(H100, A100),
            precision=Figure.FP16,
            configurations=(
                (
                    Configuration(
                        A100,
                        (EnvVar("NCCL_DEBUG", "WARN"), EnvVar("SGLANG_SET_CPU_AFFINITY", "1")),
                        ("--mem-fraction-static=0.85", "--tensor-parallel-size=4"),
                        model_format="safetensors",
                    ),
                    Configuration(
                        H100,
                        args=("--quantization=fp8", "--tensor-parallel-size=2", "--pipeline-parallel-size=1"),
                        model_format="safetensors",
                    ),
                ),
            ),
        ),
        (),
        read.components,
    )
    (engine,) = read.components["engine"].written
    assert ("--tp-size", "4") in engine.flags
    assert engine.env == {"NCCL_DEBUG": "INFO"}


def test_a_service_in_omes_words_is_read_whole() -> None:
    """The constraints of the service, and those of one component beside them."""
    read = told("InferenceService", "llama-70b-landed")

    source = "InferenceService ml/llama-70b-landed"
    assert read.layer == Layer(
        source,
        ClassRequirements(
            excluded=frozenset({H200}),
            memory_gib=40,
            families=frozenset({"nvidia-hopper", "ampere"}),
            max_memory_gib=80,
        ),
        strategy=Strategy.FIT,
        precision=Figure.FP8,
    )
    assert read.components == {
        "decoder": Component(Layer(source, ClassRequirements(compute_capability=(9, 0)), explicit=H100))
    }


def test_a_model_tells_its_size_and_its_hub() -> None:
    """The id at the hub is that of the address without its revision; a model elsewhere has none."""
    assert told("ClusterBaseModel", "llama-3-3-70b-instruct") == BaseModel(
        "llama-3-3-70b-instruct", "", 70.6, "safetensors", "meta-llama/Llama-3.3-70B-Instruct"
    )
    assert told("BaseModel", "llama-7b") == BaseModel("llama-7b", "ml", 6.74, "safetensors")

    spec = {"storage": {"storageUri": "hf://org/name@main"}, "modelParameterSize": "500M"}
    pinned = base_model(json.dumps({"metadata": {"name": "m"}, "spec": spec}).encode())
    assert pinned.value == BaseModel("m", "", 0.5, "", "org/name")


def test_words_of_both_dialects_hold_together() -> None:
    """Of two lists of classes the common ones will do, of two minimums the larger."""
    requirements = {
        "supportedClasses": ["b", "a"],
        "acceleratorClasses": ["a", "c"],
        "minMemory": 40,
        "requiredCapabilities": {"memoryGB": "80Gi"},
    }
    layer = layer_of(runtime_of(acceleratorRequirements=requirements))

    assert layer.requirements == ClassRequirements(frozenset({"a"}), memory_gib=80)
    assert layer.listed == ("b", "a")


def test_an_empty_list_rules_nothing_out() -> None:
    """Go writes an empty list where nobody wrote one."""
    requirements: dict[str, Any] = {"supportedClasses": [], "acceleratorClasses": None, "architectureFamilies": []}

    assert layer_of(runtime_of(acceleratorRequirements=requirements)).requirements == ANY_CLASS


@pytest.mark.parametrize(
    ("selector", "strategy"),
    [
        ({"strategy": "performance"}, Strategy.PERFORMANCE),
        ({"policy": "FirstAvailable"}, Strategy.ORDER),
        ({"strategy": "balanced", "policy": "Cheapest"}, Strategy.COST),
        ({"strategy": "cost", "annotations": {"ome.io/selection-strategy": "performance"}}, Strategy.PERFORMANCE),
        ({}, None),
    ],
)
def test_a_strategy_is_read_from_wherever_it_stands(selector: dict[str, Any], strategy: Strategy | None) -> None:
    """A policy comes before a strategy, which the proposal's definition fills in by itself; annotations come first."""
    assert layer_of(service_of(acceleratorSelector=selector)).strategy is strategy


def test_an_explicit_class_and_node_labels_are_read() -> None:
    """A class by its field or by the annotation under the selector, and labels that the nodes must have beside it."""
    selector = {"acceleratorClass": "a", "nodeSelector": {"zone": "z"}}
    annotated = selector | {"annotations": {"ome.io/accelerator-class": "b"}}

    assert layer_of(service_of(acceleratorSelector=selector)).explicit == "a"
    assert layer_of(service_of(acceleratorSelector=selector)).node_labels == {"zone": "z"}
    assert layer_of(service_of(acceleratorSelector=annotated)).explicit == "b"
    assert layer_of(service_of(acceleratorSelector={"acceleratorClass": ""})).explicit is None


def test_what_a_runtime_wrote_is_kept_for_each_container() -> None:
    """Of pods that are alike, of leaders and of workers; a variable from a reference has no value to compare with."""
    secret = {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "hub", "key": "token"}}}
    found = runtime_of(
        containers=[{"name": "proxy", "args": ["--port=1"]}, {"name": "silent", "image": "i"}],
        engineConfig={
            "leader": {"runner": {"args": ["--nnodes=2"], "env": [{"name": "A", "value": "1"}, {"name": "B"}, secret]}},
            "worker": {"runner": {"name": "w", "command": ["vllm", "serve"]}},
        },
    ).value

    assert found
    assert found.written == (Written("proxy", args=("--port=1",)),)
    assert found.components["engine"].written == (
        Written("ome-container", args=("--nnodes=2",), env={"A": "1", "B": ""}),
        Written("w", ("vllm", "serve")),
    )


def test_a_disabled_runtime_still_describes_its_pods() -> None:
    """Disabling it keeps OME from choosing it for others, and the pods that run by it stay as they are."""
    assert layer_of(runtime_of(disabled=True, acceleratorRequirements={"minMemory": 24})).requirements.memory_gib == 24


def pod(component: str) -> Pod:
    """Return a pod of the InferenceService."""
    return Pod("ml", labels={"ome.io/inferenceservice": "s", "component": component})


def test_a_pod_is_judged_by_what_the_runtime_says_of_its_component() -> None:
    """Engine and decoder of one runtime may differ; a router gets neither's; a pod of nobody counts as an engine."""
    found = runtime_of(
        acceleratorConfigurations=[GOOD],
        engineConfig={"runner": {"args": ["--tp=2"]}, "acceleratorConfigurations": [GOOD]},
        decoderConfig={"runner": {"args": ["--tp=4"]}},
    )
    service = service_of(runtime={"name": "r"})
    assert found.value
    assert service.value
    objects = ServingObjects({("ml", "r"): found.value}, {("ml", "s"): service.value})

    engine, decoder, router = (objects.behind(pod(each)).runtime for each in ("engine", "decoder", "router"))
    named = objects.behind(Pod("ml", labels={"component": "x"}, annotations={"ome.io/serving-runtime": "r"})).runtime

    assert engine
    assert decoder
    assert router
    assert [each.args for each in (*engine.written, *decoder.written)] == [("--tp=2",), ("--tp=4",)]
    assert router.written == ()
    assert (len(engine.layer.configurations), len(decoder.layer.configurations)) == (2, 1)
    assert engine.layer.source == "ServingRuntime ml/r"
    assert named == engine
