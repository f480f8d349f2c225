"""What every answer must keep to, read with other libraries than the webhook's own."""

import base64
import json
import unicodedata
from dataclasses import dataclass

import jsonpatch
import msgspec

from cluster.objects import decode_pod
from tests.fuzz.additions import check_additions
from tests.fuzz.names import Json
from tests.fuzz.reviews import Review
from tests.fuzz.worlds import World
from webhook.app import Reply


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an answer says in one word, and the review of the patched pod, where there is a patch."""

    outcome: str
    patched: bytes | None = None


def judged(review: Review, answer: Reply, world: World) -> Verdict:
    """Return what an answer says; raises AssertionError where it breaks the protocol."""
    assert answer.status in (200, 400), f"status {answer.status}: {answer.body[:200]!r}"
    if answer.status == 400:
        assert review.damage != "sound", f"a sound review is refused: {answer.body!r}"
        return Verdict("bad request")
    content = json.loads(answer.body)
    assert (content["apiVersion"], content["kind"]) == ("admission.k8s.io/v1", "AdmissionReview")
    try:
        return _held_against(review, content["response"], world)
    except RecursionError:
        return Verdict("unread")


def _held_against(review: Review, response: Json, world: World) -> Verdict:
    """Hold a response against the review, as far as this library can read that."""
    asked = _read(review.body)
    assert response["uid"] == asked["request"]["uid"], f"uid {response['uid']!r}"
    _check_warnings(response.get("warnings", []))
    assert ("patch" in response) == ("patchType" in response), "patch without its type"
    assert all(isinstance(each, str) for each in response.get("auditAnnotations", {}).values())
    if not response["allowed"]:
        assert world.may_deny, "denied where nobody says so"
        assert response["status"]["code"] == 403, response["status"]
        return Verdict("denied")
    return _patched(review, asked, response, world) if "patch" in response else Verdict("unchanged")


def _read(body: bytes) -> Json:
    content: Json = json.loads(body.decode(errors="surrogateescape"))
    return content


def _check_warnings(warnings: list[str]) -> None:
    assert all(len(each) <= 256 for each in warnings), "a warning is too long"
    assert sum(map(len, warnings)) <= 4096, "warnings are too long"
    assert not any(unicodedata.category(each) == "Cc" for text in warnings for each in text), f"{warnings!r}"


def _patched(review: Review, asked: Json, response: Json, world: World) -> Verdict:
    patch = json.loads(base64.b64decode(response["patch"]))
    assert patch, "an empty patch"
    before = _read(review.body)["request"]["object"]
    after = jsonpatch.apply_patch(asked["request"]["object"], patch, in_place=True)
    check_additions(before, after, world.serving)
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
