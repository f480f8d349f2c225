"""The webhook's desk in process: one pod in, the pod as the API server would have it out."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jsonpatch
from prometheus_client import CollectorRegistry

from tests.webhook.knowledge import Values
from tests.webhook.test_wire import review
from webhook.desk import Desk
from webhook.observers import Observers
from webhook.wire import parse

Json = dict[str, Any]
SCHEDULER = "berth-scheduler"


@dataclass(frozen=True, slots=True)
class Answer:
    """A pod with the patch applied by a library that knows nothing of Berth, and what its author is told."""

    pod: Json
    warnings: list[str]

    @property
    def spec(self) -> Json:
        """Its spec."""
        content: Json = self.pod["spec"]
        return content

    @property
    def engine(self) -> Json:
        """Its container `engine`."""
        found: Json = next(each for each in self.spec["containers"] if each["name"] == "engine")
        return found

    @property
    def terms(self) -> list[list[Json]]:
        """The expressions of each required term of its node affinity."""
        required = self.spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
        return [each["matchExpressions"] for each in required["nodeSelectorTerms"]]

    @property
    def chosen(self) -> str:
        """The classes that it got."""
        return str((self.pod["metadata"].get("annotations") or {}).get("berth.ome.io/accelerator-class", ""))


def desk_of(knowledge: Values, scheduler: str | None = SCHEDULER) -> Desk:
    """Return a desk that knows this."""
    return Desk(knowledge, Observers(CollectorRegistry()), scheduler)


async def answered(desk: Desk, pod: Json, **request: Any) -> Answer:
    """Ask about a pod of an enforcing namespace, and apply the patch."""
    asked = parse(json.dumps(review(object=pod, namespace="enforce", **request)).encode())
    response = json.loads(await desk.answer(asked, 1.0))["response"]
    assert response["allowed"], response
    patch = json.loads(base64.b64decode(response["patch"])) if "patch" in response else []
    return Answer(jsonpatch.apply_patch(pod, patch), response.get("warnings", []))


def a_pod(*beside: Json, engine: Mapping[str, Any] | None = None, **spec: Any) -> Json:
    """Return a pod that runs vLLM in container `engine`, behind the containers beside it."""
    container = {"name": "engine", "image": "vllm/vllm-openai:v0.33.0", **(engine or {})}
    return {"metadata": {"generateName": "p-"}, "spec": {"containers": [*beside, container], **spec}}
