"""Steps of a removal: what is repeated, what is refused, and where it ends."""

import asyncio
from dataclasses import dataclass, field

import pytest

from berth.uninstall.steps import PAUSE_SECONDS, Change, Findings, Step, Walk
from cluster.api import ApiError

REFUSED, BROKEN = 403, 500
DENIED = 400  # by a webhook of somebody else
OVERTAKEN, BUSY = 409, 429


@dataclass
class World:
    """Things that can be deleted; `errors` are what the API server answers, by name, `stubborn` what comes back."""

    things: list[str]
    errors: dict[str, int] = field(default_factory=dict)
    stubborn: set[str] = field(default_factory=set)
    slowness: float = 0
    is_busy: bool = False
    said: list[str] = field(default_factory=list)
    gate: str = ""

    async def find(self) -> Findings:
        """Return the deletion of all that is there."""
        if self.is_busy:
            self.is_busy = False
            raise ApiError(BUSY, "TooManyRequests", "storage is (re)initializing")
        left = (self.gate,) if self.gate else ()
        return Findings(tuple(Change("delete thing", each, self._deletion(each)) for each in self.things), left=left)

    def walk(self, *, is_rehearsal: bool = False, seconds: float = 0.7) -> Walk:
        """Return a walk that is told here."""
        return Walk(self.said.append, is_rehearsal, seconds)

    def _deletion(self, name: str):  # type: ignore[no-untyped-def]  # noqa: ANN202 - a coroutine function.
        async def delete() -> None:
            await asyncio.sleep(self.slowness)
            self.slowness = 0
            if name in self.errors:
                status = self.errors[name]
                if status in (OVERTAKEN, BUSY):
                    del self.errors[name]
                raise ApiError(status, "Reason", "no")
            if name not in self.stubborn:
                self.things.remove(name)

        return delete


async def test_a_rehearsal_says_and_changes_nothing() -> None:
    """However much there is to do, and whatever stands in the way."""
    world = World(["a", "b"], gate="somebody is in the way")
    walk = world.walk(is_rehearsal=True)

    assert await walk.run([Step(world.find, is_gate=True)])
    assert (world.things, world.said) == (["a", "b"], ["would delete thing a, b"])
    assert walk.left == ["somebody is in the way"]


@pytest.mark.parametrize("status", [OVERTAKEN, BUSY])
async def test_what_was_overtaken_is_looked_at_again(status: int) -> None:
    """An object that changed meanwhile is deleted as it is then, and a busy API server is asked once more."""
    world = World(["a"], {"a": status})
    walk = world.walk(seconds=20)

    assert await walk.run([Step(world.find)])
    assert (world.things, walk.left) == ([], [])


async def test_a_busy_api_server_is_asked_again() -> None:
    """It says so of itself, and of lists that it does not have yet."""
    world = World(["a"], is_busy=True)
    walk = world.walk(seconds=20)

    assert await walk.run([Step(world.find)])
    assert (world.things, walk.left) == ([], [])


@pytest.mark.parametrize("status", [REFUSED, DENIED])
async def test_what_is_refused_is_left_and_the_rest_is_done(status: int) -> None:
    """With the API server's words."""
    world = World(["a", "b"], {"a": status})
    walk = world.walk(seconds=20)

    assert await walk.run([Step(world.find)])
    assert (world.things, walk.left) == (["a"], [f"delete thing a: {status} Reason: no"])


async def test_what_comes_back_is_told() -> None:
    """Somebody else's tool makes it again: that is no reason to go on for ever."""
    world = World(["a"], stubborn={"a"})
    walk = world.walk()
    await walk.run([Step(world.find)])

    assert walk.left == ["delete thing a: it comes back; is it kept by a GitOps tool or an operator?"]


async def test_the_changes_may_take_long() -> None:
    """Time counts for what others do: of ten thousand pods none is given up because the others took so long."""
    world = World(["a"], {"a": OVERTAKEN}, slowness=1.2)
    walk = world.walk(seconds=PAUSE_SECONDS + 1)

    assert await walk.run([Step(world.find)])
    assert (world.things, walk.left) == ([], [])


async def test_nothing_is_done_behind_a_gate_that_stays_shut() -> None:
    """What comes first is done, and what comes later is not."""
    gate, later = World(["a"], gate="somebody is in the way"), World(["b"])
    walk = gate.walk(seconds=20)

    assert not await walk.run([Step(gate.find, is_gate=True), Step(later.find)])
    assert (gate.things, later.things) == ([], ["b"])


async def test_a_failure_ends_it() -> None:
    """An API server that does not answer is not asked for all the rest."""
    world = World(["a"], {"a": BROKEN})
    with pytest.raises(ApiError):
        await world.walk().run([Step(world.find)])
