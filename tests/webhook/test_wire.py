import base64
import json
from typing import Any

import pytest

from webhook.wire import MAX_WARNING_CHARACTERS, Question, WireError, allowed, denied, parse, shortened


def review(**request: Any) -> dict[str, Any]:
    """Return a review as kube-apiserver writes it."""
    usual = {
        "uid": "7c1",
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "v1", "resource": "pods"},
        "requestKind": {"group": "", "version": "v1", "kind": "Pod"},
        "namespace": "ml",
        "operation": "CREATE",
        "userInfo": {"username": "system:serviceaccount:kube-system:replicaset-controller"},
        "object": {"metadata": {"generateName": "llm-"}, "spec": {"containers": []}},
        "oldObject": None,
        "dryRun": False,
        "options": {"kind": "CreateOptions"},
    }
    return {"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": usual | request}


def _question(**request: Any) -> Question:
    return parse(json.dumps(review(**request)).encode())


def _response(body: bytes) -> dict[str, Any]:
    answer = json.loads(body)
    assert (answer["apiVersion"], answer["kind"]) == ("admission.k8s.io/v1", "AdmissionReview")
    response: dict[str, Any] = answer["response"]
    return response


def test_a_review_becomes_a_question() -> None:
    """Namespace and uid come from the request, because the pod's own are empty at admission."""
    question = _question()

    assert (question.uid, question.namespace, question.is_new_pod) == ("7c1", "ml", True)


@pytest.mark.parametrize(
    "other",
    [
        {"operation": "UPDATE"},
        {"subResource": "binding"},
        {"resource": {"group": "", "version": "v1", "resource": "services"}},
    ],
)
def test_only_new_pods_are_ours(other: dict[str, Any]) -> None:
    """Updates, subresources and other objects are none of Berth's business."""
    assert not _question(**other).is_new_pod


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b"", "no AdmissionReview"),
        (b"{", "no AdmissionReview"),
        (b"[]", "no AdmissionReview"),
        (b"\xff\xfe", "no AdmissionReview"),
        (b'{"request": {"object": ' + b"[" * 50_000, "no AdmissionReview"),
        (json.dumps({"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1"}).encode(), "`request`"),
        (json.dumps({**review(), "apiVersion": "admission.k8s.io/v1beta1"}).encode(), "apiVersion: found"),
        (json.dumps({**review(), "kind": "Pod"}).encode(), "kind: found 'Pod'"),
        (json.dumps(review(uid="")).encode(), "request.uid"),
        (json.dumps(review(uid=7)).encode(), "$.request.uid"),
        (json.dumps(review(operation=None)).encode(), "$.request.operation"),
    ],
)
def test_a_broken_review_names_the_field(body: bytes, named: str) -> None:
    """Whoever reads the API server's log learns what was wrong."""
    with pytest.raises(WireError) as caught:
        parse(body)

    assert named in str(caught.value)


def test_patch_and_patch_type_come_both_or_not_at_all() -> None:
    """The API server refuses one without the other."""
    operations = [{"op": "add", "path": "/metadata/labels", "value": {"a": "ü"}}]

    patched, untouched = _response(allowed(_question(), operations)), _response(allowed(_question()))

    assert patched["patchType"] == "JSONPatch"
    assert json.loads(base64.b64decode(patched["patch"])) == operations
    assert patched["uid"] == untouched["uid"] == "7c1"
    assert not untouched.keys() & {"patch", "patchType", "warnings"}


def test_a_denial_carries_its_reason_where_kubectl_shows_it() -> None:
    """Code 403 and the message."""
    response = _response(denied(_question(), "no class will do"))

    assert response["allowed"] is False
    assert response["status"] == {"code": 403, "reason": "Forbidden", "message": "no class will do"}


def test_warnings_stay_within_the_api_servers_limits() -> None:
    """A long warning is cut visibly, and the last ones are left out, before the API server cuts blindly."""
    warnings = shortened(["x" * 300] * 30)

    assert warnings[0].endswith("…")
    assert {len(each) for each in warnings[:-1]} == {MAX_WARNING_CHARACTERS}
    assert warnings[-1] == f"and {31 - len(warnings)} more warnings, for which there is no room"
    assert sum(map(len, warnings)) <= 4096
