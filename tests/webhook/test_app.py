import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from typing import Any

import jsonpatch
import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer
from prometheus_client import CollectorRegistry

from placement.asking.class_requirements import ClassRequirements
from placement.asking.profiles import OnNoMatch, Profile
from placement.keys import CHOSEN_CLASS, DECISION, INJECTION, REQUESTED_CLASS
from tests.builders import NVIDIA, PRODUCT
from tests.webhook.knowledge import Values
from tests.webhook.test_wire import review
from webhook.app import create_app, deadline_seconds
from webhook.desk import Desk
from webhook.observers import Observers, Outcome
from webhook.wire import MAX_REVIEW_BYTES

POD: dict[str, Any] = {
    "metadata": {"generateName": "llm-", "annotations": {REQUESTED_CLASS: "h100"}},
    "spec": {"containers": [{"name": "engine", "image": "vllm/vllm-openai:v0.23.0"}]},
}


class Door:
    """The webhook behind real HTTP, and its metrics."""

    def __init__(self, url: str, client: ClientSession, registry: CollectorRegistry) -> None:
        self.url = url
        self.client = client
        self.registry = registry

    async def post(self, body: bytes, path: str = "/mutate?timeout=3s") -> tuple[int, str]:
        """Return status and text of the answer to a body."""
        async with self.client.post(self.url + path, data=BytesIO(body)) as answer:
            return answer.status, await answer.text()

    async def ask(self, pod: Any = POD, namespace: str = "enforce", **request: Any) -> dict[str, Any]:
        """Return the response to a question about a pod."""
        status, text = await self.post(json.dumps(review(object=pod, namespace=namespace, **request)).encode())
        assert status == 200, text
        response: dict[str, Any] = json.loads(text)["response"]
        return response

    def count(self, outcome: Outcome) -> float:
        """Return how many requests ended so."""
        return self.registry.get_sample_value("berth_webhook_requests_total", {"outcome": outcome.value}) or 0


@asynccontextmanager
async def _door(knowledge: Values | None = None) -> AsyncIterator[Door]:
    registry = CollectorRegistry()
    desk = Desk(knowledge or Values(), Observers(registry), "berth-scheduler")
    async with TestServer(create_app(desk)) as server, ClientSession() as client:
        yield Door(str(server.make_url("")).rstrip("/"), client, registry)


def _patched(response: dict[str, Any], pod: Any = POD) -> dict[str, Any]:
    changed: dict[str, Any] = jsonpatch.apply_patch(pod, json.loads(base64.b64decode(response["patch"])))
    return changed


async def test_a_pod_of_an_enforcing_namespace_gets_its_class() -> None:
    """The answer carries a patch that applies, and the metric counts it."""
    async with _door() as door:
        response = await door.ask()

        changed = _patched(response)
        assert response["allowed"] is True
        assert changed["metadata"]["labels"] == {CHOSEN_CLASS: "h100"}
        assert json.loads(changed["metadata"]["annotations"][DECISION])["why"] == "named by the pod"
        assert changed["spec"]["schedulerName"] == "berth-scheduler"
        assert response["auditAnnotations"] == {"mode": "enforce", "outcome": "injected", "class": "h100"}
        assert door.count(Outcome.INJECTED) == 1


async def test_asking_again_about_the_mutated_pod_changes_nothing() -> None:
    """Reinvocation gets an answer without a patch."""
    async with _door() as door:
        changed = _patched(await door.ask())

        assert "patch" not in await door.ask(changed)


async def test_warn_says_what_enforcing_would_do_and_audit_only_records_it() -> None:
    """Neither mutates anything."""
    async with _door() as door:
        warned, audited = await door.ask(namespace="warn"), await door.ask(namespace="audit")

        assert warned["warnings"] == [
            "Berth: this pod would get accelerator class h100 (named by the pod)",
            f"Berth: this pod would get nodeSelector {PRODUCT}=H100",
            f"Berth: this pod would get tolerations {NVIDIA}",
            "Berth: this pod would get schedulerName berth-scheduler",
            f"Berth: this pod would get resources {NVIDIA}=1 in container engine",
        ]
        assert "warnings" not in audited
        assert audited["auditAnnotations"] == {"mode": "audit", "outcome": "injected", "class": "h100"}
        assert "patch" not in warned
        assert "patch" not in audited


@pytest.mark.parametrize("namespace", ["unlabelled", "nonsense"])
async def test_namespaces_that_did_not_opt_in_are_left_alone(namespace: str) -> None:
    """Even if the API server asks by mistake."""
    async with _door() as door:
        assert (await door.ask(namespace=namespace)).keys() == {"uid", "allowed"}


async def test_a_pod_may_opt_out() -> None:
    """Label berth.ome.io/injection=false on the pod."""
    async with _door() as door:
        pod = {**POD, "metadata": {**POD["metadata"], "labels": {INJECTION: "false"}}}

        assert (await door.ask(pod)).keys() == {"uid", "allowed"}


async def test_a_namespace_that_was_just_created_is_fetched() -> None:
    """The first pod of a new namespace is not missed because its event is late."""
    async with _door(Values(behind={"new": {INJECTION: "enforce"}})) as door:
        assert "patch" in await door.ask(namespace="new")
        gone = await door.ask(namespace="gone")
        assert "patch" not in gone
        assert gone["warnings"] == ["Berth cannot read the labels of this namespace; the pod is admitted as it is"]
        assert door.count(Outcome.NAMESPACE_UNKNOWN) == 1


async def test_a_namespace_that_was_just_labelled_is_asked_for_again() -> None:
    """The API server asks only about namespaces that opted in: it knows more than the watch."""
    async with _door(Values(namespaces={"late": {}}, behind={"late": {INJECTION: "enforce"}})) as door:
        assert "patch" in await door.ask(namespace="late")


async def test_a_pod_that_cannot_be_understood_is_admitted_with_a_warning_and_counted() -> None:
    """Bad input never blocks anything; the field is named."""
    async with _door() as door:
        broken = {"metadata": {}, "spec": {"containers": [{"name": "a", "resources": {"limits": {"cpu": "much"}}}]}}

        response = await door.ask(broken)

        assert response["allowed"] is True
        assert "spec.containers[0].resources.limits[cpu]" in response["warnings"][0]
        assert door.count(Outcome.NOT_UNDERSTOOD) == 1


async def test_before_the_cluster_is_known_pods_are_admitted_with_a_warning() -> None:
    """A starting replica costs no pod."""
    async with _door(Values(is_synced=False)) as door:
        response = await door.ask()

        assert response["allowed"] is True
        assert response["warnings"] == ["Berth is starting and has not seen the cluster yet"]
        assert door.count(Outcome.NOT_SYNCED) == 1


async def test_a_denial_names_the_reason_per_class() -> None:
    """Only a profile that says so denies."""
    strict = Profile("strict", requirements=ClassRequirements(memory_gib=999), on_no_match=OnNoMatch.DENY)
    async with _door(Values(profiles=(strict,))) as door:
        response = await door.ask({**POD, "metadata": {}})

        assert response["allowed"] is False
        assert "mi300x: has 192 GiB of memory, 999 needed" in response["status"]["message"]
        assert door.count(Outcome.DENIED) == 1


async def test_a_broken_review_gets_400_with_the_field() -> None:
    """The API server logs the text and goes on by its failure policy."""
    async with _door() as door:
        status, text = await door.post(json.dumps(review(uid=7)).encode())

        assert (status, "$.request.uid" in text) == (400, True)
        assert door.count(Outcome.BAD_REQUEST) == 1


async def test_a_review_over_seven_mebibytes_gets_413() -> None:
    """One object cannot be that large."""
    async with _door() as door:
        assert (await door.post(b" " * (MAX_REVIEW_BYTES + 1)))[0] == 413
        assert door.count(Outcome.TOO_LARGE) == 1


async def test_a_cluster_whose_knowledge_fails_gets_500_and_is_counted() -> None:
    """When Berth itself fails, the failure policy decides, and the metric tells."""

    class Failing(Values):
        @property
        def profiles(self) -> tuple[Profile, ...]:
            raise RuntimeError("out of order")

        @profiles.setter
        def profiles(self, value: tuple[Profile, ...]) -> None:
            pass

    async with _door(Failing()) as door:
        status, text = await door.post(json.dumps(review(object=POD, namespace="enforce")).encode())

        assert (status, text) == (500, "Berth failed to answer; its log has the cause\n")
        assert door.count(Outcome.FAILED) == 1


@pytest.mark.parametrize(
    ("query", "seconds"),
    [("3s", 2.8), ("0.2s", 0.1), ("", 2.8), ("soon", 2.8), ("-5s", 0.1), ("nan", 2.8), ("30s", 29.8)],
)
def test_the_api_servers_deadline_is_kept(query: str, seconds: float) -> None:
    """`?timeout=` is the remaining time of the whole call; nonsense in it means the usual one."""
    assert deadline_seconds(query) == pytest.approx(seconds)
