import json
from dataclasses import replace
from random import Random
from typing import Any

import jsonpatch
import msgspec
import pytest

from cluster.objects import MalformedObject, check_pod, decode_pod
from placement.mutations import ContainerMutation, EnvAddition, Mutation
from placement.pods import EnvVar
from placement.selection import Expression, Operator, Term
from placement.taints import Toleration
from tests.fuzz.pods import pod as any_pod
from webhook.patch import PatchError, applied, operations, parts, pointer, tried
from webhook.wire import shortened

Json = dict[str, Any]
CHANGES = Mutation(
    node_selector={"product": "x"},
    terms=(Term((Expression("product", Operator.IN, ("x",)),)),),
    tolerations=(Toleration("a/b", "Exists", effect="NoSchedule"),),
    scheduler_name="berth-scheduler",
    labels={"berth.ome.io/accelerator-class": "x"},
    annotations={"berth.ome.io/accelerator-class": "x", "berth.ome.io/decision": "{}"},
)


def _raw(pod: Any) -> msgspec.Raw:
    return msgspec.Raw(json.dumps(pod).encode())


def _changes_of(pod: Json) -> Mutation:
    container = pod["spec"]["containers"][0]
    change = ContainerMutation(
        container["name"],
        (EnvAddition(0, EnvVar("NEW", "1")),),
        ("--new",),
        {"cpu": "1"},
        {"nvidia.com/gpu": "1"},
        rewritten_args=("--old",) if container.get("args") else None,
    )
    return replace(CHANGES, containers=(change,))


@pytest.mark.parametrize("seed", range(100))
def test_a_patch_that_was_tried_is_what_an_independent_library_applies(seed: int) -> None:
    """The trial looks at what the patch touches; on the whole pod the same operations have the same effect."""
    pod = any_pod(Random(seed))
    patch = tried(_changes_of(pod), _raw(pod))

    assert patch == operations(_changes_of(pod), pod)
    assert jsonpatch.apply_patch(pod, patch) == applied(patch, pod)


@pytest.mark.parametrize(
    "damage",
    [
        {"spec": {"containers": [{"name": "a", "args": "text"}]}},
        {"spec": {"containers": [{"name": "a"}], "affinity": []}},
        {"metadata": {"labels": 7}, "spec": {"containers": [{"name": "a"}]}},
    ],
)
def test_what_a_patch_cannot_be_made_for_names_its_field(damage: Json) -> None:
    """A part of a wrong type is one kind of error: the pod is admitted as it is."""
    with pytest.raises(MalformedObject) as caught:
        tried(CHANGES, _raw(damage))

    assert caught.value.field


def test_what_the_patch_does_not_touch_is_not_read() -> None:
    """Numbers that fit nowhere, bytes that are no text and deep nesting beside it do not matter."""
    for value in (b"1" * 500, b'"\xff"', b"[" * 900 + b"]" * 900):
        raw = b'{"metadata": {"managedFields": ' + value + b'}, "spec": {"containers": []}}'

        assert tried(CHANGES, msgspec.Raw(raw))


def test_a_result_that_cannot_be_read_is_refused() -> None:
    """The API server would refuse the pod for it."""
    change = ContainerMutation("a", limits={"cpu": "much"})

    with pytest.raises(MalformedObject, match=r"spec.containers\[0\].resources.limits\[cpu\]"):
        tried(Mutation(containers=(change,)), _raw({"metadata": {}, "spec": {"containers": [{"name": "a"}]}}))


@pytest.mark.parametrize("index", ["2", "-1", "x"])
def test_an_index_outside_of_its_list_does_not_apply(index: str) -> None:
    """RFC 6902: an index is at most the length of the list."""
    with pytest.raises(PatchError):
        applied([{"op": "add", "path": f"/a/{index}", "value": 1}], {"a": [0]})


def test_parts_undo_a_pointer() -> None:
    """Keys with tildes and slashes come back as they were."""
    keys = ("a~b", "c/d", "~1", "", "x")

    assert parts(pointer(keys)) == keys


@pytest.mark.parametrize("env", [[{"name": 7}], 3, [{"value": "x"}], [None], [{"name": "a", "value": {}}]])
def test_variables_that_cannot_be_read_name_their_place(env: Any) -> None:
    """They are read apart from the rest of the pod, and complained about in the same words by both readers."""
    pod = {"metadata": {}, "spec": {"containers": [{"name": "a", "env": env}]}}
    for read in (decode_pod, check_pod):
        with pytest.raises(MalformedObject) as caught:
            read(json.dumps(pod).encode())

        assert caught.value.field.startswith("spec.containers[0].env")


def test_long_lists_of_variables_are_read_like_short_ones() -> None:
    """Only those of usual length are shared between replicas."""
    env = [{"name": f"V{number}", "value": "x" * 50} for number in range(2000)]
    pod = {"metadata": {}, "spec": {"containers": [{"name": "a", "env": env}]}}

    assert len(decode_pod(json.dumps(pod).encode()).containers[0].env) == 2000


def test_warnings_are_one_line_of_plain_text() -> None:
    """The API server drops a warning with a control character in it."""
    assert shortened(["a\nb\r\n\tc", "\x1b[31mred\x85"]) == ["a b c", " [31mred "]
