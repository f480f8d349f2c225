"""Certificates and authorities that are replaced again and again while pods are created."""

import asyncio
import base64
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from prometheus_client import CollectorRegistry

from certs.authorities import CERTIFICATE
from certs.judgement import is_signed_by
from certs.lifetimes import Lifetimes
from certs.pairs import Pair
from cluster.api import Api
from cluster.observers import SILENT
from cluster.view import ClusterView
from controller.observers import Observers
from controller.parts import Context
from controller.ports import Alone, Surroundings
from controller.reconciling.definition import Definition
from controller.reconciling.events import Events
from controller.reconciling.objects import Objects
from controller.settings import ControllerSettings
from controller.trusting.trust import trust
from demo.installation import NAMESPACE, Installation
from sandbox import ApiError, ControlPlane
from tests.webhook.hardware import H100
from tests.webhook.real import admitting, await_answers, create

LIFETIMES = Lifetimes(timedelta(seconds=52), timedelta(seconds=18), timedelta(seconds=2))
SECONDS = 42.0
A_SECOND = 200
CREATORS = 8
CONFIGURATION = "accelerators.berth.ome.io"
POD = {"metadata": {"generateName": "llm-"}, "spec": {"containers": [{"name": "engine", "image": "vllm/vllm-openai"}]}}


class Kubelet:
    """Keeps the files of the webhook's Secret as kubelet does: a folder that is swapped behind a symbolic link."""

    def __init__(self, plane: ControlPlane, folder: Path) -> None:
        self._plane = plane
        self._folder = folder
        self._written: dict[str, str] = {}

    def sync(self) -> None:
        """Take over what the Secret holds."""
        data = secret(self._plane, "berth-webhook-tls")
        if data == self._written:
            return
        self._written = data
        version = self._folder / f"..{time.monotonic_ns()}"
        version.mkdir()
        for name, content in data.items():
            (version / name).write_bytes(base64.b64decode(content))
        self._link("..data", version.name)
        for name in data:
            self._link(name, f"..data/{name}")

    def _link(self, name: str, target: str) -> None:
        (self._folder / "..link").symlink_to(target)
        (self._folder / "..link").replace(self._folder / name)


class Load:
    """Pods that are created for show, and handshakes beside them; failures by their words."""

    def __init__(self, plane: ControlPlane, port: int) -> None:
        self.created = 0
        self.shaken = 0
        self.failures: list[str] = []
        self.leaves: set[bytes] = set()
        self._plane = plane
        self._port = port

    def create(self) -> None:
        """Create a pod by way of the API server, which refuses it where it cannot call the webhook."""
        try:
            create(self._plane, POD, query="?dryRun=All")
        except ApiError as error:
            self.failures.append(str(error))
        self.created += 1

    def shake(self) -> None:
        """Connect anew as an API server does that was told the present bundle."""
        told = bundle(self._plane)
        context = ssl.create_default_context(cadata=told.decode())
        try:
            pem = handshake(context, self._port)
        except ssl.SSLError as error:
            self.failures.append(str(error))
            return
        self.leaves.add(pem)
        self.shaken += 1


def handshake(context: ssl.SSLContext, port: int) -> bytes:
    """Return the certificate that is served; raises SSLError where it is not trusted."""
    name = f"berth-webhook.{NAMESPACE}.svc"
    with (
        socket.create_connection(("127.0.0.1", port), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname=name) as secure,
    ):
        return ssl.DER_cert_to_PEM_cert(secure.getpeercert(binary_form=True) or b"").encode()


def secret(plane: ControlPlane, name: str) -> dict[str, str]:
    """Return what a Secret of Berth's holds, as it is encoded."""
    data: dict[str, str] = plane.api.get(f"/api/v1/namespaces/{NAMESPACE}/secrets/{name}").get("data", {})
    return data


def bundle(plane: ControlPlane) -> bytes:
    """Return whom the API server was told to trust."""
    found = plane.api.get(f"/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/{CONFIGURATION}")
    return base64.b64decode(found["webhooks"][0]["clientConfig"]["caBundle"])


@contextmanager
def repeated(action: Callable[[], None], a_second: float, threads: int = 1) -> Iterator[None]:
    """Do something at a steady rate, by several threads in turn, as long as the block lasts."""
    ended = threading.Event()

    def work() -> None:
        due = time.monotonic()
        while not ended.is_set():
            action()
            due = max(due + threads / a_second, time.monotonic() - 1)
            ended.wait(max(due - time.monotonic(), 0))

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for each in workers:
        each.start()
    try:
        yield
    finally:
        ended.set()
        for each in workers:
            each.join()


async def rotate(plane: ControlPlane, seconds: float) -> None:
    """Keep certificates of short lives true for so long."""
    async with Api.connect(plane.kubeconfig) as api:
        surroundings = Surroundings(Alone(), lambda: datetime.now(UTC), Observers(CollectorRegistry()), SILENT)
        context = Context(
            api,
            ClusterView(api),
            Objects(),
            Objects(),
            ControllerSettings(interval_seconds=0.3),
            surroundings,
            Events(api, surroundings.clock),
            Definition(api),
        )
        (queue,) = trust(context, LIFETIMES).queues
        running = asyncio.create_task(queue.run())
        await asyncio.sleep(seconds)
        running.cancel()


def begin_anew(berth: Installation, kubelet: Kubelet) -> None:
    """Replace the certificates that live long by ones that do not, before anybody depends on it."""
    plane = berth.plane
    for name in ("berth-authority", "berth-webhook-tls"):
        plane.kubectl("delete", "secret", name, "--namespace", NAMESPACE)
    asyncio.run(rotate(plane, 1.5))
    kubelet.sync()
    failing = [{"op": "replace", "path": "/webhooks/0/failurePolicy", "value": "Fail"}]
    plane.kubectl(
        "patch",
        "mutatingwebhookconfiguration",
        CONFIGURATION,
        "--type=json",
        f"--patch={json.dumps(failing)}",
    )
    await_trust(berth)


def await_trust(berth: Installation) -> None:
    """Wait until the webhook serves what the API server trusts."""

    def is_trusted() -> bool:
        try:
            handshake(ssl.create_default_context(cadata=bundle(berth.plane).decode()), berth.port("webhook", "webhook"))
        except ssl.SSLError:
            return False
        return True

    berth.plane.wait(is_trusted, 20, "the webhook serves its new certificate")
    await_answers(berth.plane)


def test_no_admission_fails_while_authority_and_certificate_are_replaced_several_times() -> None:
    """The API server trusts whoever is served, at each of 200 admissions a second."""
    with admitting([H100], H100.nodes(1)) as berth:
        plane = berth.plane
        berth.kill("controller")
        kubelet = Kubelet(plane, plane.folder / "volumes" / "webhook" / "tls")
        begin_anew(berth, kubelet)
        load = Load(plane, berth.port("webhook", "webhook"))
        authorities: set[bytes] = set()

        def look() -> None:
            kubelet.sync()
            authorities.add(base64.b64decode(secret(plane, "berth-authority")[CERTIFICATE]))

        with repeated(load.create, A_SECOND, CREATORS), repeated(load.shake, 10), repeated(look, 4):
            asyncio.run(rotate(plane, SECONDS))

    assert load.failures == []
    assert len(authorities) >= 2
    assert len(load.leaves) >= 3
    signers = [Pair(each, b"").parsed for each in authorities]
    assert {any(is_signed_by(Pair(leaf, b"").parsed, each) for each in signers) for leaf in load.leaves} == {True}
    assert load.created > SECONDS * A_SECOND / 4
