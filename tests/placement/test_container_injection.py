from dataclasses import replace

import pytest

from placement.accelerators import DeviceResource
from placement.asking.configurations import Configuration
from placement.injecting.arguments import missing_args, takes_args
from placement.injecting.container_injection import Latitude, container_mutation
from placement.mutations import ContainerMutation, EnvAddition
from placement.pods import Container, EnvVar
from tests.builders import H100, NVIDIA, vllm


def _mutation(container: Container, **configuration: object) -> ContainerMutation:
    config = Configuration("h100", **configuration)  # type: ignore[arg-type]
    return container_mutation(container, H100, config)


@pytest.mark.parametrize(
    "given", ["--tensor-parallel-size=8", "-tp=8", "--tp-size=8", "--tensor_parallel_size=8", "--tp=8"]
)
def test_a_flag_that_the_author_gave_under_any_alias_is_not_injected(given: str) -> None:
    """The author's tensor parallelism stands, whatever spelling they chose."""
    assert missing_args(vllm(given), ["--tensor-parallel-size", "2", "--enable-chunked-prefill"]) == (
        "--enable-chunked-prefill",
    )


def test_a_negated_flag_counts_as_given() -> None:
    """Who switched prefix caching off does not get it switched on."""
    assert missing_args(vllm("--no-enable-prefix-caching"), ["--enable-prefix-caching"]) == ()


def test_flags_in_the_command_count_as_given() -> None:
    """Most runtimes put every flag into command."""
    container = vllm(command=("python3", "-m", "sglang.launch_server", "--tp", "4"))

    assert missing_args(container, ["--tp-size=2", "--context-length=4096"]) == ("--context-length=4096",)


def test_an_engine_that_takes_flags_from_its_environment_keeps_them() -> None:
    """Text Generation Inference reads NUM_SHARD as --num-shard."""
    container = Container("tgi", "ghcr.io/huggingface/text-generation-inference:3.3.7", env=(EnvVar("NUM_SHARD", "2"),))

    assert missing_args(container, ["--num-shard", "4", "--quantize", "fp8"]) == ("--quantize", "fp8")


@pytest.mark.parametrize(
    ("command", "args", "takes"),
    [
        ((), ("--model", "m"), True),
        (("vllm", "serve"), (), True),
        (("/opt/venv/bin/python3", "-m", "vllm.entrypoints.openai.api_server"), (), True),
        (("my-server",), (), False),
        (("/bin/sh", "-c"), ("vllm serve m",), False),
        (("bash", "-lc", "exec vllm serve m"), (), False),
        (("/bin/bash", "-c", "vllm serve /mnt/models $@", "--"), (), False),
    ],
)
def test_args_are_appended_only_where_they_reach_the_engine(
    command: tuple[str, ...], args: tuple[str, ...], *, takes: bool
) -> None:
    """Behind a shell script or an unknown command nobody would read them."""
    assert takes_args(vllm(command=command, args=args)) is takes


def test_env_of_the_author_wins_and_references_are_never_touched() -> None:
    """A variable that is there stays, whether literal or from a reference."""
    container = vllm(env=(EnvVar("A", "mine"), EnvVar("B", None)))

    assert _mutation(container, env=(EnvVar("A", "1"), EnvVar("B", "2"), EnvVar("C", "3"))).env == (
        EnvAddition(2, EnvVar("C", "3")),
    )


def test_an_injected_variable_stands_before_its_first_use() -> None:
    """Kubernetes expands $(NAME) only from variables above."""
    container = vllm(env=(EnvVar("X", "x"), EnvVar("URL", "http://$(HOST):$(PORT)"), EnvVar("Y", "y")))

    additions = _mutation(container, env=(EnvVar("PORT", "80"), EnvVar("HOST", "h"), EnvVar("Z", "z"))).env

    assert additions == (
        EnvAddition(1, EnvVar("PORT", "80")),
        EnvAddition(2, EnvVar("HOST", "h")),
        EnvAddition(5, EnvVar("Z", "z")),
    )


def test_the_larger_resource_wins_and_accelerators_stand_in_both_lists() -> None:
    """Extended resources must have equal requests and limits, or the API server refuses the pod."""
    container = vllm(requests={NVIDIA: "1", "memory": "64Gi"}, limits={NVIDIA: "1"})

    changes = _mutation(container, limits={NVIDIA: "2", "memory": "32Gi"}, requests={"cpu": "8"})

    assert changes.limits == {NVIDIA: "2", "memory": "64Gi"}
    assert changes.requests == {NVIDIA: "2", "cpu": "8"}


def test_extended_resources_of_any_domain_stand_equal_in_both_lists() -> None:
    """The API server refuses a pod whose network devices or huge pages are requested but not limited alike."""
    own = {"rdma/hca": "2", "hugepages-2Mi": "4Mi"}

    changes = _mutation(vllm(limits=own, requests=own), limits={"rdma/hca": "4"}, requests={"hugepages-2Mi": "8Mi"})

    assert changes.limits == changes.requests == {"rdma/hca": "4", "hugepages-2Mi": "8Mi", NVIDIA: "1"}


def test_a_smaller_count_of_the_configuration_changes_nothing() -> None:
    """The maximum of both counts, never a reduction."""
    container = vllm(requests={NVIDIA: "8"}, limits={NVIDIA: "8"})

    assert _mutation(container, limits={NVIDIA: "2"}).is_empty


def test_a_container_that_asks_for_no_accelerator_gets_one_whole() -> None:
    """A class's resources are alternatives: one is used, the first that is not divisible."""
    mig = replace(
        H100, listed_resources=(DeviceResource("nvidia.com/mig-1g.10gb", 2, divisible=True), DeviceResource(NVIDIA))
    )

    changes = container_mutation(vllm(), mig, Configuration("h100"))

    assert (changes.limits, changes.requests) == ({NVIDIA: "1"}, {NVIDIA: "1"})


def test_a_container_that_asks_for_a_partition_keeps_it() -> None:
    """Asking for a slice is asking: no whole device is added."""
    mig = replace(
        H100, listed_resources=(DeviceResource(NVIDIA), DeviceResource("nvidia.com/mig-1g.10gb", divisible=True))
    )
    container = vllm(requests={"nvidia.com/mig-1g.10gb": "1"}, limits={"nvidia.com/mig-1g.10gb": "1"})

    assert container_mutation(container, mig, Configuration("h100")).is_empty


def test_devices_from_claims_mean_no_resources_at_all() -> None:
    """Who uses Dynamic Resource Allocation has asked already."""
    changes = _mutation(vllm(claims_devices=True), limits={NVIDIA: "2"}, env=(EnvVar("A", "1"),))

    assert (changes.limits, changes.requests) == ({}, {})
    assert changes.env


def test_a_raised_request_pushes_its_limit_up() -> None:
    """A request above its limit would be refused by the API server."""
    changes = _mutation(vllm(limits={"cpu": "2"}, requests={"cpu": "1"}), requests={"cpu": "8"})

    assert changes.requests["cpu"] == changes.limits["cpu"] == "8"


def test_counts_and_resources_stay_where_a_parent_has_counted() -> None:
    """Ray, Dynamo, Kueue and Volcano reckon with what their pods ask for; env and args are open still."""
    config = Configuration("h100", (EnvVar("A", "1"),), ("--enable-metrics",), limits={NVIDIA: "4", "memory": "1Gi"})

    changes = container_mutation(vllm(limits={NVIDIA: "1"}), H100, config, Latitude(counts=False))

    assert (changes.limits, changes.requests) == ({}, {})
    assert changes.args == ("--enable-metrics",)
    assert [each.variable.name for each in changes.env] == ["A"]


def test_a_restored_checkpoint_keeps_its_process() -> None:
    """The state on the device was made by these very arguments and variables."""
    config = Configuration("h100", (EnvVar("A", "1"),), ("--enable-metrics",))

    changes = container_mutation(vllm(), H100, config, Latitude(process=False))

    assert (changes.env, changes.args) == ((), ())
    assert changes.limits == {NVIDIA: "1"}


@pytest.mark.parametrize(
    ("value", "group_size", "expected"), [("4", 1, "8"), ("8", 2, "16"), ("3", 1, None), ("four", 1, None)]
)
def test_a_variable_that_is_the_count_follows_it(value: str, group_size: int, expected: str | None) -> None:
    """OME writes PARALLELISM_SIZE as a literal: devices times pods. A value that is something else stays."""
    container = vllm(limits={NVIDIA: "4"}, requests={NVIDIA: "4"}, env=(EnvVar("PARALLELISM_SIZE", value),))
    latitude = Latitude(count_variables=frozenset({"PARALLELISM_SIZE"}), group_size=group_size)

    changes = container_mutation(container, H100, Configuration("h100", limits={NVIDIA: "8"}), latitude)

    assert [each.variable.value for each in changes.replaced_env] == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("container", "variables", "lost"),
    [
        (
            vllm(command=("bash", "-c", "eval vllm serve /mnt/models ${VLLM_ADDITIONAL_ARGS} $@", "--")),
            {"VLLM_ADDITIONAL_ARGS": "--max-model-len 4096 --enable-expert-parallel"},
            (),
        ),
        (
            vllm(command=("sh", "-c", "python3 -m dynamo.vllm --model m")),
            {"DYN_VLLM_MAX_MODEL_LEN": "4096", "DYN_VLLM_ENABLE_EXPERT_PARALLEL": "true"},
            (),
        ),
        (vllm(command=("sh", "-c", "vllm serve m")), {}, ("--max-model-len", "4096", "--enable-expert-parallel")),
        (vllm(command=("sh", "-c", "vllm serve m --max-model-len=1")), {}, ("--enable-expert-parallel",)),
    ],
    ids=["KServe", "Dynamo", "no way", "given already"],
)
def test_flags_reach_an_engine_in_a_script_by_its_environment_or_are_told(
    container: Container, variables: dict[str, str], lost: tuple[str, ...]
) -> None:
    """A script is never edited."""
    changes = _mutation(container, args=("--max-model-len", "4096", "--enable-expert-parallel"))

    assert {each.variable.name: each.variable.value for each in changes.env} == variables
    assert changes.lost == lost
    assert changes.args == ()


@pytest.mark.parametrize(
    ("args", "configured", "count"),
    [
        (("--tensor-parallel-size=4",), (), "4"),
        ((), ("--tensor-parallel-size=4", "--pipeline-parallel-size=2"), "8"),
        (("--tp=2",), ("--tensor-parallel-size=4",), "2"),
        (("--tensor-parallel-size=8", "--nnodes=2", "--node-rank=0"), (), "4"),
        ((), (), "1"),
    ],
)
def test_where_nobody_asks_for_devices_the_engine_gets_what_it_splits_its_model_over(
    args: tuple[str, ...], configured: tuple[str, ...], count: str
) -> None:
    """A large model gets the number of devices that its engine is told, by its author or by the configuration."""
    assert _mutation(vllm(*args), args=configured).limits == {NVIDIA: count}


@pytest.mark.parametrize("resource", ["nvidia.com/mig-3g.40gb", "nvidia.com/gpu.shared", "google.com/tpu"])
def test_whoever_asks_for_another_kind_of_device_gets_no_second_one(resource: str) -> None:
    """A slice and a whole device beside it would never be scheduled."""
    changes = _mutation(vllm(limits={resource: "1"}, requests={resource: "1"}))

    assert (changes.limits, changes.requests) == ({}, {})


def test_a_count_is_that_of_accelerators_alone() -> None:
    """A network card beside the devices is no device over which an engine splits."""
    beside = {NVIDIA: "4", "rdma/hca": "1"}
    container = vllm(limits=beside, requests=beside, env=(EnvVar("PARALLELISM_SIZE", "4"),))
    latitude = Latitude(count_variables=frozenset({"PARALLELISM_SIZE"}))

    changes = container_mutation(container, H100, Configuration("h100", limits={NVIDIA: "8"}), latitude)

    assert [each.variable.value for each in changes.replaced_env] == ["8"]
