"""The figures of throughput: Berth's scheduler beside the same one without an extender, in turn."""

import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass

from bench.figures import Figure, Spread
from bench.questions import NVIDIA
from bench.throughput import objects
from bench.throughput.objects import ALIKE, NONE, Ask, asks
from bench.throughput.schedulers import ADAPTIVE, ALL, ALONE, BERTH
from bench.throughput.stage import Played, Stage, staged
from placement.shares import SHARES

PART = "throughput"
ROUNDS = 3
_SIDES = (BERTH, ALONE)
_WARM_UP = 50
# A Binding and its Event, and Berth's annotation; a little may be tried twice.
_CALLS, _CALLS_OF_OTHERS = 3.2, 2.2
_CPU = "of the scheduler and, with Berth, of the extender"
_PEER = "beside the same scheduler without extenders"
_KINDS = {NVIDIA: "whole devices", SHARES: "shares", NONE: "no accelerators", ALIKE: "no accelerators, all alike"}
_SCORED = {ALL: "all nodes scored", ADAPTIVE: "adaptive"}

Sides = dict[str, list[Played]]


@dataclass(frozen=True, slots=True)
class Setting:
    """A cluster's nodes and what they offer; pods of a round where all nodes are scored, and where fewer are.

    `without` are the kinds of pods without accelerators that are scheduled too; `fills` has what stays idle measured.
    """

    nodes: int
    resource: str
    pods: int
    pods_adaptive: int
    fills: bool = False
    without: Sequence[str] = ()

    def __str__(self) -> str:
        return f"{self.nodes:,} nodes, {_KINDS[self.resource]}"


SETTINGS = (
    Setting(1_000, NVIDIA, 200, 200, without=(NONE, ALIKE)),
    Setting(1_000, SHARES, 200, 200),
    Setting(5_000, NVIDIA, 150, 200, fills=True, without=(NONE,)),
    Setting(5_000, SHARES, 150, 200),
)


async def measure(settings: Sequence[Setting] = SETTINGS, rounds: int = ROUNDS) -> AsyncIterator[Figure]:
    """Yield the figures of each setting."""
    for setting in settings:
        _progress(f"{setting}: control plane, nodes, both schedulers")
        with staged(setting.nodes, setting.resource) as stage:
            for figure in _measured(setting, stage, rounds):
                yield figure


def _measured(setting: Setting, stage: Stage, rounds: int) -> Iterator[Figure]:
    for side in _SIDES:
        stage.play(asks(setting.resource, _WARM_UP), side, ADAPTIVE)
    for kind in (setting.resource, *setting.without):
        yield from _of_kind(setting, stage, kind, rounds)
    _progress(f"{setting}: the extender begins anew, and writes no annotations")
    stage.schedulers.restart_extender("--no-annotate")
    without = [stage.play(asks(setting.resource, _WARM_UP), BERTH, ADAPTIVE)]
    yield _calls(f"{setting}, no annotations", without, None, _CALLS_OF_OTHERS)
    if setting.fills:
        yield from _unallocated(setting, stage)


def _of_kind(setting: Setting, stage: Stage, kind: str, rounds: int) -> Iterator[Figure]:
    """Yield the figures of pods of one kind."""
    name, played = f"{setting.nodes:,} nodes, {_KINDS[kind]}", dict[int, Sides]()
    for percentage, count in ((ALL, setting.pods), (ADAPTIVE, setting.pods_adaptive)):
        scored = f"{name}, {_SCORED[percentage]}"
        played[percentage] = _rounds(stage, asks(kind, count), percentage, rounds, scored)
        yield _rate(scored, played[percentage][BERTH], played[percentage][ALONE], _PEER)
        cpu = [[each.cpu_seconds / each.bound * 1000 for each in played[percentage][side]] for side in _SIDES]
        yield Figure.compared(PART, f"{scored}, cpu", "ms/pod", (cpu[0], cpu[1]), note=_CPU)
    mine, others = played[ALL][BERTH], played[ADAPTIVE][ALONE]
    yield _rate(f"{name}, all nodes scored beside adaptive", mine, others, f"{_PEER}, by default")
    yield _calls(name, mine, others, _CALLS_OF_OTHERS if kind in setting.without else _CALLS)


def _rounds(stage: Stage, pods: Sequence[Ask], percentage: int, rounds: int, name: str) -> Sides:
    played: Sides = {side: [] for side in _SIDES}
    for number in range(rounds):
        for side in _SIDES if number % 2 else reversed(_SIDES):
            done = stage.play(pods, side, percentage)
            assert done.bound == len(pods), f"{len(pods) - done.bound} pods found no room"
            played[side].append(done)
            _progress(f"{name}, round {number + 1} of {rounds}: {side} {done.per_second:.0f} pods/s")
    return played


def _rate(name: str, mine: Sequence[Played], others: Sequence[Played], note: str) -> Figure:
    sides = [each.per_second for each in mine], [each.per_second for each in others]
    return Figure.compared(PART, name, "pods/s", sides, more_is_better=True, goal=1.0, note=note)


def _calls(name: str, mine: Sequence[Played], others: Sequence[Played] | None, most: float) -> Figure:
    """Return calls of the API for each scheduled pod, beside the scheduler's own."""
    total = sum((each.calls for each in mine[1:]), mine[0].calls)
    pods = sum(each.bound for each in mine)
    note = ", ".join(f"{verb} {count / pods:.2f}" for verb, count in total.most_common(5))
    alone = Spread.of([_per_pod(each) for each in others]) if others else None
    value = Spread.of([_per_pod(each) for each in mine])
    return Figure(PART, f"{name}, API calls", "per pod", value, alone, note=note, threshold=most)


def _per_pod(played: Played) -> float:
    return played.calls.total() / played.bound


def _unallocated(setting: Setting, stage: Stage) -> Iterator[Figure]:
    """Fill what is idle with a stream that asks for all of it, and yield how much of it stays idle."""
    stage.create(list(objects.occupants(setting.nodes)))
    idle = objects.idle_devices(setting.nodes)
    stream = objects.stream(idle)
    for side, percentage in ((BERTH, ALL), (BERTH, ADAPTIVE), (ALONE, ADAPTIVE)):
        name = f"{setting.nodes:,} nodes, {idle:,} idle devices, left idle by {side}, {_SCORED[percentage]}"
        _progress(f"{name}: {len(stream):,} pods ask for all of them")
        left = idle - stage.play(stream, side, percentage).amount
        yield Figure(PART, name, "devices", Spread.of([left]), is_limited=(side, percentage) == (BERTH, ALL))


def _progress(text: str) -> None:
    sys.stderr.write(f"  {PART}: {text}\n")
