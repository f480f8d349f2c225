"""Questions about pods with shares: what is held in between, and what is answered while a Binding is unresolved."""

import json
from typing import Any

import pytest

from cluster.account import Account
from extender import wire_binding
from extender.desk import Desk, Outcome
from extender.flights import MAX_SECONDS, FlightLog
from extender.settings import Mode
from extender.wire import WireError
from placement.inventory import Hold
from placement.pods import Pod
from placement.shares import SHARES, hold_for, left_by_device
from tests.extender.known import args, desk_of, known, pod_json
from tests.extender.sharing import share_pod, shared_node

ELSEWHERE = "berth: node(s) beside the one that the pod is being bound to"


def filtered(desk: Desk, uid: str, milli: int, *names: str) -> Any:
    """Return the answer to a filter question about a pod that asks for shares."""
    return json.loads(desk.filter(args(names, pod_json(uid, milli, SHARES))).body)


def left(desk: Desk, node: str) -> tuple[int, ...]:
    """Return what is left of a node's devices."""
    return left_by_device(desk.knowledge.inventory.nodes[node])


def test_a_share_in_flight_counts_in_the_verdict_on_the_next() -> None:
    """Device by device; the pod's own next question is answered as if it were not in flight."""
    desk = desk_of(known(shared_node("n", 1)))

    assert filtered(desk, "first", 600, "n")["NodeNames"] == ["n"]
    second = filtered(desk, "second", 600, "n")
    assert second["NodeNames"] == []
    assert second["FailedAndUnresolvableNodes"] == {"n": f"berth: node(s) with too few free {SHARES} on one device"}
    assert filtered(desk, "first", 600, "n")["NodeNames"] == ["n"]
    assert left(desk, "n") == (400,)


def test_a_node_that_is_not_known_yet_has_no_shares() -> None:
    """The scheduler saw it first; what is left of its devices is known to nobody."""
    desk = desk_of(known(shared_node("n")))

    answer = filtered(desk, "u", 300, "new")
    assert answer["NodeNames"] == []
    assert answer["FailedAndUnresolvableNodes"] == {"new": f"berth: node(s) without {SHARES}"}


def test_the_second_question_of_a_cycle_has_the_answer_of_the_first() -> None:
    """kube-scheduler asks twice where an entry without managedResources stands beside that of shares."""
    desk = desk_of(known(shared_node("a"), shared_node("b")))
    (winner,) = filtered(desk, "u", 300, "a", "b")["NodeNames"]
    hold = desk.flights.hold_of("u")

    assert filtered(desk, "u", 300, winner)["NodeNames"] == [winner]
    assert desk.flights.hold_of("u") == hold


def test_a_pod_that_is_being_bound_can_go_nowhere_else() -> None:
    """Neither its hold nor its node changes, until the API server has said what became of it."""
    desk = desk_of(known(shared_node("a"), shared_node("b")))
    desk.flights.land("u", hold_for("b", {SHARES: 300}, (1,)))

    both, other = filtered(desk, "u", 300, "a", "b"), filtered(desk, "u", 300, "a")

    assert both["NodeNames"] == ["b"]
    assert other["FailedAndUnresolvableNodes"] == {"a": ELSEWHERE}
    assert other["NodeNames"] == []
    assert (left(desk, "a"), left(desk, "b")) == ((1000, 1000), (1000, 700))

    desk.flights.abort("u")
    assert filtered(desk, "u", 300, "a")["NodeNames"] == ["a"]
    assert left(desk, "b") == (1000, 1000)


def test_passthrough_ends_no_hold_whose_binding_is_unresolved() -> None:
    """An operator switches while it runs."""
    desk = desk_of(known(shared_node("a")), mode=Mode.PASSTHROUGH)
    desk.flights.land("u", hold_for("a", {SHARES: 300}, (1,)))

    assert desk.filter(args(["a"], pod_json("u", 300, SHARES))).outcome is Outcome.PASSTHROUGH
    assert left(desk, "a") == (1000, 700)


def test_a_landing_lasts_until_the_pod_is_seen_or_gone() -> None:
    """Whatever the clock says, and however many others are in flight."""
    account, now = Account(), [0.0]
    flights = FlightLog(account, lambda: now[0], size=1)
    hold = hold_for("n", {SHARES: 300}, (0,))
    flights.land("u", hold)
    now[0] = 2 * MAX_SECONDS
    flights.begin("other", Hold("n", {}))
    flights.begin("another", Hold("n", {}))
    flights.begin("u", Hold("m", {}))
    assert flights.landing("u") == hold
    assert account.assumed["u"] == hold

    account.apply_pod(share_pod("u", 300, "n", "0"))
    assert flights.landing("u") is None
    account.remove_pod("u")
    flights.begin("u", Hold("m", {}))
    assert flights.hold_of("u") == Hold("m", {})


def test_who_waits_for_a_node_is_told_when_a_flight_to_it_ends() -> None:
    """By a question, by time and by a refusal; not by a pod that was seen bound."""
    account, now, freed = Account(), [0.0], list[str]()
    flights = FlightLog(account, lambda: now[0], freed=freed.append)
    for uid, node in (("asked", "n1"), ("old", "n2"), ("refused", "n3"), ("bound", "n4")):
        flights.begin(uid, Hold(node, {}))
    account.apply_pod(Pod("ml", "bound", "bound", node="n4"))
    flights.end("asked")
    flights.land("refused", Hold("n3", {}))
    flights.abort("refused")
    now[0] = MAX_SECONDS + 1

    assert len(flights) == 0
    assert freed == ["n1", "n3", "n3", "n2"]


ORDER = b'{"PodName": "p", "PodNamespace": "ml", "PodUID": "u", "Node": "n"}'


LOUD = b'{"PODNAME": "p", "PODNAMESPACE": "ml", "PODUID": "u", "NODE": "n"}'


@pytest.mark.parametrize("body", [ORDER, ORDER.lower(), LOUD], ids=["as", "low", "up"])
def test_an_order_is_read_in_any_case(body: bytes) -> None:
    """As Go reads it."""
    order = wire_binding.parse(body)
    assert order.pod.name == "p"
    assert order.node == "n"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", "no ExtenderBindingArgs"),
        (b"[]", "no ExtenderBindingArgs"),
        (b'{"PodName": 3}', "no ExtenderBindingArgs"),
        (b'{"PodName": "p"}', "PodNamespace, PodUID, Node: nothing found"),
    ],
)
def test_an_order_that_cannot_be_understood_is_named(body: bytes, text: str) -> None:
    """With what is missing."""
    with pytest.raises(WireError, match=text):
        wire_binding.parse(body)


def test_an_error_has_no_percent_sign() -> None:
    """Older releases of kube-scheduler take it for a format."""
    assert wire_binding.result("") == b'{"Error":""}'
    assert wire_binding.result("100% full") == b'{"Error":"100 percent full"}'
