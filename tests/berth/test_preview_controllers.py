"""What controllers add to the pods of their templates."""

from typing import Any

import pytest

from tests.berth.templates import KTHENA, LWS, RAY, RBG, env, labels, sources


def test_leader_and_worker_of_a_leader_worker_set_are_as_lws_makes_them() -> None:
    """One group of two pods: the same key, the leader's name on the worker, the variables first."""
    own = "{metadata: {labels: {role: mine}}, spec: {containers: [{name: c, env: [{name: A, value: b}]}]}}"
    spec = f"spec: {{leaderWorkerTemplate: {{size: 2, leaderTemplate: {own}, workerTemplate: TEMPLATE}}}}"
    leader, worker = sources("LeaderWorkerSet", spec)
    common = {f"{LWS}/name": "it", f"{LWS}/group-index": "0", f"{LWS}/group-key": labels(leader)[f"{LWS}/group-key"]}
    annotations: Any = [each.pod["metadata"]["annotations"] for each in (leader, worker)]

    assert labels(leader) == {"role": "mine", **common, f"{LWS}/worker-index": "0"}
    assert labels(worker) == {**common, f"{LWS}/worker-index": "1"}
    assert annotations == [{f"{LWS}/size": "2"}, {f"{LWS}/size": "2", f"{LWS}/leader-name": "it-0"}]
    assert [each.pod["metadata"]["name"] for each in (leader, worker)] == ["it-0", "it-0-1"]
    assert list(env(leader).items()) == [
        ("LWS_LEADER_ADDRESS", "it-0.it.ml"),
        ("LWS_GROUP_SIZE", "2"),
        ("LWS_WORKER_INDEX", "0"),
        ("A", "b"),
    ]
    assert env(worker)["LWS_WORKER_INDEX"] == "1"


def test_variables_that_are_there_stay() -> None:
    """The author's own value counts."""
    own = "{spec: {containers: [{name: c, env: [{name: LWS_GROUP_SIZE, value: mine}]}]}}"
    (leader,) = sources("LeaderWorkerSet", f"spec: {{leaderWorkerTemplate: {{size: 1, workerTemplate: {own}}}}}")

    assert env(leader)["LWS_GROUP_SIZE"] == "mine"
    assert len(env(leader)) == 3


@pytest.mark.parametrize(
    ("kind", "content", "expected"),
    [
        (
            "RayCluster",
            "spec: {workerGroupSpecs: [{groupName: gpu, template: TEMPLATE}]}",
            {f"{RAY}/cluster": "it", f"{RAY}/group": "gpu", f"{RAY}/node-type": "worker", f"{RAY}/is-ray-node": "yes"},
        ),
        (
            "ModelServing",
            "spec: {template: {roles: [{name: decode, entryTemplate: TEMPLATE}]}}",
            {
                f"{KTHENA}/name": "it",
                f"{KTHENA}/group-name": "it-0",
                f"{KTHENA}/role": "decode",
                f"{KTHENA}/role-id": "decode-0",
                f"{KTHENA}/entry": "true",
            },
        ),
        (
            "RoleBasedGroup",
            "spec: {roles: [{name: d, standalonePattern: {template: TEMPLATE}}]}",
            {f"{RBG}/group-name": "it", f"{RBG}/role-name": "d", f"{RBG}/role-instance-name": "it-d-0"},
        ),
        (
            "StormService",
            "spec: {template: {spec: {roles: [{name: prefill, template: TEMPLATE}]}}}",
            {"storm-service-name": "it", "roleset-name": "it-roleset-0", "role-name": "prefill"},
        ),
        (
            "StormService",
            "spec: {template: {spec: {roles: [{name: prefill, podGroupSize: 2, template: TEMPLATE}]}}}",
            {
                "storm-service-name": "it",
                "roleset-name": "it-roleset-0",
                "role-name": "prefill",
                "podset-name": "it-prefill-0",
                "pod-group-index": "1",
            },
        ),
        (
            "RayClusterFleet",
            "spec: {template: {spec: {workerGroupSpecs: [{groupName: g, template: TEMPLATE}]}}}",
            {f"{RAY}/is-ray-node": "yes", f"{RAY}/cluster": "it", f"{RAY}/node-type": "worker", f"{RAY}/group": "g"},
        ),
        (
            "PyTorchJob",
            "spec: {pytorchReplicaSpecs: {Worker: {template: TEMPLATE}}}",
            {"training.kubeflow.org/job-name": "it", "training.kubeflow.org/replica-type": "worker"},
        ),
        (
            "LLMInferenceService",
            "spec: {worker: {containers: [{name: main}]}}",
            {
                "app.kubernetes.io/part-of": "llminferenceservice",
                "app.kubernetes.io/name": "it",
                "app.kubernetes.io/component": "llminferenceservice-workload-worker",
            },
        ),
        ("StatefulSet", "spec: {template: TEMPLATE}", {"apps.kubernetes.io/pod-index": "0"}),
    ],
)
def test_labels_that_controllers_add_are_there(kind: str, content: str, expected: dict[str, str]) -> None:
    """Those by which platform, role and group are told."""
    assert labels(sources(kind, content)[-1]) == expected


def test_ray_starts_on_the_nodes_of_a_ray_cluster() -> None:
    """Behind the author's own command, with the parameters of the group."""
    head, worker = sources(
        "RayCluster",
        "spec: {headGroupSpec: {rayStartParams: {num-gpus: '0'}, template: TEMPLATE}, workerGroupSpecs:"
        " [{groupName: g, template: {spec: {containers: [{name: w, command: [echo], args: [hello]}]}}}]}",
    )
    first, second = (each.pod["spec"]["containers"][0]["args"][0] for each in (head, worker))

    assert first == "ulimit -n 65536; ray start --head --num-gpus=0 --block"
    assert second == (
        "echo hello && ulimit -n 65536; ray start --address=it-head-svc.ml.svc.cluster.local:6379 --block"
    )


def test_a_role_lays_its_patch_over_the_template_that_it_refers_to() -> None:
    """Containers are patched by their names, and what the patch does not name stays."""
    base = 'metadata: {labels: {a: b}}, spec: {containers: [{name: main, image: i, env: [{name: A, value: "1"}]}]}'
    patch = 'spec: {containers: [{name: main, args: [x], env: [{name: B, value: "2"}]}, {name: more}]}'
    shared = f"roleTemplates: [{{name: t, template: {{{base}}}}}]"
    role = f"{{name: d, standalonePattern: {{templateRef: {{name: t, patch: {{{patch}}}}}}}}}"
    pod = sources("RoleBasedGroup", f"spec: {{{shared}, roles: [{role}]}}")[0].pod

    assert pod["metadata"]["labels"]["a"] == "b"
    assert pod["spec"]["containers"] == [
        {
            "name": "main",
            "image": "i",
            "args": ["x"],
            "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
        },
        {"name": "more"},
    ]
