"""Where pods and pod templates stand in objects of every kind, and what their controllers add."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from berth.preview.documents import Document
from berth.preview.templates import PodSource, pod_sources

SPEC = "{spec: {containers: [{name: main, image: i}]}}"
LWS = "leaderworkerset.sigs.k8s.io"
KTHENA = "modelserving.volcano.sh"
RBG = "rbg.workloads.x-k8s.io"
RAY = "ray.io"


def sources(kind: str, content: str, group: str = "x.io/v1") -> list[PodSource]:
    """Return the pods of an object of that kind, whose further fields are given as YAML in braces."""
    fields = yaml.safe_load("{" + content.replace("TEMPLATE", SPEC) + "}")
    written = {"apiVersion": group, "kind": kind, "metadata": {"name": "it"}, **fields}
    return list(pod_sources(Document(Path("f.yaml"), written), "ml"))


def labels(source: PodSource) -> dict[str, str]:
    """Return a pod's labels."""
    found: dict[str, str] = source.pod["metadata"].get("labels", {})
    return found


def env(source: PodSource) -> dict[str, str]:
    """Return the variables of a pod's first container, in order."""
    return {each["name"]: each["value"] for each in source.pod["spec"]["containers"][0].get("env", [])}


@pytest.mark.parametrize(
    ("kind", "content", "templates"),
    [
        ("Deployment", "spec: {template: TEMPLATE}", ["spec.template"]),
        ("ReplicaSet", "spec: {template: TEMPLATE}", ["spec.template"]),
        ("StatefulSet", "spec: {template: TEMPLATE}", ["spec.template"]),
        ("DaemonSet", "spec: {template: TEMPLATE}", ["spec.template"]),
        ("ReplicationController", "spec: {template: TEMPLATE}", ["spec.template"]),
        ("Job", "spec: {template: TEMPLATE}", ["spec.template"]),
        ("CronJob", "spec: {jobTemplate: {spec: {template: TEMPLATE}}}", ["spec.jobTemplate.spec.template"]),
        ("PodTemplate", "template: TEMPLATE", ["template"]),
        ("Rollout", "spec: {template: TEMPLATE}", ["spec.template"]),
        ("Service", "spec: {template: TEMPLATE}", ["spec.template"]),
        (
            "LeaderWorkerSet",
            "spec: {leaderWorkerTemplate: {size: 2, leaderTemplate: TEMPLATE, workerTemplate: TEMPLATE}}",
            ["spec.leaderWorkerTemplate.leaderTemplate", "spec.leaderWorkerTemplate.workerTemplate"],
        ),
        (
            "LeaderWorkerSet",
            "spec: {leaderWorkerTemplate: {size: 2, workerTemplate: TEMPLATE}}",
            ["spec.leaderWorkerTemplate.workerTemplate"] * 2,
        ),
        (
            "LeaderWorkerSet",
            "spec: {leaderWorkerTemplate: {workerTemplate: TEMPLATE}}",
            ["spec.leaderWorkerTemplate.workerTemplate"],
        ),
        (
            "RayCluster",
            "spec: {headGroupSpec: {template: TEMPLATE}, workerGroupSpecs: [{groupName: gpu, template: TEMPLATE}]}",
            ["spec.headGroupSpec.template", "spec.workerGroupSpecs[0].template"],
        ),
        (
            "RayService",
            "spec: {rayClusterConfig: {headGroupSpec: {template: TEMPLATE}}}",
            ["spec.rayClusterConfig.headGroupSpec.template"],
        ),
        (
            "RayJob",
            "spec: {rayClusterSpec: {headGroupSpec: {template: TEMPLATE}}, submitterPodTemplate: TEMPLATE}",
            ["spec.rayClusterSpec.headGroupSpec.template", "spec.submitterPodTemplate"],
        ),
        (
            "ModelServing",
            "spec: {template: {roles: [{name: decode, entryTemplate: TEMPLATE, workerTemplate: TEMPLATE}]}}",
            ["spec.template.roles[0].entryTemplate", "spec.template.roles[0].workerTemplate"],
        ),
        (
            "RoleBasedGroup",
            "spec: {roles: [{name: router, template: TEMPLATE}, {name: decode, template: TEMPLATE}]}",
            ["spec.roles[0].template", "spec.roles[1].template"],
        ),
        (
            "RoleBasedGroup",
            "spec: {roles: [{name: d, leaderWorkerPattern: {size: 4, template: TEMPLATE}}]}",
            ["spec.roles[0].leaderWorkerPattern.template"] * 2,
        ),
        (
            "RoleBasedGroup",
            "spec: {roleTemplates: [{name: t, template: TEMPLATE}], roles: [{some: {templateRef: {name: t}}}]}",
            ["spec.roles[0].some.template"],
        ),
        (
            "RoleBasedGroup",
            "spec: {roleTemplates: [{name: t, template: TEMPLATE}], roles: [{name: d, templateRef: {name: other}}]}",
            [],
        ),
        (
            "StormService",
            "spec: {template: {spec: {roles: [{name: prefill, template: TEMPLATE}]}}}",
            ["spec.template.spec.roles[0].template"],
        ),
        (
            "StormService",
            "spec: {template: {spec: {roles: [{name: prefill, podGroupSize: 2, template: TEMPLATE}]}}}",
            ["spec.template.spec.roles[0].template"] * 2,
        ),
        ("RoleSet", "spec: {roles: [{name: prefill, template: TEMPLATE}]}", ["spec.roles[0].template"]),
        ("Job", "spec: {tasks: [{name: worker, template: TEMPLATE}]}", ["spec.tasks[0].template"]),
        (
            "JobSet",
            "spec: {replicatedJobs: [{name: w, template: {spec: {template: TEMPLATE}}}]}",
            ["spec.replicatedJobs[0].template.spec.template"],
        ),
        (
            "PyTorchJob",
            "spec: {pytorchReplicaSpecs: {Master: {template: TEMPLATE}, Worker: {template: TEMPLATE}}}",
            ["spec.pytorchReplicaSpecs.Master.template", "spec.pytorchReplicaSpecs.Worker.template"],
        ),
        ("LLMInferenceService", "spec: {template: {containers: [{name: main}]}}", ["spec.template"]),
        ("Anything", "spec: {some: {where: [{deep: TEMPLATE}]}}", ["spec.some.where[0].deep"]),
        ("Anything", "spec: {containers: [{name: main}]}", [""]),
        (
            "Anything",
            "spec: {patchTemplate: TEMPLATE, leaderTemplatePatch: TEMPLATE}, status: {template: TEMPLATE}",
            [],
        ),
        ("ConfigMap", "data: {containers: none}", []),
        ("Anything", "spec: {template: {spec: {containers: []}}}", []),
    ],
)
def test_every_template_is_found_in_its_order(kind: str, content: str, templates: list[str]) -> None:
    """Each is one pod, or a leader and a worker where they share it, of the object's name and the given namespace."""
    found = sources(kind, content)

    assert [each.template for each in found] == templates
    assert {(each.kind, each.namespace, each.name) for each in found} <= {(kind, "ml", "it")}


def test_a_pod_is_taken_as_it_is_written() -> None:
    """Nothing is added to it, not even a namespace."""
    (found,) = sources("Pod", "spec: {containers: [{name: main}]}")

    assert found == PodSource(
        "Pod",
        "ml",
        "it",
        "",
        {
            "apiVersion": "x.io/v1",
            "kind": "Pod",
            "metadata": {"name": "it"},
            "spec": {"containers": [{"name": "main"}]},
        },
    )


def test_a_pod_of_a_template_has_what_the_template_says() -> None:
    """Labels, annotations and spec; a name that its controller completes."""
    (found,) = sources(
        "Deployment", "spec: {template: {metadata: {labels: {a: b}, name: x}, spec: {containers: [{}]}}}"
    )

    assert found.pod == {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"generateName": "it-", "namespace": "ml", "labels": {"a": "b"}},
        "spec": {"containers": [{}]},
    }


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


def test_a_container_of_a_knative_service_needs_no_name() -> None:
    """Knative gives it one."""
    (found,) = sources("Service", "spec: {template: {spec: {containers: [{image: i}]}}}", "serving.knative.dev/v1")

    assert found.pod["spec"]["containers"] == [{"name": "user-container", "image": "i"}]


@pytest.mark.parametrize(
    "template",
    ["{metadata: 3, spec: {containers: [{}]}}", "{metadata: {labels: [x]}, spec: {containers: [{env: x}]}}"],
)
def test_what_is_wrong_in_a_template_is_left_for_the_webhook(template: str) -> None:
    """Whoever judges the pod says what is wrong with it."""
    assert len(sources("LeaderWorkerSet", f"spec: {{leaderWorkerTemplate: {{leaderTemplate: {template}}}}}")) == 1
