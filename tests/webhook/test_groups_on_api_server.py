"""Pods that hold one model together get one class, as a real API server stores them one after the other."""

from collections.abc import Iterator
from typing import Any

import pytest

from demo.installation import Installation
from sandbox import ControlPlane
from tests.webhook.hardware import A100_80, GPU, H100
from tests.webhook.real import Created, admitting, create
from webhook.promises import LIFE_SECONDS

Json = dict[str, Any]
LWS = "leaderworkerset.sigs.k8s.io"
ROOM = 8

# Stands in for LWS's pod webhook, which comes behind Berth's by its name: leaders get the key of their group late. The
# API server asks again only a policy that changed something the first time, hence the annotation.
LATE_KEY = """
apiVersion: admissionregistration.k8s.io/v1beta1
kind: MutatingAdmissionPolicy
metadata: {name: lws}
spec:
  failurePolicy: Fail
  reinvocationPolicy: IfNeeded
  matchConstraints:
    resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]
  matchConditions:
    - name: late
      expression: object.metadata.?labels[?'leaderworkerset.sigs.k8s.io/name'].orValue('') == 'late'
  variables:
    - name: isTurn
      expression: "'berth.ome.io/accelerator-class' in object.metadata.labels"
  mutations:
    - patchType: ApplyConfiguration
      applyConfiguration:
        expression: >-
          variables.isTurn
          ? Object{metadata: Object.metadata{labels: {"leaderworkerset.sigs.k8s.io/group-key": "key-of-late"}}}
          : Object{metadata: Object.metadata{annotations: {"seen": "before"}}}
---
apiVersion: admissionregistration.k8s.io/v1beta1
kind: MutatingAdmissionPolicyBinding
metadata: {name: lws}
spec: {policyName: lws}
"""


def _profile(name: str, preferred: str, *configured: str) -> Json:
    """Return a profile; what it configures differs by class."""
    configurations = [
        {"selector": {"acceleratorClass": each}, "env": [{"name": "MADE_FOR", "value": each}]} for each in configured
    ]
    return {
        "apiVersion": "berth.ome.io/v1alpha1",
        "kind": "AcceleratorProfile",
        "metadata": {"name": name},
        "spec": {
            "podSelector": {"matchLabels": {"app": name}},
            "acceleratorRequirements": {"preferredClasses": [preferred]},
            "acceleratorConfigurations": configurations,
        },
    }


PROFILES = (
    _profile("same", H100.name),
    _profile("apart", H100.name, H100.name, A100_80.name),
    _profile("decode", A100_80.name, H100.name, A100_80.name),
)


@pytest.fixture(scope="module")
def berth() -> Iterator[Installation]:
    """Berth's admission side; there is room for eight H100s and many A100s."""
    with admitting((H100, A100_80), [*H100.nodes(1, ROOM), *A100_80.nodes(8)], *PROFILES) as installation:
        yield installation


@pytest.fixture
def plane(berth: Installation) -> Iterator[ControlPlane]:
    """The control plane, without any pod before and after."""
    yield berth.plane
    berth.plane.kubectl("delete", "pods", "--all", "--all-namespaces", "--grace-period=0", "--force")
    berth.plane.wait(lambda: _alone(berth.plane).chosen == H100.name, 20, "the preferred class is free")


def _alone(plane: ControlPlane) -> Created:
    """Return what a pod without a group would get now."""
    pod = _member("probe", "apart", "probe", 0)
    pod["metadata"]["labels"] = {"app": "apart"}
    return create(plane, pod, query="?dryRun=All")


def _member(group: str, app: str, name: str, index: int, *, has_key: bool = True) -> Json:
    """Return a pod of a group as LWS creates it: the leader has index 0."""
    labels = {f"{LWS}/name": group, f"{LWS}/worker-index": str(index), **({"app": app} if app else {})}
    if has_key:
        labels |= {f"{LWS}/group-index": "0", f"{LWS}/group-key": f"key-of-{group}"}
    follows = {f"{LWS}/leader-name": f"{group}-0"} if index else {}
    env = {"LWS_LEADER_ADDRESS": f"{group}-0.{group}.ml", "LWS_GROUP_SIZE": "3", "LWS_WORKER_INDEX": str(index)}
    engine = {
        "name": "sglang",
        "image": "docker.io/lmsysorg/sglang:v0.5.5",
        "command": ["python3", "-m", "sglang.launch_server", "--model-path=m", "--tp=12", "--nnodes=3"],
        "env": [{"name": key, "value": text} for key, text in env.items()],
        "resources": {"limits": {GPU: "4"}},
    }
    metadata = {"name": name, "labels": labels, "annotations": {f"{LWS}/size": "3", **follows}}
    return {"metadata": metadata, "spec": {"containers": [engine]}}


def _fill(plane: ControlPlane) -> None:
    """Take all room of the preferred class, and wait until the webhook has seen that."""
    limits = {"limits": {GPU: str(ROOM)}}
    pod = {"spec": {"nodeName": f"{H100.name}-0", "containers": [{"name": "job", "image": "job", "resources": limits}]}}
    create(plane, {"metadata": {"name": "filler"}, **pod})
    plane.wait(lambda: _alone(plane).chosen == A100_80.name, 20, "the preferred class is full")


def _empty(plane: ControlPlane) -> None:
    """Free the preferred class, and wait until the webhook knows: it must not count a pod twice that it saw twice."""
    plane.kubectl("delete", "pod", "filler", "--namespace=ml", "--grace-period=0", "--force")
    plane.wait(lambda: _alone(plane).chosen == H100.name, LIFE_SECONDS - 1, "the preferred class is free")


def _workers(plane: ControlPlane, group: str, app: str) -> list[str]:
    return [create(plane, _member(group, app, f"{group}-0-{index}", index)).chosen for index in (1, 2)]


@pytest.mark.parametrize("app", ["same", "apart"])
def test_a_group_gets_one_class_while_room_vanishes(plane: ControlPlane, app: str) -> None:
    """The leader found room, its workers find none: a model over two kinds of GPU would not start."""
    leader = create(plane, _member("g", app, "g-0", 0))
    _fill(plane)

    assert leader.chosen == H100.name
    assert _workers(plane, "g", app) == [H100.name, H100.name]


@pytest.mark.parametrize("app", ["same", "apart"])
def test_a_leader_whose_key_comes_late_is_followed(plane: ControlPlane, app: str) -> None:
    """LWS's own webhook comes behind Berth's: what the leader was given before it had a key holds for its workers."""
    plane.apply(LATE_KEY)
    late = _member("late", app, "late-0", 0, has_key=False)
    plane.wait(lambda: _key(create(plane, late, query="?dryRun=All")), 10, "the policy is in force")
    _fill(plane)
    leader = create(plane, late)
    _empty(plane)

    workers = _workers(plane, "late", app)

    assert _key(leader) == "key-of-late"
    assert leader.chosen in (H100.name, A100_80.name)
    assert workers == [leader.chosen] * 2


def _key(created: Created) -> str:
    return str(created.pod["metadata"]["labels"].get(f"{LWS}/group-key", ""))


def test_prefill_and_decode_differ(plane: ControlPlane) -> None:
    """Two groups of one service have classes of their own, each the same for all of its pods."""
    prefill = create(plane, _member("prefill", "apart", "prefill-0", 0)).chosen
    decode = create(plane, _member("decode", "decode", "decode-0", 0)).chosen

    assert (prefill, decode) == (H100.name, A100_80.name)
    assert _workers(plane, "prefill", "apart") == [prefill] * 2
    assert _workers(plane, "decode", "decode") == [decode] * 2


def test_workers_that_match_no_profile_follow(plane: ControlPlane) -> None:
    """A worker's labels may differ from its leader's: it gets the class and its devices all the same."""
    create(plane, _member("mute", "decode", "mute-0", 0))
    worker = _member("mute", "", "mute-0-1", 1)
    plane.wait(lambda: create(plane, worker, query="?dryRun=All").chosen, 20, "the leader is seen")

    stored = create(plane, worker)

    assert stored.chosen == A100_80.name
    assert stored.decision["why"] == "the class of its group"
    assert stored.gpus == 4
