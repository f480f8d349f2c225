"""Every pod that the project has, judged twice under many circumstances: each patch applies, the second is empty."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from placement.allowances import Allowances, Quota
from placement.asking.class_requirements import ClassRequirements
from placement.asking.configurations import Configuration
from placement.asking.preferences import Preference, size_range
from placement.asking.profiles import Profile
from placement.asking.roster import Roster
from placement.asking.strategies import Strategy
from placement.inventory import Hold, Inventory
from placement.keys import REQUESTED_CLASS
from placement.pods import EnvVar
from placement.scaling.node_pools import NodePool
from placement.scaling.supply import NodeSupply
from tests.builders import AMD, INVENTORY, NVIDIA, PRODUCT
from tests.placement.test_platform_pods import CASES, _container
from tests.webhook.asking import SCHEDULER, answered, desk_of
from tests.webhook.knowledge import Values

Json = dict[str, Any]
CONFIGURED = tuple(
    Configuration(
        name,
        (
            EnvVar("NCCL_DEBUG", "WARN"),
            EnvVar("MODEL_PATH", "/m"),
            EnvVar("URL", "http://$(HOST)"),
            EnvVar("HOST", "h"),
        ),
        ("--tensor-parallel-size=2", "--max-model-len", "8192", "--enable-prefix-caching"),
        {"cpu": "2", "memory": "8Gi"},
        {resource: "2"},
    )
    for name, resource in (("h100", NVIDIA), ("l4", NVIDIA), ("mi300x", AMD))
)
PROFILES = {
    "anything": Profile("anything"),
    "configured": Profile("configured", preferred=("h100", "l4"), configurations=CONFIGURED),
    "sized": Profile(
        "sized",
        strategy=Strategy.COST,
        preferences=(Preference("h100", 100, (size_range(">30B"),)),),
        configurations=CONFIGURED[:1],
    ),
    "nvidia": Profile("nvidia", requirements=ClassRequirements(frozenset({"h100", "l4"}))),
    "nothing": Profile("nothing", requirements=ClassRequirements(memory_gib=1000)),
}


def _full() -> Inventory:
    node = INVENTORY.nodes["h100-0"]
    return Inventory({**INVENTORY.nodes, "h100-0": node.hold(Hold("h100-0", {NVIDIA: 8}))})


@dataclass(frozen=True)
class Circumstances:
    """What is known of a cluster beside a profile, and whom pods are handed to."""

    known: Json = field(default_factory=dict)
    scheduler: str | None = SCHEDULER


CIRCUMSTANCES = {
    "free": Circumstances(),
    "full": Circumstances({"inventory": _full(), "roster": Roster({"l4": {NVIDIA: 2}})}, scheduler=None),
    "scaling": Circumstances(
        {"inventory": Inventory(), "supply": NodeSupply((NodePool("gpu", labels={PRODUCT: "H100"}),))}
    ),
    "quota": Circumstances({"limits": {"enforce": Allowances((Quota("q", {f"requests.{NVIDIA}": 4}),))}}),
}
UNTOUCHABLE = ("priorityClassName", "priority", "volumes", "securityContext", "initContainers")


def _cases() -> Iterator[tuple[str, Json]]:
    """Yield the pods of the table of platforms as JSON."""
    for each in CASES:
        case = each.values[0]
        assert isinstance(case, dict)
        metadata = {"name": "p", **{part: case[part] for part in ("labels", "annotations") if part in case}}
        spec = {
            "containers": [_container(one) for one in case["containers"]],
            "initContainers": [_container(one) for one in case.get("init", [])],
        }
        yield str(each.id), {"metadata": metadata, "spec": spec}


def _shared(folder: Path) -> Iterator[tuple[str, Json]]:
    """Yield the pods of the project's founding examples."""
    for path in sorted((folder / "pods").glob("*.yaml")):
        for index, pod in enumerate(yaml.safe_load_all(path.read_text())):
            yield f"{path.name} {index}", pod


@pytest.mark.parametrize("circumstances", CIRCUMSTANCES)
@pytest.mark.parametrize("profile", PROFILES)
async def test_mutating_a_mutated_pod_changes_nothing(profile: str, circumstances: str) -> None:
    """The API server may ask again at any time; what was promised to the pod itself meanwhile does not count."""
    assert [name for name, pod in _cases() if not await _is_stable(pod, profile, circumstances)] == []


@pytest.mark.parametrize("profile", PROFILES)
async def test_mutating_a_mutated_founding_pod_changes_nothing(shared: Path, profile: str) -> None:
    """The same for the examples that the project was founded on, as operators write them in full."""
    pods = [pod for _, pod in _shared(shared)]
    names = [name for name, pod in _shared(shared) if not await _is_stable(pod, profile, "free")]

    assert len(pods) == 19
    assert names == []


async def _is_stable(pod: Json, profile: str, circumstances: str) -> bool:
    """Tell whether a pod, also where it names a class, is after the second answer what it was after the first."""
    named = deepcopy(pod)
    named["metadata"]["annotations"] = {**(named["metadata"].get("annotations") or {}), REQUESTED_CLASS: "h100"}
    around = CIRCUMSTANCES[circumstances]
    desk = desk_of(Values(profiles=(PROFILES[profile],), **around.known), around.scheduler)
    for each in (pod, named):
        once = await answered(desk, each)
        twice = await answered(desk, once.pod)
        untouched = all(once.spec.get(part) == each["spec"].get(part) for part in UNTOUCHABLE)
        if twice.pod != once.pod or not untouched:
            return False
    return True
