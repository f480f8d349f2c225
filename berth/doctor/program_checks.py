"""Checks of Berth's own programs: how many of them are there, and what is left undone without them."""

from collections.abc import Iterator, Mapping

from berth.doctor.evidence import Evidence, Replicas
from berth.doctor.findings import Finding, fine, problem, warning

CONTROLLER = "deployment/berth-controller"
_VERSION = "set the tag of its image, see docs/schedulers.md"
_UNDONE: Mapping[str, str] = {
    "deployment/berth-webhook": "pods are created without Berth",
    CONTROLLER: "nobody renews certificates, makes classes, or reports what slipped through",
    "deployment/berth-scheduler": "pods that name its scheduler wait",
    "daemonset/berth-extender": "whole devices are placed without Berth, and pods with shares wait",
}


def replicas(evidence: Evidence) -> Iterator[Finding]:
    """Look whether the programs run that are wanted."""
    if evidence.programs is None:
        return
    if CONTROLLER not in evidence.programs.replicas:
        yield warning(
            CONTROLLER, f"is not there: {_UNDONE[CONTROLLER]}", "kubectl apply --server-side -k manifests/base"
        )
    for name, found in evidence.programs.replicas.items():
        yield from _of_program(name, found)


def _of_program(name: str, found: Replicas) -> Iterator[Finding]:
    if found.ready is None:
        return
    count = f"{found.ready} of {found.wanted} replicas are ready"
    remedy = f"kubectl describe --namespace {found.namespace} {name}"
    if found.wanted and not found.ready:
        yield problem(name, f"{count}: {_UNDONE.get(name, 'its work is not done')}", remedy)
    elif found.ready < found.wanted:
        yield warning(name, count, remedy)
    else:
        yield fine(name, count)


def versions(evidence: Evidence) -> Iterator[Finding]:
    """Look whether kube-scheduler may be as old or as new as it is, beside its API server."""
    programs = evidence.programs
    if programs is None or programs.server_minor is None:
        return
    for name, minor in programs.scheduler_minors.items():
        found = f"kube-scheduler is of 1.{minor}, and the API server of 1.{programs.server_minor}"
        if minor > programs.server_minor:
            yield problem(name, f"{found}: it may not be newer", _VERSION)
        elif minor < programs.server_minor - 1:
            yield warning(name, f"{found}: it may be one minor version older, no more", _VERSION)
