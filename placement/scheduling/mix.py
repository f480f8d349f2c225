"""The mix: which tasks are expected, and how often. In FGD's words the target workload M with its popularities."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import accumulate
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from placement.scheduling.arrays import Flags, Floats, Ints
from placement.scheduling.tasks import Task

# FGD, section 5: the most popular tasks up to this share of all pods stand for the whole (podPopularityThreshold).
TYPICAL_SHARE = 0.95

# By how much a sum of popularities may be off for its rounding.
_ROUNDING = 1e-9


T = TypeVar("T", bound=np.generic)


@dataclass(frozen=True, eq=False)
class Mix:
    """Expected tasks and their popularities, which sum to 1; compared by identity, as what is kept per mix is.

    `turnover` is how much leaves of what is placed, from 0 to 1.
    """

    tasks: tuple[Task, ...]
    popularity: tuple[float, ...]
    turnover: float = 0.0

    @cached_property
    def on_devices(self) -> "MixColumns":
        """The tasks that ask for accelerators, as columns."""
        return self._columns([index for index, task in enumerate(self.tasks) if task.devices])

    @cached_property
    def every(self) -> "MixColumns":
        """All tasks, as columns."""
        return self._columns(range(len(self.tasks)))

    def _columns(self, indices: Iterable[int]) -> "MixColumns":
        chosen = list(indices)
        tasks = tuple(self.tasks[index] for index in chosen)
        return MixColumns(
            tasks,
            np.array([self.popularity[index] for index in chosen], np.float64),
            np.array([task.cpu for task in tasks], np.int64),
            np.array([task.devices for task in tasks], np.int64),
            np.array([task.milli for task in tasks], np.int64),
        )


@dataclass(frozen=True, eq=False)
class MixColumns:
    """Tasks of a mix as columns: popularity, cpu in milli, devices, thousandths of each device."""

    tasks: tuple[Task, ...]
    popularity: Floats
    cpu: Ints
    devices: Ints
    milli: Ints

    @cached_property
    def sizes(self) -> Ints:
        """The different thousandths that tasks ask of a device, each once."""
        return np.unique(self.milli)

    def of_sizes(self, values: NDArray[T]) -> NDArray[T]:
        """Return values by size, one column each, as values by task."""
        return values.take(self._which, axis=1)

    @cached_property
    def _which(self) -> Ints:
        return np.searchsorted(self.sizes, self.milli).astype(np.int64)


@lru_cache(maxsize=64)
def admitted(mix: MixColumns, kinds: tuple[tuple[str, ...], ...]) -> Flags:
    """Tell for each kind of node, a row, and each task, a column, whether the classes of the kind will do."""
    rows = [[task.is_admitted_by(classes) for task in mix.tasks] for classes in kinds]
    return np.array(rows, np.bool_).reshape(len(kinds), len(mix.tasks))


def mix_of(weights: Mapping[Task, float], turnover: float = 0.0) -> Mix:
    """Return the mix of tasks that were seen so often, the most frequent first; ties as in FGD's code."""
    positive = (task for task, weight in weights.items() if weight > 0)
    seen = sorted(positive, key=lambda task: _rank(task, weights), reverse=True)
    total = sum(weights[task] for task in seen)
    return Mix(tuple(seen), tuple(weights[task] / total for task in seen), turnover)


def typical(mix: Mix, share: float = TYPICAL_SHARE) -> Mix:
    """Return the most popular tasks until they make up the share of all pods, their popularities scaled to sum 1."""
    below = sum(1 for reached in accumulate(mix.popularity) if reached < share - _ROUNDING)
    tasks, popularity = mix.tasks[: below + 1], mix.popularity[: below + 1]
    return Mix(tasks, tuple(each / sum(popularity) for each in popularity))


def _rank(task: Task, weights: Mapping[Task, float]) -> tuple[float, int, int, int, tuple[str, ...]]:
    return weights[task], task.cpu, task.milli if task.devices else 0, task.devices, task.classes
