"""Throughput: what is compared is alike but for the extender, and a short run on a real control plane."""

from bench.questions import NVIDIA
from bench.throughput.measuring import Setting, measure
from bench.throughput.objects import DEVICES, idle_devices, occupants, stream
from bench.throughput.schedulers import ADAPTIVE, ALL, ALONE, BERTH, configuration, profile


def test_the_schedulers_differ_in_the_extenders_alone() -> None:
    """And in their names: pods choose by them."""
    berth, alone = (configuration(side, "http://127.0.0.1:1/scheduler") for side in (BERTH, ALONE))
    assert {each["urlPrefix"] for each in berth.pop("extenders")} == {"http://127.0.0.1:1/scheduler"}
    assert alone.pop("extenders") == []
    names = [[each.pop("schedulerName") for each in one["profiles"]] for one in (berth, alone)]
    assert names == [[profile(side, each) for each in (ALL, ADAPTIVE)] for side in (BERTH, ALONE)]
    assert berth == alone


def test_a_stream_asks_for_all_that_is_left_idle() -> None:
    """What occupants leave, a perfect scheduler could fill."""
    held = sum(int(each["spec"]["containers"][0]["resources"]["limits"][NVIDIA]) for each in occupants(300))
    assert held + idle_devices(300) == 300 * DEVICES
    assert sum(ask.amount for ask in stream(idle_devices(300))) == idle_devices(300)


async def test_rates_and_calls_of_the_api_are_measured() -> None:
    """Berth binds every pod, by one call of the API more than the scheduler's own: its annotation."""
    figures = {each.name: each async for each in measure([Setting(20, NVIDIA, 16, 16)], rounds=1)}
    rate = figures["20 nodes, whole devices, all nodes scored"]
    assert rate.ratio
    assert rate.value.median > 0
    calls = figures["20 nodes, whole devices, API calls"]
    assert calls.beside
    assert round(calls.value.median - calls.beside.median) == 1
    assert round(figures["20 nodes, whole devices, no annotations, API calls"].value.median - calls.beside.median) == 0
