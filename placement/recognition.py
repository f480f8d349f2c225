"""Which containers of a pod run the model: found by evidence, never by position."""

from placement.accelerators import Catalog
from placement.engines import engine_of, runs_on_cpu
from placement.keys import CONTAINER
from placement.pods import Container, Pod

_ROLE_KEYS = (
    "component",
    "app.kubernetes.io/component",
    "llm-d.ai/role",
    "nvidia.com/dynamo-component-type",
    "rbg.workloads.x-k8s.io/role-name",
    "role-name",
)
# Roles that serve beside the model: they route, plan, tokenise or watch, on a CPU.
_OTHER_ROLES = frozenset(
    {
        "epp",
        "explainer",
        "frontend",
        "llminferenceservice-router-scheduler",
        "planner",
        "router",
        "routing",
        "scheduler",
        "tokenizer",
        "transformer",
    }
)


def has_other_role(pod: Pod) -> bool:
    """Tell whether the pod's platform says that it runs no model."""
    return any(pod.labels.get(key) in _OTHER_ROLES for key in _ROLE_KEYS)


def engine_containers(pod: Pod, catalog: Catalog, named: frozenset[str], *, is_meant: bool) -> tuple[Container, ...]:
    """Return the containers that run the model.

    Evidence in falling order: named by the pod's annotation or by `named` (a profile's containers); asks for an
    accelerator; runs a known engine; is the only container of a pod whose author asked for a class (`is_meant`).
    """
    by_name = _names(pod) or named
    if by_name:
        return tuple(each for each in pod.containers if each.name in by_name)
    if has_other_role(pod):
        return ()
    asking = tuple(each for each in pod.containers if catalog.accelerators(each.asked) or each.claims_devices)
    return asking or tuple(each for each in pod.containers if engine_of(each)) or _only(pod, is_meant=is_meant)


def _only(pod: Pod, *, is_meant: bool) -> tuple[Container, ...]:
    return pod.containers if is_meant and len(pod.containers) == 1 and not runs_on_cpu(pod.containers[0]) else ()


def _names(pod: Pod) -> frozenset[str]:
    listed = pod.annotations.get(CONTAINER, "")
    return frozenset(name.strip() for name in listed.split(",") if name.strip())
