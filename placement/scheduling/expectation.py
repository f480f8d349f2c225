"""What is expected of tasks to come: learnt from those that came, or pinned."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from heapq import nlargest
from operator import itemgetter

from placement.scheduling.mix import Mix, mix_of
from placement.scheduling.tasks import Task
from placement.scheduling.turnover import Turnover

# Among so many later arrivals a task counts half. Time is counted in arrivals: while nothing arrives nothing is learnt.
HALF_LIFE = 10_000

# The mix is made anew when so many arrivals came since, as a share of all that count, because what is kept per mix is
# lost then.
REFRESH_SHARE = 0.1
REFRESH_ARRIVALS = 1_000

# Tasks in a mix: what is rarer than the most frequent so many changes no decision.
MAX_TASKS = 256
MAX_KNOWN = 8 * MAX_TASKS

# A pinned mix is made anew when its turnover has changed by so much.
TURNED_SHARE = 0.1

# Before anything arrives, pods of every size over which engines shard a model are expected, the smaller the more often,
# with part of the cpu that nodes have beside as many devices, for so many arrivals in all; and, rarely, one that takes
# a whole node of each shape, so that nodes are not broken up before anybody knows.
PRIOR_SIZES = (1, 2, 4, 8)
PRIOR_CPU_SHARE = 0.5
PRIOR_ARRIVALS = 16.0
PRIOR_WHOLE_NODES = 0.5

_RESCALE = 2.0**200


@dataclass
class Pinned:
    """A mix whose tasks stay as they are, and for how many arrivals it stands; its turnover is learnt."""

    mix: Mix
    arrivals: float = 0
    turnover: Turnover = field(default_factory=Turnover)

    def see(self, task: Task) -> None:
        """Learn nothing."""

    def placed(self, task: Task) -> None:
        """Count a task that was placed."""
        self.turnover.placed(task)
        self._follow()

    def left(self, task: Task) -> None:
        """Count a task that was placed and left."""
        self.turnover.left(task)
        self._follow()

    def _follow(self) -> None:
        if abs(self.turnover.share - self.mix.turnover) > TURNED_SHARE:
            self.mix = replace(self.mix, turnover=self.turnover.share)


@dataclass
class Learnt:
    """The mix of what arrived, older arrivals counting less and less (forward decay), begun with a prior.

    Source of forward decay: Cormode et al., "Forward Decay" (ICDE 2009): the i-th arrival weighs 2^(i / half-life), and
    only ratios of weights matter, so nothing need be aged.
    """

    prior: Mapping[Task, float] = field(default_factory=dict)
    half_life: float = HALF_LIFE
    turnover: Turnover = field(default_factory=Turnover)
    _weights: dict[Task, float] = field(init=False)
    _next: float = 1.0
    _since: int = 0
    _until_refresh: float = 1
    _mix: Mix | None = None

    def __post_init__(self) -> None:
        self._weights = dict(self.prior)

    @property
    def arrivals(self) -> float:
        """How many arrivals of today the known ones count for, the prior among them."""
        return sum(self._weights.values()) / self._next

    @property
    def mix(self) -> Mix:
        """The mix as of the last refresh."""
        if self._mix is None or (self._since and self._since >= self._until_refresh):
            most = nlargest(MAX_TASKS, self._weights.items(), key=itemgetter(1))
            self._mix = mix_of(dict(most), self.turnover.share)
            self._since = 0
            self._until_refresh = max(1, min(REFRESH_SHARE * self.arrivals, REFRESH_ARRIVALS))
        return self._mix

    def see(self, task: Task) -> None:
        """Count an arrival."""
        self._weights[task] = self._weights.get(task, 0) + self._next
        self._next *= 2 ** (1 / self.half_life)
        self._since += 1
        if self._next > _RESCALE or len(self._weights) > MAX_KNOWN:
            self._rescale()

    def placed(self, task: Task) -> None:
        """Count a task that was placed."""
        self.turnover.placed(task)

    def left(self, task: Task) -> None:
        """Count a task that was placed and left."""
        self.turnover.left(task)

    def _rescale(self) -> None:
        """Begin to count from one again, with the most frequent half of as many tasks as may be known."""
        most = nlargest(MAX_KNOWN // 2, self._weights.items(), key=itemgetter(1))
        kept = {task: weight / self._next for task, weight in most}
        self._weights = {task: weight for task, weight in kept.items() if weight > 1 / _RESCALE}
        self._next = 1.0


def prior(shapes: Sequence[tuple[int, int]]) -> dict[Task, float]:
    """Return what is expected of nodes before anything arrives, and for how many arrivals each task stands.

    A shape is the cpu of a node in milli and the number of its devices.
    """
    known = sorted({(cpu, devices) for cpu, devices in shapes if devices})
    weights: dict[Task, float] = {}
    for cpu, devices in known:
        weights[Task(cpu, devices)] = PRIOR_WHOLE_NODES / devices
    for devices in PRIOR_SIZES:
        task = Task(int(PRIOR_CPU_SHARE * devices * _median_cpu(shapes)), devices)
        weights[task] = weights.get(task, 0) + PRIOR_ARRIVALS / devices / sum(1 / each for each in PRIOR_SIZES)
    return weights


def _median_cpu(shapes: Sequence[tuple[int, int]]) -> float:
    """Return the cpu that stands beside a device, in the middle of all devices."""
    ratios = sorted((cpu / devices, devices) for cpu, devices in shapes if devices)
    half, counted = sum(devices for _, devices in ratios) / 2, 0
    for ratio, devices in ratios:
        counted += devices
        if counted >= half:
            return ratio
    return 0.0
