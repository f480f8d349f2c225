"""The words that pods and clusters of the fuzzer share, so that what one names the other often has."""

import json
from collections.abc import Sequence
from random import Random
from typing import Any, TypeVar

Json = dict[str, Any]
T = TypeVar("T")

RESOURCES = (
    "nvidia.com/gpu",
    "amd.com/gpu",
    "gpu.intel.com/i915",
    "habana.ai/gaudi",
    "nvidia.com/mig-1g.10gb",
    "berth.ome.io/gpu-milli",
)
CLASSES = tuple(f"class-{number}" for number in range(8))
PROFILES = tuple(f"profile-{number}" for number in range(8))
NODES = tuple(f"node-{number}" for number in range(24))
RUNTIMES = ("sglang", "vllm", "llama-cpp")
SERVICES = ("llama", "qwen")
MODELS = ("llama-3-1-8b", "qwen3-32b", "tiny")
APPS = ("chat", "embed", "rank", "web")
MODES = ("enforce",) * 8 + ("warn", "audit", "nonsense")
NAMESPACES = tuple(f"{mode}-{number}" for mode in dict.fromkeys(MODES) for number in (1, 2))
ENGINES = ("vllm", "sglang", "dynamo.vllm", "llama.cpp", "")
FORMATS = ("safetensors", "gguf", "")
STRATEGIES = ("performance", "cost", "balanced", "fit", "order", "MostCapable", "Cheapest", "BestFit", "FirstAvailable")
CONTAINERS = ("ome-container", "main", "engine", "kserve-container", "worker")
VARIABLES = (
    "TP",
    "URL",
    "HOST",
    "MODEL",
    "X",
    "VLLM_ADDITIONAL_ARGS",
    "PARALLELISM_SIZE",
    "TP_SIZE",
    "REQUEST_GPU_COUNT",
)
VALUES_OF_VARIABLES = ("1", "2", "$(TP)", "http://$(HOST)", "${X}", "$(URL)$(URL)", "")
COMMANDS: tuple[Json, ...] = (
    {"args": ["--model", "meta-llama/Llama-3.1-8B-Instruct"]},
    {"command": ["vllm", "serve"], "args": ["m", "-tp", "2", "--no-enable-prefix-caching"]},
    {"command": ["vllm", "serve", "m", "--max-model-len"], "args": None},
    {"command": ["vllm", "serve", "m", "--max-model-len", "8192"], "args": ["--tensor-parallel-size", "1"]},
    {"command": ["python3", "-m", "sglang.launch_server"], "args": ["--model-path", "Qwen/Qwen3-32B", "--tp=4"]},
    {"command": ["python3", "-m", "dynamo.vllm", "--model", "m"]},
    {"command": ["trtllm-serve", "m"], "args": ["--tp_size", "8"]},
    {"command": ["llama-server"], "args": ["-m", "/m/model.gguf", "-ngl", "99"]},
    {"command": ["nginx", "-g", "daemon off;"]},
    {},
)

# What runtimes start and their pods then have.
SERVED = COMMANDS[1:5]


def text(content: Json) -> bytes:
    """Return JSON as the API server writes it."""
    return json.dumps(content, separators=(",", ":")).encode()


def some(chance: Random, items: Sequence[T]) -> list[T]:
    """Return most of some items, in any order."""
    return chance.sample(items, len(items) - int(len(items) * chance.random() ** 2))


def device(chance: Random) -> str:
    """Return the resource of a device, mostly the usual one."""
    return RESOURCES[0] if chance.random() < 0.5 else chance.choice(RESOURCES)


def maybe(chance: Random, likelihood: float = 0.5, /, **parts: Any) -> Json:
    """Return each of the parts, or leave it out."""
    return {name: part for name, part in parts.items() if chance.random() < likelihood}
