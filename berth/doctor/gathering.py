"""Reading what the doctor goes by; nothing is changed, and what may not be read is said."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from berth.doctor import programs
from berth.doctor.evidence import Evidence, Probe, SchedulerConfiguration, WebhookConfiguration
from certs.secrets import Places, contents
from certs.status import Standing
from cluster.api import Api, ApiError
from cluster.kinds import RESOURCES
from cluster.observers import SILENT
from cluster.view import ClusterView, Kind
from controller.trusting import ca_bundle
from placement.keys import DECISION, INJECTION, REQUESTED_CLASS

T = TypeVar("T")

_WATCHED = (Kind.NODES, Kind.CLASSES, Kind.PROFILES, Kind.NODE_POOLS, Kind.AUTOSCALER_STATUS)
_MUTATING = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
_VALIDATING = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
_EXTENDER_TLS = "berth-extender-tls"
_SYNC_SECONDS = 60.0
_PAGE = "500"
_PROBE: Mapping[str, Any] = {
    "metadata": {"generateName": "berth-doctor-", "annotations": {REQUESTED_CLASS: "no-class-of-any-name"}},
    "spec": {"containers": [{"name": "engine", "image": "vllm/vllm-openai"}]},
}


class _Namespaces(msgspec.Struct):
    items: list["_Object"]


class _Metadata(msgspec.Struct, rename="camel"):
    name: str = ""
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    creation_timestamp: str = ""
    continue_: str = msgspec.field(name="continue", default="")


class _Object(msgspec.Struct):
    metadata: _Metadata


class _ConfigMap(msgspec.Struct):
    metadata: _Metadata
    data: dict[str, str] | None = None


class _ConfigMaps(msgspec.Struct):
    items: list[_ConfigMap]


class _Configurations(msgspec.Struct):
    items: list[WebhookConfiguration]


class _Conditions(msgspec.Struct):
    ready: bool | None = None


class _Endpoint(msgspec.Struct):
    conditions: _Conditions = msgspec.field(default_factory=_Conditions)


class _EndpointSlice(msgspec.Struct):
    endpoints: list[_Endpoint] | None = None


class _EndpointSlices(msgspec.Struct):
    items: list[_EndpointSlice]


class _Resources(msgspec.Struct):
    limits: dict[str, Any] | None = None


class _Container(msgspec.Struct):
    resources: _Resources = msgspec.field(default_factory=_Resources)


class _Spec(msgspec.Struct, rename="camel"):
    scheduler_name: str = ""
    containers: list[_Container] | None = None


class _Pod(msgspec.Struct):
    spec: _Spec

    @property
    def resources(self) -> frozenset[str]:
        """The names of what its containers are limited in."""
        return frozenset(name for each in self.spec.containers or () for name in each.resources.limits or ())


class _Pods(msgspec.Struct):
    metadata: _Metadata
    items: list[_Pod]


@dataclass
class Doctor:
    """Reads a cluster with the rights of whoever asks."""

    api: Api
    places: Places
    files: tuple[Path, ...] = ()
    configuration: str = "accelerators.berth.ome.io"
    extender_namespace: str = "berth-extender"
    _unseen: list[str] = field(default_factory=list)

    async def evidence(self, now: datetime) -> Evidence:
        """Return what can be seen of the cluster; raises ApiError where it cannot be reached at all, and OSError."""
        namespaces = _labels(await self.api.get("/api/v1/namespaces"))
        view = await self._view()
        schedulers = await self._schedulers()
        evidence = Evidence(
            now,
            namespaces,
            await self._seen("webhook configurations", self._configurations()),
            await self._seen("endpoints of the webhook", self._ready_webhooks()),
            await self._seen("Secrets with certificates", self._certificates()),
            await self._probe(namespaces),
            view.catalog,
            view.class_problems,
            view.profiles,
            view.profile_problems,
            view.inventory,
            view.supply,
            schedulers,
            await self._seen("pods", self._placed_by(view)) or {},
            await self._seen("Deployments and DaemonSets", programs.read(self.api, *self._namespaces)),
            await self._seen("validating webhook configurations", self._is_validating()),
            await self._extender_certificates(schedulers or {}),
        )
        return replace(
            evidence,
            unseen=tuple(self._unseen),
            configuration=self.configuration,
            namespace=self.places.namespace,
        )

    async def _seen(self, what: str, reading: Awaitable[T]) -> T | None:
        """Return what is read, or None where that may not be, or does not exist."""
        try:
            return await reading
        except ApiError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                self._unseen.append(f"{what}: {error}")
            return None

    async def _view(self) -> ClusterView:
        """Return nodes, classes and profiles as they stand."""
        view = ClusterView(self.api, [each for each in _WATCHED if await self._is_readable(each)], SILENT)
        watching = asyncio.create_task(view.run())
        with suppress(TimeoutError):
            async with asyncio.timeout(_SYNC_SECONDS):
                await view.until_synced()
        watching.cancel()
        self._unseen += [f"{kind}: not read within {_SYNC_SECONDS:g} s" for kind in view.unsynced]
        return view

    async def _is_readable(self, kind: Kind) -> bool:
        """Ask for one object: a watch asks again and again for what may not be read."""
        resource = RESOURCES[kind]
        selected = {"fieldSelector": resource.field_selector} if resource.field_selector else {}
        try:
            await self.api.get(resource.path, {"limit": "1", **selected})
        except ApiError as error:
            if error.status == HTTPStatus.FORBIDDEN:
                self._unseen.append(f"{kind}: {error}")
                return False
        return True

    async def _configurations(self) -> tuple[WebhookConfiguration, ...]:
        return tuple(msgspec.json.decode(await self.api.get(_MUTATING), type=_Configurations).items)

    async def _is_validating(self) -> bool:
        found = msgspec.json.decode(await self.api.get(_VALIDATING), type=_Configurations).items
        return any(each.metadata.name == self.configuration for each in found)

    @property
    def _namespaces(self) -> tuple[str, str]:
        return self.places.namespace, self.extender_namespace

    async def _extender_certificates(self, schedulers: Mapping[str, SchedulerConfiguration]) -> Mapping[str, bytes]:
        """Return those of both sides, as far as they are in the cluster or on this machine."""
        path = f"/api/v1/namespaces/{self.extender_namespace}/secrets/{_EXTENDER_TLS}"
        secret = await self._seen("Secret of the extender", self.api.get(path))
        found = programs.scheduler_certificates(schedulers.values())
        return {**(programs.secret_certificates(f"Secret {_EXTENDER_TLS}", secret) if secret else {}), **found}

    async def _ready_webhooks(self) -> int | None:
        """Return how many replicas are ready, or None where nobody counts them."""
        path = f"/apis/discovery.k8s.io/v1/namespaces/{self.places.namespace}/endpointslices"
        query = {"labelSelector": f"kubernetes.io/service-name={self.places.service}"}
        slices = msgspec.json.decode(await self.api.get(path, query), type=_EndpointSlices).items
        return sum(bool(each.conditions.ready) for one in slices for each in one.endpoints or ()) if slices else None

    async def _certificates(self) -> Standing:
        authority, serving = await contents(self.api, self.places)
        told: dict[str, bytes] = {}
        for path in ca_bundle.paths(self.configuration):
            found = await ca_bundle.told(self.api, path) or {}
            told |= {f"{path.rpartition('/v1/')[2]} {name}": each for name, each in found.items()}
        return Standing(authority, serving, self.places.names, told)

    async def _probe(self, namespaces: Mapping[str, Mapping[str, str]]) -> Probe | None:
        """Create a pod that names a class which does not exist, for show: the webhook records that on it."""
        name = next((name for name, labels in namespaces.items() if labels.get(INJECTION) == "enforce"), None)
        if name is None:
            return None
        try:
            created = await self.api.create(f"/api/v1/namespaces/{name}/pods?dryRun=All", _PROBE)
        except ApiError as error:
            return Probe(name, refusal=str(error))
        metadata = msgspec.json.decode(created, type=_Object).metadata
        at = datetime.fromisoformat(metadata.creation_timestamp) if metadata.creation_timestamp else None
        return Probe(name, is_answered=DECISION in (metadata.annotations or {}), created_at=at)

    async def _schedulers(self) -> Mapping[str, SchedulerConfiguration] | None:
        """Return the configurations in files that were named, and in ConfigMaps beside Berth; raises OSError."""
        texts = {str(each): each.read_text() for each in self.files}
        path = f"/api/v1/namespaces/{self.places.namespace}/configmaps"
        maps = await self._seen("ConfigMaps of Berth", self.api.get(path))
        for each in msgspec.json.decode(maps, type=_ConfigMaps).items if maps else ():
            texts |= {f"ConfigMap {each.metadata.name}, {key}": text for key, text in (each.data or {}).items()}
        read = {where: self._configuration_in(where, text) for where, text in texts.items()}
        found = {where: configuration for where, configuration in read.items() if configuration}
        return found if found or maps is not None else None

    def _configuration_in(self, where: str, text: str) -> SchedulerConfiguration | None:
        """Return the KubeSchedulerConfiguration that a text is, if it is one; one that cannot be read is told."""
        if "KubeSchedulerConfiguration" not in text:
            return None
        try:
            return msgspec.convert(yaml.safe_load(text), SchedulerConfiguration)
        except (yaml.YAMLError, msgspec.ValidationError) as error:
            self._unseen.append(f"{where} is no KubeSchedulerConfiguration: {' '.join(str(error).split())}")
            return None

    async def _placed_by(self, view: ClusterView) -> Mapping[str, int]:
        """Return how many pods with accelerators run by the word of each scheduler."""
        counts: Counter[str] = Counter()
        query = {"fieldSelector": "status.phase=Running", "limit": _PAGE}
        known = view.catalog.resource_names
        while True:
            page = msgspec.json.decode(await self.api.get("/api/v1/pods", query), type=_Pods)
            counts.update(each.spec.scheduler_name for each in page.items if each.resources & known)
            if not page.metadata.continue_:
                return counts
            query["continue"] = page.metadata.continue_


def _labels(namespaces: bytes) -> dict[str, dict[str, str]]:
    found = msgspec.json.decode(namespaces, type=_Namespaces).items
    return {each.metadata.name: each.metadata.labels or {} for each in found}
