import json
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from cluster.objects import decode_pod
from placement.accelerators import AcceleratorClass, Catalog, DeviceResource
from placement.pods import Pod
from placement.recognising.command_lines.engines import ENGINES
from placement.recognising.inference import Inference, inference_of
from placement.recognising.platforms import PLATFORMS, platforms_of
from placement.selection import NodeSelection

NOTHING = Catalog()
RESOURCES = ("nvidia.com/gpu", "nvidia.com/mig-3g.40gb", "amd.com/gpu", "huawei.com/ascend-1980")
FULL = Catalog(
    {name: AcceleratorClass(name, NodeSelection({}), listed_resources=(DeviceResource(name),)) for name in RESOURCES}
)
FOLDER = Path(__file__).parent / "pods"
CASES: list[Any] = [
    pytest.param(case, id=f"{path.stem}: {case['is']}")
    for path in sorted(FOLDER.glob("*.yaml"))
    for case in yaml.safe_load(path.read_text())
]
# What a case expects where it says nothing else; the group holds what the pod holds.
USUAL = {
    "follows": False,
    "merges": False,
    "engine": "vllm",
    "model": None,
    "source": None,
    "tp": 1,
    "pp": 1,
    "dp": 1,
    "gpus": 1,
    "key": None,
    "quantization": None,
    "kv": None,
    "length": None,
    "confidence": "exact",
}


@pytest.mark.parametrize(
    "catalog", [pytest.param(NOTHING, id="no class known"), pytest.param(FULL, id="classes known")]
)
@pytest.mark.parametrize("case", CASES)
def test_every_platforms_pods_are_understood_whatever_the_cluster_offers(
    case: dict[str, Any], catalog: Catalog
) -> None:
    """Role, engine, model, parallelism, counts, group and number formats of pods as their operators write them."""
    found = inference_of(_pod(case), catalog)

    assert _seen(found) == _expected(case)


def test_every_platform_and_engine_has_pods_of_its_own() -> None:
    """Whoever adds one adds pods of it, each under a name of its own."""
    found = [inference_of(_pod(case.values[0]), NOTHING) for case in CASES]
    platforms = {each.name for case in CASES for each in platforms_of(_pod(case.values[0]))}

    assert len({case.id for case in CASES}) == len(CASES) >= 100
    assert platforms == {each.name for each in PLATFORMS}
    assert {each.command.engine for each in found if each} >= {each.name for each in ENGINES if each.serves_model}


def _expected(case: dict[str, Any]) -> dict[str, Any] | None:
    if case["expect"] is False:
        return None
    expected = {**USUAL, "containers": [case["containers"][0]["name"]], **case["expect"]}
    return {"groupGpus": expected["gpus"], **expected}


def _seen(found: Inference | None) -> dict[str, Any] | None:
    if found is None:
        return None
    command, model = found.command, found.model
    return {
        "follows": found.follows,
        "merges": found.merges,
        "engine": command.engine,
        "model": model.name if model else None,
        "source": str(model.source) if model else None,
        "tp": found.tensor_parallel,
        "pp": command.pipeline_parallel,
        "dp": command.data_parallel,
        "gpus": found.devices,
        "groupGpus": found.group_devices,
        "key": found.group.key if found.group else None,
        "quantization": found.quantization,
        "kv": command.kv_cache_dtype,
        "length": command.max_length,
        "confidence": str(command.confidence),
        "containers": [each.name for each in found.containers],
    }


def _pod(case: dict[str, Any]) -> Pod:
    """Return the pod as an API server would hand it over."""
    spec = {
        "containers": [_container(each) for each in case["containers"]],
        "initContainers": [_container(each) for each in case.get("init", [])],
    }
    metadata = {"name": "p", "labels": case.get("labels"), "annotations": case.get("annotations")}
    return decode_pod(json.dumps({"metadata": metadata, "spec": spec}).encode(), "ml")


def _container(short: dict[str, Any]) -> dict[str, Any]:
    """Return a container: `run` and `args` are split into words, `script` is run by bash, `gpus` are NVIDIA's."""
    asked = short.get("asks", {"nvidia.com/gpu": short["gpus"]} if "gpus" in short else {})
    command, args = _words(short.get("run")), _words(short.get("args"))
    if "script" in short:
        command, args = ["bash", "-c"], [short["script"], *args]
    hook = {"postStart": {"exec": {"command": ["sh", "-c", short["hook"]]}}} if "hook" in short else {}
    return {
        "name": short["name"],
        "image": short.get("image", ""),
        "command": command,
        "args": args,
        "env": [_variable(name, value) for name, value in short.get("env", {}).items()],
        "envFrom": [{"secretRef": {"name": name}} for name in short.get("envFrom", [])],
        "resources": {"limits": asked, "requests": asked, "claims": short.get("claims", [])},
        "lifecycle": hook,
    }


def _variable(name: str, value: str | dict[str, Any] | None) -> dict[str, Any]:
    """Return a variable; a map says where its value is from, and one without a value comes from a field of the pod."""
    if isinstance(value, dict):
        return {"name": name, "valueFrom": value}
    return {"name": name, "valueFrom": {"fieldRef": {}}} if value is None else {"name": name, "value": str(value)}


def _words(given: str | list[str] | None) -> list[str]:
    return shlex.split(given) if isinstance(given, str) else given or []
