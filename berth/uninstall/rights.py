"""Whether whoever asks may do all that an uninstallation does: it is not begun by somebody who could not end it."""

import asyncio
from dataclasses import dataclass

import msgspec

from berth.uninstall.steps import Findings
from cluster.api import Api
from cluster.shapes import Shape

_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_ADMISSION = "admissionregistration.k8s.io"
_RBAC = "rbac.authorization.k8s.io"
NEEDED = (
    *(
        ("delete", _ADMISSION, f"{each}s")
        for each in (
            "mutatingwebhookconfiguration",
            "validatingwebhookconfiguration",
            "validatingadmissionpolicybinding",
        )
    ),
    ("delete", _ADMISSION, "validatingadmissionpolicies"),
    *(("delete", _RBAC, each) for each in ("clusterrolebindings", "clusterroles", "rolebindings", "roles")),
    *(("delete", "", each) for each in ("pods", "events", "secrets", "configmaps", "namespaces")),
    *(("delete", "", each) for each in ("services", "serviceaccounts", "resourcequotas")),
    ("delete", "policy", "poddisruptionbudgets"),
    ("delete", "networking.k8s.io", "networkpolicies"),
    *(("patch", "", each) for each in ("pods", "nodes", "nodes/status", "namespaces")),
    *(("delete", "apps", each) for each in ("deployments", "daemonsets")),
    ("delete", "coordination.k8s.io", "leases"),
    ("patch", "batch", "jobs"),
    *((verb, "ome.io", "acceleratorclasses") for verb in ("delete", "patch")),
    ("patch", "ome.io", "acceleratorclasses/status"),
    *(("patch", "berth.ome.io", each) for each in ("acceleratorprofiles", "acceleratorprofiles/status")),
    ("write", "berth.ome.io", "annotations"),  # what the policy for pods asks for
    *((verb, "kueue.x-k8s.io", "resourceflavors") for verb in ("delete", "patch")),
)
_DEFINITIONS = ("delete", "apiextensions.k8s.io", "customresourcedefinitions")
_BARE_PODS = ("create", "", "pods")


class _Status(Shape):
    allowed: bool = False


class _Review(Shape):
    status: _Status


@dataclass(frozen=True, slots=True)
class Rights:
    """Asks the API server."""

    api: Api
    deletes_definitions: bool = False
    creates_pods: bool = False

    async def find(self) -> Findings:
        """Return what may not be done. Raises ApiError."""
        more = ((_DEFINITIONS, self.deletes_definitions), (_BARE_PODS, self.creates_pods))
        needed = [*NEEDED, *(each for each, is_needed in more if is_needed)]
        allowed = await asyncio.gather(*(self._may(*each) for each in needed))
        refused = [f"{verb} {what}" for (verb, _, what), may in zip(needed, allowed, strict=True) if not may]
        return Findings(left=(f"your account may not {', '.join(refused)}",) if refused else ())

    async def _may(self, verb: str, group: str, what: str) -> bool:
        resource, _, subresource = what.partition("/")
        asked = {"verb": verb, "group": group, "resource": resource, "subresource": subresource}
        review = {"spec": {"resourceAttributes": asked}}
        return msgspec.json.decode(await self.api.create(_REVIEWS, review), type=_Review).status.allowed
