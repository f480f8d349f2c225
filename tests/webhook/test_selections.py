import json
from collections.abc import Mapping
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from placement.asking.class_requirements import ClassRequirements
from placement.asking.layers import Layer
from placement.asking.profiles import OnNoMatch, Profile
from placement.asking.serving import Runtime, ServingObjects
from placement.asking.strategies import Strategy
from tests.webhook.asking import Answer, Json, a_pod, answered
from tests.webhook.knowledge import Values
from tests.webhook.test_wire import review
from webhook.desk import Desk
from webhook.observers import Observers
from webhook.selections import MAX_CLASSES, OTHERS, Selected, Selection, SelectionObserver
from webhook.wire import parse

LISTED = ClassRequirements(frozenset({"l4", "t4"}))
TOO_MUCH = ClassRequirements(frozenset({"l4", "t4"}), memory_gib=40)
RUNTIME = Runtime("vllm", layer=Layer("ServingRuntime ml/vllm", TOO_MUCH))


class Counted:
    """A desk and its metrics."""

    def __init__(self, *profiles: Profile, **knowledge: Any) -> None:
        self.registry = CollectorRegistry()
        scheduler = knowledge.pop("scheduler", None)
        self.desk = Desk(Values(profiles=profiles, **knowledge), Observers(self.registry), scheduler)

    async def ask(self, pod: Json, **request: Any) -> Answer:
        """Ask about a pod that is let in."""
        return await answered(self.desk, pod, **request)

    def samples(self, name: str) -> dict[tuple[str, ...], float]:
        """Return the values of a metric by its labels, of those that counted anything."""
        found = (each for family in self.registry.collect() for each in family.samples if each.name == name)
        return {tuple(each.labels[key] for key in sorted(each.labels)): each.value for each in found if each.value}

    @property
    def selections(self) -> dict[tuple[str, ...], float]:
        """How many selections there were by class, outcome and strategy."""
        return self.samples("ome_accelerator_selection_total")

    @property
    def mismatches(self) -> dict[tuple[str, ...], float]:
        """How many mismatches there were by author."""
        return self.samples("ome_runtime_accelerator_mismatch_total")


def named(accelerator_class: str) -> Json:
    """Return a pod that names its class."""
    return {
        **a_pod(),
        "metadata": {"generateName": "p-", "annotations": {"ome.io/accelerator-class": accelerator_class}},
    }


async def test_a_selection_is_counted_once_by_class_and_strategy() -> None:
    """The API server asks again about a pod that was changed after us; dry runs select nothing."""
    counted = Counted(Profile("cheap", requirements=LISTED, strategy=Strategy.COST))

    changed = await counted.ask(a_pod())
    await counted.ask(changed.pod)
    await counted.ask(a_pod(), dryRun=True)

    assert counted.selections == {("t4", "selected", "cost"): 1}
    assert counted.samples("ome_accelerator_selection_duration_seconds_count") == {(): 1}
    assert counted.mismatches == {}


async def test_a_class_that_was_named_and_one_that_the_node_decides_are_told_apart() -> None:
    """Of several that are left open the best is told."""
    counted = Counted(Profile("cheap", requirements=LISTED, strategy=Strategy.COST), scheduler="berth-scheduler")

    await counted.ask(named("h100"))
    await counted.ask(a_pod())

    assert counted.selections == {("", "unfit", "named"): 1, ("t4", "open", "cost"): 1}


@pytest.mark.parametrize(
    ("knowledge", "metadata", "author"),
    [
        ({"profiles": (Profile("p", requirements=TOO_MUCH),)}, {}, {("profile",): 1}),
        (
            {"serving": ServingObjects({("", "vllm"): RUNTIME})},
            {"annotations": {"ome.io/serving-runtime": "vllm"}},
            {("runtime",): 1},
        ),
        ({"profiles": (Profile("p", requirements=ClassRequirements(memory_gib=999)),)}, {}, {}),
    ],
    ids=["profile", "runtime", "no list"],
)
async def test_a_list_of_classes_none_of_which_will_do_is_a_mismatch(
    knowledge: Mapping[str, Any], metadata: Json, author: Mapping[tuple[str, ...], float]
) -> None:
    """Of whoever lists them; requirements that no class of a cluster meets are none."""
    counted = Counted(*knowledge.get("profiles", ()), serving=knowledge.get("serving", ServingObjects()))

    await counted.ask({**a_pod(), "metadata": {"generateName": "p-", **metadata}})

    assert counted.selections == {("", "unfit", "balanced"): 1}
    assert counted.mismatches == author


async def test_a_denial_is_an_outcome_of_its_own() -> None:
    """As the profile wants it."""
    counted = Counted(Profile("strict", requirements=TOO_MUCH, on_no_match=OnNoMatch.DENY))

    asked = parse(json.dumps(review(object=a_pod(), namespace="enforce")).encode())
    await counted.desk.answer(asked, 1.0)

    assert counted.selections == {("", "denied", "balanced"): 1}


@pytest.mark.parametrize("namespace", ["warn", "audit"])
async def test_where_nothing_is_changed_nothing_is_selected(namespace: str) -> None:
    """What would be is counted elsewhere."""
    counted = Counted()

    await counted.desk.answer(parse(json.dumps(review(object=named("h100"), namespace=namespace)).encode()), 1.0)

    assert counted.selections == {}


def test_classes_that_come_and_go_make_no_series_without_end() -> None:
    """The first are told apart, the others are counted together."""
    registry = CollectorRegistry()
    observe = SelectionObserver(registry, (1.0,))

    for number in range(MAX_CLASSES + 50):
        observe(Selection(Selected.SELECTED, f"c{number}", "cost"), 0.1)
    observe(Selection(Selected.UNFIT, "", "cost"), 0.1)

    name, usual = "ome_accelerator_selection_total", {"outcome": "selected", "strategy": "cost"}
    assert registry.get_sample_value(name, {"class": "c0", **usual}) == 1
    assert registry.get_sample_value(name, {"class": OTHERS, **usual}) == 50
    assert registry.get_sample_value(name, {"class": "", "outcome": "unfit", "strategy": "cost"}) == 1
