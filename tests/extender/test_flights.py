"""Pods in flight whose end was seen before their question came."""

from cluster.account import Account
from extender.flights import MAX_SECONDS, FlightLog
from placement.inventory import Hold
from tests.builders import NVIDIA


def test_a_flight_that_never_lands_is_forgotten_after_a_while() -> None:
    """A pod that was deleted before the scheduler asked about it would count for ever."""
    account, now = Account(), [0.0]
    flights = FlightLog(account, lambda: now[0])
    flights.begin("lost", Hold("n1", {NVIDIA: 1}))

    now[0] = MAX_SECONDS - 1
    flights.begin("other", Hold("n1", {NVIDIA: 1}))
    assert set(account.assumed) == {"lost", "other"}

    now[0] = MAX_SECONDS + 1
    flights.begin("third", Hold("n1", {NVIDIA: 1}))
    assert set(account.assumed) == {"other", "third"}


def test_a_flight_that_never_lands_is_forgotten_though_no_other_begins() -> None:
    """Whoever is asked next, or reads the metric, sees the node as free as it is."""
    account, now = Account(), [0.0]
    flights = FlightLog(account, lambda: now[0])

    for look in (lambda: flights.end("nobody"), lambda: len(flights)):
        flights.begin("lost", Hold("n1", {NVIDIA: 1}))
        assert len(flights) == 1
        now[0] += MAX_SECONDS + 1
        look()
        assert not account.assumed


def test_of_too_many_flights_the_oldest_is_forgotten() -> None:
    """No hold stays on the account that nobody would ever take off again."""
    account = Account()
    flights = FlightLog(account, lambda: 0.0, size=2)
    for uid in ("first", "second", "third"):
        flights.begin(uid, Hold("n1", {NVIDIA: 1}))

    assert set(account.assumed) == {"second", "third"}


def test_a_flight_that_begins_again_lasts_from_then_on() -> None:
    """Each question begins it anew."""
    account, now = Account(), [0.0]
    flights = FlightLog(account, lambda: now[0])
    flights.begin("again", Hold("n1", {NVIDIA: 1}))
    now[0] = MAX_SECONDS - 1
    flights.end("again")
    flights.begin("again", Hold("n2", {NVIDIA: 1}))

    now[0] = MAX_SECONDS + 1
    flights.begin("other", Hold("n1", {NVIDIA: 1}))

    assert account.assumed["again"] == Hold("n2", {NVIDIA: 1})
