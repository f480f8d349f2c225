"""The record of a choice of class, as it is written on the pod: why this one, why not the others, what was injected."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from hashlib import sha256
from itertools import accumulate
from typing import Any

from placement.accelerators import MAX_CLASS_NAME, AcceleratorClass
from placement.asking.class_requests import ClassRequest
from placement.choosing.choice import Choice
from placement.keys import DECISION
from placement.mutations import ContainerMutation, Mutation
from placement.pods import Pod
from placement.rejections import Cause, Rejection

# An annotation is read by people and copied into every list of pods.
MAX_RECORD_BYTES = 2048
_COMPACT = (",", ":")
# No name of a class has this character, and the value of a label may have it.
LABEL_SEPARATOR = "_"
_MANY = 2
_LONGEST_SEAL = "0" * 16


# Makes a short text of some bytes that nobody else can make; the key is the installation's.
Seal = Callable[[bytes], str]


def unkeyed(content: bytes) -> str:
    """Return a digest: a seal that anybody can make, for where nothing is at stake."""
    return sha256(content).hexdigest()[:16]


@dataclass(frozen=True)
class AdmissionRecord:
    """Why a pod got its class, or several that are left open, or none; `inputs` identifies what was applied."""

    classes: tuple[str, ...]
    why: str
    source: str
    rejections: tuple[Rejection, ...]
    injected: Mapping[str, Any]
    inputs: str = ""
    notes: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The classes as the value of a label, of which 63 characters are allowed: as many as fit, at least one."""
        names = self.classes
        while len(names) > 1 and len(LABEL_SEPARATOR.join(names)) > MAX_CLASS_NAME:
            names = names[:-1]
        return LABEL_SEPARATOR.join(names)

    def to_json(self, namespace: str, name: str, seal: Seal) -> str:
        """Return compact JSON of at most 2 KiB about a pod; the last rejections give way first, then what was injected.

        A pod that has no name yet is known by the beginning of it.
        """
        text = self.unsealed
        return _sealed(text, seal(_about(namespace, name, text)))

    @cached_property
    def unsealed(self) -> str:
        """The record without its seal, which has its room."""
        room = (
            MAX_RECORD_BYTES - len(_sealed("{}", _LONGEST_SEAL)) - len(_json(self._content(0, self.injected)).encode())
        )
        sizes = accumulate(len(_json(each).encode()) + 1 for each in map(_rejected, self.rejections))
        kept = sum(1 for size in sizes if size <= room)
        text = _json(self._content(kept, self.injected))
        return text if room >= 0 else _json(self._content(0, {"omitted": sorted(self.injected)}))

    def stands_in(self, carried: Mapping[str, Any]) -> bool:
        """Tell whether a genuine record tells of the same choice."""
        mine = {**self._named(), "source": self.source, "inputs": self.inputs}
        return all(carried.get(key) == value for key, value in mine.items())

    def _named(self) -> dict[str, Any]:
        return {"class": "".join(self.classes)} if len(self.classes) < _MANY else {"classes": list(self.classes)}

    def _content(self, kept: int, injected: Mapping[str, Any]) -> dict[str, Any]:
        content: dict[str, Any] = {
            **self._named(),
            "why": self.why,
            "source": self.source,
            "rejected": [_rejected(each) for each in self.rejections[:kept]],
            "injected": injected,
            "inputs": self.inputs,
        }
        if self.notes:
            content["notes"] = self.notes
        if kept < len(self.rejections):
            content["omitted"] = len(self.rejections) - kept
        return content


def _rejected(no: Rejection) -> dict[str, str]:
    return {"class": no.subject, "why": no.reason}


def _json(content: Any) -> str:
    return json.dumps(content, separators=_COMPACT)


def _sealed(text: str, mark: str) -> str:
    """Return the JSON of an object with a seal as its last entry."""
    return f'{text[:-1]}{"," if text != "{}" else ""}"seal":"{mark}"}}'


def _about(namespace: str, name: str, text: str) -> bytes:
    return f"{namespace}/{name}/{text}".encode()


def genuine(pod: Pod, seal: Seal) -> Mapping[str, Any]:
    """Return the record that a pod carries, letter for letter as it was sealed about this very pod, or nothing."""
    text = pod.annotations.get(DECISION, "")
    try:
        found = json.loads(text) if text else None
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    content = {key: value for key, value in found.items() if key != "seal"}
    unsealed = _json(content)
    return content if text == _sealed(unsealed, seal(_about(pod.namespace, pod.name, unsealed))) else {}


def classes_of(carried: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the classes that a genuine record tells of."""
    named = carried.get("class")
    return tuple(carried.get("classes", ())) or ((named,) if named else ())


def record_of_none(asked: ClassRequest, choice: Choice) -> AdmissionRecord:
    """Return the record of a choice that found no class."""
    return AdmissionRecord((), "no class will do", asked.source, choice.rejections, {})


def record_of(asked: ClassRequest, choice: Choice, changes: Mutation, notes: Iterable[str] = ()) -> AdmissionRecord:
    """Return the record of a choice that found a class; `notes` is what else is worth knowing."""
    others = (each for each in choice.eligible if each not in choice.taken)
    passed_over = tuple(Rejection(each.name, Cause.FILTERED, _also_fits(asked, choice, each)) for each in others)
    return AdmissionRecord(
        tuple(each.name for each in choice.taken),
        why(asked, choice),
        asked.source,
        passed_over + choice.rejections,
        summary(changes),
        _inputs(asked, choice),
        (*(f"{each} is not known when a pod is created" for each in asked.unknowable), *notes),
    )


def summary(changes: Mutation) -> dict[str, Any]:
    """Return what a mutation injects, as JSON for people; what it does not touch is left out."""
    content = {
        "nodeSelector": dict(changes.node_selector),
        "affinity": [" and ".join(map(str, term.expressions)) for term in changes.terms or ()],
        "tolerations": [each.key or "all" for each in changes.tolerations],
        "schedulerName": changes.scheduler_name,
        "containers": {each.container: _container_summary(each) for each in changes.containers},
    }
    return {name: value for name, value in content.items() if value}


def spoken(changes: Mutation) -> tuple[str, ...]:
    """Return what a mutation injects, as parts of sentences that begin with a verb, one for each thing."""
    content = summary(changes)
    containers = content.pop("containers", {})
    lines = [f"get {name} {_listed(value)}" for name, value in content.items()]
    for container, parts in containers.items():
        lines += [f"get {name} {_listed(value)} in container {container}" for name, value in parts.items()]
    return tuple(lines)


def _listed(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={each}" for key, each in value.items())
    return ", ".join(value) if isinstance(value, list) else str(value)


def _container_summary(changes: ContainerMutation) -> dict[str, Any]:
    content = {
        "env": [*(each.variable.name for each in changes.env), *(each.variable.name for each in changes.replaced_env)],
        "args": list(changes.args),
        "command": list(changes.rewritten_command or ()),
        "replacedArgs": list(changes.rewritten_args or ()),
        "resources": {**changes.requests, **changes.limits},
    }
    return {name: value for name, value in content.items() if value}


def why(asked: ClassRequest, choice: Choice) -> str:
    """Return why the best class is the best, in a few words."""
    chosen = choice.eligible[0]
    if asked.explicit:
        return "the class of its group" if asked.followed == asked.explicit else "named by the pod"
    left_open = f"; the node decides between {len(choice.taken)} classes" if len(choice.taken) > 1 else ""
    return _reason(asked, choice, chosen) + left_open


def _reason(asked: ClassRequest, choice: Choice, chosen: AcceleratorClass) -> str:
    if chosen.name in asked.preferred:
        return f"preferred class {asked.preferred.index(chosen.name) + 1} of {len(asked.preferred)}"
    if len(choice.eligible) == 1:
        return "the only class that fits"
    price = "" if chosen.cost.per_hour is None else f", {chosen.cost.per_hour:g} USD/h"
    room = "" if not choice.passed else " and has room or can get nodes" if choice.can_grow else " and has room"
    return f"best of {len(choice.eligible)} classes that fit{room} by strategy {asked.strategy}{price}"


def _also_fits(asked: ClassRequest, choice: Choice, other: AcceleratorClass) -> str:
    if other.name in choice.passed:
        return "fits, but is full"
    if other.name in asked.preferred:
        return f"fits, preferred class {asked.preferred.index(other.name) + 1} of {len(asked.preferred)}"
    price = other.cost.per_hour
    return "fits, but comes later" if price is None else f"fits, but comes later ({price:g} USD/h)"


def _inputs(asked: ClassRequest, choice: Choice) -> str:
    """Return a digest of the classes and of what a pod gets on them, the same in every process."""
    inputs = [[each.digest, asdict(asked.configuration(each))] for each in choice.taken]
    return sha256(json.dumps(inputs, sort_keys=True, default=sorted).encode()).hexdigest()[:12]
