"""How long a reflector waits between its attempts."""

import pytest

from cluster.api import Api
from cluster.reflector import STEADY, Pacing
from tests.cluster.recorders import Shelf, reflecting, until
from tests.cluster.scripted_server import EXPIRED, Answer, ScriptedServer, event, listing, refusal, thing, watch


async def test_fruitless_attempts_are_ever_farther_apart(server: ScriptedServer, api: Api, shelf: Shelf) -> None:
    """Pauses double, also where the server ends each watch at once, up to the longest; an event makes them short."""
    server.script = [
        refusal(500, "Down"),
        refusal(500, "Down"),
        listing(version="7"),
        *[watch()] * 3,
        watch(event("ADDED", thing("a", "8"))),
        watch(),
    ]

    async with reflecting(api, shelf):
        await until(lambda: len(shelf.pauses) == 7)

    assert shelf.pauses == [1, 2, 4, 8, 8, 1, 2]
    assert shelf.announced == [1, 2]


async def test_a_server_that_is_back_and_knows_the_version_no_longer_is_listed_at_once(
    server: ScriptedServer, api: Api, shelf: Shelf
) -> None:
    """After a restart of the API server, which was long away, nobody stays blind for another long pause."""
    server.script = [
        listing(thing("a"), version="7"),
        *[refusal(503, "Away")] * 4,
        refusal(410, "Expired"),
        listing(thing("b"), version="20"),
        watch(event("ADDED", thing("c", "21")), is_endless=True),
    ]

    async with reflecting(api, shelf):
        await until(lambda: "c" in shelf.versions)

    assert shelf.pauses == [1, 2, 4, 8, 0]


@pytest.mark.parametrize("expired", [watch(EXPIRED), refusal(410, "Expired")], ids=["event", "answer"])
async def test_a_server_that_forgets_every_version_is_listed_ever_more_seldom(
    server: ScriptedServer, api: Api, shelf: Shelf, expired: Answer
) -> None:
    """Only the first of several 410 in a row is answered with a list at once."""
    server.script = [listing(version="7"), expired] * 5

    async with reflecting(api, shelf):
        await until(lambda: len(shelf.pauses) == 5)

    assert shelf.pauses == [0, 2, 4, 8, 8]


async def test_a_server_that_forgets_and_fails_by_turns_is_asked_ever_more_seldom(
    server: ScriptedServer, api: Api, shelf: Shelf
) -> None:
    """A failure in between makes no 410 the first one again; an event does, once the watch behind it has ended well."""
    server.script = [
        *[listing(version="7"), refusal(410, "Expired"), refusal(500, "Down")] * 2,
        listing(version="7"),
        watch(event("ADDED", thing("a", "8"))),
        refusal(410, "Expired"),
    ]

    async with reflecting(api, shelf):
        await until(lambda: len(shelf.pauses) == 6)

    assert shelf.pauses == [0, 2, 4, 8, 1, 0]


def test_no_pause_is_longer_than_ten_seconds() -> None:
    """However long the server was away, programs see again soon after it is back."""
    assert STEADY.pause_seconds(10_000) < 10
    assert Pacing(chance=lambda: 1).pause_seconds(10_000) < 10


async def test_a_watch_that_lasts_is_not_fruitless(server: ScriptedServer, api: Api, shelf: Shelf) -> None:
    """Where nothing ever happens the server ends each watch after minutes, and the next one follows at once."""
    shelf.seconds_per_look = 10
    server.script = [listing(version="7"), *[watch()] * 3]

    async with reflecting(api, shelf):
        await until(lambda: len(shelf.pauses) == 3)

    assert shelf.pauses == [1, 1, 1]
