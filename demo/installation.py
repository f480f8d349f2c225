"""Berth installed on a sandbox as its manifests say, each shipped container run as a process.

The sandbox has no kubelet that starts containers. So the command of each container in a Deployment runs under a token
of the Deployment's ServiceAccount, with the files that its volumes would hold; addresses and the folders of volumes are
all that is replaced.
"""

import base64
import json
import socket
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from sandbox import Component, ControlPlane

NAMESPACE = "berth-system"
MANIFESTS = Path(__file__).parent.parent / "manifests"
START_SECONDS = 30.0
_WEBHOOK_CONFIGURATION = "accelerators.berth.ome.io"
_WEBHOOK_PATHS = {"mutatingwebhookconfiguration": "/mutate", "validatingwebhookconfiguration": "/validate"}
_LOOPBACK = "127.0.0.1"
_SERVICE_NAME = "kubernetes.io/service-name"
# An address for documentation (RFC 5737): only the way to it is asked for.
_ELSEWHERE = ("198.51.100.1", 9)

Json = dict[str, Any]


class Installation:
    """Berth on a control plane: `install` applies the manifests and starts every part; parts can be killed.

    With a `service_address` of this machine, the API server calls the webhook by its Service. Without one, the webhook
    listens on loopback, which no Service can lead to, and the references to the Service are replaced.
    """

    def __init__(
        self, plane: ControlPlane, service_address: str = "", executables: Path = Path(sys.executable).parent
    ) -> None:
        self.plane = plane
        self.service_address = service_address
        self.executables = executables
        self.programs: dict[str, Component] = {}

    def install(self) -> None:
        """Apply the manifests and start the controller, the webhook, the extender and the scheduler, each ready."""
        self.apply()
        self.start_controller()
        self.start_webhook()
        self.start_extender()
        self.start_scheduler()

    def apply(self) -> None:
        """Apply the base, and wait until the API server serves Berth's kinds."""
        self.plane.kubectl("apply", "--server-side", "--validate=strict", "-k", str(MANIFESTS / "base"))
        kinds = ("crd/acceleratorclasses.ome.io", "crd/acceleratorprofiles.berth.ome.io")
        self.plane.kubectl("wait", "--for=condition=Established", "--timeout=30s", *kinds)

    def start_controller(self, *flags: str) -> None:
        """Start the controller, and wait until it has made the certificates and set the caBundle."""
        self._start_berth("berth-controller", "controller", flags)
        self.plane.wait(self._is_trusted, START_SECONDS, "the API server trusts the webhook's certificate")

    def start_webhook(self) -> None:
        """Start the webhook, and let the API server call it."""
        self._start_berth("berth-webhook", "webhook", address=self.service_address or _LOOPBACK, port="0")
        port = self.port("webhook", "webhook")
        self._publish(port) if self.service_address else self._point_api_server_at(port)

    def start_extender(self, port: int = 0) -> None:
        """Start the extender."""
        self._start_berth("berth-scheduler", "extender", port=str(port))

    def start_scheduler(self) -> None:
        """Start the shipped kube-scheduler beside the extender, which must have been started."""
        deployment = self._deployment("berth-scheduler")
        (folder,) = {path.parent for path in self._mounted(deployment, "kube-scheduler").values()}
        shipped = (folder / "scheduler.yaml").read_text()
        address = f"http://{_LOOPBACK}:{self.port('extender', 'extender')}/"
        configuration = shipped.replace(f"http://{_LOOPBACK}:8888/", address)
        rights = self._rights(deployment)
        self.programs["scheduler"] = self.plane.start_scheduler(configuration, "berth-scheduler", rights)

    def kill(self, program: str) -> None:
        """End a program as a crash would."""
        self.programs.pop(program).kill()

    def url(self, program: str, listener: str) -> str:
        """Return the address of a program's listener (`health`, or the program's own)."""
        return f"http://{_LOOPBACK}:{self.port(program, listener)}"

    def port(self, program: str, listener: str) -> int:
        """Return the port that the kernel chose for a program's listener, as the program logged it."""
        waiting = partial(_logged_port, self.programs[program].log_path, listener)
        return self.plane.wait(waiting, START_SECONDS, f"{program} listens for {listener}")

    def _start_berth(
        self, deployment_name: str, container_name: str, more_flags: Sequence[str] = (), **addresses: str
    ) -> None:
        deployment = self._deployment(deployment_name)
        container = _container(deployment, container_name)
        files = self._mounted(deployment, container_name)
        flags = [
            f"--{name}={value}"
            for name, value in {**addresses, "metrics-address": _LOOPBACK, "metrics-port": "0"}.items()
        ]
        command = [str(files.get(word, word)) for word in container["command"][1:]]
        tls = [f"--certificate-directory={folder}" for place, folder in files.items() if place.endswith("/tls")]
        log_name = f"{container_name}-{len(list(self.plane.folder.glob(f'{container_name}-*.log')))}"
        self.programs[container_name] = self.plane.start(
            log_name,
            [self.executables / container["command"][0], *command, *tls, *flags, *more_flags],
            {"KUBECONFIG": str(self._rights(deployment))},
        )
        ready = partial(_is_ready, self.url(container_name, "health"))
        self.plane.wait(
            ready, START_SECONDS, f"{container_name} is ready: see {self.programs[container_name].log_path}"
        )

    def _is_trusted(self) -> bool:
        found = (self.plane.get_json(kind, _WEBHOOK_CONFIGURATION)["webhooks"] for kind in _WEBHOOK_PATHS)
        return all(each["clientConfig"].get("caBundle") for webhooks in found for each in webhooks)

    def _deployment(self, name: str) -> Json:
        return self.plane.get_json("deployment", name, NAMESPACE)

    def _rights(self, deployment: Json) -> Path:
        account = deployment["spec"]["template"]["spec"]["serviceAccountName"]
        return self.plane.kubeconfig_for_service_account(NAMESPACE, account)

    def _mounted(self, deployment: Json, container_name: str) -> dict[str, Path]:
        """Write the files of a container's volumes, as kubelet does; return where each mount path is found instead."""
        spec = deployment["spec"]["template"]["spec"]
        volumes = {each["name"]: each for each in spec.get("volumes", [])}
        places = {}
        for mount in _container(deployment, container_name)["volumeMounts"]:
            folder = self.plane.folder / "volumes" / container_name / mount["name"]
            folder.mkdir(parents=True, exist_ok=True)
            for name, content in self._content(volumes[mount["name"]]).items():
                (folder / name).write_bytes(content)
            places[mount["mountPath"]] = folder / mount.get("subPath", "")
        return places

    def _content(self, volume: Json) -> Mapping[str, bytes]:
        if "secret" in volume:
            secret = self.plane.get_json("secret", volume["secret"]["secretName"], NAMESPACE)
            return {name: base64.b64decode(text) for name, text in secret["data"].items()}
        settings = self.plane.get_json("configmap", volume["configMap"]["name"], NAMESPACE)
        return {name: text.encode() for name, text in settings["data"].items()}

    def _publish(self, port: int) -> None:
        """Tell where the endpoint of the webhook's Service is, as kube-controller-manager does for pods."""
        metadata = {"name": "berth-webhook", "namespace": NAMESPACE, "labels": {_SERVICE_NAME: "berth-webhook"}}
        endpoint = {"addresses": [self.service_address], "conditions": {"ready": True}}
        slice_ = {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": metadata}
        places = {"addressType": "IPv4", "endpoints": [endpoint], "ports": [{"name": "https", "port": port}]}
        self.plane.apply(json.dumps(slice_ | places))

    def _point_api_server_at(self, port: int) -> None:
        """Replace the references to the Service, which nothing routes here, by addresses under the same certificate."""
        for kind, path in _WEBHOOK_PATHS.items():
            found = self.plane.get_json(kind, _WEBHOOK_CONFIGURATION)["webhooks"]
            client = {"caBundle": found[0]["clientConfig"]["caBundle"], "url": f"https://localhost:{port}{path}"}
            patch = [{"op": "replace", "path": "/webhooks/0/clientConfig", "value": client}]
            self.plane.kubectl("patch", kind, _WEBHOOK_CONFIGURATION, "--type=json", f"--patch={json.dumps(patch)}")


def machine_address() -> str:
    """Return the address by which others would reach this machine, or nothing: Services lead to no other addresses."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_ELSEWHERE)  # sends nothing
        except OSError:
            return ""
        address: str = probe.getsockname()[0]
    found = ip_address(address)
    return "" if found.is_loopback or found.is_link_local else address


def _container(deployment: Json, name: str) -> Json:
    containers: list[Json] = deployment["spec"]["template"]["spec"]["containers"]
    return next(each for each in containers if each["name"] == name)


def _logged_port(log: Path, listener: str) -> int:
    for line in log.read_text().splitlines():
        record = json.loads(line) if line.startswith("{") else {}
        if (record.get("message"), record.get("listener")) == ("listening", listener):
            return int(record["port"])
    return 0


def _is_ready(url: str) -> bool:
    try:
        with urlopen(f"{url}/readyz", timeout=1) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
