"""Whatever is sent to any endpoint of any program is answered, never by an error of ours, and in flat memory."""

import logging
import multiprocessing
import os
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from random import Random

import pytest

from placement.keys import INJECTION
from sandbox import ApiError, ControlPlane
from tests.faults.lengths import IS_LONG, TEST_SECONDS
from tests.faults.load import Record
from tests.faults.stage import Stage
from tests.fuzz.barrage import Addresses, Findings, barrage
from tests.fuzz.hardware import accelerator_class, profile
from tests.fuzz.names import MODES

SEED = int(os.environ.get("SEED", "1"))
COUNT = int(os.environ.get("COUNT", "1000000" if IS_LONG else "1000"))
# Journals and memories are full by then, and nothing may grow any longer.
WARM, CHUNKS = 0.3, 100
MOST_GROWTH = 1.15
ANSWERED = ("berth_webhook_requests_total", "berth_webhook_validations_total", "berth_extender_requests_total")

_LOG = logging.getLogger(__name__)


@pytest.mark.timeout(4 * TEST_SECONDS)
def test_every_endpoint_answers_whatever_it_is_sent(berth: Stage, record_property: Record) -> None:
    """By two clients at a time, in a cluster that knows the words of the fuzzer."""
    know(berth.plane)
    addresses = {(each.name, name): each.address_of(name) for each in berth.distinct for name in each.listeners}
    findings = Findings()
    warm = after = {each.name: 0.0 for each in berth.distinct}
    began = time.monotonic()
    for done, found in enumerate(chunks(addresses), 1):
        findings.add(found)
        after = {each.name: each.resident_mib for each in berth.distinct}
        warm = after if done <= WARM * CHUNKS else warm
        _LOG.info("%d %%: %s, MiB %s, %s", done, dict(findings.statuses), after, findings.problems[-3:])
    record_property("requests a second", round(COUNT / (time.monotonic() - began)))
    record_property("MiB", {name: (round(warm[name], 1), round(after[name], 1)) for name in after})
    record_property("statuses", dict(sorted(findings.statuses.items())))

    assert findings.problems[:20] == []
    assert findings.answers.total() == COUNT
    assert sum(each.metric(name, outcome="failed") for each in berth.distinct for name in ANSWERED) == 0
    assert [name for name in after if after[name] > MOST_GROWTH * warm[name]] == []


def chunks(addresses: Addresses) -> Iterator[Findings]:
    """Yield what comes of each chunk of all requests."""
    size = COUNT // CHUNKS
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(
            barrage, *zip(*[(addresses, SEED, each * size, size) for each in range(CHUNKS)], strict=True)
        )


def know(plane: ControlPlane) -> None:
    """Create the namespaces, classes and profiles that requests are about, as far as the API server takes them."""
    chance = Random(SEED)
    for mode in dict.fromkeys(MODES):
        for number in (1, 2):
            metadata = {"name": f"{mode}-{number}", "labels": {INJECTION: mode, "team": str(number)}}
            plane.api.send("POST", "/api/v1/namespaces", {"metadata": metadata})
    for path, kind, make in (
        ("ome.io/v1beta1/acceleratorclasses", "AcceleratorClass", accelerator_class),
        ("berth.ome.io/v1alpha1/acceleratorprofiles", "AcceleratorProfile", profile),
    ):
        version = path.rpartition("/")[0]
        for _ in range(20):
            with suppress(ApiError):
                plane.api.send("POST", f"/apis/{path}", {"apiVersion": version, "kind": kind, **make(chance)})
