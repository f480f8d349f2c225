"""What the tests share that drive a real API server with Berth in it: the installation, pods, answers with warnings."""

import http.client
import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from demo.installation import Installation
from placement.keys import CHOSEN_CLASS, DECISION, INJECTION, REQUESTED_CLASS
from sandbox import ApiError, ControlPlane
from sandbox.command_lines import MUTATING_POLICIES
from tests.ome.stories import DEFINITIONS, STORIES
from tests.webhook.hardware import Hardware, listed

Json = dict[str, Any]
NAMESPACE = "ml"
PODS = "/api/v1/namespaces/{}/pods"
_WARNING = re.compile(r'299 - "((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True, slots=True)
class Created:
    """A pod as the API server stored it, and the warnings that its author read."""

    pod: Json
    warnings: list[str]

    @property
    def spec(self) -> Json:
        """Its spec."""
        content: Json = self.pod["spec"]
        return content

    @property
    def engine(self) -> Json:
        """Its first container."""
        content: Json = self.spec["containers"][0]
        return content

    @property
    def env(self) -> dict[str, str]:
        """The variables of its first container."""
        return {each["name"]: each.get("value", "") for each in self.engine.get("env", [])}

    @property
    def gpus(self) -> int:
        """The GPUs of its first container."""
        return int(self.engine["resources"].get("limits", {}).get("nvidia.com/gpu", 0))

    @property
    def chosen(self) -> str:
        """The classes that it got, empty where it got none."""
        return str(self.pod["metadata"].get("annotations", {}).get(CHOSEN_CLASS, ""))

    @property
    def decision(self) -> Json:
        """The record of the choice."""
        content: Json = json.loads(self.pod["metadata"]["annotations"][DECISION])
        return content

    @property
    def reasons(self) -> dict[str, str]:
        """Why other classes were not taken, by class."""
        return {each["class"]: each["why"] for each in self.decision["rejected"]}


def create(plane: ControlPlane, pod: Json, namespace: str = NAMESPACE, query: str = "") -> Created:
    """Create a pod; raises ApiError with the API server's words where it is refused."""
    path = PODS.format(namespace) + query
    connection = http.client.HTTPSConnection("127.0.0.1", plane.api.port, timeout=30, context=plane.api.tls)
    try:
        headers = {"Content-Type": "application/json"}
        connection.request("POST", path, json.dumps(pod), headers)
        response = connection.getresponse()
        content = json.loads(response.read())
    finally:
        connection.close()
    if response.status != http.HTTPStatus.CREATED:
        raise ApiError(f"POST {path}", response.status, content["message"])
    spoken = _WARNING.findall(", ".join(response.headers.get_all("Warning", [])))
    return Created(content, [re.sub(r"\\(.)", r"\1", each) for each in spoken])


def add_namespace(plane: ControlPlane, name: str = NAMESPACE) -> None:
    """Create a namespace that opted in."""
    metadata = {"name": name, "labels": {INJECTION: "enforce"}}
    plane.api.send("POST", "/api/v1/namespaces", {"metadata": metadata})


def apply_objects(plane: ControlPlane, *objects: Json) -> None:
    """Apply objects."""
    plane.apply(json.dumps(listed(objects)))


@contextmanager
def admitting(
    kinds: Iterable[Hardware], nodes: Iterable[Json], *objects: Json, with_ome: bool = False
) -> Iterator[Installation]:
    """Berth's admission side with classes, nodes and objects that the webhook has seen, and a namespace."""
    with ControlPlane(kwok=False, apiserver_flags=MUTATING_POLICIES) as plane:
        plane.add_nodes(list(nodes))
        berth = Installation(plane)
        berth.apply()
        add_namespace(plane)
        if with_ome:
            install_ome(plane)
            plane.apply(STORIES)
        apply_objects(plane, *(each.as_class for each in kinds), *objects)
        berth.start_controller("--no-discovery")  # the classes are the test's own
        berth.start_webhook()
        await_answers(plane)
        yield berth


def await_answers(plane: ControlPlane) -> None:
    """Wait until the API server calls the webhook: it learns only by its own watch where that is."""
    probe = {
        "metadata": {"name": "probe", "annotations": {REQUESTED_CLASS: "none"}},
        "spec": {"containers": [{"name": "engine", "image": "vllm/vllm-openai"}]},
    }
    plane.wait(lambda: create(plane, probe, query="?dryRun=All").warnings, 20, "the webhook is called")


def install_ome(plane: ControlPlane) -> None:
    """Apply OME's definitions, and wait until the API server serves them."""
    plane.apply(DEFINITIONS)
    plane.kubectl("wait", "--for=condition=Established", "--timeout=30s", "--filename", str(DEFINITIONS))
