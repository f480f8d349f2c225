"""Replay: tasks arrive one after the other, each is put where a policy says, and what fits nowhere is dropped."""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple, Protocol

from placement.scheduling.fleet import Fleet, Taken
from placement.scheduling.mix import Mix
from placement.scheduling.ranking import Policy
from placement.scheduling.tasks import Task


class Arrival(NamedTuple):
    """A task that arrives, with its memory in MiB."""

    task: Task
    memory: int = 0


class Want(StrEnum):
    """What was missing where a task was put nowhere."""

    CLASS = "no node of a class that it may use"
    DEVICES = "too few idle accelerators on any node of its classes"
    CPU = "too little cpu where enough accelerators are idle"
    MEMORY = "too little memory where enough accelerators and cpu are idle"


class Step(NamedTuple):
    """What became of an arrival: where it stands, or what was missing."""

    arrival: Arrival
    taken: Taken | None
    want: Want | None = None


class Expectation(Protocol):
    """What is expected of tasks to come."""

    @property
    def mix(self) -> Mix:
        """The mix; the same value until it changes."""
        ...

    def see(self, task: Task) -> None:
        """Be told that a task arrived."""
        ...

    def placed(self, task: Task) -> None:
        """Be told that a task was placed."""
        ...

    def left(self, task: Task) -> None:
        """Be told that a task that was placed has left."""
        ...


def replay(arrivals: Iterable[Arrival], fleet: Fleet, policy: Policy, expectation: Expectation) -> Iterator[Step]:
    """Put the arrivals on the fleet, and yield what became of each.

    As in a cluster a task is seen when kube-scheduler has asked about it.
    """
    for arrival in arrivals:
        is_asked_about = fleet.seems_to_fit(arrival.task, arrival.memory)
        step = place(arrival, fleet, policy, expectation.mix)
        if is_asked_about:
            expectation.see(arrival.task)
        if step.taken:
            expectation.placed(arrival.task)
            policy.settle(fleet, expectation.mix)
        yield step


def place(arrival: Arrival, fleet: Fleet, policy: Policy, mix: Mix) -> Step:
    """Put one arrival where the policy says."""
    task, memory = arrival
    winner = policy.rank(task, fleet, fleet.feasible(task, memory), mix).winner
    if winner is None:
        return Step(arrival, None, want(arrival, fleet))
    taken = Taken(winner.row, fleet.columns_for(task, winner.row, winner.column))
    fleet.take(task, memory, taken)
    policy.placed(task, taken)
    return Step(arrival, taken)


def want(arrival: Arrival, fleet: Fleet) -> Want:
    """Return what an arrival lacks that fits nowhere: the first of these that no node has."""
    task, memory = arrival
    fits = fleet.admits(task) if task.devices else fleet.cpu >= 0
    for missing, enough in (
        (Want.CLASS, fits),
        (Want.DEVICES, fleet.holds(task)),
        (Want.CPU, fleet.cpu >= task.cpu),
        (Want.MEMORY, fleet.memory >= memory),
    ):
        fits = fits & enough
        if not fits.any():
            return missing
    raise AssertionError("it fits somewhere")
