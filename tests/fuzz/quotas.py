"""ResourceQuotas and LimitRanges as JSON."""

from random import Random

from tests.fuzz.names import NAMESPACES, Json, device, maybe

_SCOPES: tuple[Json, ...] = (
    {},
    {},
    {},
    {"scopes": ["NotTerminating"]},
    {"scopes": ["BestEffort"]},
    {"scopes": ["NotBestEffort", "NotTerminating"]},
    {"scopes": ["CrossNamespacePodAffinity"]},
    {"scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "DoesNotExist"}]}},
    {"scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "In", "values": ["low"]}]}},
)


def quota(chance: Random) -> Json:
    """Return a ResourceQuota, which its controller has counted or not."""
    resource = device(chance)
    hard = maybe(
        chance,
        0.5,
        **{
            f"requests.{resource}": chance.choice(("0", "1", "4", "32")),
            "limits.memory": chance.choice(("4Gi", "1Ti")),
            "requests.cpu": "20",
            "cpu": chance.choice(("500m", "40")),
            "memory": "1e12",
            "pods": chance.choice(("10", 3)),
            "count/deployments.apps": "2",
        },
    )
    used = {name: chance.choice(("0", "2")) for name in hard}
    status = {"status": {"hard": hard, "used": used}} if chance.random() < 0.6 else {}
    return {"metadata": _metadata(chance, "quota"), "spec": {"hard": hard, **chance.choice(_SCOPES)}, **status}


def limit_range(chance: Random) -> Json:
    """Return a LimitRange."""
    return {
        "metadata": _metadata(chance, "limits"),
        "spec": {"limits": [_item(chance) for _ in range(chance.randint(0, 2))]},
    }


def _metadata(chance: Random, name: str) -> Json:
    return {"name": f"{name}-{chance.randrange(2)}", "namespace": chance.choice((*NAMESPACES, *NAMESPACES[:2] * 8))}


def _item(chance: Random) -> Json:
    kind, resource = chance.choice(("Container", "Pod", "PersistentVolumeClaim")), device(chance)
    return {
        "type": kind,
        **maybe(
            chance,
            0.4,
            max={
                "cpu": chance.choice(("2", "64")),
                "memory": chance.choice(("4Gi", "2Ti")),
                resource: chance.choice("14"),
            },
            min={"cpu": "100m", "memory": "128Mi", **maybe(chance, 0.3, **{resource: "2"})},
            maxLimitRequestRatio={"cpu": chance.choice(("2", "1.5")), "memory": "4"},
            default={"cpu": "1"},
        ),
    }
