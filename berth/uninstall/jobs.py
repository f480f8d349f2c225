"""Pods of Jobs: a Job counts a pod that is deleted as one that failed, but none that goes because it is suspended."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from berth.uninstall.objects import each_of
from berth.uninstall.steps import FIELD_MANAGER, Change, Findings
from berth.uninstall.waiting import Waiting, left
from cluster.api import Api, PatchKind
from cluster.shapes import Metadata, Shape
from controller.overseeing.owners import Reference

# On Jobs that were suspended here, so that whoever is interrupted resumes them the next time.
MARK = "berth.ome.io/suspended-by-uninstall"

_PATH = "/apis/batch/v1/jobs"
_RUNNING = (
    "its Job runs other pods, and would count a deleted one as failed: wait for them, delete the pod, or suspend and "
    "resume the Job"
)


class _Spec(Shape):
    suspend: bool | None = None


class _Job(Shape):
    metadata: Metadata
    spec: _Spec


class _PodSpec(Shape):
    node_name: str = ""


class _Pod(Shape):
    spec: _PodSpec


@dataclass(frozen=True, slots=True)
class Jobs:
    """Suspends Jobs of which no pod has a node, and resumes them once their pods are gone."""

    api: Api

    async def suspended(self) -> Findings:
        """Return the Jobs that were suspended here and are to be resumed. Raises ApiError."""
        found = []
        async for raw in each_of(self.api, _PATH, {}):
            job = msgspec.json.decode(raw, type=_Job)
            if MARK in (job.metadata.annotations or {}):
                found.append(await self._resumed(job))
        return Findings.of(found)

    async def find(self, reference: Reference, pods: Sequence[Waiting]) -> Findings:
        """Return what becomes of the waiting pods of a Job. Raises ApiError."""
        namespace = pods[0].namespace
        if await self._runs(namespace, reference.uid):
            return left(pods, _RUNNING)
        body = {"metadata": {"uid": reference.uid, "annotations": {MARK: "true"}}, "spec": {"suspend": True}}
        write = self._write(namespace, reference.name, body)

        async def suspend() -> None:
            # The scheduler still works, and a suspended Job would end what was placed since it was looked at.
            if not await self._runs(namespace, reference.uid):
                await write()

        return Findings((Change("suspend for a moment Job", f"{namespace}/{reference.name}", suspend),))

    async def _resumed(self, job: _Job) -> Findings:
        metadata, name = job.metadata, f"{job.metadata.namespace}/{job.metadata.name}"
        if job.spec.suspend and [each async for each in self._pods(metadata.namespace, metadata.uid)]:
            return Findings(awaited=(f"Job {name} is suspended until its waiting pods are gone",))
        body = {"metadata": {"uid": metadata.uid, "annotations": {MARK: None}}, "spec": {"suspend": False}}
        return Findings((Change("resume Job", name, self._write(metadata.namespace, metadata.name, body)),))

    async def _runs(self, namespace: str, uid: str) -> bool:
        return any([each.spec.node_name async for each in self._pods(namespace, uid)])

    async def _pods(self, namespace: str, uid: str) -> Any:
        query = {
            "labelSelector": f"batch.kubernetes.io/controller-uid={uid}",
            "fieldSelector": "status.phase!=Succeeded,status.phase!=Failed",
        }
        async for raw in each_of(self.api, f"/api/v1/namespaces/{namespace}/pods", query):
            yield msgspec.json.decode(raw, type=_Pod)

    def _write(self, namespace: str, name: str, body: Any) -> Callable[[], Awaitable[object]]:
        path = f"/apis/batch/v1/namespaces/{namespace}/jobs/{name}"
        return lambda: self.api.patch(path, body, PatchKind.MERGE, {"fieldManager": FIELD_MANAGER})
