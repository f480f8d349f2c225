"""Models by name: what is known of them, and what a name says by itself."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from placement.recognising.known_models import TABLE

# Millions and trillions of parameters, in billions.
_SCALES = {"m": 1e-3, "b": 1.0, "t": 1e3}
_SIZE = re.compile(r"\s*([0-9]{1,6}(?:\.[0-9]{1,6})?)\s*([MmBbTt])\s*")
_EXPERTS = re.compile(r"(?<![0-9.])([0-9]{1,3})x([0-9]{1,4}(?:\.[0-9]{1,3})?)b(?![a-z0-9])")
# Not the active parameters (A22B) nor the effective ones (E4B) of a sparse model.
_IN_NAME = {
    unit: re.compile(rf"(?<![0-9.])(?<![^a-z][ae])([0-9]{{1,4}}(?:\.[0-9]{{1,3}})?){unit}(?![a-z0-9])")
    for unit in "bmt"
}
_QUANTIZED = re.compile(
    r"[-_.](?:(?:fp8|nvfp4|mxfp4|mxfp8|fp4|int4|int8|awq|gptq|gguf|bnb|bf16|fp16|w4a16|w8a8|w8a16|4bit|8bit|autoround)"
    r"|quantized|dynamic|block|marlin|nf4|q[2-8](?:[-_][0-9kms]+)*|mlx|hf)(?=[-_.:]|$)"
)
# Later releases of a model have its size: DeepSeek-R1-0528.
_DATE = re.compile(r"-(?:[0-9]{4}|[0-9]{6})$")
_FORMATS = (
    ("nvfp4", "nvfp4"),
    ("mxfp4", "mxfp4"),
    ("mxfp8", "mxfp8"),
    ("fp8", "fp8"),
    ("fp4", "fp4"),
    ("awq", "awq"),
    ("gptq", "gptq"),
    ("bnb", "bitsandbytes"),
    ("w4a16", "compressed-tensors"),
    ("w8a8", "compressed-tensors"),
    ("w8a16", "compressed-tensors"),
    ("int4", "int4"),
    ("int8", "int8"),
    ("gguf", "gguf"),
)
# What llama.cpp and Ollama write behind a name: `Q4_K_M`, `q8_0`.
_BLOCKS = re.compile(r"(?<![a-z0-9])q[2-8]_(?:k(?:_[sml])?|[01])(?![a-z0-9])")
_SHORT = {"bitsandbytes-nf4": "bnb-nf4", "bitsandbytes-fp4": "bnb-fp4"}


@dataclass(frozen=True, slots=True)
class Model:
    """A model whose size is published; None is not known. Weights are those of the checkpoint under this very id."""

    id: str
    parameters_billion: float
    layers: int
    kv_bytes_per_token: int | None
    weights_gib: float | None
    native_dtype: str


def known_model(name: str) -> Model | None:
    """Return the model of a name: its id, the last part of it, or as servers and labels spell that."""
    return _models().get(_key(name)) or _models().get(_key(name.rstrip("/").rpartition("/")[2]))


def parameters_in_billions(name: str) -> float | None:
    """Return how many parameters a model has, from the table or else from its name, or None."""
    short = name.rstrip("/").rpartition("/")[2].lower()
    plain = _QUANTIZED.sub("", short)
    found = known_model(name) or known_model(plain) or known_model(_DATE.sub("", plain))
    if found:
        return found.parameters_billion
    if experts := _EXPERTS.search(short):
        return float(experts[1]) * float(experts[2])
    sizes = ((pattern.search(f" {short}"), _SCALES[unit]) for unit, pattern in _IN_NAME.items())
    return next((float(match[1]) * scale for match, scale in sizes if match), None)


def size_in_billions(text: str) -> float | None:
    """Return a size of a model as people write it (`70B`, `500M`, `1.5T`), or None where it is none."""
    match = _SIZE.fullmatch(text)
    return float(match[1]) * _SCALES[match[2].lower()] if match and float(match[1]) else None


def quantization_in_name(name: str) -> str | None:
    """Return the number format that a checkpoint's name tells, or None."""
    if blocks := _BLOCKS.search(name.lower()):
        return blocks[0]
    words = re.split(r"[-_.:/]", name.lower())
    return next((meant for word, meant in _FORMATS if word in words), None)


def short_quantization(text: str) -> str:
    """Return a quantization method as it is commonly called."""
    return _SHORT.get(text.lower(), text.lower())


@cache
def _models() -> Mapping[str, Model]:
    models = tuple(_model(line.split()) for line in TABLE.strip().splitlines())
    return {_key(name): each for each in reversed(models) for name in (each.id.rpartition("/")[2], each.id)}


def _model(columns: list[str]) -> Model:
    name, parameters, layers, kv_bytes, weights, dtype = columns
    kv_bytes_per_token = None if kv_bytes == "-" else int(kv_bytes)
    weights_gib = None if weights == "-" else float(weights)
    return Model(name, float(parameters), int(layers), kv_bytes_per_token, weights_gib, dtype)


def _key(name: str) -> str:
    return re.sub(r"[._]", "-", name.strip().lower())
