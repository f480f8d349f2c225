from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from cluster.roster import PodRoster
from placement.keys import CHOSEN_CLASS
from placement.pods import Container, Pod
from placement.recognising.platforms import group_of

GPU = "nvidia.com/gpu"
LWS = "leaderworkerset.sigs.k8s.io"


def _pod(uid: str, classes: str = "l4", count: int = 1, **more: object) -> Pod:
    container = Container("c", limits={GPU: str(count), "cpu": "4"})
    parts = {"annotations": {CHOSEN_CLASS: classes}, "containers": (container,), "owner": "rs", **more}
    return Pod("ml", uid, uid, **parts)  # type: ignore[arg-type]


def _group(key: str = "k") -> dict[str, str]:
    return {f"{LWS}/name": "s", f"{LWS}/group-key": key}


def _pending(roster: PodRoster) -> dict[str, int]:
    return {name: amounts[GPU] for name, amounts in roster.roster.pending.items() if amounts[GPU]}


def test_pods_without_a_node_are_pending_until_they_are_bound_finished_or_gone() -> None:
    """Of each the accelerators count for its class, or for the first of those that are open."""
    roster = PodRoster()
    for pod in (_pod("a"), _pod("b", "l4,h100", 2), _pod("c", "h100", 4), _pod("d", node="n")):
        roster.apply(pod)
    assert _pending(roster) == {"l4": 3, "h100": 4}

    roster.apply(_pod("a", node="n"))
    roster.apply(_pod("c", "h100", 4, is_finished=True))
    roster.remove("b")
    assert _pending(roster) == {}


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["l4", "h100"]), st.sampled_from(["", "n"]))))
def test_the_roster_knows_no_history(seen: list[tuple[str, str, str]]) -> None:
    """Whatever was seen before, it is as if only the last state of each pod had been seen, and seen once."""
    busy, calm = PodRoster(), PodRoster()
    for uid, chosen, node in seen * 2:
        busy.apply(_pod(uid, chosen, node=node))
    for uid, (chosen, node) in {uid: (chosen, node) for uid, chosen, node in seen}.items():
        calm.apply(_pod(uid, chosen, node=node))

    assert _pending(busy) == _pending(calm)


def test_a_group_has_the_class_of_its_first_member_until_the_last_has_left() -> None:
    """Terminating members speak for nobody, nor do pods whose class is open."""
    roster = PodRoster()
    first, second = _pod("a", "h100", labels=_group()), _pod("b", "h100", labels=_group(), node="n")
    for pod in (first, second, _pod("c", "l4,h100", labels=_group("open"))):
        roster.apply(pod)
    group = group_of(first)

    assert roster.roster.class_of_group("ml", group) == "h100"
    assert roster.roster.class_of_group("other", group) is None
    assert len(roster.roster.groups) == 1
    roster.remove("a")
    assert roster.roster.class_of_group("ml", group) == "h100"
    roster.apply(replace(second, is_terminating=True))
    assert roster.roster.class_of_group("ml", group) is None


def test_pods_without_a_class_and_pods_that_a_new_list_lacks_do_not_count() -> None:
    """A reflector's list is the whole truth."""
    roster = PodRoster()
    roster.apply(_pod("a", ""))
    roster.apply(_pod("b"))
    roster.retain(frozenset())

    assert _pending(roster) == {}
    assert roster.roster.arrivals == {("ml", "rs", "l4"): 1}
