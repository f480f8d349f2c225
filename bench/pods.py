"""Pods as kube-apiserver sends them to a webhook: defaulted, with their managed fields and their token's volume.

Twenty templates, as many workloads would have; the replicas of one differ in name, uid and volume alone.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

TEMPLATES = 20
_NAME, _SUFFIX, _UID = "NAME-0000000", "SUFFX", "00000000-0000-4000-8000-000000000000"
_NVIDIA = "nvidia.com/gpu"
_SIZES = ("1", "1", "2", "4", "8")
_SCRIPT = """\
set -euo pipefail
if [ "${LWS_WORKER_INDEX:-0}" -ne 0 ]; then echo "worker ${POD_NAME} waits"; fi
export MODEL_ROOT=${MODEL_ROOT:-/mnt/models}
"""
_STEP = """\
if [ -n "${OPTION_%d:-}" ]; then
  VLLM_ADDITIONAL_ARGS="${VLLM_ADDITIONAL_ARGS} --option-%d=${OPTION_%d}"
fi
"""
_SERVE = 'eval "exec vllm serve /mnt/models --served-model-name llama --port 8000 ${VLLM_ADDITIONAL_ARGS} $@"\n'


@dataclass(frozen=True, slots=True)
class Template:
    """One workload's review as JSON, with places for what differs between its replicas."""

    text: bytes

    def review(self, number: int) -> bytes:
        """Return the AdmissionReview of the replica of that number; all have the same length."""
        suffix = f"{number * 7919 % 0xFFFFF:05x}"
        return (
            self.text.replace(_NAME.encode(), f"llm-{number:08x}".encode())
            .replace(_UID.encode(), f"{number:08x}-0000-4000-8000-000000000000".encode())
            .replace(_SUFFIX.encode(), suffix.encode())
        )


def templates(pod_bytes: int) -> tuple[Template, ...]:
    """Return the templates whose pods have about that many bytes of JSON; `app` is `service-N`."""
    return tuple(Template(_text(_review(_filled(number, pod_bytes)))) for number in range(TEMPLATES))


def _filled(number: int, pod_bytes: int) -> Json:
    """Return a pod with as many variables, and steps of its script, as fill it."""
    least, more = len(_text(pod(number, 0))), len(_text(pod(number, 100)))
    return pod(number, max(0, round((pod_bytes - least) * 100 / (more - least))))


def _text(content: Json) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode()


def pod(number: int, count: int) -> Json:
    """Return the pod of one workload with that many variables beyond those that all have."""
    engine = _engine(number, count)
    labels = {"app": f"service-{number}", "pod-template-hash": f"{number:010x}", "app.kubernetes.io/part-of": "llm"}
    spec: Json = {
        "volumes": [_token_volume()],
        "containers": [engine],
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "serviceAccountName": "default",
        "serviceAccount": "default",
        "securityContext": {},
        "schedulerName": "default-scheduler",
        "tolerations": [_toleration("not-ready"), _toleration("unreachable")],
        "priority": 0,
        "enableServiceLinks": True,
        "preemptionPolicy": "PreemptLowerPriority",
    }
    return {"kind": "Pod", "apiVersion": "v1", "metadata": _metadata(labels, spec), "spec": spec, "status": {}}


def _metadata(labels: Json, spec: Json) -> Json:
    owner = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "name": f"llm-{labels['pod-template-hash']}",
        "uid": f"0c8f5a6e-6a0f-4f3e-9d0b-{labels['pod-template-hash']}ff",
        "controller": True,
        "blockOwnerDeletion": True,
    }
    fields = {
        "f:metadata": {"f:generateName": {}, "f:labels": {".": {}, **{f"f:{key}": {} for key in labels}}},
        "f:spec": {
            "f:containers": {_key(each, "name"): _managed(each) for each in spec["containers"]},
            **{f"f:{key}": {} for key in ("dnsPolicy", "restartPolicy", "schedulerName", "securityContext")},
        },
    }
    managed = {
        "manager": "kube-controller-manager",
        "operation": "Update",
        "apiVersion": "v1",
        "time": "2026-05-09T07:35:25Z",
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    }
    return {
        "name": _NAME,
        "generateName": f"llm-{labels['pod-template-hash']}-",
        "namespace": "ml",
        "creationTimestamp": None,
        "labels": labels,
        "annotations": {"prometheus.io/scrape": "true", "prometheus.io/port": "8000"},
        "ownerReferences": [owner],
        "managedFields": [managed],
    }


def _managed(container: Json) -> Json:
    parts: Json = {f"f:{key}": {} for key in container if key != "env"}
    env: Json = {_key(each, "name"): {".": {}, "f:name": {}, "f:value": {}} for each in container["env"]}
    return {".": {}, **parts, "f:env": {".": {}, **env}}


def _key(item: Json, field: str) -> str:
    return f"k:{json.dumps({field: item[field]})}"


def _engine(number: int, count: int) -> Json:
    counts = {_NVIDIA: _SIZES[number % len(_SIZES)]}
    return {
        "name": "main",
        "image": "vllm/vllm-openai:v0.33.0",
        **_command(number, count),
        "ports": [{"name": "http", "containerPort": 8000, "protocol": "TCP"}],
        "env": [*_usual_env(), *_more_env(count)],
        "resources": {"limits": {**counts, "memory": "200Gi"}, "requests": {**counts, "cpu": "8", "memory": "100Gi"}},
        "volumeMounts": [
            {"name": f"kube-api-access-{_SUFFIX}", "readOnly": True, "mountPath": "/var/run/secrets/kubernetes.io"}
        ],
        "livenessProbe": _probe("/health", 60),
        "readinessProbe": _probe("/v1/models", 5),
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "imagePullPolicy": "IfNotPresent",
    }


def _command(number: int, count: int) -> Json:
    """Return the command line: of five workloads, three call the engine, one a module, one a shell script."""
    size = _SIZES[number % len(_SIZES)]
    model = f"meta-llama/Llama-3.{number % 4}-70B-Instruct"
    if number % 5 == 3:
        return {"command": ["python3", "-m", "sglang.launch_server"], "args": ["--model-path", model, "--tp", size]}
    if number % 5 == 4:
        steps = "".join(_STEP % (i, i, i) for i in range(count // 4))
        return {
            "command": ["/bin/bash", "-c", _SCRIPT + steps + _SERVE, "--"],
            "args": ["--tensor-parallel-size", size],
        }
    args = [model, "--port", "8000", "--tensor-parallel-size", size, "--gpu-memory-utilization=0.92"]
    return {"command": ["vllm", "serve"], "args": args}


def _usual_env() -> Iterator[Json]:
    yield {"name": "POD_NAME", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}}
    yield {"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"name": "hugging-face", "key": "token"}}}
    yield {"name": "HF_HOME", "value": "/mnt/cache/huggingface"}


def _more_env(count: int) -> Iterator[Json]:
    return ({"name": f"OPTION_{i}", "value": f"tcp://10.3.{i // 256}.{i % 256}:8000"} for i in range(count))


def _probe(path: str, seconds: int) -> Json:
    return {
        "httpGet": {"path": path, "port": "http", "scheme": "HTTP"},
        "initialDelaySeconds": seconds,
        "timeoutSeconds": 1,
        "periodSeconds": 10,
        "successThreshold": 1,
        "failureThreshold": 3,
    }


def _token_volume() -> Json:
    token = {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}}
    roots = {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}}
    field = {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}, "path": "namespace"}
    sources = [token, roots, {"downwardAPI": {"items": [field]}}]
    return {"name": f"kube-api-access-{_SUFFIX}", "projected": {"sources": sources, "defaultMode": 420}}


def _toleration(condition: str) -> Json:
    return {
        "key": f"node.kubernetes.io/{condition}",
        "operator": "Exists",
        "effect": "NoExecute",
        "tolerationSeconds": 300,
    }


def _review(about: Json) -> Json:
    kind = {"group": "", "version": "v1", "kind": "Pod"}
    resource = {"group": "", "version": "v1", "resource": "pods"}
    request = {
        "uid": _UID,
        "kind": kind,
        "resource": resource,
        "requestKind": kind,
        "requestResource": resource,
        "name": _NAME,
        "namespace": "ml",
        "operation": "CREATE",
        "userInfo": {
            "username": "system:serviceaccount:kube-system:replicaset-controller",
            "uid": "5a7d3a90-55f2-4a57-9c8b-0a6f9a3f5f21",
            "groups": ["system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"],
        },
        "object": about,
        "oldObject": None,
        "dryRun": False,
        "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"},
    }
    return {"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": request}
