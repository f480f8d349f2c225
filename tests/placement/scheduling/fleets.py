"""Small fleets for tests of scheduling: builders, and strategies that draw nodes, tasks, mixes and arrivals."""

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import strategies as st

from placement.scheduling.fleet import Fleet, NodeState, fleet_of
from placement.scheduling.mix import Mix, mix_of
from placement.scheduling.replay import Arrival
from placement.scheduling.tasks import WHOLE, Task


def node(
    name: str = "n",
    cpu: int = 8000,
    left: tuple[int, ...] = (WHOLE, WHOLE),
    classes: tuple[str, ...] = ("t4",),
    memory: int = 64,
) -> NodeState:
    """Return a node of which each device has so many thousandths left."""
    return NodeState(name, cpu, memory, left, (1,) * len(left), WHOLE * len(left), classes)


def fleet(*nodes: NodeState) -> Fleet:
    """Return the fleet of these nodes, divisible, the first taken among equals."""
    return fleet_of(nodes)


def counted(state: NodeState) -> NodeState:
    """Return the node as one whose idle devices are counted."""
    return replace(state, left=(WHOLE,), count=(state.left.count(WHOLE),))


class Known:
    """An expectation that stands, whatever arrives."""

    def __init__(self, mix: Mix) -> None:
        self.mix = mix
        self.seen: list[Task] = []

    def see(self, task: Task) -> None:
        """Remember it."""
        self.seen.append(task)

    def placed(self, task: Task) -> None:
        """Learn nothing."""

    def left(self, task: Task) -> None:
        """Learn nothing."""


# Some of everything fits, and some does not.
_asked_cpu = st.sampled_from([0, 500, 1000, 2000, 5000])
_cpu = st.sampled_from([0, 1000, 4000, 8000, 8000])
_asked_classes = st.sampled_from([(), (), (), ("t4",), ("a100", "h100"), ("l4",)])
_classes = st.sampled_from([("t4",), ("t4",), ("a100",), ("h100", "t4"), ()])
_left = st.sampled_from([0, 190, 250, 500, 810, WHOLE, WHOLE])
_whole = st.sampled_from([0, WHOLE])

without_devices = _asked_cpu.map(Task)
shares = st.builds(Task, _asked_cpu, st.just(1), st.sampled_from([60, 190, 250, 500, 810]), _asked_classes)
whole_tasks = st.builds(Task, _asked_cpu, st.integers(1, 4), st.just(WHOLE), _asked_classes)
undivided_tasks = without_devices | whole_tasks
tasks = undivided_tasks | shares
mixes = st.dictionaries(tasks, st.integers(1, 9), max_size=8).map(mix_of)


def arrivals_of(drawn: st.SearchStrategy[Task]) -> st.SearchStrategy[list[Arrival]]:
    """Draw arrivals of such tasks."""
    return st.lists(st.builds(Arrival, drawn, st.sampled_from([0, 1, 8, 64])), max_size=12)


def nodes_of(left: st.SearchStrategy[int]) -> st.SearchStrategy[list[NodeState]]:
    """Draw up to five nodes with devices of which so much is left."""
    devices = st.lists(left, min_size=1, max_size=4).map(tuple)
    drawn = st.builds(node, st.just("n"), _cpu, devices, _classes, st.sampled_from([0, 8, 64, 512]))
    return st.lists(drawn, min_size=1, max_size=5).map(_named)


def _named(states: Sequence[NodeState]) -> list[NodeState]:
    return [replace(state, name=f"n{index}") for index, state in enumerate(states)]


arrivals = arrivals_of(tasks)
nodes = nodes_of(_left)
whole_nodes = nodes_of(_whole)
