"""Leases of coordination.k8s.io/v1: who holds one, as the API server keeps it."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, NamedTuple

import msgspec

from cluster.api import Api, ApiError, PatchKind


class LeaseRecord(msgspec.Struct, frozen=True, rename="camel"):
    """A Lease's spec; times are text, because nobody compares clocks of two machines."""

    holder_identity: str | None = None
    lease_duration_seconds: int | None = None
    acquire_time: str | None = None
    renew_time: str | None = None
    lease_transitions: int | None = None


class StandingLease(NamedTuple):
    """A record and its resourceVersion."""

    record: LeaseRecord
    version: str


class _Metadata(msgspec.Struct):
    resourceVersion: str = ""  # noqa: N815 - the wire's name.


class _Lease(msgspec.Struct):
    metadata: _Metadata
    spec: LeaseRecord | None = None


@dataclass(frozen=True, slots=True)
class StoredLease:
    """One Lease of the API server; every method raises ApiError."""

    api: Api
    namespace: str
    name: str

    async def read(self) -> StandingLease | None:
        """Return the record that stands, or None where there is no such Lease."""
        try:
            return _decode(await self.api.get(f"{self._collection}/{self.name}"))
        except ApiError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    async def write(self, record: LeaseRecord, version: str | None) -> StandingLease | None:
        """Write over the version that was read, or create the Lease where none was; None where somebody was faster."""
        overtaken = {HTTPStatus.CONFLICT} if version is None else {HTTPStatus.CONFLICT, HTTPStatus.NOT_FOUND}
        try:
            return _decode(await self._written(msgspec.to_builtins(record), version))
        except ApiError as error:
            if error.status in overtaken:
                return None
            raise

    async def _written(self, spec: Any, version: str | None) -> bytes:
        if version is None:
            kind = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease"}
            metadata = {"name": self.name, "namespace": self.namespace}
            return await self.api.create(self._collection, {**kind, "metadata": metadata, "spec": spec})
        # A patch, because labels and fields that others set are to stay.
        patch = {"metadata": {"resourceVersion": version}, "spec": spec}
        return await self.api.patch(f"{self._collection}/{self.name}", patch, PatchKind.MERGE)

    @property
    def _collection(self) -> str:
        return f"/apis/coordination.k8s.io/v1/namespaces/{self.namespace}/leases"


def _decode(content: bytes) -> StandingLease:
    lease = msgspec.json.decode(content, type=_Lease)
    return StandingLease(lease.spec or LeaseRecord(), lease.metadata.resourceVersion)
