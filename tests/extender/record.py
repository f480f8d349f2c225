"""Records what kube-scheduler sends an extender: `python -m tests.extender.record` writes recorded/*.json anew."""

import json
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

from sandbox import ControlPlane, load_nodes
from tests.extender.scheduling import HIGH, PRIORITIES, T4, Cluster, Json, gpu_pod, scheduler_configuration

RECORDED = Path(__file__).parent / "recorded"

_PREFERENCE = {
    "nodeAffinity": {
        "preferredDuringSchedulingIgnoredDuringExecution": [
            {"weight": 1, "preference": {"matchExpressions": [{"key": "nvidia.com/gpu.family", "operator": "Exists"}]}}
        ],
        "requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [
                {"matchExpressions": [{"key": "nvidia.com/gpu.product", "operator": "In", "values": ["NVIDIA-L4"]}]}
            ]
        },
    }
}


def _passed(args: Json) -> Json:
    return {"Nodes": args["Nodes"], "NodeNames": args["NodeNames"], "FailedNodes": {}, "Error": ""}


def _scores(args: Json) -> list[Json]:
    names = args["NodeNames"] or [each["metadata"]["name"] for each in args["Nodes"]["items"]]
    return [{"Host": name, "Score": 1} for name in names]


def _offered(args: Json) -> Json:
    def meta(victims: Json) -> Json:
        uids = [{"UID": each["metadata"]["uid"]} for each in victims["Pods"]]
        return {"Pods": uids, "NumPDBViolations": victims["NumPDBViolations"]}

    whole = args["NodeNameToVictims"] or {}
    return {
        "NodeNameToMetaVictims": args["NodeNameToMetaVictims"] or {name: meta(each) for name, each in whole.items()}
    }


_ANSWERS: dict[str, Callable[[Json], Any]] = {"filter": _passed, "prioritize": _scores, "preempt": _offered}


class _Recorder(BaseHTTPRequestHandler):
    """Keeps every request, lets every node pass with the same score, and has victims evicted as offered."""

    protocol_version = "HTTP/1.1"
    requests: ClassVar[list[tuple[str, bytes]]] = []

    def do_POST(self) -> None:
        """Answer any verb."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        verb = self.path.rpartition("/")[2]
        self.requests.append((verb, body))
        answer = json.dumps(_ANSWERS[verb](json.loads(body))).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing."""


@contextmanager
def _recording() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Recorder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/scheduler"
    server.shutdown()
    server.server_close()


def _record(plane: ControlPlane, pod: Json, verbs: Collection[str] = ("filter", "prioritize")) -> None:
    _Recorder.requests.clear()
    cluster = Cluster(plane)
    cluster.create(pod)
    cluster.node_of(pod["metadata"]["name"])
    for verb, body in _Recorder.requests:
        if verb in verbs:
            (RECORDED / f"{pod['metadata']['name']}-{verb}.json").write_bytes(body)


def _record_preemption(plane: ControlPlane, name: str) -> None:
    """Record what is asked about a pod for which others have to leave."""
    low = [gpu_pod(f"{name}-low-{index}", 2, nodeSelector=T4) for index in range(2)]
    cluster = Cluster(plane)
    cluster.create(*low)
    for each in low:
        cluster.node_of(each["metadata"]["name"])
    _record(plane, gpu_pod(name, 2, nodeSelector=T4, priorityClassName=HIGH), {"preempt"})
    cluster.delete_pods()


def main() -> None:
    """Record pods of several kinds, with names of nodes and, for two of them, with whole nodes or pods."""
    RECORDED.mkdir(exist_ok=True)
    with ControlPlane() as plane, _recording() as url:
        plane.add_nodes(load_nodes())
        plane.apply(PRIORITIES)
        scheduler = plane.start_scheduler(scheduler_configuration(url), "by-name")
        _record(plane, gpu_pod("plain", 1))
        _record(plane, gpu_pod("amd", 4, "amd.com/gpu"))
        _record(plane, gpu_pod("wishes", 1, affinity=_PREFERENCE))
        _record_preemption(plane, "by-uid")
        scheduler.stop()
        plane.start_scheduler(scheduler_configuration(url, names=False), "whole-nodes")
        _record(plane, gpu_pod("whole-nodes", 2, nodeSelector={"nvidia.com/gpu.product": "NVIDIA-L4"}))
        _record_preemption(plane, "whole-pods")


if __name__ == "__main__":
    main()
