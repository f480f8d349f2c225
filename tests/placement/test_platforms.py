import csv
import json
from pathlib import Path

import pytest
import yaml

from cluster.objects import decode_pod
from placement.pods import Container, EnvVar, Pod
from placement.recognising.inference import Inference, inference_of
from placement.recognising.platforms import counts_are_fixed, group_of
from tests.builders import CATALOG, NVIDIA, pod, vllm

GPU = {NVIDIA: "4"}


def _verdict(found: Inference | None) -> str:
    if found is None:
        return "no"
    return "follow" if found.follows else "merge" if found.merges else "yes"


def _number(text: str) -> int | None:
    return int(text) if text.isdigit() else None


def test_every_example_pod_is_understood_as_its_authors_mean_it(shared: Path) -> None:
    """Verdict, engine, model, parallelism, counts, group, number format and length of each pod in the table."""
    for row in csv.DictReader((shared / "pods" / "EXPECT.csv").read_text().splitlines()):
        documents = list(yaml.safe_load_all((shared / "pods" / row["file"]).read_text()))
        found = inference_of(decode_pod(json.dumps(documents[int(row["index"])]).encode()), CATALOG)
        place = f"{row['file']} {row['index']}"

        assert _verdict(found) == row["inject"].partition("(")[0], place
        if found:
            _assert_matches(found, row, place)


def _assert_matches(found: Inference, row: dict[str, str], place: str) -> None:
    command, group, model = found.command, found.group, found.model
    assert command.engine == row["engine"], place
    assert (model.name if model else "") == row["model"], place
    assert (group.key if group else "") == row["group_key"], place
    assert (found.tensor_parallel, command.pipeline_parallel) == (_number(row["tp"]), _number(row["pp"])), place
    assert found.devices == _number(row["gpus_in_pod"]), place
    assert found.group_devices == _number(row["gpus_in_group"]), place
    assert command.max_length == _number(row["max_len"]), place
    formats = f"kv {command.kv_cache_dtype}" if command.kv_cache_dtype else found.quantization or ""
    assert formats == row["quant_or_dtype"].removesuffix(" (name)"), place


def _asking(name: str, *command: str, image: str = "", **more: object) -> Container:
    return Container(name, image, command, requests=GPU, limits=GPU, **more)  # type: ignore[arg-type]


VLLM = ("vllm", "serve", "org/m")
RAY = ("sh", "-c", "ray start --address=$(LEADER):6379 --block")
LWS = "leaderworkerset.sigs.k8s.io"
KSERVE = {"app.kubernetes.io/part-of": "llminferenceservice"}
COMPONENT = "app.kubernetes.io/component"
DYNAMO = "nvidia.com/dynamo-component-type"
KTHENA = "modelserving.volcano.sh"
RBG = "rbg.workloads.x-k8s.io"


@pytest.mark.parametrize(
    ("labels", "containers", "verdict"),
    [
        ({**KSERVE, COMPONENT: "llminferenceservice-workload-prefill"}, [_asking("main", *VLLM)], "yes"),
        ({**KSERVE, COMPONENT: "llminferenceservice-workload-worker"}, [_asking("main", *RAY)], "follow"),
        ({**KSERVE, COMPONENT: "llminferenceservice-workload-worker-prefill"}, [_asking("main", *VLLM)], "follow"),
        ({**KSERVE, COMPONENT: "llminferenceservice-workload"}, [Container("main", "custom:v1")], "yes"),
        (
            {**KSERVE, COMPONENT: "tokenizer"},
            [Container("main", "vllm/vllm-openai-cpu:v1", ("vllm", "launch", "render", "/mnt/models"))],
            "no",
        ),
        (
            {"serving.kserve.io/inferenceservice": "s", "component": "predictor"},
            [_asking("worker-container", *RAY)],
            "follow",
        ),
        (
            {"serving.kserve.io/inferenceservice": "s", "component": "predictor"},
            [Container("kserve-container", "kserve/sklearnserver:v0.16.0", args=("--model_dir=/mnt/models",))],
            "no",
        ),
        ({"serving.kserve.io/inferenceservice": "s", "component": "transformer"}, [_asking("kserve-container")], "no"),
        ({DYNAMO: "prefill"}, [_asking("main", "python3", "-m", "dynamo.sglang", "--model-path", "m")], "yes"),
        ({DYNAMO: "worker"}, [Container("main", command=("python3", "-m", "dynamo.mocker"))], "no"),
        ({DYNAMO: "planner"}, [Container("main", command=("python3", "-m", "dynamo.planner"))], "no"),
        ({DYNAMO: "worker", "grove.io/podclique": "a-0-x-wkr"}, [_asking("main", *RAY)], "follow"),
        ({DYNAMO: "worker", "grove.io/podclique": "a-0-x-gms"}, [_asking("main")], "no"),
        ({"llm-d.ai/inference-serving": "true"}, [_asking("modelserver", *VLLM)], "yes"),
        (
            {"llm-d.ai/inference-serving": "true"},
            [Container("vllm", "ghcr.io/llm-d/llm-d-inference-sim:v0.5", args=("--model", "m"))],
            "no",
        ),
        ({f"{KTHENA}/name": "m", f"{KTHENA}/entry": "true"}, [_asking("engine", *VLLM)], "yes"),
        ({f"{KTHENA}/name": "m"}, [_asking("engine", *VLLM)], "follow"),
        ({f"{RBG}/group-name": "g", f"{RBG}/role-name": "pd-router"}, [Container("r")], "no"),
        ({f"{RBG}/group-name": "g", f"{RBG}/component-name": "worker"}, [_asking("sglang", *VLLM)], "follow"),
        ({"ome.io/inferenceservice": "s", "component": "decoder"}, [_asking("ome-container", *VLLM)], "merge"),
        ({"ome.io/inferenceservice": "s", "component": "router"}, [Container("ome-container", "r:v1")], "no"),
        ({"storm-service-name": "s", "role-name": "prefill"}, [_asking("prefill", *VLLM)], "yes"),
        ({"storm-service-name": "s", "role-name": "routing"}, [Container("router")], "no"),
        ({f"{LWS}/name": "s", f"{LWS}/worker-index": "0"}, [_asking("l", *VLLM)], "yes"),
        ({f"{LWS}/name": "s", f"{LWS}/worker-index": "1"}, [_asking("w", *VLLM)], "follow"),
        ({"ray.io/cluster": "c", "ray.io/group": "gpu"}, [_asking("ray-worker", *RAY)], "follow"),
        (
            {"ray.io/cluster": "c", "ray.io/group": "headgroup"},
            [Container("ray-head", command=("bash", "-lc", "--"), args=("ray start --head --num-gpus=0",))],
            "no",
        ),
        ({"app.kubernetes.io/managed-by": "kubeai"}, [_asking("server", image="vllm/vllm-openai:v1")], "yes"),
        ({"app": "x"}, [Container("c", "ghcr.io/ggml-org/llama.cpp:server-cuda", args=("-hf", "org/m"))], "yes"),
        ({"app": "x"}, [Container("c", "ghcr.io/ggml-org/llama.cpp:server", args=("-hf", "org/m"))], "no"),
        ({"app": "x"}, [Container("c", "my-sim:v1", command=("python3", "train.py"))], "no"),
    ],
)
def test_each_platforms_pods_are_told_apart(labels: dict[str, str], containers: list[Container], verdict: str) -> None:
    """Workers follow, routers and simulators run nothing, and what a platform merges by itself is merged."""
    assert _verdict(inference_of(pod(*containers, labels=labels), CATALOG)) == verdict


def test_sidecars_are_never_engines_even_where_they_look_like_one() -> None:
    """Kthena's runtime is started with `--engine vllm`, KServe's agent stands beside its server."""
    subject = pod(_asking("runtime", *VLLM), _asking("engine", *VLLM), labels={f"{KTHENA}/name": "m"})

    found = inference_of(subject, CATALOG)

    assert found
    assert [each.name for each in found.containers] == ["engine"]


@pytest.mark.parametrize(
    ("labels", "key", "value"),
    [
        ({f"{LWS}/name": "s", f"{LWS}/group-index": "1"}, f"{LWS}/name+group-index", "s/1"),
        ({f"{LWS}/name": "s", f"{LWS}/group-index": "1", f"{LWS}/group-key": "k"}, f"{LWS}/group-key", "k"),
        (
            {f"{KTHENA}/name": "m", f"{KTHENA}/group-name": "m-0", f"{KTHENA}/role-id": "p-1"},
            f"{KTHENA}/group-name+role-id",
            "m-0/p-1",
        ),
        (
            {
                "grove.io/podclique": "c",
                "grove.io/podcliquescalinggroup": "g",
                "grove.io/podcliquescalinggroup-replica-index": "2",
            },
            "grove.io/podcliquescalinggroup+podcliquescalinggroup-replica-index",
            "g/2",
        ),
        ({"storm-service-name": "s", "podset-name": "p"}, "podset-name", "p"),
        ({"ray.io/cluster": "c", "ray.io/group": "gpu"}, "ray.io/cluster+group", "c/gpu"),
        (
            {"kueue.x-k8s.io/queue-name": "q", "kueue.x-k8s.io/pod-group-name": "g"},
            "kueue.x-k8s.io/pod-group-name",
            "g",
        ),
    ],
)
def test_pods_that_belong_together_have_one_key(labels: dict[str, str], key: str, value: str) -> None:
    """What builds the group says it, and pods in any order find the same one."""
    group = group_of(pod(labels=labels))

    assert group
    assert (group.key, group.value) == (key, value)


def test_a_pod_alone_has_no_group() -> None:
    """Nor do replicas of a Deployment, or pods that only wait in a queue."""
    assert group_of(pod()) is None
    assert group_of(pod(labels={"kueue.x-k8s.io/queue-name": "q"})) is None


@pytest.mark.parametrize(
    ("labels", "fixed"),
    [({"ray.io/cluster": "c"}, True), ({DYNAMO: "worker"}, True), ({"volcano.sh/job-name": "j"}, True), ({}, False)],
)
def test_some_parents_count_accelerators_before_their_pods_exist(labels: dict[str, str], *, fixed: bool) -> None:
    """Ray, Dynamo, Kueue and Volcano have planned with the counts already."""
    assert counts_are_fixed(pod(labels=labels)) is fixed


@pytest.mark.parametrize(
    ("subject", "name", "source"),
    [
        (pod(annotations={"berth.ome.io/model": "org/mine"}), "org/mine", "annotation"),
        (pod(vllm(command=("vllm", "serve", "hf://org/m"))), "org/m", "args"),
        (pod(vllm(command=("vllm", "serve", "$(M)"), env=(EnvVar("M", "org/m"),))), "org/m", "env"),
        (pod(vllm(command=("vllm", "serve", "/hub/models--org--m/snapshots/0a1b"))), "org/m", "args"),
        (pod(vllm(command=("vllm", "serve", "/models/Qwen3-32B/"))), "Qwen3-32B", "args"),
        (
            pod(vllm("--served-model-name", "org/s", command=("vllm", "serve", "/mnt/models"))),
            "org/s",
            "served-model-name",
        ),
        (
            pod(vllm("--served-model-name", "short", command=("vllm", "serve", "/mnt/models"))),
            "short",
            "served-model-name",
        ),
        (
            pod(
                vllm(command=("vllm", "serve", "/mnt/models")),
                init_containers=(Container("get", command=("sh", "-c", "hf download org/m --local-dir /mnt/models")),),
            ),
            "org/m",
            "initContainer",
        ),
        (
            pod(
                vllm(command=("vllm", "serve", "/mnt/models")),
                labels={"llm-d.ai/model": "Llama-3.1-70B-Instruct"},
            ),
            "Llama-3.1-70B-Instruct",
            "label",
        ),
        (
            pod(
                Container(
                    "kserve-container", "kserve/huggingfaceserver:v0.16.0-gpu", args=("--model_dir=/mnt/models",)
                ),
                labels={"serving.kserve.io/inferenceservice": "s"},
                annotations={"internal.serving.kserve.io/storage-initializer-sourceuri": "s3://bucket/llama-3-8b"},
            ),
            "llama-3-8b",
            "annotation",
        ),
        (pod(vllm(command=("vllm", "serve"))), "Qwen/Qwen3-0.6B", "default"),
        (pod(Container("o", "ollama/ollama", after_start=("ollama", "pull", "llama3:70b"))), "llama3:70b", "args"),
    ],
)
def test_the_model_is_found_wherever_it_is_written(subject: Pod, name: str, source: str) -> None:
    """On the command line, in variables, annotations, labels, init containers and hooks, the surest first."""
    found = inference_of(subject, CATALOG)

    assert found
    assert found.model
    assert (found.model.name, str(found.model.source)) == (name, source)


def test_a_model_that_nothing_names_is_not_guessed() -> None:
    """A mounted folder says nothing."""
    found = inference_of(pod(vllm(command=("vllm", "serve", "/mnt/models"))), CATALOG)

    assert found
    assert found.model is None


def test_an_engine_that_fills_what_it_sees_splits_over_all_devices_of_its_pod() -> None:
    """Text Generation Inference shards over every visible device unless it is told."""
    found = inference_of(pod(_asking("tgi", "text-generation-launcher", "--model-id", "org/m")), CATALOG)

    assert found
    assert (found.tensor_parallel, found.devices, found.group_devices) == (4, 4, 4)
