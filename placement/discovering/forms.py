"""In which form a device is offered: whole, or in parts, and what that leaves of what is known of the whole."""

from dataclasses import dataclass, replace

from placement.discovering.readings import Traits

# What only a whole device has.
_OF_WHOLE = frozenset({"mig", "nvlink", "infinity-fabric"})


@dataclass(frozen=True, slots=True)
class Form:
    """How a device is offered: the end of its class's name, and the feature that says so to requirements.

    `memory_gib` is what a pod gets for itself; None where that is nothing certain.
    """

    ending: str
    feature: str
    memory_gib: float | None = None

    def part_of(self, whole: Traits) -> Traits:
        """Return what is known of a part: rates and links are stated of whole devices alone."""
        features = whole.features - _OF_WHOLE | {self.feature}
        return replace(whole, memory_gib=self.memory_gib, features=features, figures=frozenset())
