"""The objects that an installation consists of: what carries its label, of every kind that the API server has."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

import msgspec

from berth.uninstall.steps import Change, Findings
from cluster.api import UNREACHABLE, Api, ApiError
from cluster.lists import pages
from cluster.shapes import Metadata, Shape

PART_OF = "app.kubernetes.io/part-of=berth"
COMPONENT = "app.kubernetes.io/component"

ADMISSION = frozenset({"MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"})
PROGRAMS = frozenset({"Deployment", "DaemonSet", "StatefulSet"})
DEFINITIONS = frozenset({"CustomResourceDefinition"})
NAMESPACES = frozenset({"Namespace"})
_APART = ADMISSION | PROGRAMS | DEFINITIONS | NAMESPACES
# They go with what they are of: classes, which people may have edited, with their definition.
_DERIVED = frozenset(
    {
        *("Pod", "Event", "Endpoints", "EndpointSlice", "ReplicaSet", "ControllerRevision"),
        *("AcceleratorClass", "AcceleratorProfile"),
        # Whatever label they have: with them would go who runs, and what is stored.
        *("Node", "PersistentVolume", "PersistentVolumeClaim"),
    }
)

# What selects the pods of a program; a selector never changes.
NAMED = "app.kubernetes.io/name=berth"
_BACKGROUND = {"propagationPolicy": "Background"}

# OME has other kinds beside the one that Berth may have defined before it came.
_OME = "/apis/ome.io/"
_CLASSES = "acceleratorclasses.ome.io"


class _Group(Shape):
    preferred_version: Mapping[str, str]


class _Groups(Shape):
    groups: list[_Group]


class _Resource(Shape):
    name: str
    kind: str
    namespaced: bool
    verbs: list[str]


class _Resources(Shape):
    resources: list[_Resource]


class _Labelled(Shape):
    metadata: Metadata


@dataclass(frozen=True, slots=True)
class Place:
    """Where the API has the objects of a kind."""

    kind: str
    collection: str
    namespaces: bool

    def paths(self, namespaces: Iterable[str]) -> list[str]:
        """Return the collections in these namespaces, or the one for the whole cluster."""
        root, _, plural = self.collection.rpartition("/")
        return [f"{root}/namespaces/{each}/{plural}" for each in namespaces] if self.namespaces else [self.collection]


@dataclass(frozen=True, slots=True)
class Standing:
    """An object of the installation."""

    kind: str
    path: str
    name: str
    component: str
    is_terminating: bool

    @property
    def title(self) -> str:
        """How people call it."""
        return f"{self.kind} {self.name}"


@dataclass
class Installed:
    """Finds and deletes the objects of an installation in its namespaces, in kube-system and outside of namespaces."""

    api: Api
    namespaces: tuple[str, ...]
    _places: list[Place] = field(default_factory=list)
    _unanswered: list[str] = field(default_factory=list)

    async def admission(self) -> Findings:
        """Webhook configurations: from then on pods are created as before."""
        return self.deleted(await self.standing(ADMISSION))

    async def controller(self) -> Findings:
        """The controller, which would make again what it keeps."""
        return await self._ended(lambda component: component == "controller")

    async def programs(self) -> Findings:
        """All programs."""
        return await self._ended(lambda _component: True)

    async def rest(self) -> Findings:
        """Everything but what is treated by itself."""
        places = [each for each in await self._known() if each.kind not in _APART]
        found = dict(zip(places, await asyncio.gather(*map(self._seen, places)), strict=True))
        silent = [*self._unanswered, *(each.collection for each, some in found.items() if some is None)]
        words = tuple(f"{each} does not answer: what of Berth stands there is not seen" for each in silent)
        standing = [each for some in found.values() for each in some or ()]
        return Findings.of([self.deleted(standing), Findings(left=words)])

    async def definitions(self) -> Findings:
        """The definitions of classes and profiles, and with them all that there are; OME's own stays."""
        standing = await self.standing(DEFINITIONS)
        has_ome = any(each.collection.startswith(_OME) for each in await self._known())
        kept = [each for each in standing if has_ome and each.name == _CLASSES]
        words = tuple(f"{each.title}, with its classes: OME is installed, and needs it" for each in kept)
        return Findings.of([self.deleted([each for each in standing if each not in kept]), Findings(kept=words)])

    async def kept_definitions(self) -> Findings:
        """The definitions, which stay with all classes and profiles that people wrote."""
        kept = [each.title for each in await self.standing(DEFINITIONS)]
        why = "with the classes and profiles of people; --delete-definitions deletes them all"
        return Findings(kept=tuple(f"{each}, {why}" for each in kept))

    async def standing(self, kinds: Iterable[str]) -> list[Standing]:
        """Return the objects of some kinds. Raises ApiError."""
        places = [each for each in await self._known() if each.kind in set(kinds)]
        found = await asyncio.gather(*map(self._of, places))
        return [each for some in found for each in some]

    async def _ended(self, is_meant: Callable[[str], bool]) -> Findings:
        """Delete programs, and wait until their pods are gone."""
        standing = [each for each in await self.standing(PROGRAMS) if is_meant(each.component)]
        running = [
            metadata_of(each)
            for namespace in self.namespaces
            async for each in each_of(self.api, f"/api/v1/namespaces/{namespace}/pods", {"labelSelector": NAMED})
        ]
        meant = [each for each in running if is_meant((each.labels or {}).get(COMPONENT, ""))]
        ending = tuple(
            f"pod {each.namespace}/{each.name} still runs (if its node is lost: kubectl delete pod --force)"
            for each in meant
        )
        return Findings.of([self.deleted(standing), Findings(awaited=ending)])

    async def _seen(self, place: Place) -> list[Standing] | None:
        """Return the objects of a kind; nothing where its own server, or the webhook that converts it, is away."""
        try:
            return await self._of(place)
        except ApiError as error:
            if error.status in (UNREACHABLE, HTTPStatus.TOO_MANY_REQUESTS):
                raise
            return None

    async def _of(self, place: Place) -> list[Standing]:
        found = []
        for path in place.paths((*self.namespaces, "kube-system")):
            async for raw in each_of(self.api, path, {"labelSelector": PART_OF}):
                metadata = metadata_of(raw)
                if not metadata.owner_references and self._is_ours(place, metadata):
                    found.append(_standing(place, path, metadata))
        return found

    def _is_ours(self, place: Place, metadata: Metadata) -> bool:
        return place.kind not in NAMESPACES or metadata.name in self.namespaces

    def deleted(self, standing: Sequence[Standing]) -> Findings:
        """Return the deletion of objects, or that it is awaited."""
        changes = tuple(self._deletion(each) for each in standing if not each.is_terminating)
        return Findings(changes, tuple(f"{each.title} is being deleted" for each in standing if each.is_terminating))

    def _deletion(self, standing: Standing) -> Change:
        return Change(f"delete {standing.kind}", standing.name, lambda: self.api.delete(standing.path, _BACKGROUND))

    async def _known(self) -> list[Place]:
        """Return the kinds that can be listed and deleted, as the API server tells. Raises ApiError."""
        if not self._places:
            groups = msgspec.json.decode(await self.api.get("/apis"), type=_Groups).groups
            roots = ["/api/v1", *(f"/apis/{each.preferred_version['groupVersion']}" for each in groups)]
            for some in await asyncio.gather(*map(self._under, roots)):
                self._places += some
        return self._places

    async def _under(self, root: str) -> list[Place]:
        try:
            resources = msgspec.json.decode(await self.api.get(root), type=_Resources).resources
        except ApiError:
            self._unanswered.append(root)
            return []
        return [
            Place(each.kind, f"{root}/{each.name}", each.namespaced)
            for each in resources
            if {"list", "delete"} <= set(each.verbs) and each.kind not in _DERIVED and "/" not in each.name
        ]


async def each_of(api: Api, path: str, selectors: Mapping[str, str]) -> AsyncIterator[msgspec.Raw]:
    """Yield the objects of a path that query parameters select; none where the path is not served. Raises ApiError."""
    try:
        async for page in pages(api, path, selectors):
            for each in page:
                yield each
    except ApiError as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise


def metadata_of(raw: msgspec.Raw) -> Metadata:
    """Return what an object says of itself."""
    return msgspec.json.decode(raw, type=_Labelled).metadata


def _standing(place: Place, path: str, metadata: Metadata) -> Standing:
    return Standing(
        place.kind,
        f"{path}/{metadata.name}",
        "/".join(each for each in (metadata.namespace, metadata.name) if each),
        (metadata.labels or {}).get(COMPONENT, ""),
        is_terminating=metadata.deletion_timestamp is not None,
    )
