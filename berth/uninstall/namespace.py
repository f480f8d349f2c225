"""The namespaces of an installation: deleted where the manifests made them for it alone.

Others are emptied of what the programs made.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import partial

from berth.uninstall.objects import NAMESPACES, PART_OF, Installed, each_of, metadata_of
from berth.uninstall.steps import FIELD_MANAGER, Change, Findings, shortened
from berth.uninstall.templates import PATHS
from cluster.api import Api, PatchKind
from cluster.kueue_manifests import BERTH, MANAGED_BY
from cluster.shapes import Metadata

_CERTIFICATES = frozenset({"berth-authority", "berth-webhook-tls", "berth-extender-tls"})
_LEASES = frozenset({"berth-controller", "berth-scheduler"})
# Whoever makes pods may be of a kind that is not known here, so that the pods are looked at as well.
_LOST = {"Pod": "/api/v1/pods", "PersistentVolumeClaim": "/api/v1/persistentvolumeclaims", **PATHS}
_RELEASES = {"fieldSelector": "type=helm.sh/release.v1"}


@dataclass(frozen=True, slots=True)
class OwnNamespaces:
    """What is left in the namespaces."""

    api: Api
    installed: Installed

    async def find(self) -> Findings:
        """Return what is to be deleted. Raises ApiError."""
        own = await self.installed.standing(NAMESPACES)
        shared = {each.name: names for each in own if (names := await self._foreign(each.name))}
        alone = [each for each in own if each.name not in shared]
        others = [each for each in self.installed.namespaces if each not in {one.name for one in alone}]
        found = [self.installed.deleted(alone), *[await self._emptied(each) for each in others]]
        return Findings.of([*found, Findings(tuple(self._left(*each) for each in shared.items()))])

    async def _foreign(self, namespace: str) -> list[str]:
        """Return what would be lost with a namespace and is not Berth's: who runs there, and what is stored."""
        found: list[str] = []
        for kind, path in _LOST.items():
            root, _, plural = path.rpartition("/")
            standing = self._of(f"{root}/namespaces/{namespace}/{plural}")
            found += [f"{kind} {each.name}" async for each in standing if not _is_labelled(each)]
        return found

    def _left(self, namespace: str, names: Sequence[str]) -> Change:
        patch = {"metadata": {"labels": {PART_OF.partition("=")[0]: None}}}
        path = f"/api/v1/namespaces/{namespace}"
        write = partial(self.api.patch, path, patch, PatchKind.MERGE, {"fieldManager": FIELD_MANAGER})
        return Change(f"leave (in it: {shortened(names)}), without Berth's label, Namespace", namespace, write)

    async def _emptied(self, namespace: str) -> Findings:
        secrets = f"/api/v1/namespaces/{namespace}/secrets"
        leases = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
        changes = [
            *[self._deletion("Secret", secrets, each) async for each in self._of(secrets) if _is_certificate(each)],
            *[self._deletion("Lease", leases, each) async for each in self._of(leases) if each.name in _LEASES],
        ]
        releases = {(each.labels or {}).get("name", "") async for each in self._of(secrets, _RELEASES)}
        forget = (
            f"Helm's record of {each}: helm uninstall {each} --namespace {namespace}" for each in sorted(releases)
        )
        return Findings(tuple(changes), kept=tuple(forget))

    async def _of(self, path: str, selectors: dict[str, str] | None = None) -> AsyncIterator[Metadata]:
        async for raw in each_of(self.api, path, selectors or {}):
            yield metadata_of(raw)

    def _deletion(self, kind: str, collection: str, metadata: Metadata) -> Change:
        title = f"{metadata.namespace}/{metadata.name}"
        return Change(f"delete {kind}", title, lambda: self.api.delete(f"{collection}/{metadata.name}"))


def _is_labelled(metadata: Metadata) -> bool:
    key, _, text = PART_OF.partition("=")
    return (metadata.labels or {}).get(key) == text


def _is_certificate(metadata: Metadata) -> bool:
    return metadata.name in _CERTIFICATES or (metadata.labels or {}).get(MANAGED_BY) == BERTH
