import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster.objects import decode_pod
from placement.admission import admit
from placement.asking.configurations import Configuration
from placement.asking.profiles import Profile
from placement.keys import CHOSEN_CLASS, DECISION, REQUESTED_CLASS
from placement.mutations import ContainerMutation, EnvAddition, Mutation
from placement.pods import EnvVar
from placement.selection import Expression, Operator, Term
from placement.taints import Toleration
from tests.builders import NVIDIA, world
from webhook.patch import PatchError, applied, operations, pointer

Json = dict[str, Any]
TERM = Term((Expression("zone", Operator.IN, ("a",)),))
TERM_JSON = {"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a"]}]}


def _pod(container: Json | None = None, **spec: Any) -> Json:
    return {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "engine", **(container or {})}], **spec}}


def _changed(changes: Mutation, pod: Json) -> Json:
    return applied(operations(changes, pod), pod)


@pytest.mark.parametrize(
    ("parts", "text"),
    [(("metadata", "labels", "berth.ome.io/x"), "/metadata/labels/berth.ome.io~1x"), (("a~b", "c/d"), "/a~0b/c~1d")],
)
def test_pointers_escape_tildes_and_slashes(parts: tuple[str, ...], text: str) -> None:
    """RFC 6901: `~` is `~0`, `/` is `~1`."""
    assert pointer(parts) == text


@pytest.mark.parametrize("present", [None, {}, {"kept": "yes"}])
def test_maps_are_made_where_missing_and_joined_where_there(present: Json | None) -> None:
    """A missing or null parent is created as a whole, an existing one keeps what it has."""
    pod = _pod(nodeSelector=deepcopy(present))
    pod["metadata"] |= {"labels": deepcopy(present), "annotations": deepcopy(present)}

    changed = _changed(Mutation(node_selector={"a/b": "c"}, labels={"l": "1"}, annotations={"n": "2"}), pod)

    assert changed["spec"]["nodeSelector"] == {**(present or {}), "a/b": "c"}
    assert changed["metadata"]["labels"] == {**(present or {}), "l": "1"}
    assert changed["metadata"]["annotations"] == {**(present or {}), "n": "2"}


@pytest.mark.parametrize(
    "affinity",
    [
        None,
        {},
        {"podAffinity": {"x": []}},
        {"nodeAffinity": None},
        {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}},
        {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [TERM_JSON]}}},
    ],
)
def test_required_terms_land_below_whatever_parents_there_are(affinity: Json | None) -> None:
    """Other affinities survive; missing parents are made."""
    changed = _changed(Mutation(terms=(TERM,)), _pod(affinity=affinity))["spec"]["affinity"]

    required = changed["nodeAffinity"].pop("requiredDuringSchedulingIgnoredDuringExecution")
    assert required == {"nodeSelectorTerms": [TERM_JSON]}
    assert {**changed, "nodeAffinity": None} == {**(affinity or {}), "nodeAffinity": None}


def test_lists_are_appended_to() -> None:
    """Tolerations and arguments of the author stay in front."""
    pod = _pod({"args": ["--mine"]}, tolerations=[{"key": "mine"}])
    changes = Mutation(
        tolerations=(Toleration("t", "Exists", effect="NoSchedule"),),
        containers=(ContainerMutation("engine", args=("--added", "1")),),
    )

    spec = _changed(changes, pod)["spec"]

    assert spec["containers"][0]["args"] == ["--mine", "--added", "1"]
    assert spec["tolerations"] == [{"key": "mine"}, {"key": "t", "operator": "Exists", "effect": "NoSchedule"}]


def test_variables_land_at_their_positions_and_resources_in_both_lists() -> None:
    """Positions count in the list as it will be."""
    pod = _pod({"env": [{"name": "A", "value": "$(B)"}], "resources": {"limits": {"cpu": "1"}}})
    change = ContainerMutation(
        "engine",
        env=(EnvAddition(0, EnvVar("B", "b")), EnvAddition(2, EnvVar("C", None, {"fieldRef": {"fieldPath": "p"}}))),
        limits={NVIDIA: "1"},
        requests={NVIDIA: "1"},
    )

    container = _changed(Mutation(containers=(change,)), pod)["spec"]["containers"][0]

    assert [each["name"] for each in container["env"]] == ["B", "A", "C"]
    assert container["env"][2] == {"name": "C", "valueFrom": {"fieldRef": {"fieldPath": "p"}}}
    assert container["resources"] == {"limits": {"cpu": "1", NVIDIA: "1"}, "requests": {NVIDIA: "1"}}


def test_variables_of_a_container_without_any_keep_their_order() -> None:
    """A variable stands before the one that uses it, also where the list is new."""
    change = ContainerMutation("engine", env=(EnvAddition(0, EnvVar("X", "$(Y)")), EnvAddition(0, EnvVar("Y", "1"))))

    env = _changed(Mutation(containers=(change,)), _pod())["spec"]["containers"][0]["env"]

    assert [each["name"] for each in env] == ["Y", "X"]


def test_a_patch_that_does_not_apply_is_one_kind_of_error() -> None:
    """Whatever the library calls it, the pod is admitted unchanged."""
    for path in ("/a/b", "/spec/containers/9"):
        with pytest.raises(PatchError):
            applied([{"op": "add", "path": path, "value": 1}], _pod())


def test_only_keys_that_are_there_are_removed() -> None:
    """Removing a missing key would make the API server refuse the pod."""
    pod = _pod()
    pod["metadata"]["labels"] = {"x/y": "1", "z": "2"}

    stripped = Mutation(stripped_labels=frozenset({"x/y", "gone"}), stripped_annotations=frozenset({"gone"}))

    assert _changed(stripped, pod)["metadata"]["labels"] == {"z": "2"}


_WORLD = world(
    Profile(
        "all",
        preferred=("l4",),
        configurations=(
            Configuration(
                "l4",
                (EnvVar("TP", "4"), EnvVar("URL", "http://$(HOST)"), EnvVar("HOST", "h")),
                ("--tensor-parallel-size", "4", "--enable-prefix-caching"),
                {"cpu": "8"},
                {NVIDIA: "4", "rdma/hca": "1"},
            ),
            Configuration("t4", limits={NVIDIA: "4"}),
            Configuration("h100", limits={NVIDIA: "16"}),
        ),
    )
)
_names = st.sampled_from(["TP", "HOST", "URL", "X"])
_env = st.lists(
    st.builds(
        lambda name, value: {"name": name, "value": value}, _names, st.sampled_from(["1", "$(TP)", "$(HOST):$(TP)"])
    ),
    max_size=3,
    unique_by=lambda each: each["name"],
)
_args = st.lists(st.sampled_from(["--tp=2", "-tp", "2", "--no-enable-prefix-caching", "m", "--port=80"]), max_size=4)
_counts = st.sampled_from([{}, {NVIDIA: "1"}, {NVIDIA: "4"}, {"cpu": "16"}, {NVIDIA: "2", "cpu": "500m"}])
_resources = st.none() | st.builds(lambda count: {"limits": count, "requests": count}, _counts)
_maps = st.none() | st.dictionaries(
    st.sampled_from(["a", "b/c", CHOSEN_CLASS, DECISION, REQUESTED_CLASS]), st.sampled_from(["x", "l4", "h100"])
)
_affinities = st.sampled_from(
    [
        None,
        {
            "nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {
                    "nodeSelectorTerms": [
                        {"matchExpressions": [{"key": "nvidia.com/gpu.product", "operator": "Exists"}]},
                        {"matchExpressions": [{"key": "amd.com/gpu.product-name", "operator": "Exists"}]},
                    ]
                }
            }
        },
    ]
)


@st.composite
def _pods(draw: st.DrawFn) -> Json:
    container = {
        "image": "vllm/vllm-openai:v0.23.0",
        "command": draw(st.sampled_from([None, ["vllm", "serve"], ["sh", "-c"], ["other"]])),
        "args": draw(st.none() | _args),
        "env": draw(st.none() | _env),
        "resources": draw(_resources),
    }
    pod = _pod(
        container,
        nodeSelector=draw(st.sampled_from([None, {}, {"nvidia.com/gpu.product": "L4"}])),
        tolerations=draw(
            st.sampled_from([None, [], [{"operator": "Exists"}], [{"key": NVIDIA, "operator": "Exists"}]])
        ),
        affinity=draw(_affinities),
        schedulerName="default-scheduler",
    )
    pod["metadata"] |= {"labels": draw(_maps), "annotations": draw(_maps)}
    if draw(st.booleans()):
        pod["metadata"]["labels"] = {**(pod["metadata"]["labels"] or {}), "kueue.x-k8s.io/queue-name": "q"}
    return pod


def _mutated(pod: Json) -> Json:
    verdict = admit(decode_pod(json.dumps(pod).encode(), "ml"), {}, _WORLD)
    return _changed(verdict.mutation, pod)


@given(_pods())
@settings(max_examples=300)
def test_mutating_twice_is_mutating_once(pod: Json) -> None:
    """The API server may ask again about a pod that is mutated already: nothing changes then."""
    once = _mutated(pod)

    assert _mutated(once) == once


@given(_pods())
@settings(max_examples=200)
def test_what_the_author_wrote_stays(pod: Json) -> None:
    """Every value of the pod stands in the mutated pod, but for keys that only Berth may write and larger resources."""
    container, changed = pod["spec"]["containers"][0], _mutated(pod)["spec"]["containers"][0]

    assert changed["command"] == container["command"]
    assert (changed["args"] or [])[: len(container["args"] or [])] == (container["args"] or [])
    assert [each for each in changed["env"] or [] if each in (container["env"] or [])] == (container["env"] or [])
