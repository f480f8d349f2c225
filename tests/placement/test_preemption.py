"""For which node others have to leave, and who they are."""

from dataclasses import replace

import pytest

from placement.shares import SHARES
from tests.placement.clusters import asking, gpu_node, inventory_of
from tests.placement.tenants import PRIORITY, asking_share, full, shared, uids


@pytest.mark.parametrize(
    ("left", "right"),
    [
        # The left one is chosen: node, its pods (count and priority), and budgets that are violated.
        pytest.param(([(2, 100)], 0), ([(2, 0)], 1), id="budgets first"),
        pytest.param(([(2, 0)], 0), ([(2, 100)], 0), id="then the most important victim"),
        pytest.param(([(4, 0), (4, 0)], 0), ([(8, 1)], 0), id="however many of the less important ones"),
        pytest.param(([(1, 0), (1, 0)], 0), ([(8, 0)], 0), id="then the devices that are lost, not the pods"),
        pytest.param(([(1, 100), (4, 50)], 0), ([(4, 100)], 0), id="of the more important ones first"),
        pytest.param(([(2, 100)], 0), ([(2, 100), (1, 50)], 0), id="and then of the next"),
        pytest.param(([(2, 0)], 0), ([(1, 0), (1, 0)], 0), id="then the number of victims"),
    ],
)
def test_what_costs_least(left: tuple[list[tuple[int, int]], int], right: tuple[list[tuple[int, int]], int]) -> None:
    """Whatever the nodes are called, and in whatever order they are offered."""
    for best, other in (("a", "b"), ("b", "a")):
        sides = {best: left, other: right}
        pods = {
            f"{name}-{number}": (name, *pod) for name, (pods, _) in sides.items() for number, pod in enumerate(pods)
        }
        cluster = full(*(gpu_node(name, sum(count for count, _ in pods)) for name, (pods, _) in sides.items()), **pods)
        offers = [
            cluster.offer(name, *(uid for uid in pods if uid.startswith(f"{name}-")), violations=violations)
            for name, (_, violations) in sides.items()
        ]

        for order in (offers, offers[::-1]):
            found = cluster.cheapest(asking(2), *order)
            assert found is not None
            assert found.offer.node == best


def test_among_equals_the_policy_decides_as_if_they_had_left() -> None:
    """Two GPUs of a node that stays half empty are better left to a larger pod."""
    cluster = full(gpu_node("a"), gpu_node("b", 2), p=("a", 2, 0), q=("b", 2, 0), r=("a", 2, 2000))

    found = cluster.cheapest(asking(2), cluster.offer("a", "p"), cluster.offer("b", "q"))

    assert found is not None
    assert found.offer == cluster.offer("b", "q")


def test_a_node_on_which_pods_fail_comes_last() -> None:
    """It might be one more that others leave in vain."""
    cluster = full(gpu_node("a", 2), gpu_node("b", 2), p=("a", 2, 0), q=("b", 2, 500))

    found = cluster.cheapest(asking(2), replace(cluster.offer("a", "p"), is_sick=True), cluster.offer("b", "q"))

    assert found is not None
    assert found.offer.node == "b"


def test_who_ends_anyway_costs_nothing() -> None:
    """However important it was; and of a device it leaves first."""
    cluster = full(gpu_node("a", 2), gpu_node("b", 2), p=("a", 2, 500), q=("b", 1, 0), r=("b", 1, 0))
    ends = replace(cluster, tenants=(replace(cluster.tenants[0], is_ending=True), *cluster.tenants[1:]))
    shares = shared({"n": 2}, a=("n", 600, (0,), 0), b=("n", 600, (1,), 500))
    one_ends = replace(shares, tenants=(shares.tenants[0], replace(shares.tenants[1], is_ending=True)))

    for each, node in ((cluster, "b"), (ends, "a")):
        found = each.cheapest(asking(2), each.offer("a", "p"), each.offer("b", "q", "r"))
        assert found is not None
        assert found.offer.node == node
    assert uids(shares.cheapest(asking_share(500), shares.offer("n"))) == ["a"]
    assert uids(one_ends.cheapest(asking_share(500), one_ends.offer("n"))) == ["b"]


def test_who_ends_anyway_is_counted_where_the_scheduler_does_not() -> None:
    """It has chosen others beside, which may stay."""
    cluster = shared({"n": 2}, a=("n", 1000, (0,), 0), b=("n", 1000, (1,), 0))
    ends = replace(cluster, tenants=(replace(cluster.tenants[0], is_ending=True), cluster.tenants[1]))

    assert uids(cluster.cheapest(asking_share(1000), cluster.offer("n", "b"))) == ["b"]
    assert uids(ends.cheapest(asking_share(1000), ends.offer("n", "b"))) == ["a"]


def test_a_node_on_which_the_pod_would_not_fit_is_left_out() -> None:
    """As when somebody else has bound a pod there, which kube-scheduler is yet to see: nobody leaves in vain."""
    cluster = full(gpu_node("a"), gpu_node("b"), p=("a", 4, 0), q=("a", 5, 2000), r=("b", 8, 0))

    found = cluster.cheapest(asking(8), cluster.offer("a", "p"), cluster.offer("b", "r"))

    assert found is not None
    assert found.offer.node == "b"
    assert cluster.cheapest(asking(8), cluster.offer("a", "p")) is None
    assert cluster.cheapest(asking(8)) is None


def test_whole_devices_are_had_of_those_alone_that_were_offered() -> None:
    """kube-scheduler's account of whole devices is exact: nobody is added, also from 1.38 on."""
    cluster = full(gpu_node("a"), p=("a", 4, 0), q=("a", 4, 0))

    assert cluster.cheapest(asking(8), cluster.offer("a", "p")) is None
    assert cluster.cheapest(asking(8), cluster.offer("a")) is None


def test_shares_that_are_enough_in_sum_may_be_of_different_devices() -> None:
    """Then the pods of one device leave, and those of the other one stay."""
    cluster = shared(
        {"n": 2}, a=("n", 500, (0,), 0), b=("n", 500, (1,), 0), c=("n", 500, (0,), 0), d=("n", 500, (1,), 10)
    )

    found = cluster.cheapest(asking_share(1000), cluster.offer("n", "a", "b"))

    assert found is not None
    assert sorted(uids(found)) == ["a", "c"]
    assert found.devices == (0,)


def test_victims_that_suffice_stay_as_they_were_offered() -> None:
    """kube-scheduler knows more of them than we do."""
    cluster = shared({"n": 1}, a=("n", 300, (0,), 100), b=("n", 300, (0,), 0), c=("n", 400, (0,), 0))

    assert uids(cluster.cheapest(asking_share(300), cluster.offer("n", "a"))) == ["a"]


def test_a_node_without_victims_is_had_for_those_of_one_device() -> None:
    """From 1.38 on: kube-scheduler's own filters pass, as the sum is enough."""
    cluster = shared(
        {"m": 2, "n": 2},
        a=("m", 600, (0,), 100),
        b=("m", 700, (1,), 100),
        c=("n", 600, (0,), 50),
        d=("n", 700, (1,), 50),
    )

    found = cluster.cheapest(asking_share(500), cluster.offer("m"), cluster.offer("n"))

    assert found is not None
    assert (found.offer.node, uids(found), found.devices) == ("n", ["c"], (0,))


def test_pods_that_are_no_less_important_never_leave() -> None:
    """Where nothing else helps, nobody does."""
    cluster = shared({"n": 1}, a=("n", 600, (0,), PRIORITY), b=("n", 400, (0,), 0))

    assert cluster.cheapest(asking_share(500), cluster.offer("n", "b")) is None
    assert uids(cluster.cheapest(asking_share(400), cluster.offer("n"))) == ["b"]


def test_several_whole_devices_of_shares_are_had_where_it_costs_least_together() -> None:
    """One pod that has two of them counts once."""
    cluster = shared({"n": 3}, a=("n", 2000, (1, 2), 0), b=("n", 600, (0,), 0), c=("n", 400, (0,), 0))

    found = cluster.cheapest(asking_share(2000), cluster.offer("n", "b", "c"))

    assert found is not None
    assert (uids(found), found.devices) == (["a"], (1, 2))


def test_where_somebody_else_gives_devices_away_nobody_else_leaves_than_was_offered() -> None:
    """Without the pod whose devices are not told any will do."""
    cluster = shared({"n": 2}, a=("n", 600, (), 0), b=("n", 300, (0,), 0))

    assert cluster.cheapest(asking_share(800), cluster.offer("n", "b")) is None
    assert uids(cluster.cheapest(asking_share(800), cluster.offer("n", "a"))) == ["a"]


def test_cpu_is_had_together_with_the_device() -> None:
    """Who leaves for it alone may hold of another device."""
    cluster = shared({"n": 2}, a=("n", 1000, (0,), 0), b=("n", 1000, (1,), 50))
    node = replace(cluster.inventory.nodes["n"], allocatable={"cpu": 2000, "pods": 110, SHARES: 2000})
    tight = replace(cluster, inventory=inventory_of([node]))

    assert uids(tight.cheapest(asking_share(500, cpu=1000), tight.offer("n"))) == ["a"]
    assert uids(tight.cheapest(asking_share(500, cpu=2000), tight.offer("n"))) == ["b", "a"]
