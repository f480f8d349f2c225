"""Which failures speak of the node, in the words of kubelet and of container runtimes."""

import json
from typing import Any

import pytest

from cluster.observers import Observer
from cluster.view import ClusterView, Kind
from placement.pods import Pod


def status(phase: str = "Pending", reason: str = "", *containers: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return the status of a pod."""
    statuses = [{"name": f"c{number}", "ready": False, "state": each} for number, each in enumerate(containers)]
    return {"phase": phase, "reason": reason, "containerStatuses": statuses, **more}


def waiting(reason: str) -> dict[str, Any]:
    """Return the state of a container that does not run yet."""
    return {"waiting": {"reason": reason, "message": "because"}}


RUNS = {"running": {"startedAt": "2026-05-04T12:00:00Z"}}
ENDED = {"terminated": {"exitCode": 128, "reason": "StartError"}}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (status(), ""),
        (status("Failed", "UnexpectedAdmissionError"), "UnexpectedAdmissionError"),
        (status("Failed", "OutOfnvidia.com/gpu"), "OutOfnvidia.com/gpu"),
        (status("Failed", "OutOfcpu"), "OutOfcpu"),
        (status("Failed", "TopologyAffinityError"), "TopologyAffinityError"),
        (status("Failed", "NodeAffinity"), "NodeAffinity"),
        (status("Failed", "Evicted"), ""),
        (status("Failed", "DeadlineExceeded"), ""),
        (status("Failed"), ""),
        (status("Failed", "", ENDED), "StartError"),
        (status("Pending", "", waiting("ContainerCreating")), ""),
        (status("Pending", "", waiting("CreateContainerError")), "CreateContainerError"),
        (status("Running", "", RUNS, waiting("RunContainerError")), "RunContainerError"),
        (status("Pending", "", waiting("ImagePullBackOff"), waiting("CreateContainerConfigError")), ""),
        (status("Running", "", waiting("CrashLoopBackOff")), ""),
        (status(initContainerStatuses=[{"state": waiting("CreateContainerError")}]), "CreateContainerError"),
        ({"phase": "Pending", "containerStatuses": None}, ""),
        ({"phase": "Pending", "containerStatuses": [{"name": "c", "state": None}, {"state": {}}]}, ""),
        (None, ""),
    ],
    ids=json.dumps,
)
def test_a_failure_is_told_where_the_node_may_be_to_blame(given: dict[str, Any] | None, expected: str) -> None:
    """And by its own word; a program that crashes and an image that is not there are the pod's."""
    told = Told()
    view = ClusterView(None, (), told)
    view.take(Kind.PODS, json.dumps(pod(given)).encode())

    assert told.failed == ([expected] if expected else [])
    assert told.running == (["u1"] if (given or {}).get("phase") == "Running" and not expected else [])


def pod(given: dict[str, Any] | None) -> dict[str, Any]:
    """Return a bound pod with a status."""
    metadata = {"name": "p", "namespace": "ml", "uid": "u1"}
    return {"metadata": metadata, "spec": {"nodeName": "n1", "containers": [{"name": "c0"}]}, "status": given}


class Told(Observer):
    """Keeps what was told."""

    def __init__(self) -> None:
        self.failed: list[str] = []
        self.running: list[str] = []

    def on_failed(self, pod: Pod) -> None:
        """Note a failure."""
        self.failed.append(pod.failure)

    def on_running(self, pod: Pod) -> None:
        """Note a pod that runs."""
        self.running.append(pod.uid)
