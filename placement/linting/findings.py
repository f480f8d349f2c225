"""What is found of an object as its author wrote it, and what that is held against."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches

from placement.accelerators import Catalog
from placement.asking.profiles import Profile
from placement.inventory import Inventory
from placement.scaling.supply import NO_SUPPLY, NodeSupply

# Comparing a text with many others takes milliseconds for each thousand.
_MOST_COMPARED = 2000


@dataclass(frozen=True, slots=True)
class Findings:
    """Sentences: why an object is of no use, and what about it is legal, but hardly meant."""

    refusals: tuple[str, ...] = ()
    suspicions: tuple[str, ...] = ()

    def since(self, before: "Findings") -> "Findings":
        """Return what is found of a changed object: what spoke against it before as well is no reason to refuse it."""
        new = tuple(each for each in self.refusals if each not in before.refusals)
        old = tuple(each for each in self.refusals if each in before.refusals)
        return Findings(new, (*old, *self.suspicions))


@dataclass(frozen=True)
class Surroundings:
    """The cluster that an object is held against.

    `invalid` names the classes of which nothing can be read, `supply` are the autoscalers.
    """

    catalog: Catalog = field(default_factory=Catalog)
    profiles: tuple[Profile, ...] = ()
    inventory: Inventory = field(default_factory=Inventory)
    invalid: frozenset[str] = frozenset()
    supply: NodeSupply = NO_SUPPLY


def nearest(name: str, known: Iterable[str], likeness: float = 0.6) -> str:
    """Return a question that names the nearest of the known texts, or nothing where none is as like, from 0 to 1."""
    near = get_close_matches(name, sorted(known)[:_MOST_COMPARED], 1, likeness)
    return f" (did you mean {near[0]}?)" if near else ""
