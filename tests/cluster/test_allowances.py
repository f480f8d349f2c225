import json
from typing import Any

import pytest

from cluster.allowance_shapes import decode_limit_range, decode_quota
from cluster.shapes import MalformedObject
from placement.allowances import Bounds, LimitRange, Quota, Scope

METADATA = {"name": "n", "namespace": "ml"}


def quota_of(**parts: Any) -> Quota:
    """Return the quota of an object's parts."""
    return decode_quota(json.dumps({"metadata": METADATA, **parts}).encode()).value


def limit_range_of(*limits: dict[str, Any]) -> LimitRange:
    """Return the limit range of some limits."""
    return decode_limit_range(json.dumps({"metadata": METADATA, "spec": {"limits": limits}}).encode()).value


def test_a_quota_that_was_counted_is_read_whole() -> None:
    """Amounts are in the units of their resource, whatever stands before its name."""
    hard = {
        "requests.nvidia.com/gpu": "8",
        "requests.cpu": "10",
        "limits.cpu": "1500m",
        "cpu": 4,
        "limits.memory": "2Gi",
        "pods": "20",
        "count/deployments.apps": "5",
        "gold.storageclass.storage.k8s.io/requests.storage": "1Ti",
    }
    read = quota_of(
        spec={"hard": {"pods": "99"}, "scopes": ["NotTerminating"]},
        status={"hard": hard, "used": {"requests.nvidia.com/gpu": "6", "requests.cpu": "250m"}},
    )

    assert read == Quota(
        "n",
        {
            "requests.nvidia.com/gpu": 8,
            "requests.cpu": 10_000,
            "limits.cpu": 1_500,
            "cpu": 4_000,
            "limits.memory": 2 * 2**30,
            "pods": 20,
            "count/deployments.apps": 5,
            "gold.storageclass.storage.k8s.io/requests.storage": 2**40,
        },
        {"requests.nvidia.com/gpu": 6, "requests.cpu": 250},
        (Scope("NotTerminating"),),
    )


@pytest.mark.parametrize("status", [{}, {"status": {}}, {"status": {"hard": None, "used": None}}])
def test_a_quota_that_nobody_has_counted_is_what_its_author_wrote(status: dict[str, Any]) -> None:
    """Just after its creation nothing is used of it."""
    assert quota_of(spec={"hard": {"requests.amd.com/gpu": 4}}, **status) == Quota("n", {"requests.amd.com/gpu": 4})


def test_scopes_of_both_spellings_hold_together() -> None:
    """Which pods a quota counts stands in a list of names and in a selector."""
    expressions = [
        {"scopeName": "PriorityClass", "operator": "In", "values": ["high", "low"]},
        {"scopeName": "BestEffort", "operator": "Exists"},
    ]
    read = quota_of(spec={"scopes": ["Terminating"], "scopeSelector": {"matchExpressions": expressions}})

    assert read.scopes == (
        Scope("Terminating"),
        Scope("PriorityClass", "In", frozenset({"high", "low"})),
        Scope("BestEffort"),
    )


def test_a_limit_range_bounds_containers_and_pods() -> None:
    """What it says of volumes, and what it fills in by default, bounds no pod."""
    read = limit_range_of(
        {"type": "PersistentVolumeClaim", "max": {"storage": "1Gi"}},
        {"type": "Container", "min": {"cpu": "100m"}, "max": {"nvidia.com/gpu": 2}, "default": {"cpu": "1"}},
        {"type": "Pod", "max": {"memory": "64Gi"}},
    )

    assert read == LimitRange(
        "n",
        (Bounds("Container", {"cpu": 100}, {"nvidia.com/gpu": 2}), Bounds("Pod", {}, {"memory": 64 * 2**30})),
    )


def test_what_is_wrong_is_named_with_its_field() -> None:
    """The API server keeps no such object, so that a text of this kind comes from somewhere else."""
    with pytest.raises(MalformedObject, match=r"spec.hard\[requests.cpu\]: 'x' is no quantity"):
        quota_of(spec={"hard": {"requests.cpu": "x"}})
    with pytest.raises(MalformedObject, match=r"spec.limits\[1\].max\[cpu\]: 'x' is no quantity"):
        limit_range_of({"type": "Pod"}, {"type": "Container", "max": {"cpu": "x"}})
    with pytest.raises(MalformedObject):
        decode_quota(b'{"metadata": []}')
