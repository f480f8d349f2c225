"""AdmissionReviews by seed and number, sound and damaged: the same number is the same bytes for ever."""

import json
from dataclasses import dataclass
from random import Random

from tests.fuzz.damage import BYTE_DAMAGE, POD_DAMAGE, huge, mistyped
from tests.fuzz.names import MODES, Json, text
from tests.fuzz.pods import pod
from tests.fuzz.worlds import World, change, see_admitted, world

# One cluster judges as many reviews.
REVIEWS_PER_WORLD = 250
# As many in a row are about replicas of a few templates, one after the other as chance has it.
_TOGETHER, _TEMPLATES = 25, 4
_SOUND, _POD, _BYTES = 0.6, 0.28, 0.09
_HUGE = 0.003
_CHANGES, _SEEN = 0.45, 0.4


@dataclass(frozen=True, slots=True)
class Review:
    """The bytes of a review, and what was done to them: `sound` where nothing was.

    Those that come one after the other are about replicas of a few templates, each damaged in its own way.
    """

    number: int
    body: bytes
    damage: str = "sound"


def world_of(seed: int, number: int) -> World:
    """Return the cluster that judges the review of that number, as it is before the first of its reviews."""
    return world(Random(f"{seed}/world/{number // REVIEWS_PER_WORLD}"))


def before(seed: int, number: int, judging: World) -> None:
    """Let the cluster change, or not, before the review of that number comes."""
    chance = Random(f"{seed}/change/{number}")
    if chance.random() < _CHANGES:
        change(chance, judging)


def after(seed: int, number: int, judging: World, patched: bytes) -> None:
    """Let the mutated pod be seen, or not, after the review of that number."""
    chance = Random(f"{seed}/seen/{number}")
    if chance.random() < _SEEN:
        see_admitted(chance, judging, patched)


def review(seed: int, number: int) -> Review:
    """Return one review."""
    chance = Random(f"{seed}/review/{number}")
    about, draw = _replica(seed, number), chance.random()
    if chance.random() < _HUGE:
        huge(chance, about)
        return Review(number, text(_asking(chance, seed, number, about)), "huge")
    if draw < _SOUND:
        return Review(number, text(_asking(chance, seed, number, about)))
    if draw < _SOUND + _POD:
        harm = chance.choice(POD_DAMAGE)
        harm(chance, about)
        return Review(number, text(_asking(chance, seed, number, about)), harm.__name__)
    asking = _asking(chance, seed, number, about)
    if draw < _SOUND + _POD + _BYTES:
        spoil = chance.choice(BYTE_DAMAGE)
        return Review(number, spoil(chance, text(asking)), spoil.__name__)
    del asking["request"]["object"]
    mistyped(chance, asking)
    return Review(number, text(asking), "envelope")


def _template(seed: int, number: int) -> str:
    which = Random(f"{seed}/which/{number}").randrange(_TEMPLATES)
    return f"{number // _TOGETHER}/{which}"


def _replica(seed: int, number: int) -> Json:
    """Return a pod that differs from others of its template in its name and its volume."""
    about: Json = json.loads(text(pod(Random(f"{seed}/pod/{_template(seed, number)}"))))
    if "name" in about["metadata"]:
        about["metadata"]["name"] = f"pod-{number}"
    about["spec"]["volumes"][0]["name"] = f"kube-api-access-{number:05x}"
    return about


def _namespace(seed: int, number: int) -> str:
    """Return the namespace of a template, or sometimes another."""
    of_template = Random(f"{seed}/namespace/{_template(seed, number)}")
    chosen = Random(f"{seed}/moved/{number}") if number % 10 == 0 else of_template
    return f"{chosen.choice(MODES)}-{chosen.randint(1, 2)}"


def _asking(chance: Random, seed: int, number: int, about: Json) -> Json:
    request = {
        "uid": f"uid-{number}",
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "v1", "resource": "pods"},
        "namespace": _namespace(seed, number),
        "operation": "CREATE" if chance.random() < 0.98 else "UPDATE",
        "userInfo": {"username": "system:serviceaccount:kube-system:replicaset-controller"},
        "object": about,
        "oldObject": None,
        "dryRun": chance.random() < 0.1,
        "options": {"kind": "CreateOptions"},
    }
    return {"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": request}
