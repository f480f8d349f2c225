"""Checks of classes, and of kube-scheduler and the extender beside it."""

from collections.abc import Iterator

from berth.doctor.evidence import Evidence, SchedulerConfiguration, SchedulerExtender
from berth.doctor.extender_checks import is_ours
from berth.doctor.findings import Finding, fine, problem, warning
from placement.accelerators import AcceleratorClass
from placement.scaling.supply import supplier, unreadable_terms
from placement.shares import SHARES

_CONFIGURATION = "manifests/base/scheduler/kube-scheduler.yaml shows how"
_ALL = 100


def classes(evidence: Evidence) -> Iterator[Finding]:
    """Look whether each class is in force, and whether there are, or can be, nodes of it."""
    for name, problems in sorted(evidence.class_problems.items()):
        yield problem(f"class {name}", "; ".join(problems), f"kubectl edit acceleratorclass {name}")
    for name, problems in sorted(evidence.profile_problems.items()):
        yield problem(f"profile {name}", "; ".join(problems), f"kubectl edit acceleratorprofile {name}")
    for name in evidence.catalog.names:
        yield from _of_class(evidence.catalog.classes[name], evidence)
    if not evidence.catalog.names and not evidence.class_problems:
        yield problem("classes", "there are none, so no pod gets an accelerator", "berth discover, or write one")


def _of_class(each: AcceleratorClass, evidence: Evidence) -> Iterator[Finding]:
    nodes = evidence.inventory.by_class.get(each.name, ())
    unreadable = unreadable_terms(each, evidence.supply)
    if nodes:
        yield fine(f"class {each.name}", f"{len(nodes)} nodes carry it")
    elif supplier(each, evidence.supply):
        yield fine(f"class {each.name}", "no node carries it, and an autoscaler can make one")
    else:
        found = "no node carries it, and nothing is known to make one"
        yield warning(f"class {each.name}", found, "compare its discovery with kubectl get nodes --show-labels")
    if unreadable:
        yield warning(f"class {each.name}", "; ".join(unreadable), "see docs/scaling.md")


def schedulers(evidence: Evidence) -> Iterator[Finding]:
    """Look whether a kube-scheduler asks the extender, and about all that the classes use."""
    if evidence.schedulers is None:
        return
    asking = {where: each for where, each in evidence.schedulers.items() if _ours(each)}
    if not asking:
        where = ", ".join(evidence.schedulers) or "the namespace of Berth"
        found = f"no kube-scheduler's configuration in {where} names Berth's extender"
        yield problem("scheduler", found, f"{_CONFIGURATION}; name other files with --scheduler-config")
    for where, each in asking.items():
        yield from _of_scheduler(where, each, evidence)


def _ours(configuration: SchedulerConfiguration) -> list[SchedulerExtender]:
    return [each for each in configuration.extenders or () if is_ours(each)]


def _of_scheduler(where: str, configuration: SchedulerConfiguration, evidence: Evidence) -> Iterator[Finding]:
    extenders, what = _ours(configuration), f"scheduler {', '.join(configuration.names)} ({where})"
    findings = [*_of_extenders(what, extenders), *_missing(what, extenders, evidence)]
    if _ALL not in configuration.percentages:
        found = "percentageOfNodesToScore is not 100: where all of a sample are rejected, others are not looked at"
        findings.append(warning(what, found, "set percentageOfNodesToScore: 100 in the profile of its pods"))
    yield from findings or [fine(what, "asks the extender about every resource of the classes")]


def _of_extenders(what: str, extenders: list[SchedulerExtender]) -> Iterator[Finding]:
    for each in extenders:
        if not each.node_cache_capable:
            found = "nodeCacheCapable is false: each question carries all nodes, and Berth refuses it"
            yield problem(what, found, "set nodeCacheCapable: true")
        if not each.filter_verb:
            yield problem(what, "the extender has no filterVerb, so it is not asked", "set filterVerb: filter")
        if SHARES in each.resources and (each.ignorable or not each.bind_verb):
            found = "shares of devices are bound without Berth: two pods may get the same part"
            yield problem(what, found, f"set bindVerb: bind and ignorable: false where {SHARES} stands")
        if SHARES not in each.resources and not each.ignorable:
            found = "ignorable is false for whole devices: while the extender is away nothing is placed"
            yield warning(what, found, "set ignorable: true")


def _missing(what: str, extenders: list[SchedulerExtender], evidence: Evidence) -> Iterator[Finding]:
    if any(not each.resources for each in extenders):
        return
    managed = frozenset().union(*(each.resources for each in extenders))
    missing = sorted(evidence.catalog.resource_names - managed)
    if missing:
        found = f"managedResources lack {', '.join(missing)}, which classes use: Berth is not asked about such pods"
        yield problem(what, found, "add them to managedResources of the extender for whole devices")


def rivals(evidence: Evidence) -> Iterator[Finding]:
    """Look whether two schedulers give away the same devices."""
    asking = {name for each in (evidence.schedulers or {}).values() if _ours(each) for name in each.names}
    others = {name: count for name, count in evidence.placed_by.items() if name not in asking}
    if not asking or not evidence.placed_by:
        return
    if others:
        told = ", ".join(f"{count} by {name}" for name, count in sorted(others.items()))
        found = f"pods with accelerators were placed without Berth ({told}): two schedulers race for the same devices"
        yield warning(
            "schedulers",
            found,
            "let all have schedulerName of Berth's scheduler, or taint nodes: see docs/schedulers.md",
        )
    else:
        yield fine("schedulers", "one scheduler places all pods with accelerators")
