"""Pods of lists and watches: they ask what the whole pod asks, without their containers."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.objects import MalformedObject, decode_pod
from cluster.standing import decode_standing_pod
from placement.accelerators import Catalog
from placement.requirements import requirements_of

Json = dict[str, Any]

GPU = "nvidia.com/gpu"
amounts = st.dictionaries(st.sampled_from(["cpu", "memory", GPU]), st.sampled_from(["0", "1", "3", "250m", "2Gi"]))
resources = st.fixed_dictionaries({"requests": amounts, "limits": amounts}) | st.none()
containers = st.fixed_dictionaries(
    {"name": st.just("c"), "resources": resources},
    optional={"restartPolicy": st.sampled_from(["Always", None]), "env": st.just([{"name": "A", "value": "1"}])},
)
terms = st.just([{"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n1"]}]}])
affinities = terms.map(
    lambda each: {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": each}}}
) | st.just({"podAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1}]}})
specs = st.fixed_dictionaries(
    {"containers": st.lists(containers, max_size=3) | st.none()},
    optional={
        "initContainers": st.lists(containers, max_size=2),
        "overhead": st.just({"cpu": "100m"}),
        "resources": st.just({"requests": {"memory": "4Gi"}}),
        "tolerations": st.just([{"key": GPU, "operator": "Exists"}]),
        "nodeSelector": st.just({"disk": "ssd"}),
        "affinity": affinities,
        "topologySpreadConstraints": st.just([{"whenUnsatisfiable": "ScheduleAnyway"}]),
        "schedulingGroup": st.just({"podGroupName": "g"}),
        "nodeName": st.just("n1"),
        "priority": st.integers(-5, 5),
        "schedulerName": st.just("berth-scheduler"),
    },
)
statuses = st.sampled_from(
    [
        {},
        {"phase": "Running"},
        {"phase": "Failed", "reason": "OutOfcpu"},
        {"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]},
    ]
)

_ASKED_OTHERWISE = ("containers", "init_containers", "overhead", "pod_level", "counted")


def written(spec: Json, status: Json) -> bytes:
    """Return a pod as an API server writes it."""
    owner = {"uid": "rs", "controller": True}
    metadata = {"name": "p", "namespace": "ml", "uid": "u1", "labels": {"a": "b"}, "ownerReferences": [owner]}
    return json.dumps({"metadata": metadata, "spec": spec, "status": status}).encode()


@given(specs, statuses)
def test_a_standing_pod_says_what_the_whole_pod_says(spec: Json, status: Json) -> None:
    """Only what its containers run is not told, and amounts of nothing."""
    raw = written(spec, status)
    whole, standing = decode_pod(raw), decode_standing_pod(raw)

    for name in set(whole.__slots__) - {*_ASKED_OTHERWISE}:
        assert getattr(standing, name) == getattr(whole, name), name
    assert standing.requests == {name: count for name, count in whole.requests.items() if count}
    assert requirements_of(standing, Catalog()) == requirements_of(whole, Catalog())
    assert requirements_of(standing.in_short, Catalog()) == requirements_of(whole, Catalog())


@pytest.mark.parametrize("text", ["much", "-1"])
def test_amounts_that_are_none_are_told_with_their_place(text: str) -> None:
    """As of any other pod, however often it is seen."""
    raw = written({"containers": [{"name": "c", "resources": {"requests": {GPU: text}}}]}, {})

    for _ in range(2):
        with pytest.raises(MalformedObject) as raised:
            decode_standing_pod(raw)
        assert raised.value.field == f"spec.containers[0].resources.requests[{GPU}]"


def test_a_pod_of_many_words_is_read_like_any_other() -> None:
    """What is too long to be remembered is read each time."""
    selector = {f"label-{number}": "x" * 60 for number in range(100)}

    assert decode_standing_pod(written({"nodeSelector": selector}, {})).selection.labels == selector


@pytest.mark.parametrize("node", ["", "n1"])
def test_a_bound_pod_counts_whatever_words_it_chose_its_node_with(node: str) -> None:
    """Operators of releases to come: else its devices would seem to be free. A pod that waits is skipped."""
    terms = [{"matchExpressions": [{"key": "a", "operator": "Resembles", "values": ["b"]}]}]
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}
    container = {"name": "c", "resources": {"requests": {GPU: "2"}}}
    pod = json.dumps(
        {
            "metadata": {"name": "p", "uid": "u"},
            "spec": {"nodeName": node, "containers": [container], "affinity": affinity},
        }
    ).encode()

    if node:
        assert decode_standing_pod(pod).taken[GPU] == 2
    else:
        with pytest.raises(MalformedObject):
            decode_standing_pod(pod)
