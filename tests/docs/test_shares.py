"""What docs/shares.md says in tables and names is what the programs do."""

import re

from controller.sharing.offers import COUNTS
from controller.sharing.shares import REFUSED
from placement.injecting.visible_devices import ANY_VENDOR, VARIABLES
from placement.inventory import NodeInventory
from placement.keys import DEVICES, SHARED
from placement.requirements import Requirements
from placement.scheduling.fit import accelerator_rejection
from placement.shares import SHARES, divided
from tests.docs.pages import codes, page, prose, rows

PAGE = page("shares.md")


def test_variables_are_those_of_the_vendors() -> None:
    """One row for each vendor, and one for the rest."""
    told = {row[0].lower(): codes(row[1])[0] for row in rows(PAGE, "vendor of the class")}

    rest = "another, none, or several that are left open"
    assert told == {**VARIABLES, rest: ANY_VENDOR}


def test_amounts_are_divided_as_the_table_says() -> None:
    """And the reason that it quotes is the one that kube-scheduler gets."""
    part, whole, neither = rows(PAGE, "amount")
    found = accelerator_rejection(Requirements({SHARES: 1500}, {SHARES: 1500}), NodeInventory("n"))

    assert part[0] == "1 to 999"
    assert all(divided(amount) == (1, amount) for amount in (1, 999))
    assert [divided(int(text)) for text in re.findall(r"\d+", whole[0])] == [(1, 1000), (2, 1000)]
    assert divided(1500) is None
    assert found is not None
    assert found.reason in codes(neither[1])


def test_names_are_those_of_the_programs() -> None:
    """Labels, annotation, event and metrics."""
    named = set(codes(prose(PAGE)))
    metrics = {"berth_extender_nodes_with_untold_devices", "berth_extender_bindings_total", "lost_race"}

    assert {*COUNTS, DEVICES, SHARES, f"{SHARED}=true", REFUSED, *metrics} <= named
