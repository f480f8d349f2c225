"""What authors of profiles, runtimes and InferenceServices say of classes, as JSON in both dialects."""

from random import Random
from typing import Any

from tests.fuzz.names import CLASSES, ENGINES, FORMATS, STRATEGIES, Json, device, maybe, some

_FAMILIES = ("hopper", "ada", "nvidia-hopper")
_SIZES = ("<30B", ">=7B", "7B-13B", "70B", "> 1T")


def requirements(chance: Random) -> Json:
    """Return the proposal's acceleratorRequirements."""
    return maybe(
        chance,
        0.25,
        supportedClasses=[*some(chance, CLASSES), "no-such-class"],
        excludedClasses=some(chance, CLASSES[:3]),
        preferredClasses=some(chance, CLASSES),
        architectureFamilies=some(chance, _FAMILIES),
        requiredCapabilities=capabilities(chance),
        preferenceOrder=[_preference(chance) for _ in range(chance.randint(0, 3))],
    )


def capabilities(chance: Random) -> Json:
    """Return requiredCapabilities."""
    return maybe(
        chance,
        0.15,
        memoryGB=chance.choice(("40Gi", "16", 80)),
        minComputeCapability="8.0",
        requiredFeatures=["FP8"],
        memoryBandwidthGBps="1000",
        performance={"fp16TFLOPS": "100"},
    )


def constraints(chance: Random) -> Json:
    """Return OME's constraints."""
    return maybe(
        chance,
        0.15,
        minMemory=chance.choice((16, 40)),
        maxMemory=chance.choice((80, 200)),
        minComputePerformanceTFLOPS=chance.choice((50, 500)),
        minArchitectureVersion="8.0",
        requiredFeatures=["fp8"],
        excludedClasses=some(chance, CLASSES[:2]),
        architectureFamilies=some(chance, _FAMILIES),
        preferredPrecisions=some(chance, ("fp8", "FP16", "int4")),
    )


def selector(chance: Random) -> Json:
    """Return an acceleratorSelector or acceleratorOverride."""
    annotations = maybe(
        chance,
        0.3,
        **{
            "ome.io/accelerator-class": chance.choice(CLASSES),
            "ome.io/selection-strategy": chance.choice(STRATEGIES),
            "ome.io/cost-threshold": chance.choice(("4.50", "0", "1e3")),
        },
    )
    return maybe(
        chance,
        0.3,
        preferredClasses=some(chance, CLASSES),
        requiredCapabilities=capabilities(chance),
        strategy=chance.choice(STRATEGIES),
        policy=chance.choice(STRATEGIES),
        nodeSelector={"zone": chance.choice("ab")},
        annotations=annotations,
        acceleratorClass=chance.choice(CLASSES),
        constraints=constraints(chance),
    )


def configurations(chance: Random) -> list[Json]:
    """Return acceleratorConfigurations without two for the same conditions."""
    named = chance.sample((*CLASSES, "no-such-class"), chance.randint(1, 7))
    listed = (_conditions(chance, name) for name in named for _ in range(chance.randint(1, 2)))
    once = {tuple(sorted(each.items())): each for each in listed}
    return [_configuration(chance, each) for each in once.values()]


def by_format(chance: Random) -> Json:
    """Return one of OME's supportedModelFormats."""
    name = chance.choice(FORMATS)
    on_class = {each: _on_class(chance) for each in chance.sample(CLASSES, chance.randint(0, 4))}
    return {"name": name, **maybe(chance, modelFormat={"name": name}, version="1"), "acceleratorConfig": on_class}


def _preference(chance: Random) -> Json:
    conditions = [
        maybe(chance, modelSize=chance.choice(_SIZES), requestSize="<1k") for _ in range(chance.randint(0, 2))
    ]
    return {"class": chance.choice(CLASSES), "score": chance.randint(0, 100), "conditions": conditions}


def _conditions(chance: Random, name: str) -> Json:
    return {
        "acceleratorClass": name,
        **maybe(chance, 0.3, engine=chance.choice(ENGINES[:4]), modelFormat=chance.choice(FORMATS[:2])),
    }


def _configuration(chance: Random, conditions: Json) -> Json:
    count = chance.choice(("1", "2", "8"))
    env = [
        {"name": "TP", "value": count},
        {"name": "URL", "value": "http://$(HOST):$(TP)"},
        {"name": "HOST", "valueFrom": {"fieldRef": {"fieldPath": "status.hostIP"}}},
    ]
    parts = maybe(chance, env=env, resources=_resources(chance, count), runner=_runner(chance, count))
    return {"selector": conditions, **parts}


def _resources(chance: Random, count: str) -> Json:
    resource, memory = device(chance), chance.choice(("8Gi", "1Ti"))
    parts: tuple[Any, ...] = (
        {"limits": {resource: count, "cpu": "16"}, "requests": {resource: count, "cpu": "8", "memory": memory}},
        {"requests": {"cpu": "2", "memory": memory}},
        {"limits": {resource: count}},
        {"limits": {"hugepages-2Mi": "4Mi", "memory": "1Gi"}},
    )
    found: Json = chance.choice(parts)
    return found


def _runner(chance: Random, count: str) -> Json:
    args = chance.choice(
        (
            ["--tensor-parallel-size", count, "--enable-prefix-caching", "--max-model-len=4096"],
            [f"--tp {count}", "-ngl 99"],
            ["--no-enable-prefix-caching", "positional"],
        )
    )
    return {"args": args, **maybe(chance, 0.3, env=[{"name": "X", "value": "1"}, {"name": "TP", "value": "3"}])}


def _on_class(chance: Random) -> Json:
    sizes = maybe(chance, tensorParallelSize=chance.choice((1, 4)), pipelineParallelSize=2)
    args = chance.choice((["--max-model-len", "4096"], ["--tp 2"], ["--kv-cache-dtype=fp8"]))
    environment = {"TP": chance.choice("128"), "URL": "http://$(HOST)"}
    return maybe(chance, tensorParallelismOverride=sizes, runtimeArgsOverride=args, environmentOverride=environment)
