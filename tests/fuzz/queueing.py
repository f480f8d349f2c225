"""Kueue's flavors and queues as JSON, for the nodes and the pods that the fuzzer makes."""

from random import Random

from tests.fuzz.names import CLASSES, NAMESPACES, Json, device, maybe

_FLAVORS = tuple(f"flavor-{number}" for number in range(6))
_QUEUES = tuple(f"queue-{number}" for number in range(3))
# What the pods that Kueue manages wait in.
_LOCAL_QUEUES = ("q", "q", "q", "r")
_TAINTS: tuple[Json, ...] = (
    {"key": "gpu/dedicated", "effect": "NoSchedule"},
    {"key": "spot", "value": "true", "effect": "NoExecute"},
    {"key": "soft", "effect": "PreferNoSchedule"},
)
_TOLERATIONS: tuple[Json, ...] = ({"operator": "Exists"}, {"key": "spot", "operator": "Exists"}, {"key": "other"})


def flavor(chance: Random) -> Json:
    """Return a ResourceFlavor."""
    labels = maybe(chance, 0.8, product=chance.choice(CLASSES)) | maybe(
        chance,
        0.3,
        zone=chance.choice("ab"),
        generation=chance.choice(("2", "5", "x")),
    )
    spec = maybe(
        chance,
        0.3,
        nodeTaints=[chance.choice(_TAINTS)],
        tolerations=[chance.choice(_TOLERATIONS)],
        topologyName="racks",
        unheardOf={"a": [1]},
    )
    return {"metadata": {"name": chance.choice(_FLAVORS)}, "spec": {"nodeLabels": labels, **spec}}


def cluster_queue(chance: Random) -> Json:
    """Return a ClusterQueue."""
    groups = [_group(chance) for _ in range(chance.randint(1, 2))]
    spec = maybe(chance, 0.9, resourceGroups=groups, namespaceSelector={}, cohort="all")
    return {"metadata": {"name": chance.choice(_QUEUES)}, "spec": spec}


def local_queue(chance: Random) -> Json:
    """Return a LocalQueue."""
    metadata = {"name": chance.choice(_LOCAL_QUEUES), "namespace": chance.choice((*NAMESPACES, *NAMESPACES[:2] * 4))}
    return {"metadata": metadata, "spec": maybe(chance, 0.9, clusterQueue=chance.choice(_QUEUES))}


def _group(chance: Random) -> Json:
    covered = list(dict.fromkeys(["cpu", *(device(chance) for _ in range(chance.randint(0, 3)))]))
    named = chance.sample(_FLAVORS, chance.randint(1, 3))
    quotas = [{"name": each, "nominalQuota": "4"} for each in covered]
    return {"coveredResources": covered, "flavors": [{"name": each, "resources": quotas} for each in named]}
