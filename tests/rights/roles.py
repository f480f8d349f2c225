"""The roles that the manifests make, and who is bound to which, as the API server has them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

from sandbox import ControlPlane
from tests.rights.audit import NAMESPACE, Call

Json = dict[str, Any]
_API = "/apis/rbac.authorization.k8s.io/v1"
_OF_KUBERNETES = "kubernetes.io/bootstrapping"
# kube-scheduler and the extender have one account; each takes its own roles.
_SCHEDULER, _EXTENDER = "berth-scheduler", "berth-extender"
# No object, and never asked for: policies ask the authorizer whether an account may.
ASKED_BY_POLICIES = "annotations"


@dataclass(frozen=True, slots=True)
class Right:
    """One verb on one resource (of one name, where there is one) that a role gives to an account."""

    account: str
    program: str
    role: str
    namespace: str
    group: str
    resource: str
    name: str
    verb: str

    def allows(self, call: Call) -> bool:
        """Tell whether a call takes this right."""
        return (
            (self.account, self.program) == (call.account, call.program)
            and self.verb in call.verbs
            and (self.group, self.resource) == (call.group, call.resource)
            and self.name in ("", call.name)
            and self.namespace in ("", call.namespace)
        )

    def __str__(self) -> str:
        named = f"{self.resource}{f'/{self.name}' if self.name else ''}{f'.{self.group}' if self.group else ''}"
        return f"role {self.role} of {self.account}: {self.verb} {named}"


@dataclass(frozen=True, slots=True)
class Binding:
    """Who is bound to a role; its namespace is empty where it holds in all."""

    name: str
    namespace: str
    role_kind: str
    role: str
    account: str


def bindings(plane: ControlPlane) -> list[Binding]:
    """Return the bindings of the manifests' accounts."""
    return list(_bindings(plane))


def rights(plane: ControlPlane) -> list[Right]:
    """Return what the roles of the manifests give; what Kubernetes' own roles give is not theirs."""
    rules = {
        (kind, each["metadata"].get("namespace", ""), each["metadata"]["name"]): each["rules"]
        for kind in ("ClusterRole", "Role")
        for each in _listed(plane, kind)
        if _OF_KUBERNETES not in each["metadata"].get("labels", {})
    }
    return [
        right
        for binding in bindings(plane)
        for rule in rules.get((binding.role_kind, _home(binding), binding.role), [])
        for right in _rights(binding, rule)
    ]


def unused(plane: ControlPlane, made: Iterable[Call]) -> list[str]:
    """Return the rights that none of these calls takes."""
    asked = {each for each in made if not each.is_denied}
    takes_none = (right for right in rights(plane) if right.resource != ASKED_BY_POLICIES)
    return sorted(str(right) for right in takes_none if not any(right.allows(call) for call in asked))


def unused_bindings(plane: ControlPlane, made: Iterable[Call]) -> list[str]:
    """Return the bindings by which none of these calls was allowed."""
    reasons = {each.reason for each in made}
    names = {f'Binding "{"/".join(filter(None, (each.name, each.namespace)))}"' for each in bindings(plane)}
    return sorted(name for name in names if not any(name in reason for reason in reasons))


def _home(binding: Binding) -> str:
    return binding.namespace if binding.role_kind == "Role" else ""


def _bindings(plane: ControlPlane) -> Iterator[Binding]:
    for each in (*_listed(plane, "ClusterRoleBinding"), *_listed(plane, "RoleBinding")):
        metadata, role = each["metadata"], each["roleRef"]
        for subject in each.get("subjects", []):
            if (subject["kind"], subject.get("namespace")) == ("ServiceAccount", NAMESPACE):
                namespace = metadata.get("namespace", "")
                yield Binding(metadata["name"], namespace, role["kind"], role["name"], subject["name"])


def _listed(plane: ControlPlane, kind: str) -> list[Json]:
    found: list[Json] = plane.api.get(f"{_API}/{kind.lower()}s")["items"]
    return found


def _rights(binding: Binding, rule: Json) -> Iterator[Right]:
    names = rule.get("resourceNames") or [""]
    for group, resource, name, verb in product(rule["apiGroups"], rule["resources"], names, rule["verbs"]):
        program = "kube-scheduler" if binding.account == _SCHEDULER and binding.role != _EXTENDER else "berth"
        yield Right(binding.account, program, binding.role, binding.namespace, group, resource, name, verb)
