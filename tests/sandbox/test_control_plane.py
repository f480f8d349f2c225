import json
import os
from collections.abc import Iterator

import pytest

from sandbox import ComponentDiedError, ControlPlane, KubectlError, TimedOutError
from sandbox.build import kubernetes_version

AUDIT_ALL = {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": [{"level": "Metadata"}]}


@pytest.fixture(scope="module")
def second() -> Iterator[ControlPlane]:
    """A second control plane beside the shared one, without kwok, with an audit log."""
    with ControlPlane(kwok=False, audit_policy=AUDIT_ALL) as started:
        yield started


def test_two_control_planes_run_side_by_side(control_plane: ControlPlane, second: ControlPlane) -> None:
    """Each has its own port, folder and objects."""
    second.kubectl("create", "namespace", "only-here")

    assert control_plane.url != second.url
    assert control_plane.folder != second.folder
    with pytest.raises(KubectlError, match='namespaces "only-here" not found'):
        control_plane.get_json("namespace", "only-here")


def test_the_version_is_the_one_of_the_pinned_module(control_plane: ControlPlane) -> None:
    """Server and kubectl report the release that is meant, so that kubectl does not warn of skew."""
    versions = json.loads(control_plane.kubectl("version", "--output=json"))

    assert versions["serverVersion"]["gitVersion"] == versions["clientVersion"]["gitVersion"]
    assert versions["serverVersion"]["gitVersion"].startswith(f"v{kubernetes_version(os.environ)}.")


def test_a_field_that_the_api_lacks_is_refused(second: ControlPlane) -> None:
    """Manifests are applied with strict validation."""
    with pytest.raises(KubectlError, match=r"\.daat: field not declared"):
        second.apply("{apiVersion: v1, kind: ConfigMap, metadata: {name: strict}, daat: {}}")


def test_two_schedulers_serve_their_own_names(control_plane: ControlPlane) -> None:
    """A scheduler with a configuration of its own binds the pods that name it, beside the stock one."""
    extra = control_plane.start_scheduler(
        "{apiVersion: kubescheduler.config.k8s.io/v1, kind: KubeSchedulerConfiguration,"
        " profiles: [{schedulerName: second}]}",
        name="second-scheduler",
    )
    control_plane.apply(
        "{apiVersion: v1, kind: Pod, metadata: {name: by-second, namespace: default},"
        " spec: {schedulerName: second, containers: [{name: main, image: none}]}}"
    )

    control_plane.wait(lambda: control_plane.get_json("pod", "by-second")["spec"].get("nodeName"), 10, "it is bound")

    assert "scheduler_pod_scheduling_attempts" in extra.endpoint.read("/metrics")
    extra.stop()
    control_plane.check()


def test_a_program_under_a_service_account_has_its_rights_only(second: ControlPlane) -> None:
    """A ServiceAccount's kubeconfig is who it says, and may do what RBAC grants it, no more."""
    second.kubectl("create", "serviceaccount", "reader", "--namespace=default")
    second.kubectl("create", "clusterrole", "reads-nodes", "--verb=list", "--resource=nodes")
    second.kubectl(
        "create", "clusterrolebinding", "reads-nodes", "--clusterrole=reads-nodes", "--serviceaccount=default:reader"
    )
    rights = second.kubeconfig_for_service_account("default", "reader")

    assert "system:serviceaccount:default:reader" in second.kubectl("auth", "whoami", kubeconfig=rights)
    second.kubectl("get", "nodes", kubeconfig=rights)
    with pytest.raises(KubectlError, match="Forbidden"):
        second.kubectl("get", "pods", kubeconfig=rights)


def test_a_user_is_known_by_name_and_groups(second: ControlPlane) -> None:
    """A user's kubeconfig carries the groups on which RBAC may be granted."""
    rights = second.kubeconfig_for_user("jane", ["inference-team"])

    answer = json.loads(second.kubectl("auth", "whoami", "--output=json", kubeconfig=rights))

    assert answer["status"]["userInfo"]["username"] == "jane"
    assert "inference-team" in answer["status"]["userInfo"]["groups"]


def test_the_audit_log_tells_who_asked_for_what(second: ControlPlane) -> None:
    """With an audit policy, requests are logged one JSON event a line."""
    second.kubectl(
        "get", "namespace", "kube-system", kubeconfig=second.kubeconfig_for_user("auditee", ["system:masters"])
    )

    events = [json.loads(line) for line in second.audit_log.read_text().splitlines()]

    assert "/api/v1/namespaces/kube-system" in {
        event["requestURI"].partition("?")[0] for event in events if event["user"]["username"] == "auditee"
    }


def test_with_the_controller_manager_deployments_come_to_run() -> None:
    """ReplicaSets, default ServiceAccounts and root certificates are made, and the pods run on fake nodes."""
    with ControlPlane(controller_manager=True) as whole:
        whole.add_nodes([{"metadata": {"name": "n", "annotations": {"kwok.x-k8s.io/node": "fake"}}}])
        whole.start_stock_scheduler()
        whole.kubectl("create", "deployment", "web", "--image=none", "--replicas=2")
        whole.kubectl("wait", "deployment/web", "--for=condition=Available", "--timeout=20s")

        pods = whole.api.get("/api/v1/namespaces/default/pods")["items"]

    assert [pod["spec"]["serviceAccountName"] for pod in pods] == ["default", "default"]


def test_a_component_that_dies_at_start_is_named_with_its_log(second: ControlPlane) -> None:
    """A scheduler that cannot read its configuration says so in the exception; the others stay."""
    with pytest.raises(ComponentDiedError) as died:
        second.start_scheduler("{apiVersion: kubescheduler.config.k8s.io/v1, kind: NoSuchKind}", name="misconfigured")

    assert "misconfigured ended with exit code 1; the end of its log" in str(died.value)
    assert 'no kind \\"NoSuchKind\\" is registered' in str(died.value)
    second.check()


def test_a_component_that_dies_later_is_named_while_waiting(second: ControlPlane) -> None:
    """Whoever waits for something learns of the death at once instead of after the time is up."""
    doomed = second.start("doomed", ["sh", "-c", "echo last words; exit 3"])

    with pytest.raises(ComponentDiedError, match=r"doomed ended with exit code 3(?s:.*)last words"):
        second.wait(lambda: False, 10, "what never comes")
    doomed.stop()


def test_waiting_in_vain_says_what_for(second: ControlPlane) -> None:
    """Time that is up is reported with what was waited for."""
    with pytest.raises(TimedOutError, match=r"not within 0\.1 s: the moon is blue"):
        second.wait(lambda: False, 0.1, "the moon is blue")
