"""A class whose injection a namespace forbids is not chosen: with real quotas and limit ranges, on a real API server.

What matters most is that a pod which would have been admitted without Berth is admitted with it.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest

from demo.installation import Installation
from placement.keys import REQUESTED_CLASS
from sandbox import ApiError, ControlPlane
from tests.webhook.hardware import A100_80, GPU, H100
from tests.webhook.real import Created, add_namespace, apply_objects, await_answers, create

Json = dict[str, Any]
GPUS = f"requests.{GPU}"
DRY = "?dryRun=All"
MEMORY: Json = {"requests": {"memory": "1Gi"}, "limits": {"memory": "2Gi"}}
# Four GPUs and much memory on the preferred class, one and little on the other.
PROFILE = {
    "apiVersion": "berth.ome.io/v1alpha1",
    "kind": "AcceleratorProfile",
    "metadata": {"name": "chat"},
    "spec": {
        "podSelector": {"matchLabels": {"app": "chat"}},
        "acceleratorRequirements": {"preferredClasses": [H100.name]},
        "acceleratorConfigurations": [
            {
                "selector": {"acceleratorClass": H100.name},
                "resources": {"limits": {GPU: 4, "memory": "64Gi"}, "requests": {"memory": "16Gi"}},
            },
            {"selector": {"acceleratorClass": A100_80.name}, "resources": {"limits": {GPU: 1}}},
        ],
    },
}


@pytest.fixture(scope="module")
def berth() -> Iterator[Installation]:
    """Berth's admission side beside the controller that counts what quotas hold."""
    with ControlPlane(controller_manager=True, kwok=False) as plane:
        plane.add_nodes([*H100.nodes(4), *A100_80.nodes(4)])
        installation = Installation(plane)
        installation.apply()
        apply_objects(plane, H100.as_class, A100_80.as_class, PROFILE)
        add_namespace(plane)
        installation.start_controller("--no-discovery")  # the classes are the test's own
        installation.start_webhook()
        await_answers(plane)
        yield installation


def _put(plane: ControlPlane, namespace: str, kind: str, spec: Json) -> None:
    """Make a namespace with one quota or limit range that is in force."""
    add_namespace(plane, namespace)
    metadata = {"name": "team", "namespace": namespace}
    apply_objects(plane, {"apiVersion": "v1", "kind": kind, "metadata": metadata, "spec": spec})
    if kind == "ResourceQuota":
        plane.wait(lambda: plane.get_json(kind, "team", namespace).get("status", {}).get("hard"), 20, "it is counted")


def _put_and_seen(plane: ControlPlane, namespace: str, kind: str, spec: Json) -> None:
    """Do the same, and wait until the webhook passes over the preferred class."""
    _put(plane, namespace, kind, spec)
    plane.wait(lambda: create(plane, _chat("probe"), namespace, DRY).reasons.get(H100.name), 20, "it is seen")


def _chat(name: str, resources: Json = MEMORY, accelerator_class: str = "") -> Json:
    engine = {
        "name": "vllm",
        "image": "vllm/vllm-openai:v0.33.0",
        "resources": resources,
    }
    return {
        "metadata": {"name": name, "labels": {"app": "chat"}, "annotations": {REQUESTED_CLASS: accelerator_class}},
        "spec": {"containers": [engine]},
    }


FORBIDDING = [
    pytest.param(
        "ResourceQuota",
        {"hard": {GPUS: "2"}},
        f"quota team allows 2 {GPUS}, the pod would ask 4",
        id="quota-of-gpus",
    ),
    pytest.param(
        "ResourceQuota",
        {"hard": {"requests.memory": "8Gi"}},
        "quota team allows 8Gi requests.memory, the pod would ask 16Gi",
        id="quota-of-memory",
    ),
    pytest.param(
        "LimitRange",
        {"limits": [{"type": "Container", "max": {"memory": "32Gi"}, "defaultRequest": {"memory": "1Gi"}}]},
        "limit range team allows at most 32Gi memory, 64Gi would be asked for container vllm",
        id="limit-range-of-containers",
    ),
    pytest.param(
        "LimitRange",
        {"limits": [{"type": "Pod", "max": {"memory": "32Gi"}}]},
        "limit range team allows at most 32Gi memory, 64Gi would be asked for a pod",
        id="limit-range-of-pods",
    ),
]


@pytest.mark.parametrize(("kind", "spec", "reason"), FORBIDDING)
def test_another_class_is_taken_where_the_preferred_one_is_forbidden(
    berth: Installation, request: pytest.FixtureRequest, kind: str, spec: Json, reason: str
) -> None:
    """The API server would refuse the pod as the preferred class needs it, so it is made for the next."""
    namespace = request.node.callspec.id
    _put_and_seen(berth.plane, namespace, kind, spec)

    named = create(berth.plane, _chat("b", accelerator_class=H100.name), namespace, DRY)
    stored = create(berth.plane, _chat("a"), namespace)

    assert stored.chosen == A100_80.name
    assert stored.reasons[H100.name] == reason
    assert named.warnings[-1] == f"{H100.name}: {reason}"


def test_without_another_class_the_pod_is_admitted_as_it_is(berth: Installation) -> None:
    """Berth never makes a pod fail that the namespace allows: it stays as it is, and its author reads why."""
    _put_and_seen(berth.plane, "none", "ResourceQuota", {"hard": {GPUS: "0"}})

    stored = create(berth.plane, _chat("a"), "none")

    reasons = {H100.name: f"quota team allows 0 {GPUS}, the pod would ask 4"}
    reasons[A100_80.name] = f"quota team allows 0 {GPUS}, the pod would ask 1"
    assert stored.engine["resources"] == _chat("a")["spec"]["containers"][0]["resources"]
    assert "nodeSelector" not in stored.spec
    assert stored.reasons == reasons
    assert stored.warnings == [
        "no accelerator class will do for this pod (profile chat); it is admitted as it is",
        *(f"{name}: {reasons[name]}" for name in stored.reasons),
    ]


def test_what_the_quota_holds_already_counts(berth: Installation) -> None:
    """The third pod finds two GPUs held of two."""
    _put_and_seen(berth.plane, "held", "ResourceQuota", {"hard": {GPUS: "2"}})
    for name in ("a", "b"):
        create(berth.plane, _chat(name), "held")
    berth.plane.wait(lambda: not create(berth.plane, _chat("c"), "held", DRY).chosen, 20, "use is seen")

    stored = create(berth.plane, _chat("c"), "held")

    assert stored.reasons[A100_80.name] == f"quota team allows 2 {GPUS}, 2 in use, the pod would ask 1"
    assert (stored.chosen, stored.gpus) == ("", 0)


def test_a_quota_for_pods_that_ask_for_memory(berth: Installation) -> None:
    """It counts a pod only once a class's memory is added to it: that class is not chosen then."""
    scoped = {"hard": {"pods": "0"}, "scopes": ["NotBestEffort"]}
    _put(berth.plane, "scoped", "ResourceQuota", scoped)

    stored = _at_last(berth.plane, _chat("a", {}), "scoped")

    assert stored.chosen == A100_80.name
    assert stored.reasons[H100.name] == "quota team allows 0 pods, the pod would ask 1"


def test_many_pods_at_once_share_what_the_quota_allows(berth: Installation) -> None:
    """Others of the same moment may take the last of a quota; at its next attempt a pod is admitted without any."""
    _put_and_seen(berth.plane, "crowd", "ResourceQuota", {"hard": {GPUS: "3"}})
    with ThreadPoolExecutor(16) as creators:
        stored = list(creators.map(lambda index: _at_last(berth.plane, _chat(f"p-{index}"), "crowd"), range(32)))

    assert sorted((each.chosen, each.gpus) for each in stored) == [("", 0)] * 29 + [(A100_80.name, 1)] * 3


def _at_last(plane: ControlPlane, pod: Json, namespace: str, patience_seconds: float = 20) -> Created:
    """Create a pod once a dry run says that it will be admitted, as controllers try again."""

    def attempt() -> Created | None:
        with suppress(ApiError):
            create(plane, pod, namespace, DRY)
            return create(plane, pod, namespace)
        return None

    created = plane.wait(attempt, patience_seconds, "the pod is admitted")
    assert created
    return created


def test_a_ratio_that_the_preferred_class_would_break(berth: Installation) -> None:
    """A limit range may bound how far limits exceed requests: 64 GiB over 16 GiB are more than twice."""
    limits = [{"type": "Container", "maxLimitRequestRatio": {"memory": "2"}}]
    _put(berth.plane, "ratio", "LimitRange", {"limits": limits})

    stored = _at_last(berth.plane, _chat("a"), "ratio", patience_seconds=2)

    assert stored.chosen == A100_80.name
