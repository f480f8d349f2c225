"""The record of a choice of class, as it is written on the pod: why this one, why not the others, what was injected."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

from placement.accelerators import AcceleratorClass
from placement.choice import Choice
from placement.class_requests import ClassRequest
from placement.mutations import ContainerMutation, Mutation
from placement.pods import Pod
from placement.rejections import Cause, Rejection

# An annotation is read by people and copied into every list of pods.
MAX_RECORD_BYTES = 2048
_COMPACT = (",", ":")


# Makes a short text of some bytes that nobody else can make; the key is the installation's.
Seal = Callable[[bytes], str]


def unkeyed(content: bytes) -> str:
    """Return a digest: a seal that anybody can make, for where nothing is at stake."""
    return sha256(content).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class AdmissionRecord:
    """Why a pod got its class, or none (an empty class); `inputs` identifies the class and configuration applied."""

    accelerator_class: str
    why: str
    source: str
    rejections: tuple[Rejection, ...]
    injected: Mapping[str, Any]
    inputs: str = ""
    notes: tuple[str, ...] = ()

    def to_json(self, pod: Pod, seal: Seal) -> str:
        """Return compact JSON of at most 2 KiB; the last rejections give way first, then what was injected."""
        for kept in range(len(self.rejections), -1, -1):
            text = _sealed(self._content(kept, self.injected), pod, seal)
            if len(text.encode()) <= MAX_RECORD_BYTES:
                return text
        return _sealed(self._content(0, {"omitted": sorted(self.injected)}), pod, seal)

    def stands_in(self, text: str, pod: Pod, seal: Seal) -> bool:
        """Tell whether a text is a record of the same choice about this pod, letter for letter as it was sealed."""
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            return False
        mine = (self.accelerator_class, self.source, self.inputs)
        if not isinstance(found, dict) or (found.get("class"), found.get("source"), found.get("inputs")) != mine:
            return False
        found.pop("seal", None)
        return text == _sealed(found, pod, seal)

    def _content(self, kept: int, injected: Mapping[str, Any]) -> dict[str, Any]:
        content: dict[str, Any] = {
            "class": self.accelerator_class,
            "why": self.why,
            "source": self.source,
            "rejected": [{"class": each.subject, "why": each.reason} for each in self.rejections[:kept]],
            "injected": injected,
            "inputs": self.inputs,
        }
        if self.notes:
            content["notes"] = self.notes
        if kept < len(self.rejections):
            content["omitted"] = len(self.rejections) - kept
        return content


def _sealed(content: dict[str, Any], pod: Pod, seal: Seal) -> str:
    """Return the content as JSON with a seal over it and over the pod's name, which stands before it has one."""
    text = json.dumps(content, separators=_COMPACT)
    mark = seal(f"{pod.namespace}/{pod.name}/{text}".encode())
    return json.dumps({**content, "seal": mark}, separators=_COMPACT)


def record_of_none(asked: ClassRequest, choice: Choice) -> AdmissionRecord:
    """Return the record of a choice that found no class."""
    return AdmissionRecord("", "no class will do", asked.source, choice.rejections, {})


def record_of(asked: ClassRequest, choice: Choice, changes: Mutation) -> AdmissionRecord:
    """Return the record of a choice that found a class."""
    chosen = choice.eligible[0]
    others = tuple(Rejection(each.name, Cause.FILTERED, _also_fits(asked, each)) for each in choice.eligible[1:])
    return AdmissionRecord(
        chosen.name,
        _why(asked, choice),
        asked.source,
        others + choice.rejections,
        summary(changes),
        _inputs(asked, chosen),
        tuple(f"{each} is not known when a pod is created" for each in asked.unknowable),
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


def _container_summary(changes: ContainerMutation) -> dict[str, Any]:
    content = {
        "env": [each.variable.name for each in changes.env],
        "args": list(changes.args),
        "resources": {**changes.requests, **changes.limits},
    }
    return {name: value for name, value in content.items() if value}


def _why(asked: ClassRequest, choice: Choice) -> str:
    chosen = choice.eligible[0]
    if asked.explicit:
        return "named by the pod"
    if chosen.name in asked.preferred:
        return f"preferred class {asked.preferred.index(chosen.name) + 1} of {len(asked.preferred)}"
    if len(choice.eligible) == 1:
        return "the only class that fits"
    price = "" if chosen.cost.per_hour is None else f", {chosen.cost.per_hour:g} USD/h"
    return f"best of {len(choice.eligible)} classes that fit by strategy {asked.strategy}{price}"


def _also_fits(asked: ClassRequest, other: AcceleratorClass) -> str:
    if other.name in asked.preferred:
        return f"fits, preferred class {asked.preferred.index(other.name) + 1} of {len(asked.preferred)}"
    price = other.cost.per_hour
    return "fits, but comes later" if price is None else f"fits, but comes later ({price:g} USD/h)"


def _inputs(asked: ClassRequest, chosen: AcceleratorClass) -> str:
    inputs = [asdict(chosen), asdict(asked.configuration(chosen))]
    return sha256(json.dumps(inputs, sort_keys=True, default=sorted).encode()).hexdigest()[:12]
