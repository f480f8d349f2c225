"""Snapshots of an account: what changed since one of them is known without looking at every node."""

from hypothesis import given
from hypothesis import strategies as st

from cluster.account import REMEMBERED, Account
from tests.cluster.histories import account_of, apply, node, pod, steps


@given(st.lists(steps, min_size=1, max_size=8))
def test_a_snapshot_tells_what_changed_since_any_of_those_before(parts: list[list[object]]) -> None:
    """No node that became another one is left out, however many snapshots lie between."""
    account = Account()
    taken = [account.inventory]
    for part in parts:
        for step in part:
            apply(account, step)
        taken.append(account.inventory)

    for before in taken:
        names = {*before.nodes, *taken[-1].nodes}
        others = {name for name in names if before.nodes.get(name) is not taken[-1].nodes.get(name)}
        assert others <= set(taken[-1].names_changed_since(before))


def test_what_changed_is_known_without_looking_at_every_node() -> None:
    """Dozens of snapshots later too; beyond these, nodes are compared."""
    account = account_of([node(f"n{number}") for number in range(200)], [])
    first = account.inventory
    for number in range(REMEMBERED):
        account.apply_pod(pod(f"u{number}", "n1"))
        last = account.inventory
    assert list(last.names_changed_since(first)) == ["n1"]
    assert len(last.changes) == REMEMBERED

    account.apply_pod(pod("u", "n2"))

    assert list(account.inventory.names_changed_since(first)) == ["n1", "n2"]
    assert list(first.names_changed_since(account.inventory)) == ["n1", "n2"]
