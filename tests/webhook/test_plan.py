"""The founding proposal's plan of integration tests, by its names, on a real API server; Kueue has tests of its own."""

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from demo.installation import Installation
from placement.keys import COST_THRESHOLD, REQUESTED_CLASS, STRATEGY, WAIT
from tests.webhook.hardware import A100_40, GPU, H100, H200, PRODUCT, T4
from tests.webhook.ome_pods import ome_pod
from tests.webhook.real import NAMESPACE, Created, admitting, create

Json = dict[str, Any]
KINDS = (A100_40, H100, H200, T4)
SERVED = ["--model-path=$(MODEL_PATH)"]
# Who waits for a class gets one at once, instead of several that are left open to the node.
AT_ONCE = {WAIT: "true"}


def _object(kind: str, name: str, **spec: Any) -> Json:
    scope = {} if kind.startswith("Cluster") else {"namespace": NAMESPACE}
    return {"apiVersion": "ome.io/v1beta1", "kind": kind, "metadata": {"name": name, **scope}, "spec": spec}


def _configuration(accelerator_class: str, *args: str, gpus: int = 0) -> Json:
    limits = {"limits": {GPU: gpus}} if gpus else {}
    return {"selector": {"acceleratorClass": accelerator_class}, "resources": limits, "runner": {"args": list(args)}}


def _by_size(accelerator_class: str, size: str) -> Json:
    return {"class": accelerator_class, "score": 100, "conditions": [{"modelSize": size}]}


OBJECTS = (
    _object("BaseModel", "small", modelParameterSize="7B"),
    _object("ClusterBaseModel", "medium", modelParameterSize="70.6B"),
    _object("ClusterBaseModel", "large", modelParameterSize="405B"),
    _object(
        "ServingRuntime",
        "by-size",
        acceleratorRequirements={
            "supportedClasses": [A100_40.name, H100.name, H200.name],
            "preferenceOrder": [
                _by_size(A100_40.name, "<30B"),
                _by_size(H100.name, "30B-100B"),
                _by_size(H200.name, ">100B"),
            ],
        },
        acceleratorConfigurations=[
            _configuration(kind.name, f"--mem-fraction-static={share}")
            for kind, share in ((A100_40, 0.85), (H100, 0.9), (H200, 0.95))
        ],
    ),
    _object("ServingRuntime", "modest", acceleratorRequirements={"requiredFeatures": ["tensor-cores"]}),
    _object(
        "ClusterServingRuntime",
        "layered",
        acceleratorRequirements={
            "supportedClasses": [A100_40.name, H100.name, H200.name],
            "preferredClasses": [H200.name],
        },
    ),
    _object("InferenceService", "plain", runtime={"name": "layered"}),
    _object(
        "InferenceService",
        "picky",
        runtime={"name": "layered"},
        acceleratorSelector={"preferredClasses": [H100.name], "requiredCapabilities": {"requiredFeatures": ["fp8"]}},
    ),
    _object(
        "ServingRuntime",
        "parallel",
        acceleratorRequirements={"preferredClasses": [A100_40.name, H100.name, H200.name]},
        acceleratorConfigurations=[
            _configuration(A100_40.name, "--tp-size=8", gpus=8),
            _configuration(H100.name, "--tp-size=4", gpus=4),
            _configuration(H200.name, "--tp-size=2", gpus=2),
        ],
    ),
    _object(
        "InferenceService",
        "contrary",
        runtime={"name": "by-size"},
        acceleratorSelector={"constraints": {"excludedClasses": [H100.name], "minMemory": 90, "maxMemory": 80}},
    ),
    _object(
        "InferenceService",
        "typo",
        runtime={"name": "by-size"},
        engine={"acceleratorOverride": {"acceleratorClass": "nvidia-h100"}},
    ),
)


@pytest.fixture(scope="module")
def berth() -> Iterator[Installation]:
    """Berth beside OME's definitions; A100 nodes have four GPUs, which is too few for some."""
    nodes = [*A100_40.nodes(2, devices=4), *H100.nodes(2), *H200.nodes(2), *T4.nodes(1, devices=2)]
    with admitting(KINDS, nodes, *OBJECTS, with_ome=True) as installation:
        yield installation


def _stored(berth: Installation, pod: Json, **annotations: str) -> Created:
    pod["metadata"]["annotations"] |= annotations
    return create(berth.plane, pod)


def test_basic_choice_by_the_size_of_the_model(berth: Installation) -> None:
    """Without any preference of the service its model's size decides, as the model's object states it."""
    stored = [_stored(berth, ome_pod("sized", runtime="by-size", model=each)) for each in ("small", "medium", "large")]

    kinds = (A100_40, H100, H200)
    assert [each.chosen for each in stored] == [kind.name for kind in kinds]
    assert [each.spec["nodeSelector"] for each in stored] == [{PRODUCT: kind.product} for kind in kinds]
    assert [each.warnings for each in stored] == [[], [], []]


def test_basic_choice_by_the_size_that_a_command_line_tells(berth: Installation) -> None:
    """A model that has no object is known by its name."""
    command = ["python3", "-m", "sglang.launch_server", "--model-path=meta-llama/Llama-3.3-70B-Instruct"]

    stored = _stored(berth, ome_pod("sized", runtime="by-size", container={"command": command}))

    assert stored.chosen == H100.name


def test_basic_choice_without_a_preference(berth: Installation) -> None:
    """A runtime that only asks for tensor cores gets the class that is best for its price, and the record says so."""
    stored = _stored(berth, ome_pod("any", runtime="modest"))

    assert stored.chosen.split(",")[0] == T4.name
    assert stored.decision["why"].startswith("best of 4 classes that fit by strategy balanced")


def test_override_of_the_runtime_by_the_service_by_the_annotation(berth: Installation) -> None:
    """Runtime, then InferenceService, then the pod's annotations: each overrides the one before."""
    runtime = "layered"
    of_runtime = _stored(berth, ome_pod("plain", runtime=runtime), **AT_ONCE)
    of_service = _stored(berth, ome_pod("picky", runtime=runtime), **AT_ONCE)
    of_annotation = _stored(berth, ome_pod("picky", runtime=runtime), **{REQUESTED_CLASS: H200.name})

    assert [each.chosen for each in (of_runtime, of_service, of_annotation)] == [H200.name, H100.name, H200.name]
    assert of_annotation.decision["source"] == (
        f"ClusterServingRuntime layered, InferenceService ml/picky, annotation {REQUESTED_CLASS}"
    )
    assert of_annotation.decision["why"] == "named by the pod"


def test_override_never_loosens_what_an_earlier_layer_requires(berth: Installation) -> None:
    """The service wants fp8: the annotation cannot ask for a class without it."""
    stored = _stored(berth, ome_pod("picky", runtime="layered"), **{REQUESTED_CLASS: A100_40.name})

    assert stored.chosen == ""
    assert stored.warnings[-1] == "nvidia-a100-40gb: lacks fp8"


def test_override_of_the_strategy_by_the_annotation(berth: Installation) -> None:
    """The same pod gets the fastest class or the cheapest one."""
    chosen = [
        _stored(berth, ome_pod("any", runtime="modest"), **{STRATEGY: strategy, **AT_ONCE}).chosen
        for strategy in ("performance", "cost")
    ]

    assert chosen == [H200.name, T4.name]


def test_many_gpus_follow_the_tensor_parallel_configuration(berth: Installation) -> None:
    """The class that is chosen decides about parallelism and count alike; what OME derives from the count follows."""
    container = {"args": SERVED, "resources": {"limits": {GPU: "1"}}}

    stored = _stored(berth, ome_pod("parallel", runtime="parallel", container=container))

    assert stored.chosen == H100.name
    assert stored.engine["args"] == [*SERVED, "--tp-size=4"]
    assert stored.engine["resources"]["limits"] == stored.engine["resources"]["requests"] == {GPU: "4"}
    assert stored.env["PARALLELISM_SIZE"] == "4"


def test_many_gpus_never_on_a_class_whose_nodes_are_too_small(berth: Installation) -> None:
    """The preferred class is passed over where no node has that many GPUs, with the numbers."""
    stored = _stored(berth, ome_pod("parallel", runtime="parallel", container={"args": SERVED}))
    named = _stored(berth, ome_pod("parallel", runtime="parallel"), **{REQUESTED_CLASS: A100_40.name})
    source = f"ServingRuntime ml/parallel, annotation {REQUESTED_CLASS}"

    assert stored.reasons[A100_40.name] == f"its largest node has 4, the pod asks 8 {GPU}"
    assert named.chosen == ""
    assert named.warnings == [
        f"no accelerator class will do for this pod ({source}); it is admitted as it is",
        f"{A100_40.name}: its largest node has 4, the pod asks 8 {GPU}",
    ]


def test_many_gpus_that_the_user_asks_for_stay(berth: Installation) -> None:
    """Counts and parallelism of the author are kept where they are larger or said already, under whatever name."""
    container = {"args": [*SERVED, "--tp=8"], "resources": {"limits": {GPU: "8"}}}

    stored = _stored(berth, ome_pod("parallel", runtime="parallel", container=container))

    assert stored.gpus == 8
    assert stored.engine["args"] == container["args"]


def test_failure_no_matching_accelerator(berth: Installation) -> None:
    """The pod is admitted as it is, its author reads the reason of every class, and so does whoever reads the pod."""
    stored = _stored(berth, ome_pod("cheap", runtime="by-size"), **{COST_THRESHOLD: "0.40"})

    assert "nodeSelector" not in stored.spec
    assert stored.spec["schedulerName"] == "default-scheduler"
    assert stored.warnings[0] == (
        f"no accelerator class will do for this pod (ServingRuntime ml/by-size, annotation {COST_THRESHOLD}); "
        "it is admitted as it is"
    )
    assert stored.warnings[1:] == [f"{name}: {why}" for name, why in stored.reasons.items()]
    assert stored.reasons[A100_40.name] == "costs 0.45 USD/h, at most 0.4 allowed"
    assert stored.reasons[T4.name] == "is not among the supported classes"


def test_failure_contradicting_requirements(berth: Installation) -> None:
    """Who says what cannot be met at once is named before the reasons of the classes."""
    stored = _stored(berth, ome_pod("contrary", runtime="by-size"))

    source = "ServingRuntime ml/by-size, InferenceService ml/contrary"
    assert stored.chosen == ""
    assert stored.warnings[:2] == [
        f"{source}: at least 90 GiB of memory and at most 80 GiB exclude each other",
        f"{source}: nvidia-h100-80gb is supported and excluded",
    ]


def test_failure_invalid_class_reference(berth: Installation) -> None:
    """A misspelt class is told with the name that would do, whether a service or a pod names it."""
    of_service = _stored(berth, ome_pod("typo", runtime="by-size"))
    of_pod = _stored(berth, ome_pod("any", runtime="modest"), **{REQUESTED_CLASS: "h100"})

    assert of_service.warnings[-1] == (
        "nvidia-h100: is no valid AcceleratorClass of this cluster (did you mean nvidia-h100-80gb?)"
    )
    assert of_pod.warnings[-1].startswith("h100: is no valid AcceleratorClass of this cluster (there are: nvidia-a100")
    assert of_service.chosen == of_pod.chosen == ""


def test_failure_is_told_as_kubectl_prints_it(berth: Installation) -> None:
    """Whoever applies a pod reads each warning on a line of its own, and the pod is there."""
    plane = berth.plane
    pod = ome_pod("any", runtime="modest")
    pod["metadata"]["annotations"][REQUESTED_CLASS] = "nvidia-h100"
    command = [str(plane.tools / "kubectl"), f"--kubeconfig={plane.kubeconfig}", f"--namespace={NAMESPACE}", "create"]

    printed = subprocess.run(
        [*command, "--filename=-"],
        input=json.dumps({"apiVersion": "v1", "kind": "Pod", **pod}),
        capture_output=True,
        text=True,
        check=True,
    )

    source = f"ServingRuntime ml/modest, annotation {REQUESTED_CLASS}"
    assert printed.stderr.splitlines() == [
        f"Warning: no accelerator class will do for this pod ({source}); it is admitted as it is",
        "Warning: nvidia-h100: is no valid AcceleratorClass of this cluster (did you mean nvidia-h100-80gb?)",
    ]
    assert printed.stdout.endswith("created\n")
