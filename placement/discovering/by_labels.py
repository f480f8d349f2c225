"""Devices of which each label that names them says the same: all vendors but NVIDIA.

A node whose labels name two products has devices of both, or labels of others: no class can be made of it, because what
a pod would get there is chance.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from placement.accelerators import DeviceResource
from placement.discovering.known_hardware import traits_of
from placement.discovering.naming import class_name
from placement.discovering.readings import Finding, Labels, Traits
from placement.discovering.sights import Sight, condition, is_key, is_value
from placement.selection import Expression

NOTHING = re.compile(r"(?P<counted>(?!))")


@dataclass(frozen=True, slots=True)
class Clue:
    """What one label tells: which hardware a node has, by its name.

    A vague one counts where no other does. A counter's value is how many devices there are.
    """

    hardware: str
    is_vague: bool = False
    is_counter: bool = False


@dataclass(frozen=True, slots=True)
class Offered:
    """What is offered of some hardware, and what is known of that.

    `ending` is its form, as the end of a class's name, and `conditions` those on labels that tell so. `doubt` tells why
    it is not understood; no class is made then.
    """

    traits: Traits
    ending: str = ""
    conditions: tuple[Expression, ...] = ()
    doubt: str = ""


def whole_devices(_: Sight, traits: Traits) -> Offered:
    """Return that hardware is offered as a whole, and nothing more is known of it."""
    return Offered(traits)


@dataclass(frozen=True, eq=False)
class Maker:
    """How the devices of one vendor are recognised.

    `keys` match the labels that may tell something, the most telling first, and `clue` returns what one of them tells;
    `forms` match those that tell in which form devices are offered. `resources` match the names under which they are
    offered, `usual` is the one for hardware that no device plugin offers yet. `advice` says which labels would tell
    more.
    """

    vendor: str
    keys: tuple[re.Pattern[str], ...]
    clue: Callable[[str, str], Clue | None]
    resources: re.Pattern[str]
    usual: Callable[[str], str]
    advice: str
    forms: re.Pattern[str] = NOTHING
    offered: Callable[[Sight, Traits], Offered] = whole_devices
    quantity: Callable[[Sight, str], int] = lambda _sight, _name: 1

    def view(self, labels: Labels) -> Labels:
        """Return the labels on which the names of its readings depend."""
        telling = (key for key, value in labels.items() if _rank(self, key) <= len(self.keys) and is_value(value))
        ranked = sorted(telling, key=lambda key: (_rank(self, key), key))
        return dict(filter(None, (self._seen(key, labels[key]) for key in ranked)))

    def find(self, sight: Sight) -> Iterator[Finding]:
        """Yield a reading where all labels name one hardware, and problems."""
        names = self._names(sight)
        clues = self._clues(sight)
        hardware = sorted({each.hardware for each in clues.values()})
        if not hardware and names:
            listed = " and ".join(f"{sight.node.allocatable[name]} {name}" for name in names)
            yield f"offers {listed}, and no label tells what they are: {self.advice}"
        if len(hardware) > 1:
            told = ", ".join(f"{each.hardware} ({key})" for key, each in clues.items())
            yield f"has labels of {len(hardware)} different products, so that a pod would get either: {told}"
        if len(hardware) == 1:
            yield from self._finding(sight, hardware[0], next(iter(clues)), names)

    def _finding(self, sight: Sight, hardware: str, key: str, names: tuple[str, ...]) -> Iterator[Finding]:
        offered = self.offered(sight, traits_of(self.vendor, hardware, hardware))
        if offered.doubt:
            yield offered.doubt
            return
        usual = self.usual(hardware)
        resources = [DeviceResource(name, self.quantity(sight, name)) for name in names or (usual,)]
        anchors = (condition(key, sight.view[key]), *offered.conditions)
        yield sight.reading(class_name(self.vendor, hardware, offered.ending), offered.traits, anchors, resources)
        if not names and not sight.offers_shares:
            yield f"has the label {key}, and offers no {usual}: its device plugin reports none"

    def _names(self, sight: Sight) -> tuple[str, ...]:
        allocatable = sight.node.allocatable
        return tuple(name for name in sorted(allocatable) if allocatable[name] > 0 and self.resources.fullmatch(name))

    def _clues(self, sight: Sight) -> dict[str, Clue]:
        found = {key: clue for key, value in sight.view.items() if (clue := self.clue(key, value))}
        return {key: each for key, each in found.items() if not each.is_vague} or found

    def _seen(self, key: str, value: str) -> tuple[str, str] | None:
        """Return a label as it stands in a view, where it tells something; of a counter the value does not matter."""
        clue = self.clue(key, value)
        is_form = self.forms.fullmatch(key)
        is_counter = clue.is_counter if clue else bool(is_form and is_form["counted"])
        return (key, "" if is_counter else value) if clue or is_form else None


@lru_cache(maxsize=4096)
def _rank(maker: Maker, key: str) -> int:
    """Return where a key stands among those of a maker: behind its last where it tells of forms, then elsewhere."""
    if not is_key(key):
        return len(maker.keys) + 1
    patterns = enumerate((*maker.keys, maker.forms))
    return next((rank for rank, each in patterns if each.fullmatch(key)), len(maker.keys) + 1)
