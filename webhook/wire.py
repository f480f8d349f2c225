"""AdmissionReview of admission.k8s.io/v1: bytes to words, verdicts to bytes.

Sources: k8s.io/api/admission/v1, and what k8s.io/apiserver accepts as an answer: the same uid, patch and patchType
both or neither, warnings of at most 256 characters each and 4096 in all, none of them a control character.
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from itertools import accumulate
from typing import Any

import msgspec

GROUP_VERSION = "admission.k8s.io/v1"
KIND = "AdmissionReview"
MAX_WARNING_CHARACTERS = 256
MAX_WARNINGS_CHARACTERS = 4096

_MORE = "and {} more warnings, for which there is no room"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")

# Two objects of 3 MiB (etcd's limit of 1.5 MiB, doubled by JSON) and 1 MiB of envelope, as controller-runtime reckons.
MAX_REVIEW_BYTES = 7 * 2**20

# A review has some ten thousand bytes, so that is room for thousands of them at a time, or for eight of the largest.
MAX_BYTES_AT_ONCE = 8 * MAX_REVIEW_BYTES


class WireError(ValueError):
    """A request that is no AdmissionReview; the message names the field, what was found and what is allowed."""


class _GroupVersionResource(msgspec.Struct):
    resource: str = ""
    group: str = ""


class Question(msgspec.Struct, rename="camel", frozen=True):
    """What the API server asks: may this object be created or updated, and how."""

    uid: str
    operation: str
    object: msgspec.Raw = msgspec.Raw(b"null")
    old_object: msgspec.Raw = msgspec.Raw(b"null")
    namespace: str = ""
    resource: _GroupVersionResource = msgspec.field(default_factory=_GroupVersionResource)
    sub_resource: str = ""
    dry_run: bool | None = None

    @property
    def is_new_pod(self) -> bool:
        """Whether it asks about a pod that is about to be created."""
        target = (self.resource.resource, self.sub_resource, self.operation)
        return target == ("pods", "", "CREATE") and bytes(self.object) != b"null"

    @property
    def is_written(self) -> bool:
        """Whether it asks about an object itself, no part of it such as its status, that somebody writes."""
        is_whole = self.operation in ("CREATE", "UPDATE") and not self.sub_resource
        return is_whole and bytes(self.object) != b"null"


class _Review(msgspec.Struct, rename="camel"):
    api_version: str
    kind: str
    request: Question


_DECODER = msgspec.json.Decoder(_Review)
_ENCODER = msgspec.json.Encoder()


def parse(body: bytes) -> Question:
    """Return the question of a review; raises WireError that names the field."""
    try:
        review = _DECODER.decode(body)
    except (ValueError, RecursionError) as error:
        raise WireError(f"the body is no AdmissionReview: {error}") from error
    _require("apiVersion", review.api_version, GROUP_VERSION)
    _require("kind", review.kind, KIND)
    if not review.request.uid:
        raise WireError("request.uid: found an empty text, a uid is needed for the answer")
    return review.request


def _require(field: str, found: str, allowed: str) -> None:
    if found != allowed:
        raise WireError(f"{field}: found {found!r}, allowed: {allowed!r}")


def allowed(
    question: Question,
    operations: Iterable[Mapping[str, Any]] = (),
    warnings: Iterable[str] = (),
    audit: Mapping[str, str] | None = None,
) -> bytes:
    """Return the answer that admits the object, changed by the operations of a JSON Patch (RFC 6902)."""
    patch = list(operations)
    change = {"patchType": "JSONPatch", "patch": b64encode(_ENCODER.encode(patch)).decode()} if patch else {}
    return _answer(question, {"allowed": True, **change}, warnings, audit)


def denied(question: Question, reason: str, warnings: Iterable[str] = ()) -> bytes:
    """Return the answer that refuses the object; its author reads the reason."""
    status = {"code": 403, "reason": "Forbidden", "message": reason}
    return _answer(question, {"allowed": False, "status": status}, warnings, None)


def _answer(
    question: Question, verdict: Mapping[str, Any], warnings: Iterable[str], audit: Mapping[str, str] | None
) -> bytes:
    told = {"warnings": shortened(warnings)} if warnings else {}
    noted = {"auditAnnotations": audit} if audit else {}
    response = {"uid": question.uid, **verdict, **told, **noted}
    return _ENCODER.encode({"apiVersion": GROUP_VERSION, "kind": KIND, "response": response})


def shortened(warnings: Iterable[str]) -> list[str]:
    """Return warnings within the API server's limits: each cut with an ellipsis, the last ones left out and counted."""
    plain = (_CONTROL.sub(" ", text) for text in warnings)
    cut = [text if len(text) <= MAX_WARNING_CHARACTERS else text[: MAX_WARNING_CHARACTERS - 1] + "…" for text in plain]
    sizes = list(accumulate(len(text) for text in cut))
    if not sizes or sizes[-1] <= MAX_WARNINGS_CHARACTERS:
        return cut
    kept = [text for text, size in zip(cut, sizes, strict=True) if size <= MAX_WARNINGS_CHARACTERS - len(_MORE)]
    return [*kept, _MORE.format(len(cut) - len(kept))]
