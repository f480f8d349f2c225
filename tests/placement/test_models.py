import pytest

from placement.recognising.models import (
    known_model,
    parameters_in_billions,
    quantization_in_name,
    short_quantization,
    size_in_billions,
)


@pytest.mark.parametrize(
    "name", ["Qwen/Qwen3-32B", "qwen/qwen3-32b", "Qwen3-32B", "/models/Qwen3-32B", "publishers/llm/models/qwen3-32b/"]
)
def test_a_model_is_known_by_its_id_or_the_last_part_of_it(name: str) -> None:
    """Servers and folders write names in small letters, and leave the owner out."""
    found = known_model(name)

    assert found
    assert (found.id, found.parameters_billion, found.layers) == ("Qwen/Qwen3-32B", 32.762, 64)
    assert (found.kv_bytes_per_token, found.weights_gib, found.native_dtype) == (262_144, 61.02, "bfloat16")


def test_dots_may_be_written_as_hyphens() -> None:
    """OME's labels have no dots in them."""
    found = known_model("llama-3-3-70b-instruct")

    assert found
    assert found.id == "meta-llama/Llama-3.3-70B-Instruct"


def test_unknown_models_are_not_known() -> None:
    """Nor is an empty name."""
    assert known_model("org/made-up-7B") is None
    assert known_model("") is None


@pytest.mark.parametrize(
    ("name", "billions"),
    [
        ("org/Llama-3.1-70B", 70),
        ("mistralai/Mixtral-8x7B-Instruct-v0.1", 46.7),
        ("org/Other-8x7B", 56),
        ("Qwen/Qwen3-0.6B", 0.596),
        ("org/X-235B-A22B", 235),
        ("org/x-30b-a3b-q4_K_M", 30),
        ("meta-llama/Llama-4-Scout-17B-16E-Instruct-FP8", 109),
        ("nvidia/Llama-3.3-70B-Instruct-FP8", 70.554),
        ("deepseek-ai/DeepSeek-R1-Distill-Qwen-32B", 32),
        ("deepseek-ai/DeepSeek-R1-0528", 671),
        ("nvidia/DeepSeek-R1-0528-FP4", 671),
        ("llama3:70b", 70),
        ("llama70b", 70),
        ("SmolLM-135M", 0.135),
        ("org/Qwen9-7B-Instruct-1M", 7),
        ("org/x-1.5T", 1500),
        ("google/gemma-9-E4B-it", None),
        ("org/model-4bit", None),
        ("gpt2", None),
        ("MiniMax-M9", None),
    ],
)
def test_the_number_of_parameters_is_known_or_read_from_the_name(name: str, billions: float | None) -> None:
    """All experts count; what only runs for one token, or a number of bits, is no size."""
    assert parameters_in_billions(name) == billions


@pytest.mark.parametrize(
    ("text", "billions"),
    [
        ("70B", 70),
        (" 671b ", 671),
        ("500M", 0.5),
        ("1.5T", 1500),
        ("0B", None),
        ("70", None),
        ("big", None),
        ("", None),
    ],
)
def test_sizes_are_read_as_people_write_them(text: str, billions: float | None) -> None:
    """A number with its unit, or nothing."""
    assert size_in_billions(text) == billions


@pytest.mark.parametrize(
    ("name", "quantization"),
    [
        ("nvidia/Llama-3.3-70B-Instruct-FP8", "fp8"),
        ("Qwen/Qwen3-8B-AWQ", "awq"),
        ("nvidia/DeepSeek-R1-0528-FP4", "fp4"),
        ("qwen3:32b-q4_K_M", "q4_k_m"),
        ("/models/Qwen3-14B-Q8_0.gguf", "q8_0"),
        ("ggml-org/gemma-3-12b-it-GGUF", "gguf"),
        ("Qwen/Qwen2.5-72B-Instruct-GPTQ-Int4", "gptq"),
        ("nvidia/NVIDIA-Nemotron-3-Ultra-550B-A55B-NVFP4", "nvfp4"),
        ("meta-llama/Llama-3.1-8B-Instruct", None),
    ],
)
def test_a_checkpoints_name_tells_its_number_format(name: str, quantization: str | None) -> None:
    """Where no option says it, the name does."""
    assert quantization_in_name(name) == quantization


def test_quantization_methods_have_short_names() -> None:
    """As tables of memory list them."""
    assert short_quantization("bitsandbytes-nf4") == "bnb-nf4"
    assert short_quantization("AWQ") == "awq"
