"""Choosing the class: a hard filter in a fixed order of questions, then a total order of what remains."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from placement.accelerators import AcceleratorClass, Catalog
from placement.allowances import NO_LIMITS, Allowances, refusal
from placement.asking.class_requests import ClassRequest
from placement.asking.roster import NOBODY, Roster
from placement.asking.strategies import scores
from placement.choosing.availability import Room, scales, unavailable
from placement.devices import is_device
from placement.injecting.plans import Plans
from placement.inventory import Inventory
from placement.mutations import ContainerMutation
from placement.pods import Pod
from placement.queueing.queues import Queue
from placement.rejections import Cause, Rejection
from placement.scaling.supply import NO_SUPPLY, NodeSupply

# How many classes an open choice has at most: each is one more term of the pod's affinity.
MAX_OPEN = 16


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What exists when a pod is judged: classes, nodes with what pods hold, pods on their way, what a namespace may.

    `extender_decides` tells that Berth's extender will choose the pod's node, and so may choose between classes.
    `queue` is where the pod waits for Kueue (None: nowhere, or in a queue that is not known).
    """

    catalog: Catalog = field(default_factory=Catalog)
    inventory: Inventory = field(default_factory=Inventory)
    roster: Roster = NOBODY
    allowances: Allowances = NO_LIMITS
    extender_decides: bool = False
    queue: Queue | None = None
    supply: NodeSupply = NO_SUPPLY


@dataclass(frozen=True, slots=True)
class Contest:
    """The classes that will do, in order of preference, why each other one will not do, and what the pod becomes.

    `rooms` keeps what was counted of the room of each class, `growth` whether it can get nodes.
    """

    ordered: tuple[AcceleratorClass, ...]
    rejections: tuple[Rejection, ...]
    plans: Plans
    rooms: dict[str, Room] = field(default_factory=dict)
    growth: dict[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Choice:
    """The eligible classes, best first, and why each other one will not do, the nearest first.

    `taken` are the best and those that inject the same and are left open, in order of preference; `mutations`
    is what their containers get, `passed` the classes that would come before the best, but are full; whether it can get
    nodes itself is told where some are.
    """

    eligible: tuple[AcceleratorClass, ...] = ()
    rejections: tuple[Rejection, ...] = ()
    taken: tuple[AcceleratorClass, ...] = ()
    mutations: tuple[ContainerMutation, ...] = ()
    demand: Mapping[str, int] = field(default_factory=dict)
    passed: frozenset[str] = frozenset()
    can_grow: bool = False

    @property
    def chosen(self) -> AcceleratorClass | None:
        """The best class."""
        return self.eligible[0] if self.eligible else None


def contest(asked: ClassRequest, circumstances: Circumstances, plans: Plans) -> Contest:
    """Judge every class by all that does not change with each pod that comes and goes."""
    catalog = circumstances.catalog
    if asked.explicit and asked.explicit not in catalog.classes:
        return Contest((), (_unknown(asked.explicit, catalog),), plans)
    names = _names(asked, catalog)
    verdicts = [_verdict(asked, catalog.classes[name], plans, circumstances) for name in names]
    eligible = tuple(catalog.classes[name] for name, no in zip(names, verdicts, strict=True) if no is None)
    nearest = sorted((no for no in verdicts if no), key=lambda no: -no[0])
    return Contest(_preferred(asked, eligible), tuple(no for _, no in nearest), plans)


def _names(asked: ClassRequest, catalog: Catalog) -> tuple[str, ...]:
    kept = tuple(name for name in asked.kept if name in catalog.classes)
    return kept or ((asked.explicit,) if asked.explicit else catalog.names)


def full(asked: ClassRequest, found: Contest, circumstances: Circumstances) -> frozenset[str]:
    """Return the classes that are preferred to the first with room, but are full.

    Where no class has room, it is the first that can get nodes that counts; where none can, no class is passed. A group
    must not be split by what happens to be free when each of its pods comes.
    """
    if asked.group or asked.kept or asked.layer.waits or len(found.ordered) <= 1:
        return frozenset()
    passed: list[str] = []
    for each in found.ordered:
        if each.name not in found.rooms:
            needed = found.plans.demand(each)
            found.rooms[each.name] = Room(asked.located, each, needed, circumstances.inventory)
        if found.rooms[each.name].remains_behind(circumstances.roster.pending.get(each.name, {})):
            return frozenset(passed)
        passed.append(each.name)
    growing = (number for number, each in enumerate(found.ordered) if _grows(asked, each, found, circumstances))
    return frozenset(passed[: next(growing, 0)])


def _grows(asked: ClassRequest, candidate: AcceleratorClass, found: Contest, circumstances: Circumstances) -> bool:
    if candidate.name not in found.growth:
        demand = found.plans.demand(candidate)
        found.growth[candidate.name] = scales(asked.located, candidate, demand, circumstances.supply)
    return found.growth[candidate.name]


def decided(asked: ClassRequest, found: Contest, circumstances: Circumstances) -> Choice:
    """Return what the pod gets: the full classes are put behind the others, and what injects the same is left open.

    Classes with room come first, then those that can get nodes, unless the pod waits for its preferred one or belongs
    to a group; then by the pod's
    preferred classes; then by the score of its strategy plus that of the preferences which apply; then by name.
    """
    if not found.ordered:
        return Choice(rejections=found.rejections)
    passed = full(asked, found, circumstances)
    plans = found.plans
    eligible = tuple(sorted(found.ordered, key=lambda each: each.name in passed))
    best = eligible[0]
    taken = eligible[:1]
    if circumstances.extender_decides and not _is_settled(asked):
        same = [each for each in eligible if plans.shape(each) == plans.shape(best)][:MAX_OPEN]
        taken = tuple(each for each in found.ordered if each in same)
    can_grow = bool(passed) and _grows(asked, best, found, circumstances)
    return Choice(eligible, found.rejections, taken, plans.mutations(best), plans.demand(best), passed, can_grow)


def _is_settled(asked: ClassRequest) -> bool:
    """Tell whether one class must be chosen at once: it is named, waited for, or shared with other pods."""
    return bool(asked.explicit or asked.group or asked.pod.in_gang or asked.layer.waits)


_Question = Callable[[ClassRequest, AcceleratorClass, Plans, Circumstances], str | None]


def _verdict(
    asked: ClassRequest, candidate: AcceleratorClass, plans: Plans, circumstances: Circumstances
) -> tuple[int, Rejection] | None:
    """Return how far the class came and why it will not do, or None."""
    for nearness, question in enumerate(_QUESTIONS):
        reason = question(asked, candidate, plans, circumstances)
        if reason:
            return nearness, Rejection(candidate.name, Cause.FILTERED, reason)
    return None


def _named_out(asked: ClassRequest, candidate: AcceleratorClass, *_: object) -> str | None:
    return asked.requirements.listing(candidate)


def _incapable(asked: ClassRequest, candidate: AcceleratorClass, *_: object) -> str | None:
    return asked.requirements.shortfall(candidate, on_spot=asked.on_spot)


def _disallowed(asked: ClassRequest, candidate: AcceleratorClass, *_: object) -> str | None:
    namespace = asked.pod.namespace
    usable = candidate.usable_in(namespace, asked.namespace_labels)
    return None if usable else f"may not be used in namespace {namespace}"


def _contradicted(
    asked: ClassRequest, candidate: AcceleratorClass, plans: Plans, circumstances: Circumstances
) -> str | None:
    foreign = _foreign(plans.resourced(candidate), candidate, circumstances)
    if foreign:
        who = "the pod asks" if set(foreign) <= asked.pod.requests.keys() else "its configuration asks"
        return f"does not offer {', '.join(foreign)}, which {who} for"
    clash = asked.located.selection.contradiction(candidate.selection)
    return f"contradicts the pod's own nodeSelector {clash}" if clash else None


def _foreign(pod: Pod, candidate: AcceleratorClass, circumstances: Circumstances) -> list[str]:
    """Return the devices that a pod asks for and that neither the class lists nor any of its nodes has."""
    catalog, offered = circumstances.catalog, candidate.resource_names
    names = (name for name, count in pod.requests.items() if count > 0 and name not in offered)
    foreign = sorted(name for name in names if name in catalog.resource_names or is_device(name))
    nodes = circumstances.inventory.by_class.get(candidate.name, ()) if foreign else ()
    return [name for name in foreign if not any(each.allocatable.get(name) for each in nodes)]


def _unavailable(
    asked: ClassRequest, candidate: AcceleratorClass, plans: Plans, circumstances: Circumstances
) -> str | None:
    demand = plans.demand(candidate)
    return unavailable(asked.located, candidate, demand, circumstances.inventory, circumstances.supply)


def _refused(
    asked: ClassRequest, candidate: AcceleratorClass, plans: Plans, circumstances: Circumstances
) -> str | None:
    allowances = circumstances.allowances
    if allowances is NO_LIMITS:
        return None
    return refusal(allowances, asked.pod, plans.resourced(candidate), counts_use=asked.group is None)


def _unqueued(
    asked: ClassRequest, candidate: AcceleratorClass, plans: Plans, circumstances: Circumstances
) -> str | None:
    if circumstances.queue is None:
        return None
    demand, located = plans.demand(candidate), asked.located
    may_grow = scales(located, candidate, demand, circumstances.supply)
    nodes = () if may_grow else circumstances.inventory.by_class.get(candidate.name, ())
    return circumstances.queue.refusal(located, candidate, demand, nodes)


# The later a class fails, the nearer it comes.
_QUESTIONS: tuple[_Question, ...] = (
    _named_out,
    _incapable,
    _disallowed,
    _contradicted,
    _unavailable,
    _refused,
    _unqueued,
)


def _preferred(asked: ClassRequest, eligible: tuple[AcceleratorClass, ...]) -> tuple[AcceleratorClass, ...]:
    """Return classes by preference; those that the pod was given before stay in their order.

    Scores are shares of the best, and so depend on who else is eligible.
    """
    if any(each.name in asked.kept for each in eligible):
        return eligible
    by_strategy: Mapping[str, float] = scores(asked.strategy, eligible, asked.yardstick)

    def rank(candidate: AcceleratorClass) -> tuple[int, float, str]:
        listed = candidate.name in asked.preferred
        tier = asked.preferred.index(candidate.name) if listed else len(asked.preferred)
        return tier, -(by_strategy[candidate.name] + asked.preference(candidate)), candidate.name

    return tuple(sorted(eligible, key=rank))


def _unknown(name: str, catalog: Catalog) -> Rejection:
    known = sorted(catalog.classes)
    near = get_close_matches(name, known, 1)
    help_text = f"did you mean {near[0]}?" if near else f"there are: {', '.join(known) or 'none'}"
    return Rejection(name, Cause.FILTERED, f"is no valid AcceleratorClass of this cluster ({help_text})")
