"""Whatever dies when, no device is promised twice, no pod is lost, and the account is true: on a real control plane."""

import os
import random
import threading
import time
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from contextlib import suppress

import pytest

from sandbox.control_plane import TimedOutError
from tests.chaos.auditor import UNANSWERED, Json, differences
from tests.chaos.cluster import Battlefield, battlefield, mixed_pod
from tests.chaos.storm import Storm
from tests.extender.scheduling import PODS

IS_LONG = os.environ.get("BERTH_SOAK") == "1"
SEED = int(os.environ.get("SEED", "1"))


@pytest.fixture
def field() -> Iterator[Battlefield]:
    """A battlefield on which all pods of the short storm have room."""
    with battlefield(whole=36, shared=10) as ready:
        yield ready


def assert_all_is_well(storm: Storm, count: int, timeout_seconds: float, gone: AbstractSet[str] = frozenset()) -> None:
    """Every pod is bound or gone, nothing is or was held twice, and the extender knows what a fresh list tells."""
    field, log = storm.field_, "\n".join(storm.log)
    field.plane.wait(lambda: not field.audit().waiting, timeout_seconds, f"all pods are bound after\n{log}")
    with suppress(TimedOutError):
        field.plane.wait(lambda: not differences(field.audit(), field.inventory_url), 30, "the account is true")
    audit = field.audit()
    assert differences(audit, field.inventory_url) == [], log
    assert (storm.troubles, audit.troubles()) == ([], []), log
    assert {f"pod-{index}" for index in range(count)} - {each["metadata"]["name"] for each in audit.pods} <= gone, log


@pytest.mark.timeout(300)
def test_nothing_is_promised_twice_in_a_storm(field: Battlefield) -> None:
    """Each fault befalls the cluster once, in an order of chance, while 300 pods come."""
    chance = random.Random(SEED)
    storm, count = Storm(field, chance), 300
    kinds = chance.sample(sorted(storm.kinds), len(storm.kinds))
    pods = (mixed_pod(index, chance) for index in range(count))
    with storm.beside(lambda over: storm.audit(over, 1.0), lambda _: storm.create(pods, 0.05)):
        for kind in kinds:
            storm.strike(kind)
            time.sleep(0.5)

    assert_all_is_well(storm, count, 60)


@pytest.mark.skipif(not IS_LONG, reason="make soak runs it: it takes half an hour")
@pytest.mark.timeout(7200)
def test_nothing_is_promised_twice_in_a_long_storm() -> None:
    """10,000 pods, of which some finish or are deleted meanwhile."""
    chance, count = random.Random(SEED), int(os.environ.get("COUNT", "10000"))
    with battlefield(whole=900, shared=250, kwok=True) as field:
        storm = Storm(field, chance)
        pods = (finishing(mixed_pod(index, random.Random(index)), is_so=index % 5 == 0) for index in range(count))
        creating = threading.Thread(target=lambda: storm.create(pods, 0.02))
        creating.start()
        gone: set[str] = set()
        with storm.beside(lambda over: storm.audit(over, 20.0), lambda over: remove_some(field, over, gone)):
            while creating.is_alive():
                storm.strike(chance.choice(sorted(storm.kinds)))
                time.sleep(chance.random() * 4)
        creating.join()
        assert_all_is_well(storm, count, 1200, gone)


def remove_some(field: Battlefield, over: threading.Event, gone: set[str]) -> None:
    """Delete bound pods, a few at a time: kwok ends them."""
    chance = random.Random(SEED)
    while not over.wait(3.0):
        with suppress(*UNANSWERED):
            holding = [each["metadata"]["name"] for each in field.audit().holding]
            for name in chance.sample(holding, min(len(holding), 10)):
                gone.add(name)
                field.plane.api.send("DELETE", f"{PODS}/{name}", {})


def finishing(pod: Json, *, is_so: bool) -> Json:
    """Return a pod that kwok lets finish as soon as it runs, as it does with those of Jobs."""
    job = {"apiVersion": "batch/v1", "kind": "Job", "name": "job", "uid": "0d4f1a3e-7c1c-4b55-8f4e-0c6b5b0f0a11"}
    metadata = {**pod["metadata"], "ownerReferences": [job]} if is_so else pod["metadata"]
    return {**pod, "metadata": metadata}
