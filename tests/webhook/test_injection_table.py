"""Each row of the table of what is injected (README, design section 4), through the webhook's own desk."""

from typing import Any

import pytest

from placement.asking.class_requirements import ClassRequirements
from placement.asking.configurations import Configuration
from placement.asking.profiles import Profile
from placement.keys import REQUESTED_CLASS
from placement.pods import EnvVar
from tests.builders import NVIDIA, PRODUCT
from tests.webhook.asking import SCHEDULER, Answer, a_pod, answered, desk_of
from tests.webhook.knowledge import Values

Json = dict[str, Any]
KUEUE = {"kueue.x-k8s.io/queue-name": "team"}
SIDECARS = (
    {"name": "istio-proxy", "image": "istio/proxyv2:1.29"},
    {"name": "routing-proxy", "image": "ghcr.io/llm-d/llm-d-routing-sidecar:v0.6"},
)
# An L4 in most rows, with variables of which one uses another, a flag with aliases, and amounts.
L4_ONLY = Profile(
    "l4",
    requirements=ClassRequirements(frozenset({"l4"})),
    configurations=(
        Configuration(
            "l4",
            (EnvVar("HOST", "h"), EnvVar("LEVEL", "class's")),
            ("--tensor-parallel-size=2", "--enable-prefix-caching"),
            {"cpu": "8"},
            {NVIDIA: "2", "memory": "64Gi"},
        ),
    ),
)
TWO = Profile("two", preferred=("h100", "l4"), requirements=ClassRequirements(frozenset({"h100", "l4"})))


async def _answered(pod: Json, profile: Profile = L4_ONLY, scheduler: str | None = SCHEDULER) -> Answer:
    return await answered(desk_of(Values(profiles=(profile,)), scheduler), pod)


def _named(pod: Json, accelerator_class: str = "l4") -> Json:
    pod["metadata"]["annotations"] = {REQUESTED_CLASS: accelerator_class}
    return pod


async def test_where() -> None:
    """The engine, behind sidecars as it stands, and never an init container that runs the same image."""
    init = [{"name": "download", "image": "vllm/vllm-openai:v0.33.0", "args": ["--model=m"]}]

    found = await _answered(a_pod(*SIDECARS, initContainers=init))

    assert found.engine["resources"]["limits"][NVIDIA] == "2"
    assert found.spec["containers"][:2] == list(SIDECARS)
    assert found.spec["initContainers"] == init


@pytest.mark.parametrize(
    ("labels", "image"),
    [
        ({"llm-d.ai/role": "epp", "llm-d.ai/model": "m"}, "ghcr.io/llm-d/llm-d-inference-scheduler:v0.6"),
        ({}, "vllm/vllm-openai-cpu:v0.33.0"),
        ({"app": "web"}, "nginx:1.29"),
    ],
    ids=["router", "cpu image", "no model"],
)
async def test_where_nothing_runs_a_model(labels: dict[str, str], image: str) -> None:
    """Routers, builds for CPUs and web servers stay as they are, though a profile matches."""
    pod = a_pod(engine={"image": image})
    pod["metadata"]["labels"] = labels

    assert (await _answered(pod)).pod == pod


async def test_node_selector() -> None:
    """One class of plain labels reads plainly; a label that the pod has stays, and decides which classes will do."""
    plain = await _answered(_named(a_pod(), "h100"), TWO)
    own = await _answered(a_pod(nodeSelector={PRODUCT: "L4", "pool": "a"}), TWO)
    elsewhere = await _answered(a_pod(nodeSelector={PRODUCT: "L4"}), TWO)

    assert plain.spec["nodeSelector"] == {PRODUCT: "H100"}
    assert "affinity" not in plain.spec
    assert own.chosen == ""
    assert "none of its nodes meets the pod's own node selection" in str(own.warnings)
    assert (elsewhere.chosen, elsewhere.spec["nodeSelector"]) == ("l4", {PRODUCT: "L4"})


async def test_affinity() -> None:
    """Alternatives, and what Kueue manages, are ANDed into each of the pod's own terms; its wishes stay."""
    zones = [{"key": PRODUCT, "operator": "In", "values": ["L4", "H100"]}, {"key": PRODUCT, "operator": "Exists"}]
    wish = {
        "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "preference": {"matchExpressions": zones}}]
    }
    required = {"nodeSelectorTerms": [{"matchExpressions": [each]} for each in zones]}
    affinity = {"nodeAffinity": {**wish, "requiredDuringSchedulingIgnoredDuringExecution": required}}
    queued = a_pod()
    queued["metadata"]["labels"] = KUEUE

    open_choice = await _answered(a_pod(affinity=affinity), TWO)
    managed = await _answered(_named(queued, "h100"), TWO)

    h100, l4 = ({"key": PRODUCT, "operator": "In", "values": [name]} for name in ("H100", "L4"))
    assert open_choice.terms == [[own, each] for own in zones for each in (h100, l4)]
    assert open_choice.spec["affinity"]["nodeAffinity"].items() >= wish.items()
    assert managed.terms == [[h100]]
    assert "nodeSelector" not in open_choice.spec | managed.spec


async def test_tolerations() -> None:
    """The class's own behind the pod's, none that the pod has already, and never one for every taint."""
    mine = {"key": "mine", "operator": "Exists"}
    has = {"key": NVIDIA, "operator": "Exists"}

    added = (await _answered(a_pod(tolerations=[mine]))).spec["tolerations"]
    covered = (await _answered(a_pod(tolerations=[has]))).spec["tolerations"]

    assert added[0] == mine
    assert [each["key"] for each in added[1:]] == [NVIDIA]
    assert covered == [has]


async def test_env() -> None:
    """What is missing comes before its first use; what is there stays, wherever its value comes from."""
    secret = {"name": "LEVEL", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}
    uses = {"name": "URL", "value": "http://$(HOST)"}

    env = (await _answered(a_pod(engine={"env": [secret, uses]}))).engine["env"]

    assert env == [secret, {"name": "HOST", "value": "h"}, uses]


@pytest.mark.parametrize("given", [["--tp=4"], ["--tensor-parallel-size", "4"], ["-tp", "4"]])
async def test_args(given: list[str]) -> None:
    """Behind the author's own, less what is given already under any name of that flag."""
    behind_image = await _answered(a_pod(engine={"args": given}))
    behind_command = await _answered(a_pod(engine={"args": given, "command": ["vllm", "serve", "m"]}))

    assert behind_image.engine["args"] == behind_command.engine["args"] == [*given, "--enable-prefix-caching"]


@pytest.mark.parametrize("command", [["sh", "-c", "vllm serve m"], ["/opt/start", "--model=m"]])
async def test_args_that_would_not_arrive(command: list[str]) -> None:
    """Behind a shell's script or an unknown program nothing is appended: the author is told what is missing."""
    found = await _answered(_named(a_pod(engine={"command": command})))

    assert found.engine["command"] == command
    assert "args" not in found.engine
    flags = "--tensor-parallel-size=2 --enable-prefix-caching"
    assert found.warnings == [f"container engine: {flags} cannot be appended to its command; use env in the profile"]


@pytest.mark.parametrize("image", ["ollama/ollama:0.12.3", "ghcr.io/speaches-ai/speaches:0.8.3-cuda"])
async def test_args_that_would_replace_the_images_own(image: str) -> None:
    """Some images say by arguments what they run, where a container has none: ours would stand in place of those."""
    found = await _answered(a_pod(engine={"image": image}))

    assert found.chosen == "l4"
    assert "args" not in found.engine
    assert "cannot be appended" in found.warnings[0]


async def test_resources() -> None:
    """The larger of both for each name, accelerators alike in requests and limits."""
    own = {"requests": {"cpu": "16", "memory": "8Gi"}, "limits": {"memory": "128Gi", NVIDIA: "1"}}

    resources = (await _answered(a_pod(engine={"resources": own}))).engine["resources"]

    assert resources["requests"] == {"cpu": "16", "memory": "8Gi", NVIDIA: "2"}
    assert resources["limits"] == {"memory": "128Gi", NVIDIA: "2"}


async def test_resources_where_nobody_asks() -> None:
    """One device of the class."""
    assert (await _answered(_named(a_pod(), "h100"), TWO)).engine["resources"] == {
        "limits": {NVIDIA: "1"},
        "requests": {NVIDIA: "1"},
    }


@pytest.mark.parametrize(
    ("labels", "container"),
    [
        ({}, {"resources": {"claims": [{"name": "gpu"}]}}),
        (KUEUE, {"resources": {"limits": {NVIDIA: "1"}}}),
        (
            {"ray.io/cluster": "c", "ray.io/group": "g", "ray.io/is-ray-node": "yes"},
            {"resources": {"limits": {NVIDIA: "1"}}},
        ),
        ({"scheduling.k8s.io/group-name": "g"}, {"resources": {"limits": {NVIDIA: "1"}}}),
    ],
    ids=["claims", "kueue", "ray", "gang"],
)
async def test_resources_that_somebody_counted(labels: dict[str, str], container: Json) -> None:
    """Claims, queues, Ray and gangs have counted: their counts stay, the rest is injected."""
    pod = a_pod(engine=container)
    pod["metadata"]["labels"] = labels

    found = await _answered(pod)

    assert found.chosen == "l4"
    assert found.engine["resources"] == container["resources"]


@pytest.mark.parametrize(
    ("scheduler", "spec", "expected"),
    [
        (SCHEDULER, {}, SCHEDULER),
        (SCHEDULER, {"schedulerName": "default-scheduler"}, SCHEDULER),
        (SCHEDULER, {"schedulerName": "kai-scheduler"}, "kai-scheduler"),
        (SCHEDULER, {"schedulingGroup": {"podGroupName": "g"}}, None),
        (None, {}, None),
    ],
    ids=["none", "default", "another", "gang", "no scheduler of ours"],
)
async def test_scheduler_name(scheduler: str | None, spec: Json, expected: str | None) -> None:
    """Only the default scheduler's pods are taken over, and never a gang's."""
    found = await _answered(a_pod(**spec), scheduler=scheduler)

    assert found.chosen == "l4"
    assert found.spec.get("schedulerName") == expected


async def test_never() -> None:
    """Priority, owner, volumes, security and the labels that others select by stay as they are."""
    spec = {
        "priorityClassName": "low",
        "volumes": [{"name": "v", "emptyDir": {}}],
        "securityContext": {"runAsNonRoot": True},
    }
    pod = a_pod(engine={"securityContext": {"runAsUser": 7}}, **spec)
    owner = [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "r", "uid": "u", "controller": True}]
    pod["metadata"] |= {"labels": {"app": "chat"}, "ownerReferences": owner}

    found = await _answered(pod)

    assert found.chosen == "l4"
    assert spec.items() <= found.spec.items()
    assert found.engine["securityContext"] == {"runAsUser": 7}
    assert found.pod["metadata"]["ownerReferences"] == owner
    assert found.pod["metadata"]["labels"].items() >= {"app": "chat"}.items()


async def test_never_an_update() -> None:
    """A pod that exists is its kubelet's: only its creation is answered."""
    pod = a_pod()
    desk = desk_of(Values(profiles=(L4_ONLY,)))

    assert (await answered(desk, pod, operation="UPDATE")).pod == pod
