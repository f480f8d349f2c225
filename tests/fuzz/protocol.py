"""What every answer must keep to, read with other libraries than the webhook's own."""

import base64
import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jsonpatch
import msgspec

from cluster.objects import decode_pod
from placement.keys import OURS_ON_PODS
from tests.fuzz.reviews import Review
from webhook.app import Reply

Json = dict[str, Any]

_CHANGED_IN_SPEC = frozenset({"nodeSelector", "affinity", "tolerations", "containers", "schedulerName"})
_CHANGED_IN_CONTAINERS = frozenset({"env", "args", "resources"})
_DEFAULT_SCHEDULERS = (None, "", "default-scheduler")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an answer says in one word, and the review of the patched pod, where there is a patch."""

    outcome: str
    patched: bytes | None = None


def judged(review: Review, answer: Reply, *, may_deny: bool) -> Verdict:
    """Return what an answer says; raises AssertionError where it breaks the protocol."""
    assert answer.status in (200, 400), f"status {answer.status}: {answer.body[:200]!r}"
    if answer.status == 400:
        assert review.damage != "sound", f"a sound review is refused: {answer.body!r}"
        return Verdict("bad request")
    content = json.loads(answer.body)
    assert (content["apiVersion"], content["kind"]) == ("admission.k8s.io/v1", "AdmissionReview")
    try:
        return _held_against(review, content["response"], may_deny=may_deny)
    except RecursionError:
        return Verdict("unread")


def _held_against(review: Review, response: Json, *, may_deny: bool) -> Verdict:
    """Hold a response against the review, as far as this library can read that."""
    asked = _read(review.body)
    assert response["uid"] == asked["request"]["uid"], f"uid {response['uid']!r}"
    _check_warnings(response.get("warnings", []))
    assert ("patch" in response) == ("patchType" in response), "patch without its type"
    assert all(isinstance(each, str) for each in response.get("auditAnnotations", {}).values())
    if not response["allowed"]:
        assert may_deny, "denied where nobody says so"
        assert response["status"]["code"] == 403, response["status"]
        return Verdict("denied")
    return _patched(review, asked, response) if "patch" in response else Verdict("unchanged")


def _read(body: bytes) -> Json:
    content: Json = json.loads(body.decode(errors="surrogateescape"))
    return content


def _check_warnings(warnings: list[str]) -> None:
    assert all(len(each) <= 256 for each in warnings), "a warning is too long"
    assert sum(map(len, warnings)) <= 4096, "warnings are too long"
    assert not any(unicodedata.category(each) == "Cc" for text in warnings for each in text), f"{warnings!r}"


def _patched(review: Review, asked: Json, response: Json) -> Verdict:
    patch = json.loads(base64.b64decode(response["patch"]))
    assert patch, "an empty patch"
    before = _read(review.body)["request"]["object"]
    after = jsonpatch.apply_patch(asked["request"]["object"], patch, in_place=True)
    check_additions(before, after)
    asked["request"]["object"] = after
    body = _bytes(asked, review.body)
    decode_pod(msgspec.Raw(_bytes(after, review.body)))
    return Verdict("patched", body)


def _bytes(content: Json, like: bytes) -> bytes:
    """Return JSON in which bytes that are no UTF-8 are what they were."""
    try:
        like.decode()
    except UnicodeDecodeError:
        return json.dumps(content, ensure_ascii=False).encode(errors="surrogateescape")
    return json.dumps(content).encode()


def check_additions(before: Json, after: Json) -> None:
    """Raise AssertionError where more than Berth's own keys, and additions to what it may touch, has changed."""
    _same(before, after, "pod", frozenset({"metadata", "spec"}))
    metadata, new_metadata = before["metadata"], after["metadata"]
    _same(metadata, new_metadata, "metadata", frozenset({"labels", "annotations"}))
    for field in ("labels", "annotations"):
        _same(metadata.get(field) or {}, new_metadata.get(field) or {}, field, OURS_ON_PODS)
    spec, new_spec = before["spec"], after["spec"]
    _same(spec, new_spec, "spec", _CHANGED_IN_SPEC)
    assert (spec.get("nodeSelector") or {}).items() <= (new_spec.get("nodeSelector") or {}).items(), "nodeSelector"
    _check_begins(spec, new_spec, "tolerations")
    _check_affinity(spec.get("affinity") or {}, new_spec.get("affinity") or {})
    if spec.get("schedulerName") != new_spec.get("schedulerName"):
        assert spec.get("schedulerName") in _DEFAULT_SCHEDULERS, "schedulerName"
    for old, new in zip(spec.get("containers") or [], new_spec.get("containers") or [], strict=True):
        _check_container(old, new)


def _same(before: Mapping[str, Any], after: Mapping[str, Any], place: str, but: frozenset[str]) -> None:
    kept = {key: value for key, value in before.items() if key not in but}
    assert kept == {key: value for key, value in after.items() if key not in but}, f"{place} has changed"


def _check_begins(before: Json, after: Json, field: str) -> None:
    old = before.get(field) or []
    assert (after.get(field) or [])[: len(old)] == old, f"{field} have changed"


def _check_affinity(before: Json, after: Json) -> None:
    _same(before, after, "affinity", frozenset({"nodeAffinity"}))
    required = frozenset({"requiredDuringSchedulingIgnoredDuringExecution"})
    _same(before.get("nodeAffinity") or {}, after.get("nodeAffinity") or {}, "nodeAffinity", required)


def _check_container(before: Json, after: Json) -> None:
    _same(before, after, "container", _CHANGED_IN_CONTAINERS)
    _check_begins(before, after, "args")
    added = iter(after.get("env") or [])
    assert all(any(_stands(each, new) for new in added) for each in before.get("env") or []), "env has changed"
    old, new = before.get("resources") or {}, after.get("resources") or {}
    _same(old, new, "resources", frozenset({"requests", "limits"}))
    for field in ("requests", "limits"):
        assert (old.get(field) or {}).keys() <= (new.get(field) or {}).keys(), f"{field} have lost a name"


def _stands(old: Any, new: Any) -> bool:
    """Tell whether a variable is what it was, or a count of devices that has another value."""
    if old == new:
        return True
    counts = isinstance(old, dict) and isinstance(new, dict) and str(old.get("value")).isdigit()
    return counts and old["name"] == new["name"] and str(new.get("value")).isdigit()
