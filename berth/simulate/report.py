"""What a replayed trace came to: for programs as JSON, for people as lines and a table."""

from collections.abc import Iterator

import msgspec

from berth.simulate.tally import Tally, accelerators, is_listed
from placement.scheduling.replay import Want


class AtLoad(msgspec.Struct, frozen=True, rename="camel"):
    """Means over the arrivals at which so much was requested; all in percent, the stranded of what is idle.

    Where no arrival comes to a load, what was after the last one before it.
    """

    load: int
    allocated: float
    stranded_of_idle: float | None


class Averages(msgspec.Struct, frozen=True, rename="camel"):
    """Means over time where pods leave again, in accelerators."""

    seed: int
    load: float
    lifetime: float
    allocated: float
    unallocated: float
    stranded: float


class Report(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Accelerators, shares as parts of one, at the end; pods; times of decisions in milliseconds."""

    policy: str
    mix: str
    nodes: int
    arrivals: int
    capacity: float
    requested: float
    allocated: float
    unallocated: float
    stranded: float
    placed: int
    not_placed: int
    reasons: dict[str, int]
    loads: tuple[AtLoad, ...]
    averages: Averages | None
    median_milliseconds: float
    p99_milliseconds: float


def report(tally: Tally, policy: str, mix: str) -> Report:
    """Return what a replay came to."""
    idle = accelerators(tally.idle)
    capacity = accelerators(tally.capacity)
    return Report(
        policy=policy,
        mix=mix,
        nodes=len(tally.trial.fleet.names),
        arrivals=len(tally.trial.arrivals),
        capacity=capacity,
        requested=accelerators(tally.requested),
        allocated=round(capacity - idle, 3),
        unallocated=idle,
        stranded=round(accelerators(tally.stranded), 3),
        placed=tally.placed,
        not_placed=tally.wants.total(),
        reasons={str(want): tally.wants[want] for want in Want if tally.wants[want]},
        loads=() if tally.trial.departures else tuple(_loads(tally)),
        averages=_averages(tally),
        median_milliseconds=round(tally.milliseconds(50), 3),
        p99_milliseconds=round(tally.milliseconds(99), 3),
    )


def lines(found: Report) -> Iterator[str]:
    """Yield the report for people."""
    yield f"{found.nodes} nodes, {found.arrivals} arrivals, policy {found.policy}, mix {found.mix}"
    yield ""
    yield from _amounts(found)
    yield f"{'placed':12} {found.placed:>9} pods"
    yield f"{'not placed':12} {found.not_placed:>9} pods"
    yield from (f"{'':12} {count:>9} {reason}" for reason, count in found.reasons.items())
    yield ""
    yield from _over_time(found.averages, found.capacity) if found.averages else _table(found.loads)
    yield f"time per decision: median {found.median_milliseconds:.2f} ms, p99 {found.p99_milliseconds:.2f} ms"


def _loads(tally: Tally) -> Iterator[AtLoad]:
    for load in filter(is_listed, range(min(tally.allocation), max(tally.allocation) + 1)):
        allocated, ratio = tally.at(load)
        yield AtLoad(load, round(100 * allocated, 2), None if ratio is None else round(100 * ratio, 2))


def _averages(tally: Tally) -> Averages | None:
    departures = tally.trial.departures
    if departures is None:
        return None
    idle = accelerators(sum(tally.idle_after) / len(tally.idle_after))
    stranded = accelerators(tally.mean_stranded)
    allocated = accelerators(tally.capacity) - idle
    seed, load, growth = departures
    return Averages(seed, 100 * load, growth, round(allocated, 3), round(idle, 3), round(stranded, 3))


def _amounts(found: Report) -> Iterator[str]:
    yield f"{'capacity':12} {found.capacity:9.2f} accelerators"
    for name in ("requested", "allocated", "unallocated", "stranded"):
        amount = getattr(found, name)
        yield f"{name:12} {amount:9.2f} {_percent(amount, found.capacity)}"


def _percent(amount: float, capacity: float) -> str:
    return f"{100 * amount / capacity:6.2f} %"


def _table(loads: tuple[AtLoad, ...]) -> Iterator[str]:
    yield "load %  allocated %  stranded, % of idle"
    for each in loads:
        stranded = "-" if each.stranded_of_idle is None else f"{each.stranded_of_idle:.2f}"
        yield f"{each.load:6}  {each.allocated:11.2f}  {stranded:>19}"
    yield ""


def _over_time(found: Averages, capacity: float) -> Iterator[str]:
    yield f"pods leave again: load {found.load:g} %, lifetime {found.lifetime:g}, seed {found.seed}; means over time:"
    for name in ("allocated", "unallocated", "stranded"):
        amount = getattr(found, name)
        yield f"{name:12} {amount:9.2f} {_percent(amount, capacity)}"
    yield ""
