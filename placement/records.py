"""The record of a choice of class, as it is written on the pod: why this one, why not the others, what was injected."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

from placement.accelerators import AcceleratorClass
from placement.choice import Choice
from placement.class_requests import ClassRequest
from placement.mutations import ContainerMutation, Mutation
from placement.rejections import Cause, Rejection

# An annotation is read by people and copied into every list of pods.
MAX_RECORD_BYTES = 2048
_COMPACT = (",", ":")


@dataclass(frozen=True, slots=True)
class AdmissionRecord:
    """Why a pod got its class; `digest` identifies the class and the configuration that were applied."""

    accelerator_class: str
    why: str
    source: str
    rejections: tuple[Rejection, ...]
    injected: Mapping[str, Any]
    digest: str
    notes: tuple[str, ...] = ()

    def to_json(self) -> str:
        """Return compact JSON of at most 2 KiB; the last rejections give way first, then what was injected."""
        for kept in range(len(self.rejections), -1, -1):
            text = self._json(kept, self.injected)
            if len(text.encode()) <= MAX_RECORD_BYTES:
                return text
        return self._json(0, {"omitted": sorted(self.injected)})

    def stands_in(self, text: str) -> bool:
        """Tell whether a text is a record of the same choice: the same class, the same configuration."""
        try:
            found = json.loads(text)
        except ValueError:
            return False
        mine = (self.accelerator_class, self.source, self.digest)
        return isinstance(found, dict) and (found.get("class"), found.get("source"), found.get("digest")) == mine

    def _json(self, kept: int, injected: Mapping[str, Any]) -> str:
        content: dict[str, Any] = {
            "class": self.accelerator_class,
            "why": self.why,
            "source": self.source,
            "rejected": [{"class": each.subject, "why": each.reason} for each in self.rejections[:kept]],
            "injected": injected,
            "digest": self.digest,
        }
        if self.notes:
            content["notes"] = self.notes
        if kept < len(self.rejections):
            content["omitted"] = len(self.rejections) - kept
        return json.dumps(content, separators=_COMPACT)


def record_of(asked: ClassRequest, choice: Choice, changes: Mutation) -> AdmissionRecord:
    """Return the record of a choice that found a class."""
    chosen = choice.eligible[0]
    others = tuple(Rejection(each.name, Cause.FILTERED, _also_fits(each)) for each in choice.eligible[1:])
    return AdmissionRecord(
        chosen.name,
        _why(asked, choice),
        asked.source,
        others + choice.rejections,
        summary(changes),
        _digest(asked, chosen),
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


def _also_fits(other: AcceleratorClass) -> str:
    price = other.cost.per_hour
    return "fits, but comes later" if price is None else f"fits, but comes later ({price:g} USD/h)"


def _digest(asked: ClassRequest, chosen: AcceleratorClass) -> str:
    inputs = [asdict(chosen), asdict(asked.configuration(chosen))]
    return sha256(json.dumps(inputs, sort_keys=True, default=sorted).encode()).hexdigest()[:12]
