"""What the status of every class should say, counted from the API alone, and how late it says so.

None of Berth's rooms has a hand in it: labels, devices and reasons are counted here once more in the plainest way, for
nodes that offer whole devices alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from heapq import nsmallest
from typing import Any

from bench.controller.objects import MAINTENANCE, Json
from bench.questions import NVIDIA

# Available, cordoned, not ready, tainted nodes; accelerators in all and available; the first names.
Counts = tuple[int, int, int, int, int, int, tuple[str, ...]]

_AVAILABLE, _CORDONED, _NOT_READY, _TAINTED = range(4)
_MOST_NAMES = 100


def told(found: Json) -> Counts | None:
    """Return what a class says of itself, or None where it says nothing yet."""
    status = found.get("status", {})
    if "unavailableNodes" not in status:
        return None
    reasons = status["unavailableNodes"]
    return (
        status["availableNodes"],
        *(reasons[each] for each in ("cordoned", "notReady", "tainted")),
        status["totalAccelerators"],
        status["availableAccelerators"],
        tuple(status["nodes"]),
    )


def selects(found: Json, labels: dict[str, str]) -> bool:
    """Tell whether a class selects a node with these labels."""
    discovery = found["spec"]["discovery"]
    terms = discovery.get("nodeSelectorTerms", [])
    plain = all(labels.get(key) == value for key, value in discovery.get("nodeSelector", {}).items())
    return plain and (not terms or any(_admits(term, labels) for term in terms))


def _admits(term: Json, labels: dict[str, str]) -> bool:
    return all(_meets(each, labels.get(each["key"])) for each in term.get("matchExpressions", []))


def _meets(wanted: Json, value: str | None) -> bool:
    values: list[str] = wanted.get("values", [])
    match wanted["operator"]:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case other:
            return value is not None and (int(value) > int(values[0])) == (other == "Gt")


def of_node(node: Json, held: int) -> tuple[int, int, int]:
    """Return how a node stands, how many devices it has, and how many of them are available."""
    spec, status = node["spec"], node["status"]
    ready = next(each["status"] for each in status["conditions"] if each["type"] == "Ready")
    total = int(status["allocatable"].get(NVIDIA, 0))
    standing = _AVAILABLE
    if spec.get("unschedulable"):
        standing = _CORDONED
    elif ready != "True":
        standing = _NOT_READY
    elif any(each["key"] == MAINTENANCE["key"] for each in spec.get("taints", [])):
        standing = _TAINTED
    return standing, total, max(total - held, 0) if standing == _AVAILABLE else 0


def added(members: dict[str, tuple[int, int, int]]) -> Counts:
    """Return what the nodes of a class add up to."""
    nodes = [0, 0, 0, 0]
    for standing, _, _ in members.values():
        nodes[standing] += 1
    names = (name for name, (standing, _, _) in members.items() if standing == _AVAILABLE)
    totals = (sum(each[1] for each in members.values()), sum(each[2] for each in members.values()))
    return (nodes[0], nodes[1], nodes[2], nodes[3], *totals, tuple(nsmallest(_MOST_NAMES, names)))


@dataclass
class Ledger:
    """What one class should say since when, what it says, and how late it said what it should."""

    members: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    should: Counts | None = None
    says: Counts | None = None
    pending: list[tuple[float, Counts]] = field(default_factory=list)
    lateness: list[float] = field(default_factory=list)
    written_at: list[float] = field(default_factory=list)

    def expect(self, now: float) -> None:
        """Note what it should say from here on."""
        should = added(self.members)
        if should != self.should:
            self.should = should
            self.pending.append((now, should))
            self._settle(now)

    def hear(self, now: float, says: Counts | None) -> None:
        """Note what it says; that answers for everything that it should have said up to the last that is the same."""
        if says != self.says:
            self.says = says
            self.written_at.append(now)
            self._settle(now)

    def _settle(self, now: float) -> None:
        answered = max((place for place, (_, each) in enumerate(self.pending) if each == self.says), default=-1) + 1
        self.lateness += [now - since for since, _ in self.pending[:answered]]
        del self.pending[:answered]


@dataclass
class Truth:
    """The cluster as watches tell it, with a ledger for each class."""

    ledgers: dict[str, Ledger] = field(default_factory=dict)
    _classes: dict[str, Json] = field(default_factory=dict)
    _nodes: dict[str, Json] = field(default_factory=dict)
    _held: dict[str, dict[str, int]] = field(default_factory=dict)

    def see_node(self, now: float, node: Json, *, is_gone: bool) -> None:
        """Take in a node."""
        name = node["metadata"]["name"]
        if is_gone:
            self._nodes.pop(name, None)
        else:
            self._nodes[name] = node
        self._recount(now, name)

    def see_pod(self, now: float, pod: Json, *, is_gone: bool) -> None:
        """Take in a pod."""
        name, node = pod["metadata"]["name"], pod["spec"].get("nodeName", "")
        limits = pod["spec"]["containers"][0]["resources"].get("limits", {})
        self._held.setdefault(node, {})[name] = 0 if is_gone else int(limits.get(NVIDIA, 0))
        self._recount(now, node)

    def see_class(self, now: float, found: Json, *, is_gone: bool) -> None:
        """Take in a class."""
        name = found["metadata"]["name"]
        if is_gone:
            del self._classes[name], self.ledgers[name]
            return
        is_other = name not in self._classes or self._classes[name]["spec"] != found["spec"]
        self._classes[name] = found
        ledger = self.ledgers.setdefault(name, Ledger())
        if is_other:
            ledger.members = self._members(found)
            ledger.expect(now)
        ledger.hear(now, told(found))

    def _recount(self, now: float, name: str) -> None:
        node = self._nodes.get(name)
        for key, found in self._classes.items():
            ledger = self.ledgers[key]
            if node and selects(found, node["metadata"]["labels"]):
                ledger.members[name] = self._of(node)
            elif ledger.members.pop(name, None) is None:
                continue
            ledger.expect(now)

    def _members(self, found: Json) -> dict[str, tuple[int, int, int]]:
        return {
            name: self._of(each) for name, each in self._nodes.items() if selects(found, each["metadata"]["labels"])
        }

    def _of(self, node: Json) -> tuple[int, int, int]:
        return of_node(node, sum(self._held.get(node["metadata"]["name"], {}).values()))


def wrong(classes: Iterable[Json], nodes: Iterable[Json], pods: Iterable[Json]) -> list[str]:
    """Return the classes whose status is not what lists of everything say."""
    truth = Truth()
    for each in nodes:
        truth.see_node(0, each, is_gone=False)
    for each in pods:
        truth.see_pod(0, each, is_gone=False)
    for each in classes:
        truth.see_class(0, each, is_gone=False)
    return sorted(name for name, each in truth.ledgers.items() if each.says != each.should)


def spread(values: list[float], *parts: float) -> list[Any]:
    """Return what these parts of values do not exceed; nothing where there are none."""
    ordered = sorted(values)
    return [ordered[min(int(len(ordered) * part), len(ordered) - 1)] for part in parts] if ordered else []
