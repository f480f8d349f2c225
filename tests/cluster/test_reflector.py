import asyncio
from collections.abc import Callable

import pytest

from cluster.api import Api
from cluster.custom_objects import decode_custom_object
from cluster.reflector import Resource
from tests.cluster.recorders import OPTIONAL, PATH, Shelf, reflecting, until
from tests.cluster.scripted_server import (
    EXPIRED,
    ScriptedServer,
    broken_watch,
    event,
    listing,
    refusal,
    thing,
    watch,
)


async def test_what_is_listed_and_then_changes_is_seen(server: ScriptedServer, api: Api, shelf: Shelf) -> None:
    """A consistent list comes first, then a watch from its version with bookmarks."""
    server.script = [
        listing(thing("a"), thing("b"), version="7"),
        watch(
            event("ADDED", thing("c", "8")),
            event("MODIFIED", thing("a", "9")),
            event("DELETED", thing("b", "10")),
            is_endless=True,
        ),
    ]

    async with reflecting(api, shelf) as reflector:
        await until(lambda: "b" not in shelf.versions and "a" in shelf.versions)

    assert shelf.versions == {"a": "9", "c": "8"}
    assert reflector.synced.is_set()
    assert server.queries[0] == {"limit": "500"}
    assert server.queries[1] == {
        "watch": "true",
        "allowWatchBookmarks": "true",
        "resourceVersion": "7",
        "timeoutSeconds": "450",
    }


async def test_a_long_list_is_read_in_pages(server: ScriptedServer, api: Api, shelf: Shelf) -> None:
    """Every page is applied, and the reflector is synced after the last."""
    server.script = [listing(thing("a"), version="7", more="t1"), listing(thing("b"), version="7")]

    async with reflecting(api, shelf) as reflector:
        await reflector.synced.wait()

    assert shelf.versions == {"a": "1", "b": "1"}
    assert server.queries[1] == {"limit": "500", "continue": "t1"}


async def test_others_run_while_a_page_is_taken_in(server: ScriptedServer, api: Api, shelf: Shelf) -> None:
    """A cluster's list is long, and questions are answered meanwhile."""
    server.script = [listing(*(thing(f"t{number}") for number in range(500)), version="7")]
    seen = set()

    async with reflecting(api, shelf) as reflector:
        while not reflector.synced.is_set():
            seen.add(len(shelf.versions))
            await asyncio.sleep(0)

    assert len(seen - {0, 500}) >= 5


async def test_a_list_that_expires_between_its_pages_begins_anew(
    server: ScriptedServer, api: Api, shelf: Shelf
) -> None:
    """The server may forget a list's snapshot before its last page (410)."""
    server.script = [
        listing(thing("a"), version="7", more="t1"),
        refusal(410, "Expired"),
        listing(thing("b"), version="9"),
    ]

    async with reflecting(api, shelf) as reflector:
        await reflector.synced.wait()

    assert shelf.versions == {"b": "1"}
    assert "continue" not in server.queries[2]


async def test_a_watch_that_ends_goes_on_where_it_was(server: ScriptedServer, api: Api, shelf: Shelf) -> None:
    """Neither a clean end nor a lost connection costs a new list, and a bookmark moves the place on."""
    server.script = [
        listing(version="7"),
        watch(event("ADDED", thing("a", "8")), event("BOOKMARK", {"metadata": {"resourceVersion": "11"}})),
        broken_watch(event("MODIFIED", thing("a", "12"))),
        watch(event("ADDED", thing("b", "13")), is_endless=True),
    ]

    async with reflecting(api, shelf):
        await until(lambda: "b" in shelf.versions)

    assert [query.get("resourceVersion") for query in server.queries] == [None, "7", "11", "12"]
    assert shelf.lists == [0]
    assert shelf.versions == {"a": "12", "b": "13"}


LATER = event("ERROR", {"kind": "Status", "code": 500, "reason": "InternalError", "message": "etcd"})


@pytest.mark.parametrize(
    "interruption",
    [watch(EXPIRED), watch(LATER), refusal(410, "Expired"), watch(b"}garbage{\n")],
    ids=["410-event", "500-event", "410-answer", "garbage"],
)
async def test_a_watch_that_cannot_go_on_is_replaced_by_a_new_list(
    server: ScriptedServer, api: Api, shelf: Shelf, interruption: Callable[..., object]
) -> None:
    """What disappeared meanwhile disappears here too, though nobody reports its deletion."""
    server.script = [
        listing(thing("a"), thing("b"), version="7"),
        interruption,  # type: ignore[list-item]
        listing(thing("b", "20"), version="21"),
        watch(event("ADDED", thing("c", "22")), is_endless=True),
    ]

    async with reflecting(api, shelf):
        await until(lambda: "c" in shelf.versions)

    assert shelf.versions == {"b": "20", "c": "22"}
    assert len(shelf.failures) == 1
    assert server.queries[3]["resourceVersion"] == "21"


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_busy_server_is_asked_again_from_the_same_version(
    server: ScriptedServer, api: Api, shelf: Shelf, status: int
) -> None:
    """A server that is overloaded gets no new list on top."""
    server.script = [
        listing(thing("a"), version="7"),
        refusal(status, "Busy"),
        watch(event("ADDED", thing("b", "8")), is_endless=True),
    ]

    async with reflecting(api, shelf):
        await until(lambda: "b" in shelf.versions)

    assert server.queries[2]["resourceVersion"] == "7"


async def test_an_object_that_cannot_be_understood_is_skipped(server: ScriptedServer, api: Api, shelf: Shelf) -> None:
    """In a list and in a watch alike it is reported, and the others are seen."""
    nameless = {"metadata": {"resourceVersion": "9"}}
    server.script = [
        listing({"metadata": "?"}, thing("a"), version="7"),
        watch(event("ADDED", nameless)),
        watch(event("ADDED", thing("b", "10")), is_endless=True),
    ]

    async with reflecting(api, shelf):
        await until(lambda: "b" in shelf.versions)

    assert shelf.versions == {"a": "1", "b": "10"}
    assert shelf.malformed == ["metadata: Expected `object`, got `str`", "metadata.name: is missing"]
    assert server.queries[2]["resourceVersion"] == "9"
    assert not shelf.failures


async def test_a_resource_that_the_server_does_not_know_is_empty_until_it_appears(
    server: ScriptedServer, api: Api, shelf: Shelf
) -> None:
    """A definition that is installed while the program runs is picked up, one that is removed empties the sink.

    That it is missing is told once, not with every attempt.
    """
    server.script = [
        refusal(404, "NotFound"),
        refusal(404, "NotFound"),
        listing(thing("a"), version="7"),
        refusal(404, "NotFound"),
        refusal(404, "NotFound"),
        listing(thing("b"), version="9"),
    ]

    async with reflecting(api, shelf, OPTIONAL) as reflector:
        await until(lambda: shelf.lists[:1])
        assert reflector.synced.is_set()
        await until(lambda: "b" in shelf.versions)

    assert shelf.lists == [0, 1, 0, 1]
    assert shelf.versions == {"b": "1"}


async def test_a_resource_that_must_exist_is_not_synced_by_its_absence(
    server: ScriptedServer, api: Api, shelf: Shelf
) -> None:
    """For Kubernetes' own kinds a 404 is a failure."""
    server.script = [refusal(404, "NotFound"), listing(thing("a"), version="7")]

    async with reflecting(api, shelf) as reflector:
        await until(lambda: shelf.failures)
        await reflector.synced.wait()

    assert shelf.failures == ["404 NotFound: because of NotFound"]


async def test_a_bug_in_a_sink_costs_a_new_list_and_nothing_more(
    server: ScriptedServer, api: Api, shelf: Shelf
) -> None:
    """The reflector goes on whatever its sink throws."""
    server.script = [
        listing(thing("a"), version="7"),
        watch(event("ADDED", thing("poison", "8"))),
        listing(thing("a", "9"), version="9"),
    ]

    async with reflecting(api, shelf):
        await until(lambda: shelf.versions.get("a") == "9")

    assert shelf.failures == ["a bug"]


async def test_selectors_are_sent_with_every_request(server: ScriptedServer, api: Api, shelf: Shelf) -> None:
    """A list and its watch select the same."""
    selecting = Resource(PATH, decode_custom_object, lambda each: each.name, "metadata.name=a", "app=x")
    server.script = [listing(version="7")]

    async with reflecting(api, shelf, selecting):
        await until(lambda: len(server.queries) == 2)

    assert all(query["fieldSelector"] == "metadata.name=a" for query in server.queries)
    assert all(query["labelSelector"] == "app=x" for query in server.queries)


async def test_raw_objects_pass_through(server: ScriptedServer, api: Api, shelf: Shelf) -> None:
    """A custom object's JSON arrives as it was sent, for a decoder of another kind."""
    server.script = [listing(thing("a", spec={"x": [1]}), version="7")]

    async with reflecting(api, shelf) as reflector:
        await reflector.synced.wait()

    assert shelf.raw["a"] == b'{"metadata": {"name": "a", "resourceVersion": "1"}, "spec": {"x": [1]}}'
