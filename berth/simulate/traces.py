"""Traces of clusters in the form of Alibaba's cluster-trace-gpu-v2023: nodes, arrivals, and pods that make a mix."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from berth.simulate.tables import Row, UnreadableTraceError, rows
from placement.scheduling.fleet import Fleet, NodeState, fleet_of
from placement.scheduling.mix import Mix, mix_of
from placement.scheduling.replay import Arrival
from placement.scheduling.tasks import WHOLE, Task

_NODE = ("sn", "cpu_milli", "memory_mib", "gpu", "model")
_TASK = ("cpu_milli", "num_gpu", "gpu_milli")
# Published files leave it out where no pod of theirs names a model.
_SPEC = "gpu_spec"

# Far above any machine; sums of them stay within 64 bits.
_MAX_AMOUNT = 10**12
_MAX_DEVICES = 1024


@dataclass(frozen=True, slots=True)
class Numbered:
    """An arrival and its number in the trace."""

    number: int
    arrival: Arrival


def states_in(file: Path) -> list[NodeState]:
    """Return the nodes of a file in the order of their `tie_rank`, or else of the rows; raises UnreadableTraceError."""
    ranked: dict[str, tuple[int, NodeState]] = {}
    for position, row in enumerate(rows(file, _NODE, ("tie_rank",))):
        state = _state(row)
        if not state.name or state.name in ranked:
            raise row.refused("sn", "a name that no other node has")
        rank = row.number("tie_rank", 0, _MAX_AMOUNT) if "tie_rank" in row.fields else position
        ranked[state.name] = rank, state
    states = [state for _, state in sorted(ranked.values(), key=lambda each: (each[0], each[1].name))]
    if not any(state.capacity for state in states):
        raise UnreadableTraceError(f"{file}: column gpu: no node has any, allowed: one node at least with 1 or more")
    return states


def fleet_in(file: Path, *, is_ranked: bool = True) -> Fleet:
    """Return the nodes of a file; among equals the one of the least `tie_rank` is taken, or else of the first name.

    Raises UnreadableTraceError.
    """
    states = states_in(file)
    return fleet_of(states if is_ranked else sorted(states, key=lambda state: state.name))


def arrivals_in(file: Path, fleet: Fleet) -> tuple[Numbered, ...]:
    """Return the arrivals of a file by their `seq`, or else in the order of its rows.

    Raises UnreadableTraceError, for models that no node has as well.
    """
    found: dict[int, Arrival] = {}
    models = _models(fleet)
    for position, row in enumerate(rows(file, (*_TASK, "memory_mib"), (_SPEC, "seq"))):
        number = row.number("seq", 0, _MAX_AMOUNT) if "seq" in row.fields else position
        if number in found:
            raise row.refused("seq", "a number that no other row has")
        found[number] = Arrival(_task(row, models), row.number("memory_mib", 0, _MAX_AMOUNT))
    if not found:
        raise UnreadableTraceError(f"{file}: has no rows, allowed: one at least")
    return tuple(Numbered(number, found[number]) for number in sorted(found))


def tasks_in(file: Path, fleet: Fleet) -> list[Task]:
    """Return what each pod in a file asks, memory aside; raises UnreadableTraceError."""
    models = _models(fleet)
    found = [_task(row, models) for row in rows(file, _TASK, (_SPEC,))]
    if not found:
        raise UnreadableTraceError(f"{file}: has no rows, allowed: one at least")
    return found


def mix_in(file: Path, fleet: Fleet) -> Mix:
    """Return the mix of the pods in a file, each counting alike; raises UnreadableTraceError."""
    return mix_of(Counter(tasks_in(file, fleet)))


def _state(row: Row) -> NodeState:
    devices = row.number("gpu", 0, _MAX_DEVICES)
    cpu, memory = row.number("cpu_milli", 0, _MAX_AMOUNT), row.number("memory_mib", 0, _MAX_AMOUNT)
    model = row.fields["model"]
    return NodeState(
        row.fields["sn"], cpu, memory, (WHOLE,) * devices, (1,) * devices, WHOLE * devices, (model,) if model else ()
    )


def _task(row: Row, models: tuple[str, ...]) -> Task:
    devices = row.number("num_gpu", 0, _MAX_DEVICES)
    milli = row.number("gpu_milli", *_bounds(devices))
    spec = tuple(sorted(_specified(row, models)))
    return Task(row.number("cpu_milli", 0, _MAX_AMOUNT), devices, milli if devices else WHOLE, spec)


def _bounds(devices: int) -> tuple[int, int]:
    """Return how many thousandths of each device may be asked: several devices are asked for as a whole."""
    return (0, WHOLE) if not devices else (1, WHOLE) if devices == 1 else (WHOLE, WHOLE)


def _specified(row: Row, models: tuple[str, ...]) -> Iterator[str]:
    text = row.fields.get(_SPEC, "")
    for model in text.split("|") if text else ():
        if model not in models:
            raise row.refused(_SPEC, f"nothing, or models that some node has: {', '.join(models)}, joined by |")
        yield model


def _models(fleet: Fleet) -> tuple[str, ...]:
    return tuple(sorted({model for kind in fleet.kinds for model in kind}))
