"""Cuts of a trace: every n-th node in the order of the published simulator's ties, and the first arrivals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from berth.simulate.traces import arrivals_in, fleet_in, states_in
from placement.scheduling.fleet import Fleet, NodeState, fleet_of
from placement.scheduling.replay import Arrival


@dataclass(frozen=True)
class Cut:
    """A part of a trace: nodes by name, and arrivals by number."""

    states: Sequence[NodeState]
    arrivals: Mapping[int, Arrival]

    @property
    def fleet(self) -> Fleet:
        """The nodes, all idle."""
        return fleet_of(self.states)

    @property
    def capacity(self) -> int:
        """Of all nodes, in thousandths of a device."""
        return sum(state.capacity for state in self.states)


def cut(nodes: Path, arrivals: Path, every: int = 1, first: int | None = None) -> Cut:
    """Return part of a trace; raises UnreadableTraceError.

    Models that no node of the part has are taken out of what arrivals allow.
    """
    states = sorted(states_in(nodes)[::every], key=lambda state: state.name)
    models = {model for state in states for model in state.classes}
    found = islice(arrivals_in(arrivals, fleet_in(nodes)), first)
    return Cut(states, {each.number: _within(each.arrival, models) for each in found})


def _within(arrival: Arrival, models: set[str]) -> Arrival:
    kept = tuple(model for model in arrival.task.classes if model in models) or arrival.task.classes
    return arrival._replace(task=arrival.task._replace(classes=kept))
