from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
import yaml

from cluster.objects import MalformedObject, decode_pod
from placement.accelerators import Catalog
from placement.pods import Container, Pod
from placement.recognising.inference import inference_of
from placement.recognising.platforms import count_variables, is_restored, updates_in_place

DAMAGED = 4_000
CASES = [case for path in (Path(__file__).parent / "pods").glob("*.yaml") for case in yaml.safe_load(path.read_text())]
TEXTS = [
    "",
    "0",
    "-1",
    "9" * 400,
    "\0",
    "org/m",
    "$(X)",
    "${X:-",
    "`",
    "'",
    "hf://",
    "a" * 70_000,
    "é٣",
    "--tp",
    "case x in",
]
NOTHING = Catalog()


@pytest.mark.timeout(60)
def test_no_pod_raises_anything_however_damaged() -> None:
    """Thousands of pods with words lost, doubled, shuffled and replaced: each gives a value that holds together."""
    chance = Random(4)
    for _ in range(DAMAGED):
        pod = _document(_damaged(chance.choice(CASES), chance))
        try:
            subject = decode_pod(msgspec.json.encode(pod))
        except MalformedObject:
            continue
        found = inference_of(subject, NOTHING)
        assert isinstance(is_restored(subject) or updates_in_place(subject), bool)
        assert isinstance(count_variables(subject), frozenset)
        if found:
            assert found.containers
            assert found.devices is None or found.devices >= 0
            assert found.group_devices is None or found.group_devices >= (found.devices or 0)
            assert found.quantization is None or found.quantization
            assert found.tensor_parallel is None or found.tensor_parallel > 0


@pytest.mark.parametrize(
    "words",
    [
        ["env", *["python"] * 100, *["-x"] * 300_000],
        ["env", *["curl"] * 150, *["x"] * 300_000],
        ["env", *["sh", "-c", "vllm serve x; " * 500] * 80],
        ["sh", "-c", "if a;" * 3_200],
        ["sh", "-c", "case x in a) " * 1_200],
        ["sh", "-c", "case x in " + "a|" * 7_000],
        ["vllm", "serve", "a" * 130_000],
        ["vllm", "serve", "models--" * 16_000],
        ["hf", "download", *["https://huggingface.co/a/b "] * 50_000],
    ],
    ids=["pythons", "curls", "shells", "ifs", "cases", "patterns", "name", "folders", "addresses"],
)
@pytest.mark.timeout(10)
def test_no_command_line_takes_long_however_long_it_is(words: list[str]) -> None:
    """Who waits for the webhook waits for every pod of a namespace."""
    container = Container("c", command=tuple(words))

    found = inference_of(Pod("ml", containers=(container,), init_containers=(container,)), NOTHING)

    assert found is None or found.containers == (container,)


def _damaged(value: Any, chance: Random) -> Any:
    """Return a copy in which about one text in ten, and one list or map in twenty, is not what it was."""
    if isinstance(value, dict):
        kept = {key: _damaged(each, chance) for key, each in value.items() if chance.random() > 0.03}
        return dict(chance.sample(list(kept.items()), len(kept)))
    if isinstance(value, list):
        words = [_damaged(each, chance) for each in value if chance.random() > 0.05]
        return chance.sample(words, len(words)) if chance.random() < 0.05 else words
    if isinstance(value, str) and chance.random() < 0.1:
        cut = chance.randrange(len(value) + 1)
        return chance.choice((value[:cut], value[cut:], value + value, chance.choice(TEXTS)))
    return value


def _document(case: dict[str, Any]) -> dict[str, Any]:
    metadata = {"name": "p", "labels": case.get("labels"), "annotations": case.get("annotations")}
    spec = {"containers": _containers(case.get("containers")), "initContainers": _containers(case.get("init"))}
    return {"metadata": metadata, "spec": spec}


def _containers(given: Any) -> list[dict[str, Any]]:
    return [
        {
            "name": each.get("name", "c"),
            "image": each.get("image", ""),
            "command": ["bash", "-c", str(each["script"])] if "script" in each else _split(each.get("run")),
            "args": _split(each.get("args")),
            "env": [{"name": name, "value": str(value)} for name, value in each.get("env", {}).items()],
            "resources": {"limits": each.get("asks", {"nvidia.com/gpu": each.get("gpus", 0)})},
        }
        for each in given or ()
    ]


def _split(given: Any) -> list[str]:
    return given.split() if isinstance(given, str) else list(map(str, given or ()))
