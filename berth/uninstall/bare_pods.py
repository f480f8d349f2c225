"""Pods of nobody: each is kept in a file, deleted, and made of the file, so that whoever is interrupted loses none."""

import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import msgspec

from berth.uninstall.steps import FIELD_MANAGER, Change, Findings, several
from berth.uninstall.waiting import Waiting, decode_waiting, left
from cluster.api import UNREACHABLE, Api, ApiError
from placement.keys import OURS_ON_PODS

_NOBODYS = "nobody would make it again: delete it, or have it replaced by --replace-bare-pods FOLDER"
_OWN = ("name", "namespace", "labels", "annotations", "ownerReferences")
# What only a pod that exists has.
_LATER = frozenset({"schedulerName", "nodeName", "ephemeralContainers"})

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class BarePods:
    """Replaces pods by ones for the default scheduler; without a folder they are left alone."""

    api: Api
    folder: Path | None

    async def kept(self, waiting: Sequence[Waiting]) -> Findings:
        """Return the pods that were deleted and are to be made again, `waiting` being those that still stand.

        Raises ApiError, and OSError of the folder.
        """
        files = sorted(self.folder.glob("*.json")) if self.folder else []
        standing = {_file_name(each.namespace, each.name) for each in waiting}
        return Findings.of(await several(self._kept_one, [each for each in files if each.name not in standing]))

    async def find(self, pods: Sequence[Waiting]) -> Findings:
        """Return what becomes of pods of nobody. Raises ApiError."""
        if self.folder is None:
            return left(pods, _NOBODYS)
        folder = self.folder
        return Findings.of(await several(lambda each: self._one(folder, each), pods))

    async def _kept_one(self, file: Path) -> Findings:
        manifest = _kept(file)
        if manifest is None:
            return Findings(left=(f"{file} is no pod that was kept here: move it to another folder",))
        namespace, name = (manifest["metadata"][key] for key in ("namespace", "name"))
        try:
            raw = await self.api.get(f"/api/v1/namespaces/{namespace}/pods/{name}")
        except ApiError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            return Findings((Change("make pod again:", str(file), self._making(file, manifest)),))
        standing = decode_waiting(msgspec.Raw(raw))
        if standing.is_terminating:
            return Findings(awaited=(standing.end,))
        return Findings((Change("remove, because its pod is there,", str(file), _forgetting(file)),))

    async def _one(self, folder: Path, pod: Waiting) -> Findings:
        manifest = anew(pod.raw)
        rehearsed = {**manifest["metadata"], "generateName": f"{pod.name[:50]}-"}
        del rehearsed["name"]
        try:
            await self.api.create(f"{pod.collection}?dryRun=All", {**manifest, "metadata": rehearsed})
        except ApiError as error:
            return left([pod], f"it could not be made again: {error}")
        return Findings((Change("delete pod, to be made again:", pod.title, self._leaving(folder, pod, manifest)),))

    def _leaving(self, folder: Path, pod: Waiting, manifest: Json) -> Callable[[], Awaitable[object]]:
        async def leave() -> None:
            file = folder / _file_name(pod.namespace, pod.name)
            _keep(file, manifest)
            try:
                await pod.deletion(self.api)()
            except ApiError as error:
                if UNREACHABLE < error.status < HTTPStatus.INTERNAL_SERVER_ERROR:
                    _forget(file)  # the pod stands, or somebody else deleted it
                raise

        return leave

    def _making(self, file: Path, manifest: Json) -> Callable[[], Awaitable[object]]:
        async def make() -> None:
            pods = f"/api/v1/namespaces/{manifest['metadata']['namespace']}/pods"
            await self.api.create(f"{pods}?fieldManager={FIELD_MANAGER}", manifest)
            _forget(file)

        return make


def anew(raw: bytes) -> Json:
    """Return a pod as it would be created for the default scheduler, without what Berth wrote of its choice."""
    pod = msgspec.json.decode(raw)
    own = {name: _foreign(pod["metadata"][name]) for name in _OWN if name in pod["metadata"]}
    spec = {name: each for name, each in pod["spec"].items() if name not in _LATER}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": own, "spec": spec}


def _foreign(said: Any) -> Any:
    return {key: text for key, text in said.items() if key not in OURS_ON_PODS} if isinstance(said, Mapping) else said


def _file_name(namespace: str, name: str) -> str:
    return f"{namespace}.{name}.json"


def _keep(file: Path, manifest: Json) -> None:
    """Write a file wholly, and onto the disk, before the pod is gone."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".partial")
    partial.touch(mode=0o600)  # a pod's variables may be secrets
    with partial.open("wb") as stream:
        stream.write(msgspec.json.format(msgspec.json.encode(manifest)))
        stream.flush()
        os.fsync(stream.fileno())
    partial.replace(file)


def _kept(file: Path) -> Json | None:
    """Return the pod that was kept in a file; nothing where it is somebody else's file."""
    try:
        manifest: Json = msgspec.json.decode(file.read_bytes())
        metadata = manifest["metadata"]
        is_ours = manifest["kind"] == "Pod" and file.name == _file_name(metadata["namespace"], metadata["name"])
    except (ValueError, KeyError, TypeError):
        return None
    return manifest if is_ours else None


def _forgetting(file: Path) -> Callable[[], Awaitable[object]]:
    async def forget() -> None:
        _forget(file)

    return forget


def _forget(file: Path) -> None:
    file.unlink(missing_ok=True)
