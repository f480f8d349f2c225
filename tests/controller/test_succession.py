"""Leader election as it goes: how long it takes until somebody else leads, in simulated time."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from controller.leading.leadership import Lease
from controller.observers import Attempt
from tests.controller.elections import LOST, LeaseServer, PromptLine, simulated, timing


class Replica:
    """A lease that holds itself in simulated time, and its line."""

    def __init__(self, server: LeaseServer, name: str, chance: float) -> None:
        self.line = PromptLine(server)
        self.seen: list[Attempt] = []
        loop = asyncio.get_running_loop()
        self.lease = Lease(self.line, name, self.seen.append, timing(loop.time, chance))
        self.running = loop.create_task(self.lease.run())

    async def stop(self) -> None:
        """Stop it in an orderly way."""
        self.running.cancel()
        await asyncio.gather(self.running, return_exceptions=True)


CHANCES = st.tuples(st.floats(0, 0.999), st.floats(0, 0.999))


@settings(max_examples=30)
@given(CHANCES, st.floats(0, 5))
def test_a_leader_that_crashed_is_succeeded_in_under_18_seconds(chances: tuple[float, float], after: float) -> None:
    """Whenever it crashed, and however the pauses fall."""

    async def story() -> None:
        server = LeaseServer()
        first = Replica(server, "first", chances[0])
        await first.lease.until_leading()
        second = Replica(server, "second", chances[1])
        await asyncio.sleep(after)
        first.line.is_cut = True
        crashed_at = asyncio.get_running_loop().time()
        await second.lease.until_leading()
        assert 12 < asyncio.get_running_loop().time() - crashed_at < 18
        assert not first.lease.is_leading
        await first.stop()
        await second.stop()

    simulated(story())


@settings(max_examples=30)
@given(CHANCES, st.floats(0, 5))
def test_an_orderly_end_hands_over_within_two_seconds(chances: tuple[float, float], after: float) -> None:
    """And what is fresh is taken at once."""

    async def story() -> None:
        server = LeaseServer()
        first = Replica(server, "first", chances[0])
        await first.lease.until_leading()
        assert asyncio.get_running_loop().time() < 0.1
        second = Replica(server, "second", chances[1])
        await asyncio.sleep(after)
        stopped_at = asyncio.get_running_loop().time()
        await first.stop()
        await second.lease.until_leading()
        assert asyncio.get_running_loop().time() - stopped_at < 2.1
        assert (second.lease.term, second.seen[-1].transitions) == (1, 1)
        await second.stop()

    simulated(story())


def test_an_api_server_that_is_away_for_a_minute_costs_the_lead_and_nothing_else() -> None:
    """The one that led goes on where nobody else could, and whoever waits for a new term waits on."""

    async def story() -> None:
        replica = Replica(LeaseServer(), "only", 0.5)
        await replica.lease.until_leading()
        next_term = asyncio.create_task(replica.lease.until_leading(after=1))
        replica.line.is_cut = True
        await asyncio.sleep(12)
        assert (replica.lease.is_leading, replica.lease.problem) == (False, str(LOST))
        await asyncio.sleep(48)
        replica.line.is_cut = False
        await replica.lease.until_leading()
        assert (replica.lease.term, replica.lease.problem, next_term.done()) == (1, "", False)
        next_term.cancel()
        await replica.stop()

    simulated(story())


def test_calls_that_hang_are_given_up_in_time() -> None:
    """Two in a row do not cost the lead."""

    async def story() -> None:
        replica = Replica(LeaseServer(), "only", 0.5)
        await replica.lease.until_leading()
        replica.line.seconds = 3600
        await asyncio.sleep(9)
        replica.line.seconds = 0.01
        await asyncio.sleep(0.9)
        assert replica.lease.is_leading
        await asyncio.sleep(4)
        assert replica.lease.is_leading
        assert [each.problem for each in replica.seen].count("the API server does not answer in time") == 2
        await replica.stop()

    simulated(story())
