"""What a pod's own annotations and tolerations say about the class it wants."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from placement.asking.class_requirements import ClassRequirements
from placement.asking.layers import NOTHING_SAID, Layer
from placement.asking.preferences import billions
from placement.asking.strategies import strategy
from placement.keys import COST_THRESHOLD, MODEL_SIZE, REQUESTED_CLASS, STRATEGY, WAIT
from placement.pods import Pod
from placement.quantities import parse
from placement.taints import SPOT_TAINTS

T = TypeVar("T")

_KEYS = (REQUESTED_CLASS, STRATEGY, COST_THRESHOLD, WAIT)
_ANSWERS = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Wishes:
    """The pod's layer, and the size of its model where it says so; what cannot be understood is told, and left out."""

    layer: Layer = NOTHING_SAID
    billions: float | None = None
    warnings: tuple[str, ...] = ()


def wishes_of(pod: Pod) -> Wishes:
    """Return what the pod's annotations say."""
    warnings: list[str] = []
    explicit = pod.annotations.get(REQUESTED_CLASS, "").strip() or None
    layer = Layer(
        next((f"annotation {key}" for key in _KEYS if pod.annotations.get(key)), ""),
        ClassRequirements(max_usd_per_hour=_read(pod, COST_THRESHOLD, price, warnings)),
        explicit,
        strategy=_read(pod, STRATEGY, strategy, warnings),
        waits=bool(_read(pod, WAIT, _answer, warnings)),
    )
    return Wishes(layer, _read(pod, MODEL_SIZE, billions, warnings), tuple(warnings))


def may_run_on_spot(pod: Pod) -> bool:
    """Tell whether the pod tolerates or selects the spot capacity of some provider."""
    selected = any(pod.selection.labels.get(mark.key) == mark.value for mark in SPOT_TAINTS)
    return selected or any(each.tolerates(mark) for each in pod.tolerations for mark in SPOT_TAINTS)


def price(text: str) -> float:
    """Return a price in USD per hour and accelerator; raises ValueError that shows the text."""
    found = float(parse(text))
    if found < 0:
        raise ValueError(f"{text!r} is below zero: write USD per hour and accelerator, like 2.50")
    return found


def _answer(text: str) -> bool:
    if text not in _ANSWERS:
        raise ValueError(f"found {text[:32]!r}, allowed: true, false")
    return _ANSWERS[text]


def _read(pod: Pod, key: str, understand: Callable[[str], T], warnings: list[str]) -> T | None:
    text = pod.annotations.get(key)
    if text is None:
        return None
    try:
        return understand(text)
    except ValueError as error:
        warnings.append(f"annotation {key} is ignored: {error}")
        return None
