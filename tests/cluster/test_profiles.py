import json
from typing import Any

import pytest

from cluster.custom_objects import InvalidObject, profile
from placement.accelerators import Figure
from placement.asking.class_requirements import ClassRequirements
from placement.asking.configurations import Configuration
from placement.asking.preferences import Preference, size_range
from placement.asking.profiles import OnNoMatch, Profile, Remedy
from placement.asking.strategies import Strategy
from placement.label_selectors import LabelSelector
from placement.pods import EnvVar
from placement.requirements import Spread
from placement.selection import Expression, Operator


def profile_of(**spec: Any) -> Profile:
    """Return the profile of a spec."""
    return profile(json.dumps({"metadata": {"name": "p"}, "spec": spec}).encode())


def profile_problems(**spec: Any) -> tuple[str, ...]:
    """Return what is wrong with the profile of a spec."""
    with pytest.raises(InvalidObject) as raised:
        profile_of(**spec)
    return raised.value.problems


def expression(key: str, operator: str, *values: str) -> dict[str, Any]:
    """Return a match expression."""
    return {"key": key, "operator": operator, "values": list(values)}


def test_a_profile_is_read_whole() -> None:
    """Requirements and configurations arrive in the domain's words; the runner's variables win over the class's."""
    read = profile_of(
        podSelector={"matchLabels": {"app": "chat"}, "matchExpressions": [expression("tier", "NotIn", "test")]},
        namespaceSelector={"matchLabels": {"team": "ai"}},
        containers=["vllm"],
        onNoMatch="Deny",
        onSlipped="Recreate",
        onStuck="Recreate",
        spread="zone",
        strategy="cost",
        preferredClasses=["l4"],
        acceleratorRequirements={
            "supportedClasses": ["l4", "h100"],
            "excludedClasses": ["t4"],
            "architectureFamilies": ["ada-lovelace", "nvidia-hopper"],
            "requiredCapabilities": {
                "memoryGB": 24,
                "minComputeCapability": "8.9",
                "requiredFeatures": ["fp8"],
                "memoryBandwidthGBps": "300",
                "performance": {"fp16TFLOPS": 100, "int8Tops": 200},
            },
            "preferenceOrder": [
                {"class": "l4", "score": 80, "conditions": [{"modelSize": "<30B"}, {"requestSize": ">4096"}]}
            ],
        },
        acceleratorConfigurations=[
            {
                "selector": {"acceleratorClass": "l4", "engine": "vllm", "modelFormat": "safetensors"},
                "env": [{"name": "A", "value": "1"}, {"name": "B"}],
                "resources": {"limits": {"nvidia.com/gpu": 2}, "requests": {"cpu": "500m"}},
                "runner": {"args": ["--tp=2"], "env": [{"name": "A", "value": "2"}]},
            }
        ],
    )

    assert read == Profile(
        "p",
        LabelSelector({"app": "chat"}, (Expression("tier", Operator.NOT_IN, ("test",)),)),
        LabelSelector({"team": "ai"}),
        frozenset({"vllm"}),
        ClassRequirements(
            frozenset({"l4", "h100"}),
            frozenset({"t4"}),
            24,
            (8, 9),
            frozenset({"fp8"}),
            frozenset({"ada-lovelace", "nvidia-hopper"}),
            {Figure.BANDWIDTH: 300, Figure.FP16: 100, Figure.INT8: 200},
        ),
        ("l4",),
        Strategy.COST,
        (Preference("l4", 80, (size_range("<30B"),), ("requestSize >4096",)),),
        (
            Configuration(
                "l4",
                (EnvVar("A", "2"), EnvVar("B", "")),
                ("--tp=2",),
                {"cpu": "500m"},
                {"nvidia.com/gpu": "2"},
                "vllm",
                "safetensors",
            ),
        ),
        OnNoMatch.DENY,
        Spread.ZONE,
        ("l4", "h100"),
        Remedy.RECREATE,
        Remedy.RECREATE,
    )


def test_the_other_spellings_of_requirements_are_read() -> None:
    """The proposal's type and its stories differ."""
    requirements = profile_of(
        podSelector={},
        acceleratorRequirements={
            "preferredClasses": ["b", "a"],
            "requiredCapabilities": {"computeCapability": "9.0", "features": ["fp8"]},
        },
    )

    assert requirements.preferred == ("b", "a")
    assert requirements.requirements == ClassRequirements(compute_capability=(9, 0), features=frozenset({"fp8"}))


def test_an_empty_selector_selects_every_pod() -> None:
    """The defaults of a profile are those of its definition."""
    assert profile_of(podSelector={}) == Profile("p")


def test_a_variable_may_come_from_a_reference() -> None:
    """A token for the model hub belongs in a Secret, not in a profile."""
    found = profile_of(podSelector={}, acceleratorConfigurations=[{"selector": CLASS, "env": [REFERENCE]}])

    assert found.configurations[0].env == (EnvVar("KEY", None, {"secretKeyRef": {"name": "hub", "key": "token"}}),)


def test_a_class_may_be_configured_for_each_engine_and_format() -> None:
    """The same flag has another name in another engine, so one entry for a class is not enough."""
    selectors = [CLASS, WITH_VLLM, CLASS | {"modelFormat": "gguf"}]
    found = profile_of(podSelector={}, acceleratorConfigurations=[{"selector": each} for each in selectors])

    assert found.configurations == (
        Configuration("l4"),
        Configuration("l4", engine="vllm"),
        Configuration("l4", model_format="gguf"),
    )


CLASS = {"acceleratorClass": "l4"}
WITH_VLLM = {"acceleratorClass": "l4", "engine": "vllm"}
REFERENCE = {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "hub", "key": "token"}}}


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ({}, "spec.podSelector: is missing"),
        (
            {"podSelector": {"matchExpressions": [expression("a", "Gt", "1")]}},
            "write In, NotIn, Exists or DoesNotExist",
        ),
        ({"podSelector": {}, "onNoMatch": "Ignore"}, "spec.onNoMatch: Input should be 'Admit' or 'Deny', not 'Ignore'"),
        ({"podSelector": {}, "onStuck": "Evict"}, "spec.onStuck: Input should be 'Report' or 'Recreate', not 'Evict'"),
        ({"podSelector": {}, "spread": "rack"}, "'none', 'node' or 'zone'"),
        (
            {"podSelector": {}, "acceleratorConfigurations": [{"selector": CLASS}, {"selector": CLASS}]},
            "two entries for l4: merge them into one",
        ),
        (
            {"podSelector": {}, "acceleratorConfigurations": [{"selector": WITH_VLLM}, {"selector": WITH_VLLM}]},
            "two entries for l4, vllm: merge them into one",
        ),
        (
            {
                "podSelector": {},
                "acceleratorConfigurations": [{"selector": CLASS, "resources": {"limits": {"nvidia.com/gpu": -1}}}],
            },
            "'-1' is below zero",
        ),
        (
            {"podSelector": {}, "acceleratorRequirements": {"requiredCapabilities": {"rocmVersion": "6.2"}}},
            "requiredCapabilities.rocmVersion: is not judged: remove it",
        ),
        (
            {
                "podSelector": {},
                "acceleratorRequirements": {
                    "preferenceOrder": [{"class": "l4", "score": 1, "conditions": [{"modelSize": "small"}]}]
                },
            },
            "'small' is no condition on a size",
        ),
        ({"podSelector": {}, "strategy": "fastest"}, "'performance', 'cost', 'balanced', 'fit' or 'order'"),
    ],
)
def test_a_wrong_profile_is_refused_with_what_to_write(spec: dict[str, Any], sentence: str) -> None:
    """A requirement that would be ignored is refused too, because it would promise too much."""
    (problem,) = profile_problems(**spec)

    assert sentence in problem


def test_a_flag_and_its_value_written_as_one_word_are_two() -> None:
    """The engine's parser would refuse `--max-model-len 16384` as a single argument."""
    runner = {"args": ["--max-model-len 16384", "--enable-metrics", '--x={"a": 1}', "--y", "a b"]}
    found = profile_of(
        podSelector={}, acceleratorConfigurations=[{"selector": {"acceleratorClass": "l4"}, "runner": runner}]
    )

    assert found.configurations[0].args == (
        "--max-model-len",
        "16384",
        "--enable-metrics",
        '--x={"a": 1}',
        "--y",
        "a b",
    )
