"""Reading which of Berth's programs run, and by which certificates kube-scheduler and the extender know each other."""

import base64
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from berth.doctor.evidence import Programs, Replicas, SchedulerConfiguration, Tls
from berth.doctor.extender_checks import is_ours
from cluster.api import Api

_APPS = "/apis/apps/v1/namespaces"
_SCHEDULER_TAG = re.compile(r"kube-scheduler:v1\.(\d+)\b")
CERTIFICATES = ("tls.crt", "ca.crt")


class _Metadata(msgspec.Struct):
    name: str


class _Container(msgspec.Struct):
    image: str = ""


class _PodSpec(msgspec.Struct):
    containers: list[_Container] = msgspec.field(default_factory=list)


class _Template(msgspec.Struct):
    spec: _PodSpec = msgspec.field(default_factory=_PodSpec)


class _Spec(msgspec.Struct):
    replicas: int = 1
    template: _Template = msgspec.field(default_factory=_Template)


class _Status(msgspec.Struct, rename="camel"):
    observed_generation: int = 0
    ready_replicas: int = 0
    number_ready: int = 0
    desired_number_scheduled: int = 0


class _Workload(msgspec.Struct):
    metadata: _Metadata
    spec: _Spec = msgspec.field(default_factory=_Spec)
    status: _Status = msgspec.field(default_factory=_Status)

    @property
    def is_counted(self) -> bool:
        """Whether a controller has looked at it."""
        return self.status.observed_generation > 0


class _Workloads(msgspec.Struct):
    items: list[_Workload]


class _Version(msgspec.Struct):
    minor: str


class _Secret(msgspec.Struct):
    data: dict[str, str] | None = None


async def read(api: Api, namespace: str, extender_namespace: str) -> Programs:
    """Return what runs of Berth, in its own namespace and in that of an extender elsewhere. Raises ApiError."""
    ours = await api.get(f"{_APPS}/{namespace}/deployments")
    apart = await api.get(f"{_APPS}/{extender_namespace}/daemonsets")
    replicas = {**_deployments(namespace, ours), **_daemon_sets(extender_namespace, apart)}
    return Programs(replicas, _scheduler_minors(ours), _minor_of(await api.get("/version")))


def _deployments(namespace: str, listed: bytes) -> dict[str, Replicas]:
    """Return the replicas of listed Deployments."""
    return {
        f"deployment/{each.metadata.name}": Replicas(
            namespace, each.spec.replicas, each.status.ready_replicas if each.is_counted else None
        )
        for each in msgspec.json.decode(listed, type=_Workloads).items
    }


def _daemon_sets(namespace: str, listed: bytes) -> dict[str, Replicas]:
    """Return the replicas of listed DaemonSets."""
    return {
        f"daemonset/{each.metadata.name}": Replicas(
            namespace, each.status.desired_number_scheduled, each.status.number_ready if each.is_counted else None
        )
        for each in msgspec.json.decode(listed, type=_Workloads).items
    }


def _scheduler_minors(listed: bytes) -> dict[str, int]:
    """Return the minor versions of the kube-schedulers in listed Deployments, as far as the tags of images tell."""
    images = (
        (each.metadata.name, container.image)
        for each in msgspec.json.decode(listed, type=_Workloads).items
        for container in each.spec.template.spec.containers
    )
    found = ((name, _SCHEDULER_TAG.search(image)) for name, image in images)
    return {f"deployment/{name}": int(tag[1]) for name, tag in found if tag}


def _minor_of(version: bytes) -> int | None:
    """Return the minor version of an API server; None where it is no number, after which clouds write a plus."""
    text = msgspec.json.decode(version, type=_Version).minor.rstrip("+")
    return int(text) if text.isdecimal() else None


def secret_certificates(where: str, secret: bytes) -> dict[str, bytes]:
    """Return the certificates that a Secret holds."""
    held = msgspec.json.decode(secret, type=_Secret).data or {}
    return {f"{where}, {key}": base64.b64decode(held[key]) for key in CERTIFICATES if key in held}


def scheduler_certificates(configurations: Iterable[SchedulerConfiguration]) -> dict[str, bytes]:
    """Return the certificates that schedulers' configurations hold, or name if the files are on this machine."""
    extenders = [each for one in configurations for each in one.extenders or () if is_ours(each)]
    return {where: content for each in extenders if each.tls_config for where, content in _named(each.tls_config)}


def _named(tls: Tls) -> Iterator[tuple[str, bytes]]:
    for name, text in (("certData", tls.cert_data), ("caData", tls.ca_data)):
        if text:
            yield name, _decoded(text)
    for file in filter(None, (tls.cert_file, tls.ca_file)):
        try:
            yield file, Path(file).read_bytes()
        except OSError:  # It is on another machine.
            continue


def _decoded(text: str) -> bytes:
    """Return what a text encodes; nothing where it is no Base64, with which kube-scheduler does not start either."""
    try:
        return base64.b64decode(text)
    except ValueError:
        return b""
