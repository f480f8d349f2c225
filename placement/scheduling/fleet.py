"""The fleet: all nodes that offer one resource, as columns of what is left of each, for arithmetic over many nodes."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from placement.scheduling.alike import Alike
from placement.scheduling.arrays import Flags, Ints, Rows
from placement.scheduling.tasks import WHOLE, Task

# What was asked for last, of which it is kept where there is enough.
_HOLDING = 256
_NEVER = -1
_NONE = np.zeros(0, np.intp)

T = TypeVar("T", bound=np.generic)


@dataclass(frozen=True, slots=True)
class NodeState:
    """What is left of one node: cpu in milli, memory in MiB, and of its devices the thousandths that are idle.

    In a divisible fleet each device has an element in `left`, and `count` is 1; in others, whose devices are idle or
    taken as a whole, `left` is 1000 and `count` says how many are idle. `capacity` is in thousandths of a device,
    `tasks` the number of tasks that hold some of it.
    """

    name: str
    cpu: int
    memory: int
    left: tuple[int, ...]
    count: tuple[int, ...]
    capacity: int
    classes: tuple[str, ...] = ()
    tasks: int = 0


class Taken(NamedTuple):
    """Where a task stands: the node's row, and the columns of its devices."""

    row: int
    columns: tuple[int, ...] = ()


@dataclass(eq=False)
class Fleet:
    """Nodes as columns, kept in step by `put`, `take` and `give_back`; what is left is never below zero.

    `left` and `count` have one column for each device (see NodeState), `idle` is what is left of all of them. `kinds`
    are the classes that nodes carry, `kind` which of these each node does. Among equals the node of the least `tie` is
    taken. `stamp` grows with each change of a node, to the value of `now`: what is kept per node is stale where its
    stamp is later. Nodes of the same `state` are alike in everything but name, memory and tie.
    """

    names: tuple[str, ...]
    cpu: Ints
    memory: Ints
    left: Ints
    count: Ints
    capacity: Ints
    tasks: Ints
    kind: Ints
    kinds: tuple[tuple[str, ...], ...]
    tie: Ints
    is_divisible: bool
    idle: Ints = field(init=False)
    stamp: Ints = field(init=False)
    now: int = 0
    _alike: Alike = field(default_factory=Alike)
    _holding: OrderedDict[tuple[int, int], tuple[Flags, int]] = field(default_factory=OrderedDict)

    def __post_init__(self) -> None:
        self.idle = (self.left * self.count).sum(1)
        self.stamp = np.zeros(len(self.names), np.int64)

    @cached_property
    def state(self) -> Ints:
        """The state of each node by number, found out when it is first asked for: a part of a fleet needs none."""
        return np.array([self._alike.take(self._numbers(row)) for row in range(len(self.names))], np.int64)

    def examples(self, rows: Rows) -> Rows:
        """Return one of the rows of each state that there is among them."""
        if len(rows) < 2:  # noqa: PLR2004
            return rows
        states = self.state[rows]
        row_of = np.full(len(self._alike), _NEVER)
        row_of[states] = rows
        examples: Rows = row_of[row_of != _NEVER]
        return examples

    def alike(self, examples: Rows, rows: Rows) -> Rows:
        """Return those of the rows that are in the state of an example."""
        state = self.state
        is_meant = np.zeros(len(self._alike), np.bool_)
        is_meant[state[examples]] = True
        return rows[is_meant[state[rows]]]

    def from_examples(self, examples: Rows, values: NDArray[T], rows: Rows) -> NDArray[T]:
        """Return for each of the rows the value of the example that is in the same state; there must be one."""
        state = self.state
        of_state = np.empty(len(self._alike), values.dtype)
        of_state[state[examples]] = values
        found: NDArray[T] = of_state[state[rows]]
        return found

    @property
    def shapes(self) -> list[tuple[int, int]]:
        """What is left of each node: cpu in milli, and how many whole devices."""
        whole = (self.count * (self.left >= WHOLE)).sum(1)
        return list(zip(self.cpu.tolist(), whole.tolist(), strict=True))

    def admits(self, task: Task) -> Flags:
        """Tell of which nodes the classes will do."""
        return np.array([task.is_admitted_by(classes) for classes in self.kinds], np.bool_)[self.kind]

    def holds(self, task: Task) -> Flags:
        """Tell on which nodes enough devices are idle."""
        asked = task.devices, task.milli
        flags, at = self._holding.pop(asked, (np.zeros(len(self.names), np.bool_), _NEVER))
        rows = np.flatnonzero(self.stamp > at) if at != self.now else _NONE
        if len(rows):
            flags = flags.copy()
            flags[rows] = self.holds_on(task, rows)
        self._holding[asked] = flags, self.now
        if len(self._holding) > _HOLDING:
            self._holding.popitem(last=False)
        return flags

    def holds_on(self, task: Task, rows: Rows) -> Flags:
        """Tell on which of the rows enough devices are idle."""
        enough: Flags = (self.count[rows] * (self.left[rows] >= task.milli)).sum(1) >= task.devices
        return enough

    def feasible(self, task: Task, memory: int) -> Rows:
        """Return the rows of the nodes on which the task fits, with its memory in MiB."""
        fits = (self.cpu >= task.cpu) & (self.memory >= memory)
        if task.devices:
            fits &= self.holds(task) & self.admits(task)
        return np.flatnonzero(fits)

    def seems_to_fit(self, task: Task, memory: int) -> bool:
        """Tell whether the task fits somewhere as far as sums tell, which are all that kube-scheduler knows."""
        fits = (self.cpu >= task.cpu) & (self.memory >= memory)
        if task.devices:
            fits &= (self.idle >= task.asked) & self.admits(task)
        return bool(fits.any())

    def columns_for(self, task: Task, row: int, column: int) -> tuple[int, ...]:
        """Return the columns that the task takes on a node: the given one for a share, else the first idle ones."""
        if task.is_share:
            return (column,)
        idle = enumerate(zip(self.left[row].tolist(), self.count[row].tolist(), strict=True))
        whole = (column for column, (left, count) in idle if left >= WHOLE for _ in range(count))
        return tuple(islice(whole, task.devices))

    def part(self, rows: Rows) -> "Fleet":
        """Return a fleet of these nodes alone, as they stand."""
        return Fleet(
            names=tuple(self.names[row] for row in rows),
            cpu=self.cpu[rows],
            memory=self.memory[rows],
            left=self.left[rows],
            count=self.count[rows],
            capacity=self.capacity[rows],
            tasks=self.tasks[rows],
            kind=self.kind[rows],
            kinds=self.kinds,
            tie=self.tie[rows],
            is_divisible=self.is_divisible,
        )

    def take(self, task: Task, memory: int, taken: Taken) -> None:
        """Count the task on a node where it fits."""
        self._change(task, memory, taken, 1)

    def give_back(self, task: Task, memory: int, taken: Taken) -> None:
        """Count it there no longer: undoes take."""
        self._change(task, memory, taken, -1)

    def put(self, row: int, state: NodeState, *, is_other: bool = False) -> None:
        """Take in what is left of a node; what would be below zero counts as nothing.

        Its stamp grows where that is another amount than before, or where the node `is_other` otherwise.
        """
        before, memory = self.state.item(row), self.memory.item(row)
        self.cpu[row], self.memory[row], self.capacity[row] = max(state.cpu, 0), max(state.memory, 0), state.capacity
        self.tasks[row] = state.tasks
        self.left[row], self.count[row] = 0, 0
        self.left[row, : len(state.left)] = np.maximum(state.left, 0)
        self.count[row, : len(state.count)] = np.maximum(state.count, 0)
        if state.classes not in self.kinds:
            self.kinds += (state.classes,)
        self.kind[row] = self.kinds.index(state.classes)
        self._number(row)
        if is_other or self.state[row] != before or self.memory[row] != memory:
            self._touch(row)

    def _numbers(self, row: int) -> tuple[Any, ...]:
        columns = (self.cpu, self.capacity, self.tasks, self.kind)
        return (*(each.item(row) for each in columns), self.left[row].tobytes(), self.count[row].tobytes())

    def _number(self, row: int) -> None:
        """Find out in which state a node is."""
        before = self.state.item(row)
        self.state[row] = self._alike.take(self._numbers(row))
        self._alike.leave(before)

    def _change(self, task: Task, memory: int, taken: Taken, sign: int) -> None:
        row, columns = taken
        self.cpu[row] -= sign * task.cpu
        self.memory[row] -= sign * memory
        self.tasks[row] += sign * bool(task.devices)
        for column in columns:
            if self.is_divisible:
                self.left[row, column] -= sign * task.milli
            else:
                self.count[row, column] -= sign
        self._number(row)
        self._touch(row)

    def _touch(self, row: int) -> None:
        self.idle[row] = self.left[row] @ self.count[row]
        self.now += 1
        self.stamp[row] = self.now


def fleet_of(states: Sequence[NodeState], ties: Sequence[int] | None = None, *, is_divisible: bool = True) -> Fleet:
    """Return the fleet of these nodes; among equals the one of the least tie is taken, by default the first."""
    rows, width = len(states), max((len(state.left) for state in states if state.left), default=1)

    def blank(*more: int) -> Ints:
        return np.zeros((rows, *more), np.int64)

    fleet = Fleet(
        names=tuple(state.name for state in states),
        cpu=blank(),
        memory=blank(),
        left=blank(width),
        count=blank(width),
        capacity=blank(),
        tasks=blank(),
        kind=blank(),
        kinds=(),
        tie=np.array(range(rows) if ties is None else ties, np.int64),
        is_divisible=is_divisible,
    )
    for row, state in enumerate(states):
        fleet.put(row, state)
    return fleet
