"""Inference engines: how a container that runs one is recognised, and which of its flags mean the same.

Flags are those of vLLM 0.33, SGLang 0.5, Text Generation Inference 3.3, TensorRT-LLM 1.2 and Dynamo 1.6.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from placement.pods import Container


@dataclass(frozen=True, slots=True)
class Engine:
    """An inference engine; `env_prefix` is set where every flag is also an environment variable of that prefix."""

    name: str
    head: re.Pattern[str]
    image: re.Pattern[str] | None = None
    env_prefix: str | None = None


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text)


# The head is searched in the joined command line, the image only where no command is given.
_ENGINES = (
    Engine("dynamo", _pattern(r"-m dynamo\.(vllm|sglang|trtllm)\b"), env_prefix="DYN_VLLM_"),
    Engine("vllm", _pattern(r"\bvllm serve\b|-m vllm\.entrypoints"), _pattern(r"\bvllm/vllm-openai\b|/llm-d-cuda\b")),
    Engine("sglang", _pattern(r"-m sglang\.launch_server\b|\bsglang serve\b"), _pattern(r"\blmsysorg/sglang\b")),
    Engine("tgi", _pattern(r"\btext-generation-launcher\b"), _pattern(r"/text-generation-inference\b"), env_prefix=""),
    Engine("trtllm", _pattern(r"\btrtllm-serve\b")),
    Engine("ollama", _pattern(r"\bollama serve\b"), _pattern(r"\bollama/ollama\b")),
    Engine("huggingface", _pattern(r"-m huggingfaceserver\b"), _pattern(r"/huggingfaceserver\b")),
)
_WITHOUT_ACCELERATOR = _pattern(r"-cpu\b|inference-sim\b")
_SHELL = _pattern(r"(.*/)?(ba|da|a|z)?sh")
_SHELL_SCRIPT = _pattern(r"-[a-z]*c")

_SAME_FLAGS = (
    ("--tensor-parallel-size", "--tp-size", "--tp", "-tp", "--num-shard"),
    ("--pipeline-parallel-size", "--pp-size", "--pp", "-pp"),
    ("--data-parallel-size", "--dp-size", "--dp", "-dp"),
    ("--enable-expert-parallel", "--ep-size", "--ep", "-ep"),
    ("--max-model-len", "--context-length", "--max-seq-len", "--max-total-tokens"),
    (
        "--gpu-memory-utilization",
        "--mem-fraction-static",
        "--kv-cache-free-gpu-memory-fraction",
        "--free-gpu-memory-fraction",
        "--cuda-memory-fraction",
    ),
    ("--quantization", "--quantize", "-q"),
    ("--model", "--model-path", "--model-id"),
    ("--speculative-config", "-sc"),
    ("--nnodes", "-n"),
    ("--node-rank", "-r"),
)
_CANONICAL = {alias: flags[0] for flags in _SAME_FLAGS for alias in flags}


def engine_of(container: Container) -> Engine | None:
    """Return the engine that the container runs on an accelerator, or None."""
    if _WITHOUT_ACCELERATOR.search(container.image):
        return None
    line = " ".join([*container.command, *container.args])
    by_head = next((each for each in _ENGINES if each.head.search(line)), None)
    if by_head or container.command:
        return by_head
    return next((each for each in _ENGINES if each.image and each.image.search(container.image)), None)


def runs_on_cpu(container: Container) -> bool:
    """Tell whether the image is one that needs no accelerator: a CPU build or a simulator."""
    return bool(_WITHOUT_ACCELERATOR.search(container.image))


def runs_shell_script(container: Container) -> bool:
    """Tell whether the container runs a shell with a script, behind which further arguments are lost to the engine."""
    line = [*container.command, *container.args]
    return bool(line and _SHELL.fullmatch(line[0]) and any(_SHELL_SCRIPT.fullmatch(word) for word in line[1:2]))


def canonical(flag: str) -> str:
    """Return one name for all spellings of a flag: `--tp`, `--tp-size=4` and `--tensor_parallel_size` are the same.

    A negated flag (`--no-x`) says something about the same option.
    """
    name = flag.split("=", 1)[0].replace("_", "-")
    name = "--" + name.removeprefix("--no-") if name.startswith("--no-") else name
    return _CANONICAL.get(name, name)


def flag_groups(args: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """Split arguments into flags with their values: `--a 1 --b=2` gives (`--a`, `1`) and (`--b=2`,)."""
    group: list[str] = []
    for word in args:
        if is_flag(word) and group:
            yield tuple(group)
            group = []
        group.append(word)
    if group:
        yield tuple(group)


def is_flag(word: str) -> bool:
    """Tell whether a word is a flag and no value: `-1` is a number."""
    return word.startswith("-") and not word[1:2].isdigit() and word != "-"


def given_flags(container: Container) -> frozenset[str]:
    """Return the canonical flags that the author gave, on the command line or in the engine's environment."""
    words = [*container.command, *container.args]
    given = {canonical(word) for word in words if is_flag(word)}
    engine = engine_of(container)
    if engine and engine.env_prefix is not None:
        names = (each.name for each in container.env if each.name.startswith(engine.env_prefix))
        given |= {canonical("--" + name.removeprefix(engine.env_prefix).lower()) for name in names}
    return frozenset(given)
