"""How often the controller tells of an object, on a real API server."""

import json
from datetime import UTC, datetime, timedelta

from cluster.api import Api
from cluster.writers import Event, EventType, Subject
from controller.reconciling.events import MOST_NOTES, REPEATED_AFTER, Events

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def node(name: str) -> Subject:
    """Return a node of that name."""
    return Subject("Node", "", name, name)


def refusal(note: str, reason: str = "SharesRefused") -> Event:
    """Return what is told."""
    return Event(EventType.WARNING, reason, "OfferingShares", note)


async def notes(api: Api, name: str) -> list[str]:
    """Return what stands about a node in the API server."""
    found = await api.get("/apis/events.k8s.io/v1/namespaces/default/events")
    return [each["note"] for each in json.loads(found)["items"] if each["regarding"]["name"] == name]


async def test_the_same_is_told_once_in_an_hour(api: Api) -> None:
    """And again where it still holds then, because the API server has forgotten it."""
    moment = [NOON]
    events = Events(api, lambda: moment[0])

    told = [await events.tell(node("same"), refusal("pods hold shares")) for _ in range(3)]
    moment[0] += REPEATED_AFTER

    assert told == [True, False, False]
    assert await events.tell(node("same"), refusal("pods hold shares"))


async def test_notes_that_never_rest_do_not_flood(api: Api) -> None:
    """A look every few seconds, each with other names in its note, is a dozen events an hour."""
    moment = [NOON]
    events = Events(api, lambda: moment[0])

    for number in range(1000):
        moment[0] = NOON + timedelta(seconds=number * 3.5)
        await events.tell(node("restless"), refusal(f"pods hold shares there: ml/p{number}"))

    assert len(await notes(api, "restless")) == MOST_NOTES
    moment[0] += REPEATED_AFTER
    assert await events.tell(node("restless"), refusal("pods hold shares there: ml/other"))


async def test_what_floods_keeps_nothing_else_from_being_told(api: Api) -> None:
    """Neither of another object nor for another reason."""
    events = Events(api, lambda: NOON)
    for number in range(MOST_NOTES + 1):
        await events.tell(node("loud"), refusal(f"note {number}"))

    assert await events.tell(node("loud"), refusal("unclear", reason="HardwareUnclear"))
    assert await events.tell(node("quiet"), refusal("note 0"))


async def test_what_another_replica_told_is_not_told_again(api: Api) -> None:
    """The event has the same name, and the API server refuses it."""
    first, second = Events(api, lambda: NOON), Events(api, lambda: NOON + timedelta(seconds=1))

    assert await first.tell(node("twice"), refusal("note"))
    assert await second.tell(node("twice"), refusal("note"))
    assert await notes(api, "twice") == ["note"]
