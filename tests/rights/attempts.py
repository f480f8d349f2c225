"""What somebody may try, with a stolen token or as a tenant: each is one request, and a dry run."""

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any

from placement.keys import CHOSEN_CLASS, DECISION, DEVICES, INJECTION, PLACEMENT, PROFILE, REQUESTED_CLASS, TOUCHED
from placement.shares import SHARES
from sandbox import ControlPlane

Json = dict[str, Any]

MERGE, STRATEGIC = "application/merge-patch+json", "application/strategic-merge-patch+json"
PODS = "/api/v1/namespaces/victim/pods"
RUNS, WAITS = f"{PODS}/runs", f"{PODS}/waits"
NODE = "/api/v1/nodes/victim"
_BINDINGS = "/api/v1/namespaces/victim/bindings"
_OWN = "/api/v1/namespaces/berth-system"
_LEASES = "/apis/coordination.k8s.io/v1/namespaces/berth-system/leases"
_CLASSES, _PROFILES = "/apis/ome.io/v1beta1/acceleratorclasses", "/apis/berth.ome.io/v1alpha1/acceleratorprofiles"
_DEVICES = "berth.ome.io/gpu-milli:0=250"
_OF_SCHEDULER = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/kube-scheduler"
_ADMISSION = "/apis/admissionregistration.k8s.io/v1"
# What stands in the way is no rule and no policy: a Lease has another version, or is not there yet.
_OBSTACLES = (HTTPStatus.CONFLICT, HTTPStatus.NOT_FOUND)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request, as docs/security.md calls it."""

    what: str
    method: str
    path: str
    body: Json = field(default_factory=dict)
    content_type: str = MERGE
    headers: Mapping[str, str] = field(default_factory=dict)

    def made_by(self, kubeconfig: Path, plane: ControlPlane) -> str:
        """Return whether that is allowed: `yes`, `no` (no rule allows it) or `refused` (a policy forbids it)."""
        token = json.loads(kubeconfig.read_text())["users"][0]["user"]["token"]
        status, said = self._answer(plane, token)
        if status < HTTPStatus.BAD_REQUEST or status in _OBSTACLES:
            return "yes"
        assert status == HTTPStatus.FORBIDDEN, said
        return "refused" if "ValidatingAdmissionPolicy" in said else "no"

    def _answer(self, plane: ControlPlane, token: str) -> tuple[int, str]:
        tls = ssl.create_default_context(cafile=plane.ca_path)
        connection = HTTPSConnection("127.0.0.1", plane.api.port, timeout=30, context=tls)
        kind = self.content_type if self.method == "PATCH" else "application/json"
        headers = {"Authorization": f"Bearer {token}", "Content-Type": kind, **self.headers}
        query = "" if self.method == "GET" else f"{'&' if '?' in self.path else '?'}dryRun=All"
        try:
            connection.request(self.method, self.path + query, json.dumps(self.body) if self.body else None, headers)
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()


def _labelled(key: str, value: str | None) -> Json:
    return {"metadata": {"labels": {key: value}}}


def _annotated(key: str, value: str | None) -> Json:
    return {"metadata": {"annotations": {key: value}}}


def _lease(name: str) -> Json:
    return {"metadata": {"name": name, "resourceVersion": "1"}, "spec": {"holderIdentity": "mine"}}


def _binding(**metadata: Any) -> Json:
    target = {"apiVersion": "v1", "kind": "Node", "name": "victim"}
    return {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "waits", **metadata}, "target": target}


def _condition(pod: str, kind: str) -> tuple[str, Json, str]:
    """Return a path, a body and its type."""
    return f"{pod}/status", {"status": {"conditions": [{"type": kind, "status": "False", "reason": "Any"}]}}, STRATEGIC


def _secret(kind: str, **annotations: str) -> Json:
    return {
        "metadata": {"name": "mine", "annotations": annotations},
        "type": kind,
        "data": {"tls.crt": "", "tls.key": ""},
    }


def _pod(**annotations: str) -> Json:
    return {
        "metadata": {"name": "mine", "annotations": annotations},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    }


_RULES = {"roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}}
_REGARDING = {"kind": "Pod", "name": "runs", "namespace": "victim"}
_EVENT = {
    "metadata": {"name": "mine"},
    "eventTime": "2026-01-01T00:00:00.000000Z",
    "type": "Normal",
    "reason": "Mine",
    "action": "Mine",
    "regarding": _REGARDING,
    "reportingController": "mine",
    "reportingInstance": "mine",
}
_EVENTS = "/apis/events.k8s.io/v1/namespaces/victim/events"
_SELECTS = {"webhooks": [{"name": "pods.accelerators.berth.ome.io", "namespaceSelector": {}}]}

ATTEMPTS = (
    Attempt("read all pods, with the values of their variables", "GET", "/api/v1/pods"),
    Attempt("read a Secret of somebody else", "GET", "/api/v1/namespaces/victim/secrets/key"),
    Attempt("read another Secret of `berth-system`", "GET", f"{_OWN}/secrets/another"),
    Attempt("list Secrets of `berth-system`", "GET", f"{_OWN}/secrets"),
    Attempt("read the key of the webhook's authority", "GET", f"{_OWN}/secrets/berth-authority"),
    Attempt("read ConfigMaps", "GET", "/api/v1/namespaces/victim/configmaps"),
    Attempt("get a token of another account", "POST", f"{_OWN}/serviceaccounts/berth-webhook/token", {"spec": {}}),
    Attempt(
        "get one by a Secret",
        "POST",
        f"{_OWN}/secrets",
        _secret("kubernetes.io/service-account-token", **{"kubernetes.io/service-account.name": "berth-scheduler"}),
    ),
    Attempt("act in the name of another", "GET", "/api/v1/pods", headers={"Impersonate-User": "admin"}),
    Attempt(
        "bind itself to a role",
        "POST",
        "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
        {"metadata": {"name": "mine"}, **_RULES},
    ),
    Attempt("create a Secret elsewhere", "POST", "/api/v1/namespaces/victim/secrets", _secret("kubernetes.io/tls")),
    Attempt("create a pod", "POST", PODS, _pod()),
    Attempt("run a command in a pod", "POST", f"{RUNS}/exec?command=id&stdout=true"),
    Attempt(
        "change a Deployment", "PATCH", "/apis/apps/v1/namespaces/victim/deployments/web", {"spec": {"replicas": 0}}
    ),
    Attempt(
        "change the image of a pod",
        "PATCH",
        RUNS,
        {"spec": {"containers": [{"name": "c", "image": "mine"}]}},
        STRATEGIC,
    ),
    Attempt("change labels of a pod, by which Services find it", "PATCH", RUNS, _labelled("app", "bank")),
    Attempt("the same by its status", "PATCH", f"{RUNS}/status", _labelled("app", "bank")),
    Attempt("give a pod another address", "PATCH", f"{RUNS}/status", {"status": {"podIPs": [{"ip": "10.9.9.9"}]}}),
    Attempt("say that a pod has failed", "PATCH", f"{RUNS}/status", {"status": {"phase": "Failed"}}),
    Attempt("say that a pod is not ready, so that no Service leads to it", "PATCH", *_condition(RUNS, "Ready")),
    Attempt("say that a pod cannot be resized", "PATCH", f"{RUNS}/status", {"status": {"resize": "Infeasible"}}),
    Attempt("say that a pod cannot be scheduled", "PATCH", *_condition(WAITS, "PodScheduled")),
    Attempt("give a pod devices", "PATCH", RUNS, _annotated(DEVICES, _DEVICES)),
    Attempt("change which class a pod got", "PATCH", RUNS, _annotated(CHOSEN_CLASS, "h100")),
    Attempt("change why it got it", "PATCH", RUNS, _annotated(DECISION, "{ }")),
    Attempt("set another annotation of a pod", "PATCH", RUNS, _annotated("example.com/any", "mine")),
    Attempt("bind a waiting pod to any node", "POST", f"{WAITS}/binding", _binding()),
    Attempt("bind it with labels", "POST", f"{WAITS}/binding", _binding(labels={"app": "bank"})),
    Attempt(
        "bind it with annotations of others",
        "POST",
        f"{WAITS}/binding",
        _binding(annotations={"example.com/any": "mine"}),
    ),
    Attempt("the same at the other place for Bindings", "POST", _BINDINGS, _binding(labels={"app": "bank"})),
    Attempt("delete a pod that waits", "DELETE", WAITS),
    Attempt("delete a pod that has a node", "DELETE", RUNS),
    Attempt("cordon or taint a node", "PATCH", NODE, {"spec": {"unschedulable": True}}),
    Attempt("change labels of a node", "PATCH", NODE, _labelled("pool", "mine")),
    Attempt("have waiting pods tried again", "PATCH", NODE, _annotated(TOUCHED, "1")),
    Attempt("say that a node offers shares", "PATCH", f"{NODE}/status", {"status": {"capacity": {SHARES: "9000"}}}),
    Attempt("say that it offers other things", "PATCH", f"{NODE}/status", {"status": {"capacity": {"cpu": "9000"}}}),
    Attempt(
        "say that it is at another address",
        "PATCH",
        f"{NODE}/status",
        {"status": {"addresses": [{"type": "InternalIP", "address": "10.9.9.9"}]}},
    ),
    Attempt("change labels of a node by its status", "PATCH", f"{NODE}/status", _labelled("pool", "mine")),
    Attempt("delete a node", "DELETE", NODE),
    Attempt(
        "give a volume to another claim",
        "PATCH",
        "/api/v1/persistentvolumes/victim",
        {"spec": {"claimRef": {"namespace": "mine", "name": "mine"}}},
    ),
    Attempt(
        "change a class: where its pods go, at what price",
        "PATCH",
        f"{_CLASSES}/nvidia-h100-80gb",
        {"spec": {"cost": {"perHour": "9.00"}}},
    ),
    Attempt(
        "change a profile: environment, arguments",
        "PATCH",
        f"{_PROFILES}/engines",
        {"spec": {"spread": "none"}},
    ),
    Attempt(
        "change a flavor of Kueue",
        "PATCH",
        "/apis/kueue.x-k8s.io/v1beta2/resourceflavors/linked",
        {"spec": {"nodeLabels": {"pool": "mine"}}},
    ),
    Attempt("write Events", "POST", _EVENTS, _EVENT),
    Attempt("hold the scheduler's Lease", "PUT", f"{_LEASES}/berth-scheduler", _lease("berth-scheduler")),
    Attempt(
        "hold the controller's Lease", "PATCH", f"{_LEASES}/berth-controller", {"spec": {"holderIdentity": "mine"}}
    ),
    Attempt("hold the Lease of the cluster's own kube-scheduler", "PUT", _OF_SCHEDULER, _lease("kube-scheduler")),
    Attempt("hold another Lease", "PUT", f"{_LEASES}/another", _lease("another")),
    Attempt(
        "have Berth's webhook asked about all namespaces, at any address",
        "PATCH",
        f"{_ADMISSION}/mutatingwebhookconfigurations/accelerators.berth.ome.io",
        _SELECTS,
        STRATEGIC,
    ),
    Attempt(
        "change another webhook configuration",
        "PATCH",
        f"{_ADMISSION}/mutatingwebhookconfigurations/others",
        {"webhooks": []},
    ),
    Attempt(
        "change what policies say",
        "PATCH",
        f"{_ADMISSION}/validatingadmissionpolicies/scheduler.accelerators.berth.ome.io",
        {"spec": {"validations": []}},
    ),
)

# Of somebody with every right in the namespace `victim`; its pod `runs` has everything that Berth writes.
OF_A_TENANT = (
    Attempt("name a class for a pod", "POST", PODS, _pod(**{REQUESTED_CLASS: "nvidia-h100-80gb"})),
    Attempt("name a profile for a pod", "POST", PODS, _pod(**{PROFILE: "engines"})),
    Attempt("change labels and annotations of its own", "PATCH", RUNS, _annotated("example.com/any", "mine")),
    Attempt("opt its namespace in or out", "PATCH", "/api/v1/namespaces/victim", _labelled(INJECTION, "enforce")),
    Attempt("bind its pod to any node", "POST", f"{WAITS}/binding", _binding()),
    Attempt("bind it with devices", "POST", f"{WAITS}/binding", _binding(annotations={DEVICES: _DEVICES})),
    Attempt("the same at the other place for Bindings", "POST", _BINDINGS, _binding(annotations={DEVICES: _DEVICES})),
    Attempt("bind it with another class", "POST", _BINDINGS, _binding(annotations={CHOSEN_CLASS: "h100"})),
    Attempt("create a pod with devices", "POST", PODS, _pod(**{DEVICES: _DEVICES})),
    Attempt("create a pod that tells of its placement", "POST", PODS, _pod(**{PLACEMENT: "{}"})),
    Attempt("change which devices a pod has", "PATCH", RUNS, _annotated(DEVICES, _DEVICES)),
    Attempt("change that by the pod's status", "PATCH", f"{RUNS}/status", _annotated(DEVICES, _DEVICES)),
    Attempt("take away which devices a pod has", "PATCH", RUNS, _annotated(DEVICES, None)),
    Attempt("change where a pod was placed, and why", "PATCH", RUNS, _annotated(PLACEMENT, "{ }")),
    Attempt("change which class a pod got", "PATCH", RUNS, _annotated(CHOSEN_CLASS, "h100")),
    Attempt("change the label of that", "PATCH", RUNS, _labelled(CHOSEN_CLASS, "h100")),
    Attempt("take that label away", "PATCH", RUNS, _labelled(CHOSEN_CLASS, None)),
    Attempt("change why a pod got its class", "PATCH", RUNS, _annotated(DECISION, None)),
    Attempt("change a class", "PATCH", f"{_CLASSES}/nvidia-h100-80gb", {"spec": {"cost": {"perHour": "9.00"}}}),
    Attempt("change a profile", "PATCH", f"{_PROFILES}/engines", {"spec": {"spread": "none"}}),
    Attempt("read a pod of another namespace", "GET", "/api/v1/namespaces/team/pods"),
    Attempt("read Berth's Secrets", "GET", f"{_OWN}/secrets/berth-webhook-tls"),
)
