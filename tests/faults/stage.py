"""Berth, installed with two replicas of its webhook, on a real control plane."""

import base64
import json
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from certs.pairs import Pair
from demo.installation import NAMESPACE as OWN_NAMESPACE
from demo.installation import Installation
from placement.keys import CHOSEN_CLASS
from sandbox import ControlPlane
from sandbox.command_lines import UNLIMITED_REQUESTS
from tests.chaos.auditor import Audit, differences
from tests.faults.lengths import IS_LONG, LOOK_SECONDS, SHORT_SECONDS
from tests.faults.load import NAMESPACE, PODS, Load
from tests.faults.programs import Program
from tests.faults.service import Service
from tests.webhook.hardware import H100
from tests.webhook.real import add_namespace, apply_objects, await_answers

Json = dict[str, Any]
CONFIGURATION = "accelerators.berth.ome.io"
PROFILE = {
    "apiVersion": "berth.ome.io/v1alpha1",
    "kind": "AcceleratorProfile",
    "metadata": {"name": "llm"},
    "spec": {"podSelector": {"matchLabels": {"app": "llm"}}},
}
# As many nodes as pods need, of which one takes 110.
NODES, DEVICES = 100 if IS_LONG else 10, 128


@dataclass
class Stage:
    """The control plane, what runs of Berth on it, and what stands for the webhook's Service."""

    plane: ControlPlane
    service: Service
    webhooks: tuple[Program, Program]
    controller: Program
    extender: Program

    @property
    def programs(self) -> tuple[Program, ...]:
        """All of them."""
        return (*self.webhooks, self.controller, self.extender)

    @property
    def distinct(self) -> tuple[Program, ...]:
        """One of each kind."""
        return (self.webhooks[0], self.controller, self.extender)

    def pods(self, query: str = "") -> list[Json]:
        """Return the pods of the namespace."""
        found: list[Json] = self.plane.api.get(PODS + query)["items"]
        return found

    def count(self) -> int:
        """Return how many pods there are."""
        found = self.plane.api.get(f"{PODS}?limit=1")
        return len(found["items"]) + int(found["metadata"].get("remainingItemCount", 0))

    def untreated(self) -> int:
        """Return how many pods the webhook has not seen."""
        return len(self.pods(f"?labelSelector=!{CHOSEN_CLASS}"))

    def unbound(self) -> int:
        """Return how many treated pods have no node yet."""
        return len(self.pods(f"?labelSelector={CHOSEN_CLASS}&fieldSelector=spec.nodeName="))

    def bound(self) -> int:
        """Return how many pods have one."""
        return len(self.pods(f"?labelSelector={CHOSEN_CLASS}&fieldSelector=spec.nodeName!="))

    def wait(self, predicate: Callable[[], object], what: str, patience_seconds: float = 60.0) -> float:
        """Ask until the answer is true-like, and return how many seconds that took."""
        began = time.monotonic()

        def ask() -> bool:
            if predicate():
                return True
            time.sleep(LOOK_SECONDS)
            return False

        self.plane.wait(ask, patience_seconds + 0.1 * self.count(), what)
        return round(time.monotonic() - began, 1)

    def await_report(self, count: int) -> float:
        """Wait until the controller reports so many untreated pods."""
        return self.wait(
            lambda: self.controller.metric("berth_pods_slipped") == count, f"{count} untreated pods are reported"
        )

    def await_bound(self) -> float:
        """Wait until every treated pod has a node."""
        return self.wait(lambda: not self.unbound(), "all treated pods are bound")

    def await_account(self) -> float:
        """Wait until the extender's account is what a fresh list tells."""
        url = f"http://127.0.0.1:{self.extender.port}/v1/inventory"
        return self.wait(lambda: not differences(self.audit(), url), "the account is true")

    def await_ready(self) -> float:
        """Wait until every program is ready."""
        return self.wait(lambda: all(each.is_ready for each in self.programs), "every program is ready")

    def audit(self) -> Audit:
        """Read all nodes and pods."""
        nodes = {each["metadata"]["name"]: each for each in self.plane.api.get("/api/v1/nodes")["items"]}
        return Audit(nodes, tuple(self.pods()))

    def load(self, prefix: str, count: int, **how: Any) -> Load:
        """Return pods to be created: few of them slowly enough that some come during any fault."""
        return Load(self.plane, prefix, count, **{"a_second": None if IS_LONG else count / SHORT_SECONDS, **how})

    def restart(self, *programs: Program, **environment: str) -> None:
        """Start programs anew, at the same time, and wait until each is ready."""
        for each in programs:
            each.kill()
        for each in programs:
            each.start(**environment)
        self.await_ready()

    def clear(self) -> None:
        """Delete all pods, and wait until they are forgotten."""
        self.wait(self._is_empty, "all pods are gone", 600)
        self.wait(lambda: not self.controller.metric("berth_pods_slipped"), "no pod is reported")

    def _is_empty(self) -> bool:
        """Delete all pods, as far as the API server gets while somebody waits, and tell whether there are none."""
        with suppress(OSError):
            self.plane.api.send("DELETE", PODS, {"gracePeriodSeconds": 0})
        return not self.count()

    def write_certificate(self, pair: Pair) -> None:
        """Write the files that the webhooks serve, as nobody should: in place, one after the other."""
        folder = self.plane.folder / "volumes" / "webhook" / "tls"
        (folder / "tls.crt").write_bytes(pair.certificate)
        (folder / "tls.key").write_bytes(pair.key)

    def await_certificate(self, pair: Pair) -> None:
        """Wait until both webhooks hand a certificate to whoever connects."""
        shown = {pair.parsed.public_bytes(Encoding.DER)}
        self.plane.wait(
            lambda: {_shown(each.port) for each in self.webhooks} == shown, 20, "both webhooks have the certificate"
        )

    @property
    def pair(self) -> Pair:
        """What the webhooks are to serve."""
        data = self.plane.get_json("secret", "berth-webhook-tls", OWN_NAMESPACE)["data"]
        return Pair(base64.b64decode(data["tls.crt"]), base64.b64decode(data["tls.key"]))


def _shown(port: int) -> bytes:
    return ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate(("127.0.0.1", port)))


@contextmanager
def stage() -> Iterator[Stage]:
    """Install Berth, with nodes, a class, a profile and a namespace that opted in."""
    with ExitStack() as open_, ControlPlane(kwok=False, apiserver_flags=UNLIMITED_REQUESTS) as plane:
        service = open_.enter_context(Service().running())
        plane.add_nodes(H100.nodes(NODES, DEVICES))
        berth = Installation(plane)
        berth.apply()
        add_namespace(plane, NAMESPACE)
        apply_objects(plane, H100.as_class, PROFILE)
        berth.start_controller("--no-discovery", "--interval-seconds=2")
        first, second = _started_webhook(berth), _started_webhook(berth)
        berth.start_extender()
        _start_scheduler(berth)
        service.backends = [first.port, second.port]
        _point_api_server_at(plane, service.port)
        controller, extender = (Program(each, plane, berth.programs[each]) for each in ("controller", "extender"))
        ready = Stage(plane, service, (first, second), controller, extender)
        await_answers(plane)
        ready.await_ready()
        yield ready


def _started_webhook(berth: Installation) -> Program:
    berth.start_webhook()
    return Program("webhook", berth.plane, berth.programs["webhook"])


def _start_scheduler(berth: Installation) -> None:
    """Start the shipped scheduler, without its lease: where that is lost it ends, and here is no kubelet."""
    berth.start_scheduler()
    berth.kill("scheduler")
    content = json.loads((berth.plane.folder / "berth-scheduler.yaml").read_text())
    rights = Path(content["clientConnection"]["kubeconfig"])
    berth.plane.start_scheduler({**content, "leaderElection": {"leaderElect": False}}, "lone-scheduler", rights)


def _point_api_server_at(plane: ControlPlane, port: int) -> None:
    """Let the API server call what stands for the Service."""
    secret = plane.get_json("secret", "berth-webhook-tls", OWN_NAMESPACE)
    for kind, path in (("mutatingwebhookconfiguration", "/mutate"), ("validatingwebhookconfiguration", "/validate")):
        client = {"caBundle": secret["data"]["ca.crt"], "url": f"https://localhost:{port}{path}"}
        patch = [{"op": "replace", "path": "/webhooks/0/clientConfig", "value": client}]
        plane.kubectl("patch", kind, CONFIGURATION, "--type=json", f"--patch={json.dumps(patch)}")
