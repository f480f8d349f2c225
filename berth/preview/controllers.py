"""What controllers add to the pods of their templates, one small entry each, so that a preview sees the same pod.

Only what tells platform, group and role is here; to add a kind, add an entry to `RULES`. Words in braces are facts of
the template: `name` and `namespace` of the object, `item` (the name of the list entry that holds the template), `key`
(under which the template's map stands), `size` and `workers` of a group, `digest` of its leader. Sources: the pod
webhook of LeaderWorkerSet, KubeRay common/pod.go, the controllers of Kthena, RoleBasedGroup, AIBrix, Volcano, Kubeflow,
JobSet and KServe.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha1
from typing import Any

from berth.preview.documents import text

Facts = Mapping[str, str]
Texts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Rule:
    """What pods of a kind's template get: `kind` and `path` are patterns, the path's list entries written `[]`.

    `pod` names the pod, or begins its name where it ends in a hyphen. `size` and `workers` say where the number of a
    group's pods, or of those beside the leader, stands; `facts` where further facts do. `start` is the command that the
    first container runs behind its own; `container` names one that has no name. `wanted` tells whether there is such
    a pod.
    """

    kind: str
    path: str = ".*"
    pod: str = "{name}-"
    labels: Texts = field(default_factory=dict)
    annotations: Texts = field(default_factory=dict)
    env: Texts = field(default_factory=dict)
    size: str = ""
    workers: str = ""
    facts: Texts = field(default_factory=dict)
    start: str = ""
    container: str = ""
    wanted: Callable[[Facts], bool] = lambda _: True

    def applies(self, kind: str, path: str) -> bool:
        """Tell whether it is about this template of this kind."""
        return bool(re.fullmatch(self.kind, kind) and re.fullmatch(self.path, re.sub(r"\[\d+\]", "[]", path)))


PLAIN = Rule(".*")

_LWS = "leaderworkerset.sigs.k8s.io"
_KTHENA = "modelserving.volcano.sh"
_RBG = "rbg.workloads.x-k8s.io"
_OLD_RBG = "rolebasedgroup.workloads.x-k8s.io"
_LLMISVC = "llminferenceservice-workload"
_RAY_KINDS = "RayCluster|RayService|RayJob|RayClusterFleet|RayClusterReplicaSet"
_ULIMIT = "ulimit -n 65536;"


def _lws(path: str, pod: str, index: str, wanted: Callable[[Facts], bool]) -> Rule:
    leads = index == "0"
    return Rule(
        "LeaderWorkerSet",
        rf"spec\.leaderWorkerTemplate\.{path}",
        pod,
        {
            f"{_LWS}/name": "{name}",
            f"{_LWS}/group-index": "0",
            f"{_LWS}/worker-index": index,
            f"{_LWS}/group-key": "{digest}",
        },
        {f"{_LWS}/size": "{size}"} | ({} if leads else {f"{_LWS}/leader-name": "{name}-0"}),
        {
            "LWS_LEADER_ADDRESS": "{name}-0.{name}.{namespace}",
            "LWS_GROUP_SIZE": "{size}",
            "LWS_WORKER_INDEX": index,
        },
        size="spec.leaderWorkerTemplate.size",
        facts={"leader": "spec.leaderWorkerTemplate.leaderTemplate"},
        wanted=wanted,
    )


def _kthena(path: str, index: str, labels: Texts) -> Rule:
    return Rule(
        "ModelServing",
        rf".*roles\[\]\.{path}",
        "{name}-0-{item}-0-" + index,
        {
            f"{_KTHENA}/name": "{name}",
            f"{_KTHENA}/group-name": "{name}-0",
            f"{_KTHENA}/role": "{item}",
            f"{_KTHENA}/role-id": "{item}-0",
            **labels,
        },
        env={
            "GROUP_SIZE": "{size}",
            "ENTRY_ADDRESS": "{name}-0-{item}-0-0.{name}",
            "WORKER_INDEX": index,
        },
        workers="workerReplicas",
    )


def _rbg(path: str, component: str, index: str, wanted: Callable[[Facts], bool]) -> Rule:
    return Rule(
        "RoleBasedGroup",
        rf".*roles\[\]\.leaderWorkerPattern\.{path}",
        "{name}-{item}-0-" + component + "-0",
        {
            f"{_RBG}/group-name": "{name}",
            f"{_RBG}/role-name": "{item}",
            f"{_RBG}/role-instance-name": "{name}-{item}-0",
            f"{_RBG}/component-name": component,
        },
        env={
            "RBG_GROUP_NAME": "{name}",
            "RBG_ROLE_NAME": "{item}",
            "RBG_LWP_LEADER_ADDRESS": "{name}-{item}-0-leader-0.s-{name}-{item}",
            "RBG_LWP_GROUP_SIZE": "{size}",
            "RBG_LWP_WORKER_INDEX": index,
        },
        size="leaderWorkerPattern.size",
        wanted=wanted,
    )


def _storm(index: str, grouped: Texts, wanted: Callable[[Facts], bool]) -> Rule:
    return Rule(
        "StormService",
        r".*roles\[\]\.template",
        labels={"storm-service-name": "{name}", "roleset-name": "{name}-roleset-0", "role-name": "{item}", **grouped},
        env={"STORM_SERVICE_NAME": "{name}", "ROLE_NAME": "{item}"}
        | ({"PODSET_NAME": "{name}-{item}-0", "POD_GROUP_SIZE": "{size}", "POD_GROUP_INDEX": index} if grouped else {}),
        size="podGroupSize",
        wanted=wanted,
    )


def _podset(index: str) -> Texts:
    return {"podset-name": "{name}-{item}-0", "pod-group-index": index}


def _ray(path: str, role: str, group: str, start: str) -> Rule:
    return Rule(
        _RAY_KINDS,
        rf".*{path}\.template",
        "{name}-" + role + "-",
        {"ray.io/is-ray-node": "yes", "ray.io/cluster": "{name}", "ray.io/node-type": role, "ray.io/group": group},
        start=f"{_ULIMIT} ray start {start}{{ray}} --block",
    )


def _llmisvc(path: str, component: str, wanted: Callable[[Facts], bool] = lambda _: True) -> Rule:
    return Rule(
        "LLMInferenceService",
        path,
        labels={
            "app.kubernetes.io/part-of": "llminferenceservice",
            "app.kubernetes.io/name": "{name}",
            "app.kubernetes.io/component": component,
        },
        annotations={"internal.serving.kserve.io/storage-initializer-sourceuri": "{uri}"},
        facts={"uri": "spec.model.uri", "worker": "spec.worker", "prefill_worker": "spec.prefill.worker"},
        wanted=wanted,
    )


def _has_workers(facts: Facts) -> bool:
    return facts["workers"] != "0"


RULES = (
    Rule("StatefulSet", pod="{name}-0", labels={"apps.kubernetes.io/pod-index": "0"}),
    Rule(
        "Job",
        r"spec\.tasks\[\]\.template",
        "{name}-{item}-0",
        {"volcano.sh/job-name": "{name}", "volcano.sh/task-spec": "{item}"},
        {"volcano.sh/job-name": "{name}", "volcano.sh/task-spec": "{item}", "scheduling.k8s.io/group-name": "{name}"},
    ),
    Rule("Job", labels={"batch.kubernetes.io/job-name": "{name}"}),
    Rule(
        "JobSet",
        pod="{name}-{item}-0-0-",
        labels={"jobset.sigs.k8s.io/jobset-name": "{name}", "jobset.sigs.k8s.io/replicatedjob-name": "{item}"},
    ),
    Rule(
        r"\w+Job",
        r"spec\.\w+ReplicaSpecs\.\w+\.template",
        "{name}-{key}-0",
        {"training.kubeflow.org/job-name": "{name}", "training.kubeflow.org/replica-type": "{key}"},
    ),
    Rule("Service", r"spec\.template", labels={"serving.knative.dev/service": "{name}"}, container="user-container"),
    _lws("leaderTemplate", "{name}-0", "0", lambda _: True),
    _lws("workerTemplate", "{name}-0", "0", lambda facts: not facts["leader"]),
    _lws("workerTemplate", "{name}-0-1", "1", lambda facts: bool(facts["leader"]) or _has_workers(facts)),
    _ray("headGroupSpec", "head", "headgroup", "--head"),
    _ray(
        r"workerGroupSpecs\[\]",
        "worker",
        "{item}",
        "--address={name}-head-svc.{namespace}.svc.cluster.local:6379",
    ),
    _kthena("entryTemplate", "0", {f"{_KTHENA}/entry": "true"}),
    _kthena("workerTemplate", "1", {}),
    _rbg("template", "leader", "0", lambda _: True),
    _rbg("template", "worker", "1", _has_workers),
    Rule(
        "RoleBasedGroup",
        r".*roles\[\]\.standalonePattern\.template",
        "{name}-{item}-0",
        {
            f"{_RBG}/group-name": "{name}",
            f"{_RBG}/role-name": "{item}",
            f"{_RBG}/role-instance-name": "{name}-{item}-0",
        },
    ),
    Rule(
        "RoleBasedGroup",
        r".*roles\[\]\.template",
        "{name}-{item}-0",
        {f"{_OLD_RBG}/name": "{name}", f"{_OLD_RBG}/role": "{item}"},
    ),
    _storm("", {}, lambda facts: not _has_workers(facts)),
    _storm("0", _podset("0"), _has_workers),
    _storm("1", _podset("1"), _has_workers),
    Rule("RoleSet", r".*roles\[\]\.template", labels={"roleset-name": "{name}", "role-name": "{item}"}),
    _llmisvc(r"spec\.template", _LLMISVC, lambda facts: not facts["worker"]),
    _llmisvc(r"spec\.template", f"{_LLMISVC}-leader", lambda facts: bool(facts["worker"])),
    _llmisvc(r"spec\.worker", f"{_LLMISVC}-worker"),
    _llmisvc(r"spec\.prefill\.template", f"{_LLMISVC}-prefill", lambda facts: not facts["prefill_worker"]),
    _llmisvc(r"spec\.prefill\.template", f"{_LLMISVC}-leader-prefill", lambda facts: bool(facts["prefill_worker"])),
    _llmisvc(r"spec\.prefill\.worker", f"{_LLMISVC}-worker-prefill"),
    _llmisvc(r"spec\.router\.scheduler\.template", "llminferenceservice-router-scheduler"),
)


def rules_for(kind: str, path: str) -> tuple[Rule, ...]:
    """Return what a template of this kind becomes: mostly one pod, two where leader and workers share it."""
    applying = [each for each in RULES if each.applies(kind, path)]
    closest = [each for each in applying if each.path == applying[0].path]
    return tuple(closest) or (PLAIN,)


def facts_of(rule: Rule, scopes: tuple[Any, ...], own: Facts, parents: tuple[str, ...]) -> Facts:
    """Return the facts of a template; `scopes` are the maps that hold it, the nearest first, `own` are its object's."""
    size = _count(rule.size, scopes) if rule.size else _count(rule.workers, scopes) + 1 if rule.workers else 1
    named = (each.get("name") or each.get("groupName") or each.get("key") for each in scopes[:-1])
    flags = found_in(scopes, "rayStartParams")
    leader = f"{own['namespace']}/{own['name']}-0"
    return {
        **own,
        "item": next((text(each) for each in named if each), ""),
        "key": parents[-1].lower() if parents else "",
        "size": str(size),
        "workers": str(size - 1),
        "digest": sha1(leader.encode(), usedforsecurity=False).hexdigest(),
        "ray": "".join(f" --{name}={value}" for name, value in flags.items()) if isinstance(flags, dict) else "",
        **{name: _said(found_in(scopes, path)) for name, path in rule.facts.items()},
    }


def found_in(scopes: tuple[Any, ...], path: str) -> Any:
    """Return what stands at a dotted path below the nearest of the maps that has it, or None."""
    for scope in scopes:
        found = scope
        for part in path.split("."):
            found = found.get(part) if isinstance(found, dict) else None
        if found is not None:
            return found
    return None


def _count(path: str, scopes: tuple[Any, ...]) -> int:
    found = found_in(scopes, path)
    return found if isinstance(found, int) and found > 0 else 1 if path.lower().endswith("size") else 0


def _said(found: Any) -> str:
    """Return a text as it is, and a word for anything else that is there."""
    return found if isinstance(found, str) else "yes" if found else ""
