"""What the replays came to, as tables beside what was published, and the verdict on them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from bench.fragmentation import published
from bench.fragmentation.orders import Order
from bench.fragmentation.replays import Outcome

OURS, THEIRS = "berth", "fgd"
_BY_LOAD = ("fgd", "best-fit", "berth")
_LOADS = (80, 90, 95, 100, 110, 120, 130)
_COMPARED = range(80, 131)

# The most accelerators that ours may leave unallocated on a published order of a variant: what was measured there (238
# and 236 on default, 304 on cpu250) with room for what rounding may move. On others it has to leave fewer than FGD.
MOST_UNALLOCATED = {"default": 258.0, "cpu250": 310.0}


@dataclass(frozen=True)
class Results:
    """All outcomes, by order and policy."""

    outcomes: Mapping[tuple[Order, str], Outcome]

    @property
    def orders(self) -> list[Order]:
        """The orders, each once."""
        return list(dict.fromkeys(order for order, _ in self.outcomes))

    @property
    def policies(self) -> list[str]:
        """The policies, each once."""
        return list(dict.fromkeys(policy for _, policy in self.outcomes))

    @property
    def are_compared(self) -> bool:
        """Whether both ours and FGD were replayed."""
        return {OURS, THEIRS} <= set(self.policies)

    def capacity(self, variant: str) -> float:
        """Return how many accelerators the nodes of a variant have."""
        return next(each.capacity for (order, _), each in self.outcomes.items() if order.variant == variant)


def results(outcomes: Iterable[Outcome]) -> Results:
    """Return the outcomes by order and policy."""
    return Results({(each.job.order, each.job.policy): each for each in outcomes})


def lines(found: Results) -> Iterator[str]:
    """Yield all tables."""
    yield from _unallocated(found)
    yield ""
    yield from _by_load(found)
    if found.are_compared:
        yield ""
        yield from _differences(found)


def _unallocated(found: Results) -> Iterator[str]:
    yield "Unallocated accelerators at the end; published: mean of ten orders, to 0.6 accelerators"
    yield _row("", found.policies)
    for variant, orders in _by_variant(found.orders):
        for order in orders:
            yield _row(str(order), [f"{found.outcomes[order, each].unallocated:.1f}" for each in found.policies])
        told, capacity = published.unallocated(variant), found.capacity(variant)
        cells = [f"{told[each] * capacity / 100:.0f}" if each in told else "-" for each in found.policies]
        yield _row(f"{variant} published", cells)


def _by_load(found: Results) -> Iterator[str]:
    chosen = [each for each in _BY_LOAD if each in found.policies]
    yield "Allocated accelerators by load, both in percent of the capacity; published: mean of ten orders"
    yield _row("", ["", *map(str, _LOADS)])
    for variant, orders in _by_variant(found.orders):
        for policy in chosen:
            for order in orders:
                yield _load_row(str(order), policy, found.outcomes[order, policy].allocated)
            if told := published.allocated(variant, policy):
                yield _load_row(f"{variant} published", policy, told)


def _load_row(name: str, policy: str, allocated: Mapping[int, float]) -> str:
    return _row(name, [policy, *(f"{allocated[load]:.2f}" if load in allocated else "-" for load in _LOADS)])


def _differences(found: Results) -> Iterator[str]:
    yield f"{OURS} against {THEIRS}: least difference in allocated percent over loads {_COMPARED[0]} to {_COMPARED[-1]}"
    yield _row("", ["least", "at load", "mean", "unallocated", OURS, THEIRS])
    for order in found.orders:
        ours, theirs = (found.outcomes[order, each] for each in (OURS, THEIRS))
        by_load = {load: ours.allocated[load] - theirs.allocated[load] for load in _COMPARED}
        least = min(_COMPARED, key=lambda load, by=by_load: by[load])  # type: ignore[misc]
        change = f"{_change(ours, theirs):+.1f} %"
        times = [f"{each.milliseconds:.2f} ms" for each in (ours, theirs)]
        yield _row(
            str(order), [f"{by_load[least]:+.2f}", str(least), f"{fmean(by_load.values()):+.2f}", change, *times]
        )


def _change(ours: Outcome, theirs: Outcome) -> float:
    """Return by how many percent fewer or more accelerators are unallocated."""
    return 100 * (ours.unallocated / theirs.unallocated - 1) if theirs.unallocated else 0.0


def verdict(found: Results) -> tuple[bool, str]:
    """Return whether ours passes, and why, in one line; drawn orders fail nobody."""
    too_many = [f"{order}: {reason}" for order in found.orders if (reason := _failure(found, order))]
    if too_many:
        return False, f"{OURS} leaves too many unallocated on {'; '.join(too_many)}"
    if not found.are_compared:
        return True, f"{OURS} and {THEIRS} were not both replayed: nothing is compared"
    pairs = {order: (found.outcomes[order, OURS], found.outcomes[order, THEIRS]) for order in found.orders}
    not_below = [str(order) for order, (ours, theirs) in pairs.items() if ours.unallocated >= theirs.unallocated]
    mean = fmean(_change(*pair) for pair in pairs.values())
    where = f"but for {', '.join(not_below)}" if not_below else f"on all {len(pairs)} orders"
    return True, f"{OURS} leaves fewer unallocated than {THEIRS} {where}; {mean:+.1f} % in the mean"


def _failure(found: Results, order: Order) -> str:
    """Return why ours fails on an order, or nothing."""
    ours, theirs = found.outcomes.get((order, OURS)), found.outcomes.get((order, THEIRS))
    if ours is None or order.drawn is not None:
        return ""
    most = MOST_UNALLOCATED.get(order.variant)
    if most is not None:
        return f"{ours.unallocated:.1f}, at most {most:g}" if ours.unallocated > most else ""
    if theirs is None or ours.unallocated < theirs.unallocated:
        return ""
    return f"{ours.unallocated:.1f}, {THEIRS} {theirs.unallocated:.1f}"


def _by_variant(orders: Sequence[Order]) -> Iterator[tuple[str, list[Order]]]:
    for variant in dict.fromkeys(order.variant for order in orders):
        yield variant, [order for order in orders if order.variant == variant]


def _row(name: str, cells: Sequence[str]) -> str:
    return f"{name:22}" + "".join(f"{cell:>15}" for cell in cells)
