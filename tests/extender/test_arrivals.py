"""Which pods count into the expected mix, how often, and that a restart forgets none of those that still exist."""

import asyncio
import json
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cluster.observers import Observer
from extender.arrivals import Arrivals
from extender.inbox import AT_ONCE
from extender.sightings import Sightings
from placement.pods import Pod
from placement.scheduling.expectations import Expectations
from placement.scheduling.fleet import Fleet
from placement.scheduling.mix import Mix
from placement.scheduling.policies.berth import Berth
from placement.scheduling.policy import Chooser
from placement.scheduling.tasks import Task
from placement.selection import NAME_FIELD, Expression, NodeSelection, Operator, Term
from placement.shares import SHARES
from tests.builders import AMD, H100, MI300X, NVIDIA, node
from tests.extender.known import KnownCluster, args, bound, desk_of, known, pod_json

ONE_NODE = NodeSelection({}, (Term((), (Expression(NAME_FIELD, Operator.IN, ("h100",)),)),))


def unlearned(*resources: str) -> Arrivals:
    """Return arrivals that begin with next to nothing, so that what is learnt is counted."""
    return Arrivals(Chooser(Expectations({name: {Task(1): 1e-6} for name in resources or (NVIDIA,)})))


def counts(arrivals: Arrivals, resource: str = NVIDIA) -> dict[Task, int]:
    """Return how often each task counts."""
    expected = arrivals.chooser.expectations.by_resource.get(resource)
    if expected is None:
        return {}
    pairs = zip(expected.mix.tasks, expected.mix.popularity, strict=True)
    counted = {task: round(share * expected.arrivals) for task, share in pairs}
    return {task: count for task, count in counted.items() if count}


def ask(arrivals: Arrivals, cluster: KnownCluster, names: Sequence[str], *pods: dict[str, Any]) -> None:
    """Ask about pods as kube-scheduler does."""
    desk = desk_of(cluster, arrivals=arrivals)
    for each in pods:
        desk.filter(args(names, each))
    desk.settle()


def see_bound(arrivals: Arrivals, cluster: KnownCluster, first: Iterable[Pod], later: Iterable[Pod] = ()) -> None:
    """Let pods be seen bound: some when pods are first listed, others while the program runs."""
    sightings = Sightings(Observer())

    async def run() -> None:
        for pod in first:
            sightings.on_held(pod)
        task = asyncio.create_task(arrivals.run(sightings.held, cluster))
        await asyncio.sleep(0)
        for pod in later:
            sightings.on_held(pod)
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not len(sightings.held)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(run())


def test_a_pod_counts_once_however_often_it_is_asked_about() -> None:
    """Retries and gang cycles ask many times, and in the end it is seen bound."""
    cluster, arrivals = known(node("h100", H100)), unlearned()
    ask(arrivals, cluster, ["h100"], *[pod_json("u1", 2)] * 5, pod_json("u2", 1))
    see_bound(arrivals, cluster, [bound("h100", 2, uid="u1")], [bound("h100", 2, uid="u1")])

    assert counts(arrivals) == {Task(0, 2): 1, Task(0, 1): 1}


def test_a_pod_counts_once_it_was_answered() -> None:
    """When the desk settles, or, where it has not, before the next question is judged: nobody waits for that."""
    cluster, arrivals = known(node("h100", H100)), unlearned()
    desk = desk_of(cluster, arrivals=arrivals)

    desk.filter(args(["h100"], pod_json("u1", 2)))
    assert counts(arrivals) == {}
    desk.filter(args(["h100"], pod_json("u2", 1)))
    assert counts(arrivals) == {Task(0, 2): 1}
    for _ in range(2):
        desk.settle()
        assert counts(arrivals) == {Task(0, 2): 1, Task(0, 1): 1}


def test_a_pod_that_is_bound_at_once_counts_as_decided() -> None:
    """A busy extender may see it bound before it has settled: the next outlook is due after as many decisions."""
    settled: list[Mix] = []

    class Observed(Berth):
        def settle(self, fleet: Fleet, mix: Mix) -> None:
            settled.append(mix)
            super().settle(fleet, mix)

    cluster, arrivals = known(node("h100", H100)), Arrivals(Chooser(make=Observed))
    desk = desk_of(cluster, arrivals=arrivals)
    desk.filter(args(["h100"], pod_json("u1", 2)))
    see_bound(arrivals, cluster, [], [bound("h100", 2, uid="u1")])
    desk.settle()

    assert len(settled) == 1


def test_a_pod_that_fits_nowhere_counts() -> None:
    """What is asked in vain is what room should be left for."""
    cluster, arrivals = known(node("h100", H100, 2)), unlearned()
    ask(arrivals, cluster, ["h100"], pod_json("u1", 8))

    assert counts(arrivals) == {Task(0, 8): 1}


def test_a_pod_counts_where_its_resource_is() -> None:
    """What NVIDIA's pods ask says nothing of AMD's, whatever nodes they are asked about for."""
    cluster, arrivals = known(node("h100", H100), node("amd", MI300X)), unlearned(NVIDIA, AMD, SHARES)
    ask(arrivals, cluster, ["h100", "amd"], pod_json("u1"), pod_json("u2", 4, AMD), pod_json("u3", 500, SHARES))

    assert counts(arrivals) == {Task(0, 1): 1}
    assert counts(arrivals, AMD) == {Task(0, 4): 1}
    assert counts(arrivals, SHARES) == {}


def test_a_pod_without_accelerators_counts_where_it_takes_cpu_of_nodes_that_have_some() -> None:
    """Not where it runs beside them."""
    cluster, arrivals = known(node("h100", H100), node("plain")), unlearned()
    ask(arrivals, cluster, ["h100", "plain"], pod_json("beside", 0))
    see_bound(arrivals, cluster, [bound("plain", 0, uid="beside"), bound("h100", 0, uid="among")])

    assert counts(arrivals) == {Task(0): 1}


def test_a_pod_that_is_made_for_its_node_does_not_count() -> None:
    """A DaemonSet's says nothing of pods that could go elsewhere, asked about or seen bound."""
    cluster, arrivals = known(node("h100", H100)), unlearned()
    fields = [{"key": "metadata.name", "operator": "In", "values": ["h100"]}]
    terms = {"nodeSelectorTerms": [{"matchFields": fields}]}
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}
    ask(arrivals, cluster, ["h100"], pod_json("u1", affinity=affinity))
    see_bound(arrivals, cluster, [replace(bound("h100", 1), selection=ONE_NODE)])

    assert counts(arrivals) == {}


def test_pods_that_are_there_at_first_count_in_the_order_of_their_creation() -> None:
    """The list has them by name; with a short memory the last one created counts most."""
    cluster = known(node("h100", H100))
    by_age = [replace(bound("h100", count), created_at=f"2026-05-0{day}T12:00:00Z") for day, count in ((1, 4), (2, 2))]
    in_order, against_it = unlearned(), unlearned()
    see_bound(in_order, cluster, by_age)
    see_bound(against_it, cluster, reversed(by_age))

    mixes = [each.chooser.expectations.by_resource[NVIDIA].mix for each in (in_order, against_it)]
    assert mixes[0].tasks == mixes[1].tasks
    assert mixes[0].popularity == mixes[1].popularity
    assert mixes[0].tasks[0] == Task(0, 2)


def test_what_devices_of_nodes_that_are_gone_held_counts_nowhere() -> None:
    """A pod may outlive its node a little; nothing breaks."""
    cluster, arrivals = known(node("plain")), unlearned()
    see_bound(arrivals, cluster, [bound("gone", 1), bound("gone", 0)])

    assert counts(arrivals) == {}


def test_a_node_whose_device_plugin_is_being_replaced_breaks_no_question() -> None:
    """For a while it offers none; a pod without accelerators may then be asked about for it alone."""
    whole = node("h100", H100)
    cluster, arrivals = known(whole), unlearned()
    desk = desk_of(cluster, arrivals=arrivals)
    desk.filter(args(["h100"], pod_json("u1")))
    cluster.account.apply_node(replace(whole, allocatable={**whole.allocatable, NVIDIA: 0}))

    answer = json.loads(desk.filter(args(["h100"], pod_json("u2", 0))).body)

    assert answer["NodeNames"] == ["h100"]


class Tally(Chooser):
    """Counts what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.told = 0

    def placed(self, *_: object) -> None:
        """Count a pod that was placed."""
        self.told += 1

    def left(self, *_: object) -> None:
        """Count a pod that left."""
        self.told += 1


MANY = [bound("h100", 1, uid=f"u{number}") for number in range(3 * AT_ONCE)]


async def progress(tally: Tally, work: Coroutine[Any, Any, None]) -> list[int]:
    """Return how far the work is whenever others run, until it has looked at many pods."""
    task = asyncio.create_task(work)
    seen = []
    while tally.told < len(MANY):
        await asyncio.sleep(0)
        seen.append(tally.told)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return seen


async def test_pods_that_are_there_at_first_let_others_run_in_between() -> None:
    """Questions are answered while they are counted."""
    cluster, tally, sightings = known(node("h100", H100)), Tally(), Sightings(Observer())
    for pod in MANY:
        sightings.on_held(pod)

    assert await progress(tally, Arrivals(tally).run(sightings.held, cluster)) == [AT_ONCE, 2 * AT_ONCE, 3 * AT_ONCE]


async def test_pods_that_leave_together_let_others_run_in_between() -> None:
    """As those that come together do."""
    cluster, tally, sightings = known(node("h100", H100)), Tally(), Sightings(Observer())
    for pod in MANY:
        sightings.on_left(pod)

    seen = await progress(tally, Arrivals(tally).run_departures(sightings.left, cluster))

    assert seen == [AT_ONCE - 1, 2 * AT_ONCE - 1, 3 * AT_ONCE - 1, 3 * AT_ONCE]


@given(st.lists(st.sampled_from([1, 2, 4, 8]), min_size=1, max_size=20), st.randoms(use_true_random=False))
def test_after_a_restart_the_mix_is_what_was_learnt_of_pods_that_still_exist(
    counts_asked: list[int], chance: Any
) -> None:
    """Bound pods are all that an extender finds when it starts; the API lists them in another order."""
    cluster = known(node("a", H100, 1024))
    first, again = unlearned(), unlearned()
    ask(first, cluster, ["a"], *(pod_json(f"u{number}", count) for number, count in enumerate(counts_asked)))
    pods = [
        replace(bound("a", count, uid=f"u{number}"), created_at=f"2026-05-04T12:00:{number:02}Z")
        for number, count in enumerate(counts_asked)
    ]
    see_bound(first, cluster, [], pods)
    listed = list(pods)
    chance.shuffle(listed)
    see_bound(again, cluster, listed)

    for each in (first, again):  # Enough for both to look at their mix anew.
        see_bound(each, cluster, [], (bound("a", 3, uid=f"later-{number}") for number in range(10)))

    one, other = (each.chooser.expectations.by_resource[NVIDIA] for each in (first, again))
    assert (one.mix.tasks, one.mix.popularity) == (other.mix.tasks, other.mix.popularity)
    assert one.arrivals == other.arrivals
