"""Why nodes will not do, told by arrays, against looking at each node."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from placement.inventory import Inventory, NodeInventory
from placement.rejections import Cause, Refusals, Rejection, counted, reasons_by_subject, reasons_in
from placement.requirements import Requirements
from placement.scheduling.fit import accelerator_rejection
from placement.scheduling.policy import Chooser
from placement.shares import SHARES
from tests.builders import NVIDIA
from tests.placement.scheduling.asking import requirements
from tests.placement.scheduling.editing import Edit, allocating, changed, edits

ABSURD = st.sampled_from([-(2**62), -1000, -1, 0, 1, 500, 999, 1000, 1500, 2000, 1_030_000, 2**62])
absurdities = st.dictionaries(st.sampled_from(["gpu", "shares"]), ABSURD, min_size=1).map(
    lambda drawn: allocating(**drawn)
)
inventories = st.lists(st.tuples(st.sampled_from("abcd"), edits | absurdities), max_size=12)


def inventory_after(drawn: list[tuple[str, Edit]]) -> Inventory:
    """Return the inventory after edits of its nodes."""
    now = Inventory()
    for name, edit in drawn:
        now = changed(now, name, edit)
    return now


def asking(resource: str, amount: int) -> Requirements:
    """Return what a pod asks that wants so much."""
    return Requirements({resource: amount}, {resource: amount})


def on(**amounts: int) -> NodeInventory:
    """Return a node that offers these amounts."""
    return allocating(**amounts)(NodeInventory("a"))


CORDONED = replace(on(shares=2000), is_schedulable=False)
OVERFULL = replace(on(gpu=1), held={NVIDIA: 2})


@given(inventories.map(inventory_after), requirements)
@example(Inventory({"a": CORDONED}), asking(SHARES, 500))
@example(Inventory({"a": OVERFULL}), Requirements({"cpu": 1}))
@example(Inventory({"a": on(shares=2000)}), asking(SHARES, 1_025_000))
@example(Inventory({"a": on(shares=0)}), asking(SHARES, 1_025_000))
@example(Inventory({"a": on(shares=2000, gpu=2)}), asking(SHARES, 3000))
def test_a_node_is_refused_for_the_cause_that_looking_at_it_alone_would_find(
    inventory: Inventory, asked: Requirements
) -> None:
    """Whole devices and shares, nodes with both, cordoned and overfull ones, amounts of any sign and size."""
    decision = Chooser().decide(asked, inventory, inventory.nodes)
    alone = [accelerator_rejection(asked, node) for node in inventory.nodes.values()]

    assert {*decision.rejections} == {*filter(None, alone)}
    assert len(decision.rejections) + len(decision.candidates) == len(inventory.nodes)


FULL, SMALL = (Cause.EXHAUSTED, "node(s) that are full"), (Cause.FILTERED, "node(s) that are small")
kinds = st.lists(st.sampled_from([0, 1, 2]), max_size=8)


def refusals(drawn: list[int]) -> Refusals:
    """Return refusals, two kinds of which have equal texts."""
    return Refusals([f"n{number}" for number in range(len(drawn))], drawn, (FULL, SMALL, FULL))


@given(kinds)
def test_refusals_tell_what_rejections_one_by_one_do(drawn: list[int]) -> None:
    """In whatever form they are asked for."""
    subject = refusals(drawn)
    alone = [Rejection(f"n{number}", *(FULL, SMALL, FULL)[kind]) for number, kind in enumerate(drawn)]

    assert list(subject) == alone
    assert len(subject) == len(alone)
    assert list(subject[1:3]) == alone[1:3]
    assert reasons_in(subject) == reasons_in(alone) == Counter((each.cause, each.reason) for each in alone)
    assert counted(subject) == counted(alone)
    assert reasons_by_subject(subject, "berth: ") == reasons_by_subject(alone, "berth: ")


def test_refusals_end_where_they_do() -> None:
    """As every sequence."""
    with pytest.raises(IndexError):
        refusals([0])[1]
