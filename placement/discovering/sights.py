"""One node as a vendor's module looks at it: which labels count, what it offers, which taints are for accelerators."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from placement.accelerators import DeviceResource, taint_key
from placement.devices import is_device
from placement.discovering.readings import Finding, Labels, Reading, Traits
from placement.inventory import NodeInventory
from placement.keys import SCHEDULER
from placement.selection import Expression, Operator
from placement.shares import SHARES
from placement.taints import FORBIDDING, Taint, Toleration

# What the API server takes for a label's value, and for the name in its key; files may hold anything.
_VALUE = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_COUNT = re.compile(r"[0-9]{1,9}")

# Taints that say "accelerators here" without the name of a resource: AKS's convention.
_CONVENTIONS = frozenset({("sku", "gpu")})


@dataclass(frozen=True)
class Sight:
    """A node with those of its labels on which the names of a vendor's readings depend, the most telling first."""

    node: NodeInventory
    vendor: str
    view: Labels

    def count(self, key: str) -> int | None:
        """Return what a label counts, or None where it is absent or no count."""
        text = self.node.labels.get(key, "")
        return int(text) if _COUNT.fullmatch(text) else None

    def offered(self, *names: str) -> tuple[str, ...]:
        """Return those of the resources that the node offers."""
        return tuple(name for name in names if self.node.allocatable.get(name, 0) > 0)

    @property
    def offers_shares(self) -> bool:
        """Whether Berth divides the node's devices, so that no device plugin offers them."""
        return bool(self.offered(SHARES))

    def reading(
        self, name: str, traits: Traits, anchors: Iterable[Expression], resources: Iterable[DeviceResource]
    ) -> Reading:
        """Return a reading of the node."""
        listed = tuple(resources)
        return Reading(name, tuple(self.view.items()), traits, tuple(anchors), listed, self._tolerations(listed))

    @property
    def unclassed(self) -> Reading:
        """A reading of a node of whose devices no class can be made."""
        return Reading("", tuple(self.view.items()), Traits(self.vendor))

    def _tolerations(self, resources: Iterable[DeviceResource]) -> tuple[Toleration, ...]:
        usual = (Toleration(taint_key(each.name), "Exists", effect="NoSchedule") for each in resources)
        return tuple(dict.fromkeys((*usual, *self._for_taints)))

    @cached_property
    def _for_taints(self) -> tuple[Toleration, ...]:
        return tuple(sorted(filter(None, map(_toleration, self.node.taints)), key=repr))


# What looks at a node for one vendor's devices.
Find = Callable[[Sight], Iterator[Finding]]


def is_value(text: str) -> bool:
    """Tell whether a label can have the value, and it says something."""
    return _VALUE.fullmatch(text) is not None


def is_key(text: str) -> bool:
    """Tell whether a label can have the key, as far as its part behind the domain goes."""
    domain, _, name = text.rpartition("/")
    return "/" not in domain and is_value(name)


def condition(key: str, value: str) -> Expression:
    """Return the condition that a label has a value; that it is there, where it stands in a view with any value."""
    return Expression(key, Operator.IN, (value,)) if value else Expression(key, Operator.EXISTS)


def is_for_accelerators(key: str, value: str) -> bool:
    """Tell whether a taint keeps pods without accelerators away, and says no more."""
    return is_device(key) or _is_convention(key, value)


def _is_convention(key: str, value: str) -> bool:
    return (key, value) in _CONVENTIONS or key == SCHEDULER


def _toleration(taint: Taint) -> Toleration | None:
    """Return what tolerates a taint that keeps pods without accelerators away; None for taints that say more."""
    if taint.effect not in FORBIDDING:
        return None
    if is_device(taint.key):
        return Toleration(taint.key, "Exists", effect=taint.effect)
    if _is_convention(taint.key, taint.value):
        return Toleration(taint.key, "Equal", taint.value, taint.effect)
    return None
