"""Another installation of Berth in the same cluster, with which this one shares what stands outside of namespaces."""

from dataclasses import dataclass

from berth.uninstall.objects import PART_OF, each_of, metadata_of
from berth.uninstall.steps import Findings
from cluster.api import Api


@dataclass(frozen=True, slots=True)
class Others:
    """Looks for programs of Berth in other namespaces."""

    api: Api
    namespace: str
    extender_namespace: str

    async def find(self) -> Findings:
        """Return the namespaces with another installation. Raises ApiError."""
        installed = await self._namespaces("deployments")
        others = sorted(installed - {self.namespace, self.extender_namespace})
        hosts = await self._namespaces("daemonsets")
        extenders = sorted(hosts - installed - {self.namespace, self.extender_namespace})
        beside = tuple(f"namespace {each} has an extender of Berth: --extender-namespace {each}" for each in extenders)
        return Findings(left=(*map(self._beside if self.namespace in installed else self._elsewhere, others), *beside))

    async def _namespaces(self, plural: str) -> set[str]:
        found = each_of(self.api, f"/apis/apps/v1/{plural}", {"labelSelector": PART_OF})
        return {metadata_of(each).namespace async for each in found}

    def _elsewhere(self, other: str) -> str:
        return f"namespace {self.namespace} has no installation of Berth, and {other} has one: --namespace {other}"

    def _beside(self, other: str) -> str:
        return (
            f"namespace {other} has an installation of Berth too, with the same rights and webhook configurations: "
            f"to remove that one, kubectl delete namespace {other}; to remove both, do that first; to remove this "
            f"one alone, kubectl delete namespace {self.namespace}, and apply the manifests of the other again"
        )
