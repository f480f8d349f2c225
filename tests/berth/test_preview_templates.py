"""Where pods and pod templates stand in objects of every kind."""

import pytest

from berth.preview.templates import PodSource
from tests.berth.templates import sources


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
