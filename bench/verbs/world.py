"""A cluster as kube-scheduler's sums have it: what is left of every node, and the pods that hold the rest.

The same numbers make the same cluster: the servers list it at their start, the client keeps its own in step.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count
from random import Random

import numpy as np

from bench.verbs.shapes import accelerated, arriving
from placement.scheduling.arrays import Ints, Rows
from placement.scheduling.replay import Arrival
from placement.scheduling.tasks import WHOLE

# Products as the trace names them, devices of a node, and how many nodes of a hundred carry it.
KINDS = (
    ("G2", 8, 40),
    ("T4", 4, 20),
    ("G3", 8, 12),
    ("V100M32", 8, 10),
    ("V100M16", 8, 8),
    ("P100", 4, 6),
    ("A10", 4, 4),
)
CORES_PER_DEVICE, GIB_PER_DEVICE = 24, 128
REPLICAS = 8

# Idle devices of a node at the beginning, and how often: about 81 of 100 devices are taken, and most nodes have room.
_IDLE, _OFTEN = (0, 1, 2, 4, 8), (10, 74, 10, 3, 3)
_TRIES, _LOOKED_AT = 24, 16


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod, on a node's row and its devices once it is bound."""

    number: int
    asked: Arrival
    owner: int
    row: int = -1
    columns: tuple[int, ...] = ()


class World:
    """So many nodes, which offer their devices in shares or as a whole, and the pods on each by number."""

    def __init__(self, size: int, *, in_shares: bool, seed: int = 1) -> None:
        self.size, self.in_shares = size, in_shares
        self._chance = Random(seed)
        self._numbers = count()
        self._replicas: dict[Arrival, list[int]] = {}
        self._arrivals = accelerated(arriving(), in_shares=in_shares)
        kinds = self._chance.choices(KINDS, [often for *_, often in KINDS], k=size)
        self.names = [f"node-{row:05}.pool.example.internal" for row in range(size)]
        self.products = np.array([product for product, *_ in kinds])
        self.devices = np.array([devices for _, devices, _ in kinds])
        self.cpu: Ints = self.devices * CORES_PER_DEVICE * 1000
        self.memory: Ints = self.devices * GIB_PER_DEVICE * 1024
        self.left: Ints = np.where(np.arange(8) < self.devices[:, None], WHOLE, 0)
        self.pods: list[dict[int, Pod]] = [{} for _ in range(size)]
        self.all_rows: Rows = np.arange(size)
        self._fill()
        self._most_held = self.held

    @property
    def held(self) -> int:
        """What is taken of all devices, in thousandths."""
        return int(self.devices.sum() * WHOLE - self.left.sum())

    @property
    def share_held(self) -> float:
        """What is taken of all devices, from 0 to 1."""
        return self.held / int(self.devices.sum() * WHOLE)

    def next_pod(self) -> Pod:
        """Return the next pod that arrives; every few of a shape are replicas of one owner."""
        asked, number = next(self._arrivals), next(self._numbers)
        replicas = self._replicas.setdefault(asked, [])
        if len(replicas) == REPLICAS:
            replicas.clear()
        replicas.append(number)
        return Pod(number, asked, replicas[0])

    def feasible(self, asked: Arrival) -> Rows:
        """Return the rows of the nodes that kube-scheduler's own filters let pass, which know sums alone."""
        task, memory = asked
        fits = (self.cpu >= task.cpu) & (self.memory >= memory) & (self.left.sum(1) >= task.asked)
        if task.classes:
            fits &= np.isin(self.products, task.classes)
        return np.flatnonzero(fits)

    def bind(self, pod: Pod, row: int) -> Pod | None:
        """Count the pod on a node, a share on its tightest device; None where its devices do not hold the pod."""
        task, left = pod.asked.task, self.left[row].tolist()
        enough = sorted((each, column) for column, each in enumerate(left) if each >= task.milli)
        if len(enough) < task.devices or min(self.cpu[row] - task.cpu, self.memory[row] - pod.asked.memory) < 0:
            return None
        bound = replace(pod, row=row, columns=tuple(sorted(column for _, column in enough[: task.devices])))
        self._take(bound, 1)
        self.pods[row][pod.number] = bound
        return bound

    def bind_anywhere(self, pod: Pod) -> Pod | None:
        """Count the pod on some node that will do, if a few tries find one."""
        rows = self.feasible(pod.asked)
        tries = self._chance.choices(rows.tolist(), k=_TRIES) if len(rows) else []
        return next(filter(None, (self.bind(pod, row) for row in tries)), None)

    def departures(self) -> Iterator[Pod]:
        """Yield pods that leave, from nodes with little room, until no more is taken than at the beginning.

        So most nodes keep room for a pod, and questions keep their many candidates.
        """
        while self.held > self._most_held:
            looked_at = self._chance.choices(range(self.size), k=_LOOKED_AT)
            row = min((row for row in looked_at if self.pods[row]), key=lambda row: self.left[row].sum(), default=None)
            if row is not None:
                yield self._leave(self._chance.choice(list(self.pods[row].values())))

    def _leave(self, pod: Pod) -> Pod:
        del self.pods[pod.row][pod.number]
        self._take(pod, -1)
        return pod

    def _take(self, pod: Pod, sign: int) -> None:
        task, memory = pod.asked
        self.cpu[pod.row] -= sign * task.cpu
        self.memory[pod.row] -= sign * memory
        for column in pod.columns:
            self.left[pod.row, column] -= sign * task.milli

    def _fill(self) -> None:
        """Bind pods to each node until about as much is idle as is drawn for it."""
        for row, idle in enumerate(self._chance.choices(_IDLE, _OFTEN, k=self.size)):
            devices, product = int(self.devices[row]), self.products[row]
            room = devices * WHOLE - (idle * WHOLE if idle < devices else devices * WHOLE)
            for _ in range(_TRIES):
                pod = self.next_pod()
                asked, classes = pod.asked.task.asked, pod.asked.task.classes
                if asked <= room and (not classes or product in classes) and self.bind(pod, row):
                    room -= asked
                if room <= 0:
                    break
