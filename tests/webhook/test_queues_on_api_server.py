"""Pods that Kueue manages, as the real API server asks about them: their class is one that their queue leads to."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from demo.installation import Installation
from demo.stage import engine_pod
from sandbox import ApiError
from tests.kueue.cluster import DEFINITIONS, Kueue
from tests.kueue.podsets import InvalidPodSetUpdate, admits, merged
from tests.webhook.hardware import GPU, H100, PRODUCT, T4, Hardware
from tests.webhook.real import NAMESPACE, Created, admitting, create

Json = dict[str, Any]
QUEUE = "kueue.x-k8s.io/queue-name"
FLAVORS = {T4.name: "cheap", H100.name: "dear"}


def with_flavor(kind: Hardware) -> Json:
    """Return a class that names its flavor."""
    written = kind.as_class
    written["spec"]["integration"] = {"kueueResourceFlavor": FLAVORS[kind.name]}
    return written


@pytest.fixture(scope="module")
def berth() -> Iterator[Installation]:
    """Two kinds of hardware, whose flavors the controller makes of their classes, and queues of these."""
    definitions = yaml.safe_load_all(DEFINITIONS.read_text())
    classes = (with_flavor(T4), with_flavor(H100))
    with admitting((), [*T4.nodes(1), *H100.nodes(1)], *definitions, *classes) as started:
        plane, kueue = started.plane, Kueue(started.plane)
        plane.wait(
            lambda: all(map(kueue.found_flavor, FLAVORS.values())), 30, "the controller makes flavors of classes"
        )
        kueue.queues(NAMESPACE, "research", ["cpu", GPU], "dear")
        kueue.queues(NAMESPACE, "everybody", ["cpu", GPU], "cheap", "dear")
        kueue.queues(NAMESPACE, "lost", ["cpu", GPU], "dear", "nobody-made-it")
        plane.wait(lambda: chosen(started, "research") == H100.name, 20, "the webhook sees queues and flavors")
        yield started


def asked(berth: Installation, queue: str = "", query: str = "?dryRun=All", **annotations: str) -> Created:
    """Create a pod that asks for one GPU, the cheapest that will do, in a queue."""
    pod = engine_pod("p", labels={QUEUE: queue} if queue else {}, resources={GPU: "1"})
    pod["metadata"]["annotations"] = {"ome.io/selection-strategy": "cost", **annotations}
    return create(berth.plane, pod, query=query)


def chosen(berth: Installation, queue: str) -> str:
    """Return the classes that a pod of a queue gets."""
    try:
        return asked(berth, queue).chosen
    except ApiError:
        return ""


def started(berth: Installation, pod: Created, flavor: str) -> Json:
    """Return a pod as Kueue starts it on a flavor."""
    return merged(pod.pod, Kueue(berth.plane).found_flavor(flavor))


def labels(kind: Hardware) -> dict[str, str]:
    """Return the labels of a node."""
    return {PRODUCT: kind.product}


def test_a_queued_pod_gets_the_class_of_a_flavor_and_starts_on_its_nodes(berth: Installation) -> None:
    """The cheaper class, which others get, is none that its queue leads to."""
    pod = asked(berth, "research")

    assert T4.name in asked(berth).chosen
    assert pod.chosen == H100.name
    assert pod.reasons[T4.name] == "no flavor of queue research accepts it (dear is for other labels)"
    assert admits(started(berth, pod, "dear"), labels(H100))
    assert not admits(started(berth, pod, "dear"), labels(T4))


def test_a_pod_of_several_flavors_starts_on_whichever_kueue_takes(berth: Installation) -> None:
    """What is injected contradicts none of them."""
    pod = asked(berth, "everybody")

    assert sorted(pod.chosen.split(",")) == sorted((T4.name, H100.name))
    assert admits(started(berth, pod, "cheap"), labels(T4))
    assert admits(started(berth, pod, "dear"), labels(H100))
    assert not admits(started(berth, pod, "dear"), labels(T4))


def test_a_class_that_the_queue_does_not_lead_to_is_not_forced_on_it(berth: Installation) -> None:
    """The author reads why; Kueue would never start the pod."""
    pod = asked(berth, "research", **{"ome.io/accelerator-class": T4.name})

    assert not pod.chosen
    assert any("no flavor of queue research accepts it" in each for each in pod.warnings)


@pytest.mark.parametrize("queue", ["unheard-of", "lost"])
def test_a_queue_that_is_not_known_restricts_nothing(berth: Installation, queue: str) -> None:
    """Kueue may know better."""
    assert T4.name in asked(berth, queue).chosen


def test_the_pods_own_node_selector_is_what_kueue_could_not_merge(berth: Installation) -> None:
    """The rule that is checked here is Kueue's: it has teeth."""
    own = {"metadata": {}, "spec": {"nodeSelector": labels(T4)}}

    with pytest.raises(InvalidPodSetUpdate, match=PRODUCT):
        merged(own, Kueue(berth.plane).found_flavor("dear"))
