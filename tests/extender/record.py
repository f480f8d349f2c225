"""Records what kube-scheduler sends an extender: `python -m tests.extender.record` writes recorded/*.json anew."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

from sandbox import ControlPlane, load_nodes
from tests.extender.scheduling import Cluster, gpu_pod, scheduler_configuration

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


class _Recorder(BaseHTTPRequestHandler):
    """Keeps every request, and lets every node pass with the same score."""

    protocol_version = "HTTP/1.1"
    requests: ClassVar[list[tuple[str, bytes]]] = []

    def do_POST(self) -> None:
        """Answer either verb."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.requests.append((self.path.rpartition("/")[2], body))
        args = json.loads(body)
        names = args["NodeNames"] or [each["metadata"]["name"] for each in args["Nodes"]["items"]]
        passed = {"Nodes": args["Nodes"], "NodeNames": args["NodeNames"], "FailedNodes": {}, "Error": ""}
        scores = [{"Host": name, "Score": 1} for name in names]
        answer = json.dumps(passed if self.path.endswith("filter") else scores).encode()
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


def _record(plane: ControlPlane, pod: dict[str, Any]) -> None:
    _Recorder.requests.clear()
    cluster = Cluster(plane)
    cluster.create(pod)
    cluster.node_of(pod["metadata"]["name"])
    for verb, body in _Recorder.requests:
        (RECORDED / f"{pod['metadata']['name']}-{verb}.json").write_bytes(body)


def main() -> None:
    """Record pods of several kinds, with names of nodes and, for one of them, with whole nodes."""
    RECORDED.mkdir(exist_ok=True)
    with ControlPlane() as plane, _recording() as url:
        plane.add_nodes(load_nodes())
        scheduler = plane.start_scheduler(scheduler_configuration(url), "by-name")
        _record(plane, gpu_pod("plain", 1))
        _record(plane, gpu_pod("amd", 4, "amd.com/gpu"))
        _record(plane, gpu_pod("wishes", 1, affinity=_PREFERENCE))
        scheduler.stop()
        plane.start_scheduler(scheduler_configuration(url, names=False), "whole-nodes")
        _record(plane, gpu_pod("whole-nodes", 2, nodeSelector={"nvidia.com/gpu.product": "NVIDIA-L4"}))


if __name__ == "__main__":
    main()
