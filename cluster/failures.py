"""Failures that a pod's status tells of and that speak of its node: the words of kubelet and of container runtimes."""

from collections.abc import Iterator

from cluster.shapes import ContainerStatus, PodStatus

# kubelet rejected a pod that was bound to it (kubernetes: pkg/kubelet/lifecycle, cm and nodeshutdown); beside these any
# `OutOf` with the name of a resource. Evictions of pods that ran are not among them, nor what no node would admit.
REJECTIONS = frozenset(
    {
        "UnexpectedAdmissionError",  # A device plugin that failed to allocate, or anything else that has no name.
        "TopologyAffinityError",
        "SMTAlignmentError",
        "NodeAffinity",
        "InvalidNodeInfo",
        "UnexpectedPredicateFailureType",
        "UnknownReason",
        "NodeShutdown",
        "VolumeAttachmentLimitExceeded",
    }
)
_OUT_OF = "OutOf"

# A container could not be created or started. Images that cannot be pulled, missing ConfigMaps
# (CreateContainerConfigError) and programs that crash are the pod's own trouble.
STARTS = frozenset(
    {"CreateContainerError", "RunContainerError", "ImageInspectError", "StartError", "ContainerCannotRun"}
)


def failure_of(status: PodStatus) -> str:
    """Return why a node does not run a pod that is bound to it, or nothing where the node may not be to blame."""
    if status.phase == "Failed" and is_rejection(status.reason):
        return status.reason
    return next((reason for reason in _reasons(status) if reason in STARTS), "")


def is_rejection(reason: str) -> bool:
    """Tell whether a pod with this reason was rejected by its node before anything of it ran."""
    return reason in REJECTIONS or reason.startswith(_OUT_OF)


def _reasons(status: PodStatus) -> Iterator[str]:
    """Yield why containers do not run."""
    statuses: tuple[list[ContainerStatus] | None, ...] = (status.init_container_statuses, status.container_statuses)
    for each in (each for every in statuses for each in every or ()):
        for state in (each.state.waiting, each.state.terminated) if each.state else ():
            if state:
                yield state.reason
