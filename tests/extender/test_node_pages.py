"""What the extender tells of each node, over real HTTP, and of all in turns."""

import asyncio
from dataclasses import replace

import pytest

from extender.arrivals import Arrivals
from extender.pages import InventoryQuery, Pages
from extender.sickness import Kind, Sickness
from placement.scheduling.expectations import Expectations
from placement.shares import SHARES
from tests.builders import AMD, H100, L4, MI300X, NVIDIA, node
from tests.extender.known import bound, known, pod_json
from tests.extender.looking import ask, page, served
from tests.extender.sharing import share_pod, shared_node


async def test_each_node_tells_what_it_has_and_what_is_taken_of_it() -> None:
    """Bound pods hold, pods in flight will; a node without accelerators is not told of."""
    cluster = known(node("a", H100), replace(node("b", L4, 4), is_ready=False), node("plain"))
    cluster.account.apply_pod(bound("a", 3))
    async with served(cluster, Expectations()) as client:
        await ask(client, ["a"], pod_json("u2", 2))
        found = (await page(client, "inventory"))["nodes"]

    assert found == [
        {
            "name": "a",
            "classes": ["h100"],
            "isReady": True,
            "isSchedulable": True,
            "resources": {NVIDIA: {"capacity": 8, "held": 3, "inFlight": 2, "free": 3}},
        },
        {
            "name": "b",
            "classes": ["l4"],
            "isReady": False,
            "isSchedulable": True,
            "resources": {NVIDIA: {"capacity": 4, "held": 0, "inFlight": 0, "free": 4}},
        },
    ]


async def test_shares_are_told_for_each_device() -> None:
    """In thousandths."""
    cluster = known(shared_node("s", 2))
    cluster.account.apply_pod(share_pod("u1", 250, "s", "1"))
    async with served(cluster, Expectations()) as client:
        (found,) = (await page(client, "inventory"))["nodes"]

    amounts = {"capacity": 2000, "held": 250, "inFlight": 0, "free": 1750, "freeByDevice": [1000, 750]}
    assert found["resources"] == {SHARES: amounts}


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["a0", "a1", "l4", "m"]),
        ("?node=a1", ["a1"]),
        ("?node=nobody", []),
        ("?class=h100", ["a0", "a1"]),
        ("?class=h100&node=l4", []),
        ("?resource=amd.com/gpu", ["m"]),
        ("?resource=cpu", ["a0", "a1", "l4", "m", "plain"]),
        ("?continue=a1", ["l4", "m"]),
        ("?continue=zzz", []),
    ],
)
async def test_nodes_are_told_as_they_are_asked_for(query: str, names: list[str]) -> None:
    """By name, class and resource; the resources and classes are limited alike."""
    cluster = known(node("a0", H100), node("a1", H100), node("l4", L4), node("m", MI300X), node("plain"))
    async with served(cluster, Expectations()) as client:
        found = await page(client, f"inventory{query}")

    assert [each["name"] for each in found["nodes"]] == names
    assert "continue" not in found
    if "resource=amd" in query:
        assert found["resources"].keys() == {AMD}
        assert found["nodes"][0]["resources"].keys() == {AMD}
    if "class=h100" in query:
        assert {name for each in found["resources"].values() for name in each["classes"]} == {"h100"}


@pytest.mark.parametrize("limit", [1, 2, 4, 5, 1000])
async def test_pages_of_nodes_follow_each_other_until_all_are_told(limit: int) -> None:
    """Each once, in the order of their names, whatever comes and goes in between."""
    cluster = known(*(node(f"n{number:03}", H100) for number in range(8)), node("n0045"))
    async with served(cluster, Expectations()) as client:
        found, more = list[str](), ""
        for _ in range(10):
            told = await page(client, f"inventory?limit={limit}&continue={more}")
            assert len(told["nodes"]) <= limit
            found += [each["name"] for each in told["nodes"]]
            more = told.get("continue", "")
            if not more:
                break

    assert found == [f"n{number:03}" for number in range(8)]


async def test_a_sick_node_says_so() -> None:
    """What failed there, and for how long it ranks last yet."""
    now = 0.0
    sickness = Sickness(lambda: now)
    for kind in (Kind.START, Kind.ADMISSION, Kind.ADMISSION):
        sickness.failed("a", "o", kind)
    cluster = known(node("a", H100), node("b", H100))
    now = 100.0

    found = (await Pages(cluster, Arrivals(), sickness).inventory())["nodes"]

    assert found[0]["sick"] == {"seconds": 500, "failures": {"start": 1, "admission": 2}}
    assert "sick" not in found[1]


async def test_others_run_while_a_large_inventory_is_told() -> None:
    """kube-scheduler waits for no more than some hundred nodes."""
    cluster = known(*(node(f"n{number:04}", H100) for number in range(2000)))
    pages, turns = Pages(cluster, Arrivals()), 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    running = asyncio.create_task(others())
    found = await pages.inventory(InventoryQuery(limit=1000))
    running.cancel()

    assert len(found["nodes"]) == 1000
    assert turns > 20


async def test_metrics_tell_what_was_found_last() -> None:
    """They are asked for on the loop on which kube-scheduler is answered."""
    cluster = known(node("a", H100))
    pages = Pages(cluster, Arrivals())
    await pages.refresh()
    cluster.account.apply_pod(bound("a", 3))

    before = [each.allocated for each in pages.summaries()]
    await pages.refresh()

    assert before == [0, 0]
    assert [each.allocated for each in pages.summaries()] == [3, 3]
