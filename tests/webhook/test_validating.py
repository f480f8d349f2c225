import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from cluster.custom_objects import profile
from placement.label_selectors import LabelSelector
from tests.webhook.asking import desk_of
from tests.webhook.validations import (
    NOWHERE,
    UNREACHABLE,
    Definitions,
    Gate,
    Json,
    a_class,
    a_profile,
    question,
    supporting,
)
from webhook.app import VALIDATION_PATH, create_app, reply
from webhook.wire import MAX_REVIEW_BYTES

OME_CLASSES = Path(__file__).parents[1] / "manifests/ome-classes.yaml"
LACKING = "which this cluster does not have"


def known_profile(**spec: Any) -> Any:
    """Return a profile that the cluster has."""
    return profile(json.dumps(a_profile("known", **spec)).encode())


REFUSED: dict[str, tuple[Json, str]] = {
    "an operator that Kubernetes lacks": (
        a_class(
            discovery={"nodeSelectorTerms": [{"matchExpressions": [{"key": "a", "operator": "Gte", "values": ["1"]}]}]}
        ),
        "matchExpressions[0]: 'Gte' is no operator of Kubernetes: write Gt with the value one less (Gt 32767 means",
    ),
    "an affinity that would let pods wait for ever": (
        a_class(
            discovery={
                "affinity": {
                    "nodeAffinity": {
                        "requiredDuringSchedulingIgnoredDuringExecution": {
                            "nodeSelectorTerms": [
                                {"matchExpressions": [{"key": "a", "operator": "Lt", "values": ["24Gi"]}]}
                            ]
                        }
                    }
                }
            }
        ),
        "one integer without a unit, not '24Gi': nvidia.com/gpu.memory counts MiB, where 24Gi is 24576",
    ),
    "terms that select nothing": (
        a_class(discovery=NOWHERE),
        "spec.discovery: has only terms without expressions, which select no node: write matchExpressions",
    ),
    "namespaces in a form that nobody reads": (
        a_class(metadata={"annotations": {"berth.ome.io/namespace-selector": "team in prod"}}),
        "is no label selector: write conditions like team=a, stage in (prod,test) or !legacy, with commas between them",
    ),
    "half a page": (
        a_profile(
            acceleratorConfigurations=[
                {"selector": {"acceleratorClass": "l4"}, "resources": {"limits": {"cpu": 1, "hugepages-2Mi": "3Mi"}}}
            ]
        ),
        "'3Mi' of hugepages-2Mi is no whole number of pages: write a multiple of 2Mi",
    ),
    "a class that nobody has": (
        a_profile(**supporting("h200")),
        f"acceleratorRequirements.supportedClasses names class h200, {LACKING} (did you mean h100?)",
    ),
    "several that nobody has": (
        a_profile(**supporting("l4", excludedClasses=["acme"]), preferredClasses=["ACME", "../nodes"]),
        f"class acme, {LACKING}; preferredClasses names class ACME, {LACKING}; preferredClasses names class ../nodes, ",
    ),
    "the pods of another profile": (
        a_profile(app="embed"),
        "profile known has the same podSelector and namespaceSelector: select other pods, or change that one",
    ),
}


@pytest.mark.parametrize("mistake", REFUSED)
async def test_a_mistake_is_refused_with_what_to_write(mistake: str) -> None:
    """What no schema can say."""
    written, sentence = REFUSED[mistake]
    gate = Gate(Definitions(profiles=(known_profile(app="embed", strategy="cost"),)))

    response = await gate.ask(written)

    assert (response["allowed"], response["status"]["code"]) == (False, 403)
    assert sentence in response["status"]["message"]
    assert gate.count(written["kind"], "denied") == 1


@pytest.mark.parametrize("written", [a_class(), a_profile(**supporting("h100", "l4"))], ids=["class", "profile"])
async def test_what_is_in_order_is_let_in_without_a_word(written: Json) -> None:
    """Nor is the API server asked for what was seen."""
    gate = Gate()

    assert await gate.ask(written) == {"uid": "7c1", "allowed": True}
    assert gate.knowledge.asked == []
    assert gate.count(written["kind"], "allowed") == 1


async def test_what_is_suspicious_is_let_in_with_a_warning_that_names_it() -> None:
    """Commands that write many objects print warnings together."""
    gate = Gate()

    response = await gate.ask(a_class("cheap", cost={"perHour": 0}))

    assert response["allowed"] is True
    assert response["warnings"] == [
        "cheap: costs 0 USD/h, so that strategy cost always takes it: leave a price out that is not known"
    ]
    assert gate.count("AcceleratorClass", "warned") == 1


async def test_classes_as_ome_has_them_are_let_in() -> None:
    """Berth beside OME holds up nothing that OME takes."""
    for each in yaml.safe_load_all(OME_CLASSES.read_text()):
        assert (await Gate().ask(each))["allowed"] is True


async def test_a_class_that_says_nothing_of_its_nodes_is_legal() -> None:
    """OME's definition lets it, and so does Berth's; its author may have meant something else."""
    response = await Gate().ask(a_class(discovery={}))

    assert response["allowed"] is True
    assert response["warnings"][0].startswith("tried: spec.discovery: selects no node: write the labels of the nodes")


async def test_a_class_of_a_moment_ago_is_asked_for() -> None:
    """One command creates the class and the profile that names it; the watch is slower."""
    gate = Gate(Definitions(unseen=frozenset({"b200"})))

    assert (await gate.ask(a_profile(**supporting("l4", "b200"))))["allowed"] is True
    assert gate.knowledge.asked == ["b200"]


async def test_of_very_many_names_only_some_are_asked_for() -> None:
    """No object makes the API server answer hundreds of questions."""
    gate = Gate()

    assert (await gate.ask(a_profile(**supporting(*(f"c{number}" for number in range(64))))))["allowed"] is False
    assert len(gate.knowledge.asked) == 32


@pytest.mark.parametrize("trouble", [UNREACHABLE, TimeoutError()], ids=["unreachable", "late"])
async def test_what_cannot_be_found_out_refuses_nothing(trouble: Exception) -> None:
    """Its author is told what was not checked; what is known to be wrong is refused all the same."""
    gate = Gate(Definitions(trouble=trouble, profiles=(known_profile(app="embed", strategy="cost"),)))

    response = await gate.ask(a_profile(**supporting("b200")))

    assert response["allowed"] is True
    assert response["warnings"] == [
        "tried: Berth cannot ask the API server for classes: whether those exist that it names is not checked"
    ]
    assert gate.count("AcceleratorProfile", "unasked") == 1
    assert (await gate.ask(a_profile(app="embed", **supporting("b200"))))["allowed"] is False
    assert gate.count("AcceleratorProfile", "denied") == 1


async def test_an_invalid_class_exists() -> None:
    """Its own condition says what is wrong with it."""
    gate = Gate(Definitions(class_problems={"broken": ("spec.discovery: selects no node",)}))

    response = await gate.ask(a_profile(**supporting("l4", "broken")))

    assert response["allowed"] is True
    assert "class broken, which is not valid: see its condition Ready" in response["warnings"][0]


async def test_an_old_object_may_be_edited_though_something_is_wrong_with_it() -> None:
    """What stood in it before is told, what is new in it is refused."""
    gate = Gate()
    old = a_profile(**supporting("gone", "l4"))

    response = await gate.ask(a_profile(strategy="cost", **supporting("gone", "l4")), old)
    assert response["allowed"] is True
    assert response["warnings"][0].startswith("tried: acceleratorRequirements.supportedClasses names class gone")

    response = await gate.ask(a_profile(**supporting("gone", "lost")), old)
    assert response["status"]["message"] == (f"acceleratorRequirements.supportedClasses names class lost, {LACKING}")


async def test_an_old_class_that_selects_nothing_may_be_labelled() -> None:
    """Finalizers, labels and owners of old objects are others' affair."""
    gate = Gate()
    old = a_class(discovery=NOWHERE)

    response = await gate.ask(a_class(discovery=NOWHERE, metadata={"finalizers": ["ome.io/f"]}), old)

    assert response["allowed"] is True
    assert "which select no node" in response["warnings"][0]


@pytest.mark.parametrize(
    "request_",
    [
        {"subResource": "status"},
        {"operation": "DELETE", "object": None},
        {"operation": "DELETE"},
        {"operation": "CONNECT"},
        {"object": a_class(discovery=NOWHERE, metadata={"deletionTimestamp": "2026-01-01T00:00:00Z"})},
        {"resource": {"group": "", "version": "v1", "resource": "pods"}},
        {"resource": {"group": "other.io", "version": "v1", "resource": "acceleratorclasses"}},
    ],
    ids=["status", "delete", "delete with an object", "connect", "leaving", "pods", "other group"],
)
async def test_what_is_no_definition_that_somebody_writes_is_never_held_up(request_: Json) -> None:
    """Least of all the way of an object out of the cluster."""
    assert await Gate().ask(a_class(discovery=NOWHERE), **request_) == {"uid": "7c1", "allowed": True}


async def test_before_the_cluster_is_known_everything_is_let_in_with_a_warning() -> None:
    """A starting replica refuses nothing that another would take."""
    gate = Gate(Definitions(is_synced=False))

    response = await gate.ask(a_class(discovery=NOWHERE))

    assert response["allowed"] is True
    assert response["warnings"] == [
        "tried: Berth is starting and has not seen the cluster yet: this object is not checked"
    ]
    assert gate.count("AcceleratorClass", "not_synced") == 1


async def test_a_rehearsal_is_not_refused_for_a_class_that_comes_with_it() -> None:
    """`kubectl diff` and Flux try all objects before any is written."""
    gate = Gate(Definitions(profiles=(known_profile(app="embed", strategy="cost"),)))

    response = await gate.ask(a_profile(**supporting("new")), dryRun=True)
    assert response["allowed"] is True
    assert "names class new" in response["warnings"][0]
    assert (await gate.ask(a_profile(app="embed"), dryRun=True))["allowed"] is False


async def test_a_profile_for_everybody_is_told() -> None:
    """It is legal, and the word of it is long."""
    everybody = a_profile(podSelector={})
    assert profile(json.dumps(everybody).encode()).pods == LabelSelector()

    (warning,) = (await Gate().ask(everybody))["warnings"]
    assert warning == "tried: selects every pod of every namespace that opted in"


@asynccontextmanager
async def _served(gate: Gate) -> AsyncIterator[tuple[str, ClientSession]]:
    app = create_app(desk_of(gate.knowledge), gate.validation)
    async with TestServer(app) as server, ClientSession() as client:
        yield str(server.make_url(VALIDATION_PATH)), client


async def test_it_is_served_beside_the_mutation() -> None:
    """With the same limits, and a metric of its own."""
    gate = Gate()
    async with _served(gate) as (url, client):
        async with client.post(f"{url}?timeout=5s", json=question(a_class())) as answer:
            assert (answer.status, (await answer.json())["response"]["allowed"]) == (200, True)
        async with client.post(url, data=b"{}") as answer:
            assert (answer.status, "AdmissionReview" in await answer.text()) == (400, True)
        async with client.post(url, data=BytesIO(b" " * (MAX_REVIEW_BYTES + 1))) as answer:
            assert answer.status == 413

    assert (gate.count("other", "bad_request"), gate.count("other", "too_large")) == (1, 1)


async def test_without_a_validation_there_is_no_such_path() -> None:
    """Whoever only mutates pods answers nothing else."""
    async with (
        TestServer(create_app(desk_of(Definitions()))) as server,
        ClientSession() as client,
        client.post(server.make_url(VALIDATION_PATH), json=question(a_class())) as answer,
    ):
        assert answer.status == 404


async def test_a_cluster_whose_knowledge_fails_gets_500_and_is_counted() -> None:
    """The failure policy then lets the object in."""
    gate = Gate(Definitions(trouble=RuntimeError("out of order")))

    answer = await reply(gate.validation, json.dumps(question(a_profile(**supporting("b200")))).encode())

    assert (answer.status, answer.body) == (500, b"Berth failed to answer; its log has the cause\n")
    assert gate.count("other", "failed") == 1
