"""What the controller is made of, and what each part works with."""

from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from prometheus_client import Metric

from cluster.api import Api
from cluster.feeds import Feed
from cluster.view import ClusterView
from controller.ports import Surroundings
from controller.reconciling.definition import Definition
from controller.reconciling.events import Events
from controller.reconciling.objects import Objects
from controller.reconciling.statuses import Fields, Judge
from controller.reconciling.work import Work, WorkPacing, WorkQueue
from controller.settings import ControllerSettings
from placement.pods import Pod

Task = Callable[[], Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class Context:
    """What every part works with: `api` lets nobody write but the leader; `view` is the cluster as last seen.

    `classes`, `profiles` and Kueue's `flavors` are as they stand in the API. Whoever finds something new of a class or
    a profile tells it there, and its status is looked at again. `definition` is that of the classes. `pods` tells
    those who join of each pod that is seen.
    """

    api: Api
    view: ClusterView
    classes: Objects
    profiles: Objects
    settings: ControllerSettings
    surroundings: Surroundings
    events: Events
    definition: Definition
    pods: Feed[Pod] = field(default_factory=Feed)
    flavors: Objects = field(default_factory=Objects)

    @property
    def clock(self) -> Callable[[], datetime]:
        """What tells the time."""
        return self.surroundings.clock

    def queue(
        self, name: str, work: Work, all_keys: Callable[[], Iterable[str]], pacing: WorkPacing | None = None
    ) -> WorkQueue:
        """Return a queue of this controller's, with its settings' pace where no other is given."""
        steady = WorkPacing(resync_seconds=self.settings.interval_seconds)
        return WorkQueue(name, work, all_keys, self.surroundings, pacing or steady)


def _nothing() -> list[str]:
    return []


@dataclass(frozen=True)
class Part:
    """Something that the controller keeps true: its queues, its endless tasks by name, and what it finds of objects.

    `readiness` returns what speaks against calling the controller ready, `metrics` what is measured when somebody asks.
    """

    queues: tuple[WorkQueue, ...] = ()
    tasks: Mapping[str, Task] = field(default_factory=dict)
    class_judges: tuple[Judge, ...] = ()
    class_fields: Fields | None = None
    profile_judges: tuple[Judge, ...] = ()
    readiness: Callable[[], list[str]] = _nothing
    metrics: Callable[[], Iterable[Metric]] = tuple
