"""Inference engines: by which program or image each is recognised, and the grammar of its command line.

An engine is added by one entry: its heads are the words that start it, an image's entrypoint is written as such words.
"""

import re
from dataclasses import dataclass, field

from placement.recognising.command_lines import other_engines, sglang, vllm
from placement.recognising.command_lines.options import Grammar
from placement.recognising.command_lines.words import Fields

_PYTHON = re.compile(r"(?:.*/)?python[0-9.]*")
_SHELL = re.compile(r"(?:.*/)?(?:ba|da)?sh")


@dataclass(frozen=True)
class Engine:
    """An inference engine.

    `fills_devices`: without a parallel size it uses every device it sees. `default_model` is what it serves when no
    model is named. `serves_model` is false for what only lends its devices to an engine elsewhere. `is_single`: unless
    told otherwise, a model is neither split nor copied.
    """

    name: str
    grammar: Grammar
    heads: tuple[Fields, ...]
    fills_devices: bool = False
    default_model: str | None = None
    serves_model: bool = True
    is_single: bool = True
    without: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Image:
    """Images whose entrypoint starts an engine: the words that it stands for, and those it adds where no args are."""

    path: re.Pattern[str]
    entrypoint: Fields
    default_args: Fields = field(default=())


def _heads(*lines: str) -> tuple[Fields, ...]:
    return tuple(tuple(line.split()) for line in lines)


_QWEN = "Qwen/Qwen3-0.6B"
ENGINES = (
    Engine("vllm", vllm.SERVE, _heads("vllm serve", "python -m vllm.entrypoints.cli.main serve"), default_model=_QWEN),
    Engine(
        "vllm",
        vllm.MODULE,
        _heads(
            "python -m vllm.entrypoints.openai.api_server",
            "python -m vllm.entrypoints.api_server",
            "python -m vllm.entrypoints.grpc_server",
        ),
        default_model=_QWEN,
    ),
    Engine(
        "sglang",
        sglang.SERVE,
        _heads("sglang serve", "python -m sglang.launch_server", "python -m sglang_router.launch_server"),
    ),
    Engine(
        "tgi",
        other_engines.TGI,
        _heads("text-generation-launcher", "tgi-entrypoint.sh", "sagemaker-entrypoint.sh"),
        fills_devices=True,
    ),
    Engine(
        "trtllm",
        other_engines.TRTLLM,
        _heads("trtllm-serve serve", "trtllm-serve", "python -m tensorrt_llm.commands.serve"),
        without=frozenset({"disaggregated"}),
    ),
    Engine("ollama", other_engines.OLLAMA, _heads("ollama serve", "ollama start", "ollama run")),
    Engine(
        "llama.cpp",
        other_engines.LLAMA_CPP,
        _heads("llama-server", "python -m llama_cpp.server", "tools.sh --server", "tools.sh -s"),
    ),
    Engine("infinity", other_engines.INFINITY, _heads("infinity_emb v2"), is_single=False),
    Engine(
        "faster-whisper",
        other_engines.FASTER_WHISPER,
        _heads("uvicorn --factory faster_whisper_server.main:create_app", "uvicorn --factory speaches.main:create_app"),
        is_single=False,
    ),
    Engine("kserve-huggingface", other_engines.HUGGINGFACE, _heads("python -m huggingfaceserver")),
    Engine("dynamo.vllm", other_engines.DYNAMO_VLLM, _heads("python -m dynamo.vllm"), default_model=_QWEN),
    Engine("dynamo.sglang", other_engines.DYNAMO_SGLANG, _heads("python -m dynamo.sglang")),
    Engine("dynamo.trtllm", other_engines.DYNAMO_TRTLLM, _heads("python -m dynamo.trtllm")),
    Engine(
        "ray",
        other_engines.RAY,
        _heads("ray start", "sh multi-node-serving.sh", "multi-node-serving.sh"),
        serves_model=False,
    ),
)


def _image(path: str, entrypoint: str, default_args: str = "") -> Image:
    pattern = re.compile(rf"(?:.*/)?{path}(?:@.*)?")
    return Image(pattern, tuple(entrypoint.split()), tuple(default_args.split()))


# They run beside engines or train models; whatever devices they ask for are not for serving.
_BESIDE = _heads(
    "python -m dynamo.frontend",
    "python -m dynamo.planner",
    "python -m dynamo.router",
    "python -m dynamo.mocker",
    "python -m sglang_router.launch_router",
    "python -m sglang.srt.disaggregation.mini_lb",
    "python -m sglang.bench_serving",
    "vllm launch",
    "vllm bench",
    "trtllm-serve disaggregated",
    "torchrun",
    "accelerate launch",
    "deepspeed",
    "python -m torch.distributed.run",
    "python -m torch.distributed.launch",
    "llamafactory-cli train",
    "axolotl",
    "trl",
    "tune run",
    "swift pt",
    "swift sft",
    "swift rlhf",
    "jupyter",
    "jupyter-lab",
    "jupyter-notebook",
    "jupyterhub-singleuser",
    "start-notebook.sh",
    "start-notebook.py",
    "start-singleuser.sh",
    "start-singleuser.py",
    "code-server",
    "dcgm-exporter",
    "all_reduce_perf",
)
_TRAINING = re.compile(r"(?:.*[/_-])?(?:pre_?train|train|fine_?tune)(?:er|ing)?(?:[_-][\w-]*)?\.py")
_TRAINING_MODULE = re.compile(r"(?:\w+\.)*(?:pre_?train|train|fine_?tune)(?:er|ing)?(?:\.\w+)*")
_MAX_PATH = 200
# Python has no more options of its own; these have a value.
_MAX_OPTIONS = 32
_WITH_VALUE = frozenset({"-X", "-W"})

_TAG = r"(?::[^/@]*)?"
IMAGES = (
    _image(rf"(?:vllm-openai(?:-rocm|-xpu)?|vllm-tpu|llm-d(?:-cuda|-rocm|-xpu|-hpu|-aws)?){_TAG}", "vllm serve"),
    _image(rf"lmsysorg/sglang{_TAG}", "python -m sglang.launch_server"),
    _image(rf"(?:text-generation-inference|tgi-gaudi){_TAG}", "text-generation-launcher"),
    _image(rf"infinity{_TAG}", "infinity_emb"),
    _image(rf"(?:faster-whisper-server|speaches){_TAG}", "", "uvicorn --factory faster_whisper_server.main:create_app"),
    _image(rf"ollama/ollama{_TAG}", "ollama", "serve"),
    _image(r"llama\.cpp:server[^/@]*", "llama-server"),
    _image(r"llama\.cpp:full[^/@]*", "tools.sh"),
    _image(rf"huggingfaceserver{_TAG}", "python -m huggingfaceserver"),
    _image(r"[^/@]*(?:jupyter|notebook|singleuser|code-?server)[^/@]*", "", "jupyter"),
)


def started_engine(words: Fields) -> tuple[Engine, Fields] | None:
    """Return the engine that words start, with the words behind its head, or None."""
    for engine in ENGINES:
        for head in engine.heads:
            rest = _behind(head, words)
            if rest is not None:
                return None if engine.without.intersection(rest[:1]) else (engine, rest)
    return None


def runs_beside(words: Fields) -> bool:
    """Tell whether words start what serves beside an engine or trains a model."""
    if any(_behind(head, words) is not None for head in _BESIDE):
        return True
    if not words or not _PYTHON.fullmatch(words[0]):
        return False
    begin = _behind_options(words)
    if words[begin : begin + 1] == ("-m",):
        return any(_TRAINING_MODULE.fullmatch(word) for word in words[begin + 1 : begin + 2] if len(word) < _MAX_PATH)
    return any(_TRAINING.fullmatch(word) for word in words[1:4] if len(word) < _MAX_PATH)


def image_words(image: str, args: Fields) -> Fields | None:
    """Return the words that an image starts with these arguments, or None where its entrypoint is not known."""
    found = next((each for each in IMAGES if each.path.fullmatch(image)), None)
    if found is None or (args and (_PYTHON.fullmatch(args[0]) or _SHELL.fullmatch(args[0]))):
        return None
    return found.entrypoint + (args or found.default_args)


def has_default_args(image: str) -> bool:
    """Tell whether an image has arguments of its own, which stand only where a container has none."""
    return any(each.default_args for each in IMAGES if each.path.fullmatch(image))


def _behind(head: Fields, words: Fields) -> Fields | None:
    """Return the words behind a head, or None where it is another one; Python's own options may stand in between."""
    if len(words) < len(head) or not _is_program(head[0], words[0]):
        return None
    begin = _behind_options(words) if head[0] == "python" else 1
    if len(head) > 1 and head[0] in {"sh", "python"}:
        tail = words[begin : begin + len(head) - 1]
        matches = tuple(word.rpartition("/")[2] for word in tail) == head[1:]
    else:
        matches = words[1 : len(head)] == head[1:]
    return words[begin + len(head) - 1 :] if matches else None


def _behind_options(words: Fields) -> int:
    """Return where Python's own options end: at `-m`, or at a script."""
    options = range(1, min(len(words), _MAX_OPTIONS))
    ends = (at for at in options if words[at] == "-m" or (words[at][:1] != "-" and words[at - 1] not in _WITH_VALUE))
    return next(ends, 1)


def _is_program(name: str, word: str) -> bool:
    pattern = {"python": _PYTHON, "sh": _SHELL}.get(name)
    return pattern.fullmatch(word) is not None if pattern else word.rpartition("/")[2] == name
