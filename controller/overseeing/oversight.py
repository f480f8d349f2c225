"""Oversight of pods that stand but not as they should: slipped through, or stuck; and their re-creation."""

import asyncio
from collections.abc import Iterator
from itertools import chain

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily

from controller.overseeing.owners import Owners
from controller.overseeing.recreation import Recreation
from controller.overseeing.slipped import Slipped
from controller.overseeing.stuck import StuckPods
from controller.parts import Context, Part
from controller.reconciling.work import WorkPacing

# Between two lists of one namespace, in seconds.
LIST_SECONDS = 10.0
_SECONDS_OF_A_MINUTE = 60.0


def oversight(context: Context) -> Part:
    """Tell of pods that slipped through or are stuck, and have them made anew where their profile says so."""
    owners = Owners(context.api)
    slipped, stuck = Slipped(context, owners), StuckPods(context, owners)
    recreation = Recreation(context, owners, [slipped.candidates, stuck.candidates])
    for sink in (slipped, stuck, recreation):
        context.pods.join(sink)

    interval = context.settings.interval_seconds
    paced = WorkPacing(least_seconds=min(LIST_SECONDS, interval), resync_seconds=interval)
    slipped_queue = context.queue("slipped", slipped.settle, slipped.namespaces, paced)
    slipped.changed = slipped_queue.add
    stuck_queue = context.queue("stuck", stuck.settle, stuck.overdue)
    often = min(interval, _SECONDS_OF_A_MINUTE / max(context.settings.recreations_per_minute, 1))
    steps = WorkPacing(least_seconds=often, resync_seconds=often)
    recreation_queue = context.queue("recreation", recreation.settle, lambda: ["pods"], steps)

    async def begin() -> None:
        """Look as soon as everything is known; the rest comes with the watches."""
        await context.view.until_synced()
        slipped_queue.add_all()
        stuck_queue.add_all()
        await asyncio.Event().wait()

    def metrics() -> Iterator[Metric]:
        return chain(slipped.metrics(), stuck.metrics(), _outcomes(recreation))

    return Part(
        (slipped_queue, stuck_queue, recreation_queue),
        {"first look at standing pods": begin},
        class_judges=(slipped.findings.of_class, stuck.findings.of_class),
        profile_judges=(slipped.findings.of_profile, stuck.findings.of_profile),
        metrics=metrics,
    )


def _outcomes(recreation: Recreation) -> Iterator[Metric]:
    family = CounterMetricFamily(
        "berth_pod_recreations", "Attempts to have a pod made anew.", labels=["cause", "outcome"]
    )
    for (cause, outcome), count in sorted(recreation.outcomes.items()):
        family.add_metric([cause, outcome], count)
    yield family
