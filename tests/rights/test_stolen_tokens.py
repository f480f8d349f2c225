"""What a stolen token of each account lets somebody do, and what a tenant may, is what docs/security.md says."""

import json
import re
from pathlib import Path

import pytest

from demo.installation import NAMESPACE, Installation
from placement.keys import CHOSEN_CLASS, DECISION, DEVICES, PLACEMENT
from sandbox import ControlPlane, KubectlError
from tests.rights.attempts import ATTEMPTS, OF_A_TENANT, PODS, RUNS, Attempt

DOCUMENT = Path(__file__).parents[2] / "docs/security.md"
ACCOUNTS = ("berth-webhook", "berth-scheduler", "berth-controller")


def told(accounts: int) -> dict[str, tuple[str, ...]]:
    """Return what the document says in its table of so many accounts, by attempt: of each whether it is allowed."""
    row = re.compile(r"^\| ([^|]+?) " + r"\| (yes|no|refused) " * accounts + r"\|$", re.MULTILINE)
    return {what: answers for what, *answers in row.findall(DOCUMENT.read_text())}


@pytest.fixture(scope="module")
def plane(berth: Installation) -> ControlPlane:
    """The cluster, with things that are worth stealing."""
    plane = berth.plane
    amounts = {"capacity": {"cpu": "8"}, "allocatable": {"cpu": "8"}}
    container = {"name": "c", "image": "i"}
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    deployment = {"metadata": {"name": "web"}, "spec": {"selector": {"matchLabels": labels}, "template": template}}
    plane.add_nodes([{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "victim"}, "status": amounts}])
    plane.api.send("POST", "/api/v1/namespaces", {"metadata": {"name": "victim"}})
    written = {CHOSEN_CLASS: "l4", DECISION: "{}", PLACEMENT: "{}", DEVICES: "berth.ome.io/gpu-milli:1=250"}
    runs = {"name": "runs", "labels": {CHOSEN_CLASS: "l4"}, "annotations": written}
    plane.api.send("POST", PODS, {"metadata": runs, "spec": {"nodeName": "victim", "containers": [container]}})
    waits = {"schedulerName": "nobody", "containers": [container]}
    plane.api.send("POST", PODS, {"metadata": {"name": "waits"}, "spec": waits})
    plane.api.send("POST", "/api/v1/namespaces/victim/secrets", {"metadata": {"name": "key"}})
    plane.api.send("POST", "/apis/apps/v1/namespaces/victim/deployments", deployment)
    return plane


@pytest.fixture(scope="module")
def tokens(plane: ControlPlane) -> list[Path]:
    """The token of each account, as its pods have it."""
    return [plane.kubeconfig_for_service_account(NAMESPACE, account) for account in ACCOUNTS]


@pytest.fixture(scope="module")
def tenant(plane: ControlPlane) -> Path:
    """Somebody with every right in a namespace, more than the role `admin` gives."""
    plane.kubectl("create", "serviceaccount", "tenant", "--namespace=victim")
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role"}
    rules = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]
    plane.apply(json.dumps({**role, "metadata": {"name": "all", "namespace": "victim"}, "rules": rules}))
    given = ["--role=all", "--serviceaccount=victim:tenant", "--namespace=victim"]
    plane.kubectl("create", "rolebinding", "all", *given)
    return plane.kubeconfig_for_service_account("victim", "tenant")


def test_the_document_tells_of_every_attempt_and_of_no_other() -> None:
    """In the order in which they are tried."""
    assert [each.what for each in ATTEMPTS] == list(told(len(ACCOUNTS)))
    assert [each.what for each in OF_A_TENANT] == list(told(1))


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=lambda each: each.what)
def test_a_stolen_token_does_what_the_document_says(attempt: Attempt, plane: ControlPlane, tokens: list[Path]) -> None:
    """By rules and policies alone: nobody stands in between."""
    found = [attempt.made_by(token, plane) for token in tokens]

    assert found == list(told(len(ACCOUNTS))[attempt.what])


@pytest.mark.parametrize("attempt", OF_A_TENANT, ids=lambda each: each.what)
def test_a_tenant_may_do_what_the_document_says(attempt: Attempt, plane: ControlPlane, tenant: Path) -> None:
    """What Berth wrote on a pod stays what Berth wrote."""
    assert [attempt.made_by(tenant, plane)] == list(told(1)[attempt.what])


def test_a_pod_that_was_bound_a_moment_ago_is_another_pod_before_it_is_forbidden(
    plane: ControlPlane, tokens: list[Path]
) -> None:
    """The controller reads a conflict as somebody having been faster, as it does without the policy."""
    stale = json.dumps({"preconditions": {"resourceVersion": "1"}})

    with pytest.raises(KubectlError, match="precondition"):
        plane.kubectl("delete", "--raw", RUNS, "--filename=-", stdin=stale, kubeconfig=tokens[-1])
