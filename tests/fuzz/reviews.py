"""AdmissionReviews by seed and number, sound and damaged: the same number is the same bytes for ever."""

import json
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.fuzz.damage import BYTE_DAMAGE, POD_DAMAGE, huge, mistyped
from tests.fuzz.pods import pod
from tests.fuzz.worlds import MODES, World, world

Json = dict[str, Any]

# One cluster judges as many reviews.
REVIEWS_PER_WORLD = 250
# As many in a row have the same template.
REPLICAS = 2
_SOUND, _POD, _BYTES = 0.45, 0.40, 0.12
_HUGE = 0.003


@dataclass(frozen=True, slots=True)
class Review:
    """The bytes of a review, and what was done to them: `sound` where nothing was.

    Consecutive ones are about replicas of one template, each damaged in its own way.
    """

    number: int
    body: bytes
    damage: str = "sound"


def world_of(seed: int, number: int) -> World:
    """Return the cluster that judges the review of that number."""
    return world(Random(f"{seed}/world/{number // REVIEWS_PER_WORLD}"))


def review(seed: int, number: int) -> Review:
    """Return one review."""
    chance = Random(f"{seed}/review/{number}")
    about, draw = _replica(seed, number), chance.random()
    if chance.random() < _HUGE:
        huge(chance, about)
        return Review(number, _text(_envelope(chance, number, about)), "huge")
    if draw < _SOUND:
        return Review(number, _text(_envelope(chance, number, about)))
    if draw < _SOUND + _POD:
        harm = chance.choice(POD_DAMAGE)
        harm(chance, about)
        return Review(number, _text(_envelope(chance, number, about)), harm.__name__)
    envelope = _envelope(chance, number, about)
    if draw < _SOUND + _POD + _BYTES:
        spoil = chance.choice(BYTE_DAMAGE)
        return Review(number, spoil(chance, _text(envelope)), spoil.__name__)
    del envelope["request"]["object"]
    mistyped(chance, envelope)
    return Review(number, _text(envelope), "envelope")


def _replica(seed: int, number: int) -> Json:
    """Return a pod that differs from others of its template in its name and its volume."""
    template = Random(f"{seed}/pod/{number // REPLICAS}")
    about: Json = json.loads(_text(pod(template)))
    if "name" in about["metadata"]:
        about["metadata"]["name"] = f"pod-{number}"
    about["spec"]["volumes"][0]["name"] = f"kube-api-access-{number:05x}"
    return about


def _text(content: Json) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode()


def _envelope(chance: Random, number: int, about: Json) -> Json:
    request = {
        "uid": f"uid-{number}",
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "v1", "resource": "pods"},
        "namespace": f"{chance.choice(MODES)}-{chance.randint(1, 2)}",
        "operation": "CREATE" if chance.random() < 0.98 else "UPDATE",
        "userInfo": {"username": "system:serviceaccount:kube-system:replicaset-controller"},
        "object": about,
        "oldObject": None,
        "dryRun": chance.random() < 0.1,
        "options": {"kind": "CreateOptions"},
    }
    return {"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": request}
