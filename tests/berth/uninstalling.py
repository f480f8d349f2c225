"""A cluster that uses Berth in every way, from which it is then taken: who runs, who waits, and what is left of it."""

import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from itertools import count
from pathlib import Path
from typing import Any

from berth.cli import main
from berth.uninstall.steps import Step, Walk
from demo.installation import NAMESPACE, Installation
from placement.keys import REQUESTED_CLASS
from sandbox import Component, ControlPlane, KubectlError
from tests.beside import beside
from tests.webhook.hardware import GPU, H100

Json = dict[str, Any]

PROGRAMS = {
    "berth-controller": ("controller",),
    "berth-webhook": ("webhook",),
    "berth-scheduler": ("extender", "scheduler"),
}
SCHEDULER = "berth-scheduler"
CONTAINER = {"name": "engine", "image": "vllm/vllm-openai"}
_NUMBERS = count()
# The scheduler that a pod names cannot be changed.
_IMMUTABLE = "schedulerName"


class Kubelet:
    """Ends the programs of a Deployment that is gone, as nodes do with its pods' containers."""

    def __init__(self, berth: Installation) -> None:
        self._berth = berth
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _work(self) -> None:
        path = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments"
        while not self._over.wait(0.3):
            standing = {each["metadata"]["name"] for each in self._berth.plane.api.get(path)["items"]}
            for gone in PROGRAMS.keys() - standing:
                for program in PROGRAMS[gone]:
                    if program in self._berth.programs:
                        self._berth.kill(program)


class Uninstallation:
    """`berth uninstall` as the cluster's admin, as often as it takes."""

    def __init__(self, plane: ControlPlane) -> None:
        self.plane = plane
        self._runs = 0

    def run(self, *flags: str, kubeconfig: Path | None = None) -> tuple[int, str]:
        """Run it to its end; return its exit code and all that it says."""
        said = StringIO()
        with redirect_stdout(said), redirect_stderr(said):
            code = main(["uninstall", *flags, f"--kubeconfig={kubeconfig or self.plane.kubeconfig}"])
        return code, said.getvalue()

    def interrupt(self, line: str) -> None:
        """Run it, and kill it as soon as it says this."""
        self._runs += 1
        program = "import sys; from berth.cli import main; sys.exit(main())"
        command = [sys.executable, "-c", program, "uninstall", f"--kubeconfig={self.plane.kubeconfig}"]
        run: Component = self.plane.start(f"uninstall-{self._runs}", command)
        self.plane.wait(lambda: line in run.log_path.read_text(), 60, f"it says {line!r}")
        run.kill()


def asking(name: str, gpus: int) -> Json:
    """Return a pod template that asks for a class and for GPUs."""
    limits = {"cpu": "1", "memory": "1Gi", GPU: str(gpus)}
    return {
        "metadata": {"labels": {"app": name}, "annotations": {REQUESTED_CLASS: H100.name}},
        "spec": {"containers": [{"name": "engine", "image": "vllm/vllm-openai", "resources": {"limits": limits}}]},
    }


def deployment(name: str, gpus: int, replicas: int = 1) -> Json:
    """Return a Deployment of such pods."""
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": asking(name, gpus)}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": "ml"}, "spec": spec}


def job(name: str, gpus: int, completions: int) -> Json:
    """Return a Job that tolerates no failed pod."""
    template = asking(name, gpus)
    template["spec"]["restartPolicy"] = "Never"
    spec = {"parallelism": completions, "completions": completions, "backoffLimit": 0, "template": template}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name, "namespace": "ml"}, "spec": spec}


def bare(name: str, gpus: int) -> Json:
    """Return a pod of nobody."""
    pod = asking(name, gpus)
    return {"apiVersion": "v1", "kind": "Pod", **pod, "metadata": {**pod["metadata"], "name": name, "namespace": "ml"}}


@contextmanager
def growing(plane: ControlPlane, name: str) -> Iterator[None]:
    """Let a Deployment get one replica after the other."""
    path = f"/apis/apps/v1/namespaces/ml/deployments/{name}/scale"

    def grow(over: threading.Event) -> None:
        for replicas in count(2):
            if over.wait(0.25):
                return
            plane.api.send("PATCH", path, {"spec": {"replicas": replicas}}, "application/merge-patch+json")

    with beside(grow):
        yield


def everything(plane: ControlPlane) -> dict[str, Json]:
    """Return all objects of the API server, by their path."""
    found = {}
    for root, resource in resources(plane):
        kind = resource["name"]
        for each in plane.api.get(f"{root}/{kind}")["items"]:
            found[f"{root}/{kind}/{each['metadata'].get('namespace', '')}/{each['metadata']['name']}"] = each
    return found


def resources(plane: ControlPlane) -> Iterator[tuple[str, Json]]:
    """Yield the kinds of the API server whose objects can be deleted, each with the path of its version."""
    groups = plane.api.get("/apis")["groups"]
    for root in ("/api/v1", *(f"/apis/{each['preferredVersion']['groupVersion']}" for each in groups)):
        for resource in plane.api.get(root)["resources"]:
            if {"list", "delete"} <= set(resource["verbs"]) and "/" not in resource["name"]:
                yield root, resource


def traces(plane: ControlPlane) -> list[str]:
    """Return the objects that speak of Berth in any way, but for the scheduler that running pods name."""
    return [path for path, each in everything(plane).items() if "berth" in json.dumps(_mutable(each)).lower()]


def _mutable(content: Json) -> Json:
    spec = content.get("spec")
    if not isinstance(spec, dict) or not spec.get("nodeName"):
        return content
    return {**content, "spec": {name: each for name, each in spec.items() if name != _IMMUTABLE}}


def pods(plane: ControlPlane, name: str) -> list[Json]:
    """Return the pods of a workload."""
    items: list[Json] = plane.api.get(f"/api/v1/namespaces/ml/pods?labelSelector=app={name}")["items"]
    return [each for each in items if "deletionTimestamp" not in each["metadata"]]


def exists(plane: ControlPlane, *words: str) -> bool:
    """Tell whether kubectl gets an object."""
    try:
        plane.kubectl("get", *words)
    except KubectlError:
        return False
    return True


async def walked(*finds: Any) -> tuple[list[str], list[str]]:
    """Do steps; return what was said and what is left."""
    said: list[str] = []
    walk = Walk(said.append, seconds=20)
    await walk.run([Step(each) for each in finds])
    return said, walk.left


def waiting(plane: ControlPlane, owner: Json | None = None, group: str = "", **spec: Any) -> str:
    """Create a pod that waits for Berth's scheduler; return its name."""
    name = f"pod-{next(_NUMBERS)}"
    lws = "leaderworkerset.sigs.k8s.io"
    labels = {f"{lws}/name": "lws", f"{lws}/group-key": group} if group else {}
    labels |= {"batch.kubernetes.io/controller-uid": owner["uid"]} if owner else {}
    metadata = {"name": name, "labels": labels, "ownerReferences": [owner] if owner else []}
    wanted = {"schedulerName": SCHEDULER, "containers": [CONTAINER], **spec}
    plane.api.send("POST", "/api/v1/namespaces/default/pods", {"metadata": metadata, "spec": wanted})
    return name
