"""Objects that Berth writes beside people."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.applied import Edition, applied_to, edition, is_edited
from placement.keys import APPLIED, AUTO_DISCOVERED, OF_FLAVOR, SCALABLE_FROM_ZERO

Json = dict[str, Any]
OURS = "berth-kueue"

leaves = st.one_of(st.sampled_from(["x", "y", 1]), st.just([{"name": "a"}]))
specs = st.dictionaries(
    st.sampled_from("abc"), st.one_of(leaves, st.dictionaries(st.sampled_from("de"), leaves, min_size=1)), max_size=3
)
selections = st.fixed_dictionaries(
    {},
    optional={
        "nodeSelector": st.dictionaries(st.sampled_from("ab"), st.sampled_from("xy"), min_size=1),
        "nodeSelectorTerms": st.lists(st.sampled_from("xy"), min_size=1, max_size=2),
        "affinity": st.fixed_dictionaries({"nodeAffinity": st.sampled_from("xy")}),
    },
)
vendors = st.fixed_dictionaries({"pciVendorID": st.sampled_from("xy")})
discoveries = st.builds(lambda vendor, selection: {"discovery": vendor | selection}, vendors, selections)


def standing(spec: Json, applied: Json, *owners: Json) -> Json:
    """Return an object with a spec, of which Berth applied something."""
    metadata = {"name": "c", "annotations": {APPLIED: json.dumps(applied)}, "managedFields": list(owners)}
    return {"metadata": metadata, "spec": spec}


def merged(stands: Json, said: Json) -> Json:
    """Return what stands after somebody applied something: maps are merged, all else is replaced."""
    result = dict(stands)
    for key, value in said.items():
        before = stands.get(key)
        result[key] = merged(before, value) if isinstance(before, dict) and isinstance(value, dict) else value
    return result


def owner(manager: str, *path: str, **more: str) -> Json:
    """Return that a manager owns a field."""
    fields: Json = {}
    for each in reversed(path):
        fields = {f"f:{each}": fields}
    return {"manager": manager, "operation": "Update", "fieldsV1": fields, **more}


@given(specs, specs)
def test_what_nobody_touched_becomes_what_is_wanted(applied: Json, wanted: Json) -> None:
    """All of it is Berth's."""
    assert edition(wanted, standing(applied, applied), OURS) == Edition(wanted, wanted)


@given(specs, specs, specs)
def test_once_applied_there_is_nothing_left_to_say(applied: Json, edited: Json, wanted: Json) -> None:
    """A second look at the same object records what the first one did: nothing is written twice."""
    first = edition(wanted, standing(edited, applied), OURS)

    assert edition(wanted, standing(merged(edited, first.spec), first.record), OURS).record == first.record


@given(specs, specs, specs)
def test_what_somebody_changed_is_never_said_again(applied: Json, edited: Json, wanted: Json) -> None:
    """Whatever is wanted."""
    said = edition(wanted, standing(edited, applied), OURS).spec

    for key, value in said.items():
        assert edited.get(key) == applied.get(key) or isinstance(value, dict)


@given(discoveries, discoveries, discoveries)
def test_a_selection_of_which_somebody_changed_a_part_is_theirs_as_a_whole(
    applied: Json, edited: Json, wanted: Json
) -> None:
    """Nodes must meet all its parts: a part that Berth added or took back would make it another one."""
    found = edition(wanted, standing(edited, applied), OURS)
    before, had = edited["discovery"], applied["discovery"]
    said, noted = found.spec.get("discovery", {}), found.record["discovery"]
    if without_vendor(before) == without_vendor(had):
        return

    assert without_vendor(merged(before, said)) == without_vendor(before)
    assert without_vendor(noted) == without_vendor(had)
    assert not common(before, without_vendor(had)) - common(said, without_vendor(had))
    assert (said.get("pciVendorID") is not None) == (before["pciVendorID"] == had["pciVendorID"])


def without_vendor(discovery: Json) -> Json:
    """Return what of it selects nodes."""
    return {key: value for key, value in discovery.items() if key != "pciVendorID"}


def common(left: Json, right: Json, path: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    """Return the paths of what is the same in both."""
    found: set[tuple[str, ...]] = set()
    for key in left.keys() & right.keys():
        if isinstance(left[key], dict) and isinstance(right[key], dict):
            found |= common(left[key], right[key], (*path, key))
        elif left[key] == right[key]:
            found.add((*path, key))
    return found


def test_a_selection_that_another_manager_owns_a_part_of_is_theirs_though_it_says_the_same() -> None:
    """Berth keeps what stands, and adds nothing."""
    spec = {"discovery": {"nodeSelector": {"a": "1", "b": "1"}}}
    present = standing(spec, spec, owner("kubectl", "spec", "discovery", "nodeSelector", "a"))
    wanted = {"discovery": {"nodeSelectorTerms": ["x"]}}

    assert edition(wanted, present, OURS) == Edition({"discovery": {"nodeSelector": {"b": "1"}}}, spec)


def test_an_edited_field_stays_and_the_others_follow() -> None:
    """A price that a person wrote is beside the labels that the flavor has."""
    found = edition(
        {"a": 2, "b": {"c": 2, "d": 2}},
        standing({"a": 9, "b": {"c": 1, "d": 1}}, {"a": 1, "b": {"c": 1, "d": 1}}),
        OURS,
    )

    assert found == Edition({"b": {"c": 2, "d": 2}}, {"a": 1, "b": {"c": 2, "d": 2}})


def test_a_field_that_somebody_removed_does_not_come_back() -> None:
    """Removing is an edit like any other."""
    found = edition({"a": 2, "b": 1}, standing({"b": 1}, {"a": 1, "b": 1}), OURS)

    assert found == Edition({"b": 1}, {"a": 1, "b": 1})


def test_a_field_that_another_manager_owns_is_theirs_though_it_says_the_same() -> None:
    """Who applied it wants it to stay so."""
    present = standing({"a": {"b": "1"}}, {"a": {"b": "1"}}, owner("kubectl", "spec", "a", "b"))

    assert edition({"a": {"b": "2"}}, present, OURS).spec == {}
    assert is_edited(present, OURS)


def test_atomic_fields_are_owned_as_a_whole() -> None:
    """Whoever changed one label of a nodeSelector has all of it."""
    spec = {"nodeSelector": {"a": "1", "b": "2"}}
    present = standing(spec, spec, owner("kubectl-edit", "spec", "nodeSelector"))

    assert edition({"nodeSelector": {"a": "9", "b": "2"}}, present, OURS).spec == {}


def test_status_and_metadata_are_no_edits_of_the_spec() -> None:
    """Others write these all the time."""
    spec = {"a": 1}
    present = standing(
        spec,
        spec,
        owner("berth", "status", "conditions", subresource="status"),
        owner("ome", "metadata", "finalizers"),
        owner(OURS, "spec", "a"),
    )

    assert not is_edited(present, OURS)
    assert edition({"a": 2}, present, OURS).spec == {"a": 2}


def test_defaults_of_the_server_that_say_nothing_are_no_edits() -> None:
    """`capabilities: {}` is added by the definition."""
    assert not is_edited(standing({"a": 1, "capabilities": {}}, {"a": 1}), OURS)
    assert is_edited(standing({"a": 1, "cost": {"perHour": "2"}}, {"a": 1}), OURS)


@pytest.mark.parametrize("part", ["labels", "annotations"])
def test_what_somebody_wrote_on_an_object_is_an_edit_and_what_berth_did_is_not(part: str) -> None:
    """A label of a team, or that nodes can be made for a class."""
    present = standing({"a": 1}, {"a": 1})
    present["metadata"]["labels"] = {AUTO_DISCOVERED: "true"}
    present["metadata"]["annotations"][OF_FLAVOR] = "c"
    assert not is_edited(present, OURS)

    present["metadata"][part][SCALABLE_FROM_ZERO] = "true"
    assert is_edited(present, OURS)


def test_a_record_that_is_no_json_says_nothing() -> None:
    """Somebody wrote into it: then all that differs is theirs."""
    present = standing({"a": 1}, {})
    present["metadata"]["annotations"][APPLIED] = "{oops"

    assert applied_to(present) == {}
    assert edition({"a": 2}, present, OURS).spec == {}
