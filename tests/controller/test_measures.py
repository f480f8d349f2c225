"""What the machinery of the controller measures and says of itself."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry

from cluster.api import ApiError
from cluster.observers import SILENT
from controller.leading.gate import LeaderGate, Pace
from controller.observers import Attempt, Observers
from controller.ports import Alone, Surroundings
from controller.reconciling.measures import FAILURES_SHOWN, Measures, failures, measured
from controller.reconciling.work import WorkPacing, WorkQueue
from tests.controller.elections import simulated


async def refused(key: str) -> list[str]:
    """Fail."""
    raise ApiError(403, "Forbidden", f"{key} is not yours")


def queue_of(keys: Iterable[str]) -> WorkQueue:
    """Return a queue in simulated time whose objects all fail."""
    surroundings = Surroundings(Alone(), lambda: datetime.now(UTC), lambda _: None, SILENT)
    pacing = WorkPacing(chance=lambda: 0.5, clock=asyncio.get_running_loop().time)
    return WorkQueue("nodes", refused, lambda: keys, surroundings, pacing)


def test_readiness_names_the_first_that_fail_and_counts_the_others() -> None:
    """Of 5,000 nodes that cannot be written nobody reads more; the metrics have their number."""

    async def story() -> None:
        queue = queue_of([f"n{number}" for number in range(5000)])
        running = asyncio.create_task(queue.run())
        await asyncio.sleep(0.5)

        said = failures(queue)
        registry = CollectorRegistry()
        gate = LeaderGate(Alone(), Pace(1, 1))
        registry.register(Measures(lambda: measured(Alone(), gate, [queue])))

        assert said[0] == "nodes n0: 403 Forbidden: n0 is not yours"
        assert said[FAILURES_SHOWN:] == ["nodes: 4995 more"]
        assert registry.get_sample_value("berth_controller_failing", {"duty": "nodes"}) == 5000
        assert registry.get_sample_value("berth_controller_queue_depth", {"duty": "nodes"}) == 5000
        assert registry.get_sample_value("berth_controller_leading") == 1
        assert not running.done()

    simulated(story())


def test_a_few_that_fail_are_all_named() -> None:
    """Without a count of none."""

    async def story() -> None:
        queue = queue_of(["a", "b"])
        running = asyncio.create_task(queue.run())
        await asyncio.sleep(0.5)
        assert [each.split(":")[0] for each in failures(queue)] == ["nodes a", "nodes b"]
        assert not running.done()

    simulated(story())


def test_attempts_to_hold_the_lease_are_counted() -> None:
    """How often it changed hands is what the Lease itself says."""
    registry = CollectorRegistry()
    observers = Observers(registry)
    observers.on_attempt(Attempt(is_leading=False, holder="other", transitions=6))
    observers.on_attempt(Attempt(is_leading=False, holder="other", transitions=6, problem="no answer"))
    observers.on_attempt(Attempt(is_leading=True, holder="own", transitions=7))

    assert registry.get_sample_value("berth_controller_lease_transitions") == 7
    assert registry.get_sample_value("berth_controller_lease_failures_total") == 1
