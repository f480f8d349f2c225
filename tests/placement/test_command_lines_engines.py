from typing import Any

import pytest

from placement.pods import Container, EnvVar
from placement.recognising.command_lines.engine_commands import Confidence, EngineCommand, engine_command
from placement.recognising.command_lines.flags import given_flags
from placement.recognising.command_lines.options import UNKNOWN_GRAMMAR


def _run(line: str, image: str = "", **env: str) -> EngineCommand:
    variables = tuple(EnvVar(name, value) for name, value in env.items())
    return engine_command(Container("c", image, command=tuple(line.split()), env=variables))


def _image(image: str, line: str = "", **env: str) -> EngineCommand:
    variables = tuple(EnvVar(name, value) for name, value in env.items())
    return engine_command(Container("c", image, args=tuple(line.split()), env=variables))


@pytest.mark.parametrize(
    ("line", "engine", "model"),
    [
        ("vllm serve org/m", "vllm", "org/m"),
        ("vllm serve --model org/m", "vllm", "org/m"),
        ("vllm serve --trust-remote-code --port 80 org/m", "vllm", "org/m"),
        ("/opt/venv/bin/vllm serve org/m", "vllm", "org/m"),
        ("python3 -m vllm.entrypoints.openai.api_server --model org/m", "vllm", "org/m"),
        ("/usr/bin/python3.12 -u -m vllm.entrypoints.openai.api_server --model=org/m", "vllm", "org/m"),
        ("vllm serve", "vllm", "Qwen/Qwen3-0.6B"),
        ("python -m sglang.launch_server --model-path org/m", "sglang", "org/m"),
        ("python3 -m sglang.launch_server --model org/m", "sglang", "org/m"),
        ("sglang serve org/m", "sglang", "org/m"),
        ("sglang serve --model-path org/m", "sglang", "org/m"),
        ("text-generation-launcher --model-id org/m", "tgi", "org/m"),
        ("trtllm-serve org/m --tp_size 2", "trtllm", "org/m"),
        ("trtllm-serve serve org/m", "trtllm", "org/m"),
        ("trtllm-llmapi-launch trtllm-serve org/m", "trtllm", "org/m"),
        ("mpirun -n 4 --allow-run-as-root trtllm-serve org/m", "trtllm", "org/m"),
        ("ollama serve", "ollama", None),
        ("ollama run llama3:70b", "ollama", "llama3:70b"),
        ("/app/llama-server -m /models/m.gguf -c 8192", "llama.cpp", "/models/m.gguf"),
        ("llama-server -hf org/m:Q4_K_M", "llama.cpp", "org/m:Q4_K_M"),
        ("python3 -m dynamo.vllm --model org/m", "dynamo.vllm", "org/m"),
        ("python3 -m dynamo.vllm", "dynamo.vllm", "Qwen/Qwen3-0.6B"),
        ("python3 -m dynamo.sglang --model-path org/m", "dynamo.sglang", "org/m"),
        ("python3 -m dynamo.trtllm --model-path org/m", "dynamo.trtllm", "org/m"),
        ("python -m huggingfaceserver --model_id=org/m", "kserve-huggingface", "org/m"),
        ("python -m huggingfaceserver --model_dir=/mnt/models", "kserve-huggingface", "/mnt/models"),
        ("tini -- vllm serve org/m", "vllm", "org/m"),
        ("/opt/nvidia/nvidia_entrypoint.sh vllm serve org/m", "vllm", "org/m"),
        ("ray symmetric-run --address a:6379 --min-nodes 2 -- vllm serve org/m", "vllm", "org/m"),
        ("ray start --address=head:6379 --block", "ray-worker", None),
        ("ray start --head --num-gpus=0", "ray-head", None),
        ("bash /examples/multi-node-serving.sh worker --ray_address=a", "ray-worker", None),
        ("bash /examples/multi-node-serving.sh leader --ray_cluster_size=2", "ray-head", None),
    ],
)
def test_engines_are_known_by_what_starts_them(line: str, engine: str, model: str | None) -> None:
    """Every documented way to start an engine, with the model where it stands."""
    assert (_run(line).engine, _run(line).model) == (engine, model)


@pytest.mark.parametrize(
    "line",
    [
        "python3 -m dynamo.frontend --router-mode kv",
        "python3 -m dynamo.planner",
        "python3 -m dynamo.router",
        "python3 -m dynamo.mocker --model-path org/m",
        "python3 -m sglang_router.launch_router --pd-disaggregation",
        "trtllm-serve disaggregated -c config.yaml",
        "vllm launch render /mnt/models/base",
        "/app/epp --pool-name p",
        "my-server --model org/m",
        "python3 serve.py vllm serve",
    ],
)
def test_what_serves_beside_an_engine_is_none(line: str) -> None:
    """Frontends, planners, routers and mockers run no model."""
    assert _run(line).confidence is Confidence.NONE


@pytest.mark.parametrize(
    ("image", "args", "engine"),
    [
        ("vllm/vllm-openai:v0.23.0", "--model org/m", "vllm"),
        ("registry:5000/mirror/vllm-openai@sha256:0", "--model org/m", "vllm"),
        ("ghcr.io/llm-d/llm-d-cuda:v0.6.0", "org/m", "vllm"),
        ("lmsysorg/sglang:v0.5.23", "--model-path org/m", "sglang"),
        ("lmsysorg/sglang:v0.5.23", "python3 -m sglang.launch_server --model-path org/m", "sglang"),
        ("ghcr.io/huggingface/text-generation-inference:3.3.7", "--model-id org/m", "tgi"),
        ("ghcr.io/ggml-org/llama.cpp:server-cuda", "-m org/m", "llama.cpp"),
        ("kserve/huggingfaceserver:v0.16.0-gpu", "--model_id=org/m", "kserve-huggingface"),
    ],
)
def test_engines_are_known_by_their_image_where_it_has_the_entrypoint(image: str, args: str, engine: str) -> None:
    """A container without command starts what its image starts."""
    assert (_image(image, args).engine, _image(image, args).model) == (engine, "org/m")


@pytest.mark.parametrize(
    ("image", "args"),
    [
        ("lmsysorg/sglang-router:v0.3.2", "--host 0.0.0.0"),
        ("vllm/vllm-openai:v0.23.0", "bash run.sh"),
        ("ollama/ollama", "pull llama3"),
    ],
)
def test_an_image_alone_is_no_evidence_where_something_else_is_started(image: str, args: str) -> None:
    """A router's image, a script of somebody's own, a download."""
    assert not _image(image, args).engine


VLLM = "vllm serve org/m "
SGLANG = "python -m sglang.launch_server --model-path org/m "


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (VLLM, {"tensor_parallel": 1, "pipeline_parallel": 1, "data_parallel": 1, "nodes": 1, "devices": 1}),
        (VLLM + "-tp 8 -pp 2", {"tensor_parallel": 8, "pipeline_parallel": 2, "world_size": 16}),
        (VLLM + "-tp 8 -pp 2 -n 2", {"nodes": 2, "devices": 8}),
        (VLLM + "-tp 2 -pcp 2", {"devices": 4}),
        (VLLM + "-dp 16 -dpl 8 -ep", {"data_parallel": 16, "data_parallel_local": 8, "devices": 8, "world_size": 16}),
        (VLLM + "--tensor-parallel-size 2 --tensor_parallel_size=4", {"tensor_parallel": 4}),
        (VLLM + "--tensor-par 4", {"tensor_parallel": 4}),
        (VLLM + "--max-model-len 16k", {"max_length": 16_000}),
        (VLLM + "--max-model-len=16K", {"max_length": 16_384}),
        (VLLM + "--max-model-len auto", {"max_length": None, "confidence": Confidence.EXACT}),
        (VLLM + "--max-model-len -1", {"max_length": None, "confidence": Confidence.EXACT}),
        (VLLM + "--gpu-memory-utilization .9 -q awq", {"memory_share": 0.9, "quantization": "awq"}),
        (VLLM + "--dtype half --kv-cache-dtype fp8", {"dtype": "half", "kv_cache_dtype": "fp8"}),
        (VLLM + "--served-model-name a b --revision r1", {"served_name": "a", "revision": "r1"}),
        (VLLM + "--config /etc/c.yaml", {"confidence": Confidence.PARTIAL}),
        (VLLM + "--hf-overrides.rope 2 -tp 2", {"tensor_parallel": 2}),
        (VLLM + "--unheard-of -tp 2", {"tensor_parallel": 2}),
        (VLLM + "--unheard-of value -tp 2", {"tensor_parallel": 2, "model": "org/m"}),
        (VLLM + "-tp", {"tensor_parallel": None, "confidence": Confidence.PARTIAL}),
        (VLLM + "-tp many", {"tensor_parallel": None, "confidence": Confidence.PARTIAL}),
        (VLLM + "-tp " + "9" * 5000, {"tensor_parallel": None}),
        (SGLANG + "--tp 4 --mem-frac=0.9", {"tensor_parallel": 4, "memory_share": 0.9}),
        (SGLANG + "--tp-size 4 --nnodes 4", {"devices": 1, "world_size": 4}),
        (SGLANG + "--tensor-parallel-size 2 --dp-size 2", {"devices": 4}),
        (SGLANG + "--tp 8 --dp 8 --enable-dp-attention", {"devices": 8}),
        (SGLANG + "--tp 8 --dp 8 --attn-dp-size 8", {"devices": 8}),
        (SGLANG + "--context-length 1Ki", {"max_length": 1024}),
        ("trtllm-serve org/m --tp_size 2 --pp_size 2 --max_seq_len 32768", {"devices": 4, "max_length": 32_768}),
        (
            "trtllm-serve org/m --kv_cache_free_gpu_memory_fraction 0.85 --extra_llm_api_options o.yaml",
            {"memory_share": 0.85, "confidence": Confidence.PARTIAL},
        ),
        ("text-generation-launcher --model-id m", {"tensor_parallel": None, "fills_devices": True}),
        ("text-generation-launcher --model-id m --sharded false", {"tensor_parallel": 1}),
        ("llama-server -m x.gguf -c 8192 -n 4 -ctk q8_0", {"max_length": 8192, "nodes": 1, "kv_cache_dtype": "q8_0"}),
        ("python3 -m dynamo.vllm --model m --tensor-par 4", {"tensor_parallel": 1}),
        ("python3 -m dynamo.trtllm --model-path m --tensor-parallel-size 4", {"tensor_parallel": 4}),
        ("python -m huggingfaceserver --model_id=m --model_name=n --max_model_len=8192", {"max_length": 8192}),
    ],
)
def test_options_are_read_by_the_grammar_of_their_engine(line: str, expected: dict[str, Any]) -> None:
    """Aliases, abbreviations, `--a_b`, `--a=b`, the last of two, numbers with suffixes, and what cannot be read."""
    found = _run(line)

    assert {name: getattr(found, name) for name in expected} == expected


def test_text_generation_inference_reads_its_options_from_the_environment_too() -> None:
    """The command line outweighs the environment."""
    found = _run("text-generation-launcher --num-shard 4", MODEL_ID="org/m", NUM_SHARD="2", QUANTIZE="bitsandbytes-nf4")

    assert (found.model, found.tensor_parallel, found.quantization) == ("org/m", 4, "bitsandbytes-nf4")


def test_dynamo_and_llama_cpp_and_ollama_have_variables_of_their_own() -> None:
    """DYN_VLLM_*, DYN_TRTLLM_*, LLAMA_ARG_* and OLLAMA_* stand for options."""
    assert _run("python3 -m dynamo.vllm", DYN_VLLM_MODEL="org/m", DYN_VLLM_TENSOR_PARALLEL_SIZE="2").devices == 2
    assert _run("python3 -m dynamo.trtllm", DYN_TRTLLM_MODEL="org/m").model == "org/m"
    assert _image("ghcr.io/ggml-org/llama.cpp:server-cuda", LLAMA_ARG_HF_REPO="org/m").model == "org/m"
    assert _image("ollama/ollama:0.12", OLLAMA_CONTEXT_LENGTH="8192").max_length == 8192


def test_what_ollama_pulls_is_its_model() -> None:
    """It has no option for one: scripts and hooks pull it."""
    script = "ollama serve & sleep 5; ollama pull llama3:70b; wait"
    hooked = Container("c", "ollama/ollama", after_start=("sh", "-c", "sleep 5; ollama pull qwen3:8b"))

    assert engine_command(Container("c", command=("sh", "-c", script))).pulled == ("llama3:70b",)
    assert engine_command(hooked).pulled == ("qwen3:8b",)


def test_an_alias_means_what_its_engine_means_by_it() -> None:
    """`-n` is the number of nodes to vLLM, and of tokens to llama.cpp."""
    vllm = Container("c", command=("vllm", "serve", "m", "-n", "2"))
    llama = Container("c", command=("llama-server", "-m", "m", "-n", "2"))

    assert "--nnodes" in given_flags(vllm)
    assert "--nnodes" not in given_flags(llama)
    assert engine_command(llama).grammar.canonical("-c") == "--max-model-len"
    assert UNKNOWN_GRAMMAR.canonical("-n") == "--nnodes"
    assert UNKNOWN_GRAMMAR.canonical("--num-shard=4") == "--tensor-parallel-size"
    assert UNKNOWN_GRAMMAR.canonical("--tp_size") == "--tensor-parallel-size"


def test_flags_inside_a_script_count_as_given() -> None:
    """Who wrote them into a script gave them all the same."""
    container = Container("c", command=("sh", "-c", "exec vllm serve m --tensor-parallel-size 2 --no-enable-lora"))

    assert given_flags(container) >= {"--tensor-parallel-size", "--enable-lora"}
