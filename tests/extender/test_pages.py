"""What the extender tells of the inventory and the mix, over real HTTP."""

import json
from dataclasses import replace
from pathlib import Path

from extender.arrivals import Arrivals
from extender.mixes import read_mix
from extender.pages import Pages
from placement.accelerators import Catalog
from placement.scheduling.expectations import Expectations
from placement.scheduling.tasks import Task
from placement.shares import SHARES
from tests.builders import AMD, H100, L4, MI300X, NVIDIA, accelerator_class, node
from tests.extender.known import bound, known, pod_json
from tests.extender.looking import ask, page, served
from tests.extender.sharing import share_pod, shared_node

BIG = accelerator_class("big", {**H100.selection.labels}, NVIDIA, 40, 1.0)
PAIRS = {NVIDIA: {Task(0, 2): 100}}


async def test_the_inventory_tells_of_each_resource_and_each_class() -> None:
    """A node of two classes stands in both, and once in the sum; a cordoned one is closed; pairs are expected."""
    catalog = Catalog({each.name: each for each in (H100, BIG, L4)})
    cordoned = replace(node("l4-1", L4, 4), is_schedulable=False)
    cluster = known(node("h100", H100), node("l4-0", L4, 1), cordoned, node("plain"), catalog=catalog)
    cluster.account.apply_pod(bound("h100", 3))
    async with served(cluster, Expectations(PAIRS, is_pinned=True)) as client:
        found = (await page(client, "inventory"))["resources"]

    h100 = {
        "nodes": 1,
        "capacity": 8.0,
        "allocated": 3.0,
        "unallocated": 5.0,
        "stranded": 0.0,
        "closed": 0.0,
        "largestPod": 5,
        "largestShare": 1.0,
        "nodesByIdleDevices": {"5": 1},
        "overfilledNodes": 0,
    }
    l4 = {
        "nodes": 2,
        "capacity": 5.0,
        "allocated": 0.0,
        "unallocated": 5.0,
        "stranded": 1.0,
        "closed": 4.0,
        "largestPod": 1,
        "largestShare": 1.0,
        "nodesByIdleDevices": {"1": 1},
        "overfilledNodes": 0,
    }
    total = {
        **h100,
        "nodes": 3,
        "capacity": 13.0,
        "unallocated": 10.0,
        "stranded": 1.0,
        "closed": 4.0,
        "nodesByIdleDevices": {"5": 1, "1": 1},
    }
    assert found == {NVIDIA: {**total, "classes": {"big": h100, "h100": h100, "l4": l4}}}


async def test_shares_are_told_in_devices() -> None:
    """With what pods in flight were answered."""
    cluster = known(shared_node("s", 2))
    cluster.account.apply_pod(share_pod("u1", 250, "s", "0"))
    async with served(cluster, Expectations()) as client:
        await ask(client, ["s"], pod_json("u2", 900, SHARES))
        found = (await page(client, "inventory"))["resources"][SHARES]

    assert (found["capacity"], found["allocated"], found["unallocated"]) == (2.0, 1.15, 0.85)
    assert (found["largestPod"], found["largestShare"]) == (0, 0.75)


async def test_an_overfilled_node_is_told_of_and_takes_from_no_other() -> None:
    """Somebody bound beyond what is there."""
    cluster = known(node("a", H100), node("b", H100))
    for uid in ("u1", "u2"):
        cluster.account.apply_pod(bound("a", 6, uid=uid))
    async with served(cluster, Expectations()) as client:
        found = (await page(client, "inventory"))["resources"][NVIDIA]

    assert (found["unallocated"], found["allocated"], found["overfilledNodes"]) == (8.0, 8.0, 1)


async def test_a_cluster_without_accelerators_has_an_empty_inventory_and_mix() -> None:
    """Nothing is wrong with it."""
    async with served(known(node("plain")), Expectations()) as client:
        assert await page(client, "inventory") == {"resources": {}, "nodes": []}
        assert await page(client, "mix") == {"isPinned": False, "resources": {}}


async def test_the_mix_tells_what_is_expected_the_most_frequent_first() -> None:
    """Each task with its share of all."""
    known_before = {NVIDIA: {Task(2000, 1): 30, Task(500, 1, 1000, ("h100", "l4")): 10}}
    async with served(known(node("a", H100)), Expectations(known_before, is_pinned=True)) as client:
        await page(client, "inventory")
        found = await page(client, "mix")

    one = {"devices": 1, "milli": 1000, "cpu": 2000, "classes": [], "share": 0.75}
    other = {"devices": 1, "milli": 1000, "cpu": 500, "classes": ["h100", "l4"], "share": 0.25}
    assert found == {"isPinned": True, "resources": {NVIDIA: {"arrivals": 40, "turnover": 0, "tasks": [one, other]}}}


async def test_the_mix_tells_of_every_resource_before_anything_is_asked() -> None:
    """Those of a file, whether any node offers them or not, and those that nodes offer; looking keeps nothing."""
    expectations = Expectations({NVIDIA: {Task(2000, 1): 30}, SHARES: {Task(0, 1, 500): 7}, "cpu": {Task(0, 1): 5}})
    async with served(known(node("a", H100), node("b", MI300X), node("plain")), expectations) as client:
        found = (await page(client, "mix"))["resources"]

    assert {name: each["arrivals"] for name, each in found.items() if name != AMD} == {NVIDIA: 30, SHARES: 7, "cpu": 5}
    assert {each["devices"] for each in found[AMD]["tasks"]} == {1, 2, 4, 8}
    assert expectations.by_resource.keys() == {NVIDIA, AMD}


async def test_what_one_extender_answers_of_its_mix_is_a_file_for_another(tmp_path: Path) -> None:
    """Learnt from pods with and without accelerators; the other one expects the same."""
    async with served(known(node("a", H100)), Expectations()) as client:
        for number in range(30):
            await ask(client, ["a"], pod_json(f"u{number}", number % 3))
        answered = await page(client, "mix")
    file = tmp_path / "mix.json"
    file.write_text(json.dumps(answered))
    async with served(known(node("b", H100)), Expectations(read_mix(file), is_pinned=True)) as client:
        await page(client, "inventory")
        again = await page(client, "mix")

    tasks, found = (each["resources"][NVIDIA]["tasks"] for each in (answered, again))
    shares, shares_again = ({json.dumps({**each, "share": 0}): each["share"] for each in of} for of in (tasks, found))
    assert shares.keys() == shares_again.keys()
    assert max(abs(share - shares_again[task]) for task, share in shares.items()) < 1e-5
    assert any(each["devices"] == 0 for each in found)


async def test_nothing_is_told_before_the_cluster_is_known() -> None:
    """The first nodes of a list would tell what to expect of all."""
    cluster = known(node("first", H100, 1), is_synced=False)
    pages = Pages(cluster, Arrivals())

    assert ((await pages.inventory())["resources"], pages.mix()["resources"]) == ({}, {})
