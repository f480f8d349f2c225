"""The gauges of inventory and mix, as Prometheus reads them."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from extender.arrivals import Arrivals
from extender.gauges import Gauges
from extender.pages import Pages
from placement.accelerators import Catalog
from placement.requirements import Requirements
from placement.scheduling.expectations import Expectations
from placement.scheduling.policy import Chooser
from placement.scheduling.tasks import Task
from placement.shares import SHARES
from tests.builders import AMD, CATALOG, H100, L4, MI300X, NVIDIA, accelerator_class, node
from tests.extender.known import KnownCluster, args, bound, desk_of, known, pod_json
from tests.extender.sharing import share_pod, shared_node

Sample = tuple[str, frozenset[tuple[str, str]]]


def text_of(cluster: KnownCluster, arrivals: Arrivals | None = None) -> str:
    """Return the metrics page of an extender."""
    registry = CollectorRegistry()
    Gauges(Pages(cluster, arrivals or Arrivals()), registry)
    return generate_latest(registry).decode()


def samples(text: str) -> Iterator[tuple[Sample, float]]:
    """Yield each sample of a page."""
    for family in text_string_to_metric_families(text):
        for each in family.samples:
            yield (each.name, frozenset(each.labels.items())), each.value


def values(text: str, name: str) -> dict[tuple[str, ...], float]:
    """Return the values of a metric by its labels other than the resource, in the order of their names."""
    return {
        tuple(value for key, value in sorted(labels) if key != "resource"): found
        for (metric, labels), found in samples(text)
        if metric == f"berth_{name}"
    }


def overlapping() -> KnownCluster:
    """Return a cluster with a node of two classes, one of them full beyond what it has, and one cordoned."""
    big = accelerator_class("big", {**H100.selection.labels}, NVIDIA, 40, 1.0)
    cordoned = replace(node("l4-1", L4, 4), is_schedulable=False)
    catalog = Catalog({each.name: each for each in (H100, big, L4)})
    cluster = known(node("h100", H100), node("l4-0", L4, 2), cordoned, catalog=catalog)
    cluster.account.apply_pod(bound("h100", 3))
    cluster.account.apply_pod(bound("l4-0", 5))
    return cluster


def test_each_amount_is_told_of_each_class_and_of_all_nodes() -> None:
    """All nodes have an empty class, because classes overlap and cannot be added."""
    text = text_of(overlapping())

    amounts = ("capacity", "allocated", "unallocated", "closed", "largest_pod", "largest_share", "overfilled_nodes")
    found = {name: values(text, f"accelerators_{name}") for name in amounts}
    assert found == {
        "capacity": {("",): 14, ("big",): 8, ("h100",): 8, ("l4",): 6},
        "allocated": {("",): 5, ("big",): 3, ("h100",): 3, ("l4",): 2},
        "unallocated": {("",): 9, ("big",): 5, ("h100",): 5, ("l4",): 4},
        "closed": {("",): 4, ("big",): 0, ("h100",): 0, ("l4",): 4},
        "largest_pod": {("",): 5, ("big",): 5, ("h100",): 5, ("l4",): 0},
        "largest_share": {("",): 1, ("big",): 1, ("h100",): 1, ("l4",): 0},
        "overfilled_nodes": {("",): 1, ("big",): 0, ("h100",): 0, ("l4",): 1},
    }


def test_stranded_is_what_the_expected_mix_cannot_use() -> None:
    """Pairs make nothing of an odd device."""
    expectations = Expectations({NVIDIA: {Task(0, 2): 1}}, is_pinned=True)
    cluster = known(node("a", L4, 1), node("b", L4, 4))

    assert values(text_of(cluster, Arrivals(Chooser(expectations))), "accelerators_stranded") == {("",): 1, ("l4",): 1}


def test_nodes_are_counted_by_the_sizes_that_they_still_take() -> None:
    """At least so many idle devices: a node with five counts for one, two and four."""
    found = values(text_of(overlapping()), "accelerator_nodes_idle")

    assert {devices: count for (name, devices), count in found.items() if name == "h100"} == {
        "1": 1,
        "2": 1,
        "4": 1,
        "8": 0,
    }


def test_the_mix_is_told_by_size_with_the_pods_that_it_rests_on() -> None:
    """Shares of devices are one size, however large."""
    tasks = {Task(0, 1, 250): 20, Task(0, 1, 500): 10, Task(500, 1): 40, Task(0, 8): 20, Task(0, 3): 10}
    arrivals = Arrivals(Chooser(Expectations({SHARES: tasks}, is_pinned=True)))

    text = text_of(known(shared_node("s", 2)), arrivals)

    expected = {"share": 0.3, "1": 0.4, "2": 0, "4": 0, "8": 0.2, "other": 0.1}
    assert values(text, "expected_mix_share") == pytest.approx({(size,): share for size, share in expected.items()})
    assert values(text, "expected_mix_arrivals") == {(): 100}


def test_the_largest_share_is_what_is_left_of_one_device() -> None:
    """However much is left of several."""
    cluster = known(shared_node("s", 2))
    for uid, device, amount in (("u1", "0", 400), ("u2", "1", 300)):
        cluster.account.apply_pod(share_pod(uid, amount, "s", device))

    assert values(text_of(cluster), "accelerators_largest_share") == {("",): 0.7}


def test_the_turnover_is_told() -> None:
    """Half of what was placed has left; where nothing was placed it is 0."""
    cluster, arrivals = known(node("a", H100), node("b", MI300X)), Arrivals()
    asked = Requirements({NVIDIA: 2}, {NVIDIA: 2})
    arrivals.chooser.placed(asked, cluster.inventory, ["a"])
    arrivals.chooser.placed(asked, cluster.inventory, ["a"])
    arrivals.chooser.left(asked, cluster.inventory, ["a"])

    page = samples(text_of(cluster, arrivals))
    found = {labels: value for (name, labels), value in page if name == "berth_expected_mix_turnover"}
    told = {dict(labels)["resource"]: value for labels, value in found.items()}
    assert told == pytest.approx({NVIDIA: 0.5, AMD: 0}, abs=1e-3)


def test_a_mix_of_a_file_is_told_before_anything_is_asked() -> None:
    """Of resources that no node offers as well."""
    arrivals = Arrivals(Chooser(Expectations({SHARES: {Task(0, 8): 20}})))

    assert values(text_of(known(), arrivals), "expected_mix_arrivals") == {(): 20}


def test_before_any_node_is_known_there_is_nothing_to_tell() -> None:
    """Registering and looking ask nobody for anything."""
    assert list(samples(text_of(known()))) == []


def test_whatever_pods_ask_adds_no_series() -> None:
    """Names, amounts, cpu and resources that nobody offers are the pods' own: there is no end of them."""
    cluster, arrivals = known(node("a", H100)), Arrivals()
    before = {sample for sample, _ in samples(text_of(cluster, arrivals))}
    desk = desk_of(cluster, arrivals=arrivals)
    for number in range(200):
        for resource in (NVIDIA, SHARES, "amd.com/gpu"):
            pod = pod_json(f"u{number}-{resource}", number + 1, resource)
            pod["spec"]["containers"][0]["resources"]["requests"] = {"cpu": f"{number}m"}
            desk.filter(args(["a"], pod))

    assert {sample for sample, _ in samples(text_of(cluster, arrivals))} == before


def test_nodes_add_no_series_and_a_class_that_went_has_none() -> None:
    """There is one for each class that some node carries."""
    cluster, arrivals = known(*(node(f"n{number}", H100) for number in range(5))), Arrivals()
    first = {sample for sample, _ in samples(text_of(cluster, arrivals))}
    cluster.account.apply_node(node("n5", H100))
    assert {sample for sample, _ in samples(text_of(cluster, arrivals))} == first

    renamed = {**CATALOG.classes, "hopper": replace(H100, name="hopper")}
    cluster.account.use(Catalog({name: each for name, each in renamed.items() if name != "h100"}))

    found = {dict(labels).get("class") for (_, labels), _ in samples(text_of(cluster, arrivals))}
    assert found == {None, "", "hopper"}
