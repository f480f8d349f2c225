"""OME's serving objects as JSON: runtimes, InferenceServices and base models, of a namespace or of the cluster."""

from random import Random

from tests.fuzz.configurations import by_format, configurations, constraints, requirements, selector
from tests.fuzz.names import (
    CLASSES,
    CONTAINERS,
    FORMATS,
    MODELS,
    NAMESPACES,
    RUNTIMES,
    SERVED,
    SERVICES,
    VALUES_OF_VARIABLES,
    VARIABLES,
    Json,
    maybe,
    some,
)

# What serves is of these few, so that pods find it.
_HOMES = NAMESPACES[:3]
_SIZES = ("8B", "32.5B", "500M", "1.5T", "70 B")
_STORES = ("hf://meta-llama/Llama-3.1-8B-Instruct", "hf://Qwen/Qwen3-32B@main", "oci://n/b/m", "pvc://m/x")


def cluster_runtime(chance: Random) -> Json:
    """Return a ClusterServingRuntime."""
    return {"metadata": {"name": chance.choice(RUNTIMES)}, "spec": _runtime(chance)}


def runtime(chance: Random) -> Json:
    """Return a ServingRuntime."""
    return _at_home(chance, cluster_runtime(chance))


def service(chance: Random) -> Json:
    """Return an InferenceService."""
    spec = maybe(
        chance,
        acceleratorSelector=selector(chance),
        engine=_component(chance),
        decoder=_component(chance),
        router={"minReplicas": 1},
        runtime={"name": chance.choice(RUNTIMES)},
        model={"name": chance.choice(MODELS), "kind": "ClusterBaseModel"},
    )
    return _at_home(chance, {"metadata": {"name": chance.choice(SERVICES)}, "spec": spec})


def cluster_model(chance: Random) -> Json:
    """Return a ClusterBaseModel."""
    spec = maybe(
        chance,
        modelParameterSize=chance.choice(_SIZES),
        modelFormat={"name": chance.choice(FORMATS), "version": "1"},
        storage={"storageUri": chance.choice(_STORES)},
        vendor="meta",
    )
    return {"metadata": {"name": chance.choice(MODELS)}, "spec": spec}


def model(chance: Random) -> Json:
    """Return a BaseModel."""
    return _at_home(chance, cluster_model(chance))


def _at_home(chance: Random, content: Json) -> Json:
    return {**content, "metadata": {**content["metadata"], "namespace": chance.choice(_HOMES)}}


def _runtime(chance: Random) -> Json:
    asked = {
        **requirements(chance),
        **constraints(chance),
        **maybe(chance, 0.2, acceleratorClasses=some(chance, CLASSES)),
    }
    return maybe(
        chance,
        acceleratorRequirements=asked,
        acceleratorConfigurations=configurations(chance),
        supportedModelFormats=[by_format(chance) for _ in range(chance.randint(0, 2))],
        engineConfig=_component(chance),
        decoderConfig=_component(chance),
        **_containers(chance),
        disabled=False,
    )


def _component(chance: Random) -> Json:
    return maybe(
        chance,
        0.4,
        **_containers(chance),
        leader=_containers(chance),
        worker=_containers(chance),
        acceleratorOverride=selector(chance),
        acceleratorConfigurations=configurations(chance)[:2],
        minReplicas=1,
    )


def _containers(chance: Random) -> Json:
    others = [{**_container(chance), "name": each} for each in chance.sample(CONTAINERS, chance.randint(0, 2))]
    return maybe(chance, runner=_container(chance), containers=others)


def _container(chance: Random) -> Json:
    env = [
        {"name": each, "value": chance.choice(VALUES_OF_VARIABLES[:3])}
        for each in chance.sample(VARIABLES, chance.randint(0, 6))
    ]
    host = {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}
    named = maybe(chance, name=chance.choice(CONTAINERS[:2]), image="vllm/vllm-openai:v0.23.0", env=[*env, host])
    return {**chance.choice(SERVED), **named}
