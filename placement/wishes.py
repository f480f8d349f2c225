"""What a pod's own annotations and tolerations say about the class it wants."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from placement.class_requirements import ANY_CLASS, ClassRequirements
from placement.keys import COST_THRESHOLD, MODEL_SIZE, STRATEGY
from placement.pods import Pod
from placement.preferences import billions
from placement.quantities import parse
from placement.strategies import Strategy, strategy
from placement.taints import SPOT_TAINTS

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Wishes:
    """The pod's layer: None where it says nothing. What cannot be understood is left out, with a warning."""

    requirements: ClassRequirements = ANY_CLASS
    strategy: Strategy | None = None
    billions: float | None = None
    warnings: tuple[str, ...] = ()


def wishes_of(pod: Pod) -> Wishes:
    """Return what the pod's annotations say."""
    warnings: list[str] = []
    threshold = _read(pod, COST_THRESHOLD, _price, warnings)
    chosen = _read(pod, STRATEGY, strategy, warnings)
    size = _read(pod, MODEL_SIZE, billions, warnings)
    return Wishes(ClassRequirements(max_usd_per_hour=threshold), chosen, size, tuple(warnings))


def may_run_on_spot(pod: Pod) -> bool:
    """Tell whether the pod tolerates or selects the spot capacity of some provider."""
    selected = any(pod.selection.labels.get(mark.key) == mark.value for mark in SPOT_TAINTS)
    return selected or any(each.tolerates(mark) for each in pod.tolerations for mark in SPOT_TAINTS)


def _read(pod: Pod, key: str, understand: Callable[[str], T], warnings: list[str]) -> T | None:
    text = pod.annotations.get(key)
    if text is None:
        return None
    try:
        return understand(text)
    except ValueError as error:
        warnings.append(f"annotation {key} is ignored: {error}")
        return None


def _price(text: str) -> float:
    price = float(parse(text))
    if price < 0:
        raise ValueError(f"{text!r} is below zero: write USD per hour and accelerator, like 2.50")
    return price
