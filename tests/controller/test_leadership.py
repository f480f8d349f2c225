"""Leader election: never two at once, and never nobody for long."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster.leases import LeaseRecord
from controller.leading.leadership import LONGEST_SECONDS, Lease
from tests.controller.elections import Candidate, LeaseServer, Line, timing, untold
from tests.extender.machine_clock import UnhurriedLoop

DURATION = 15
Step = tuple[float, Callable[["Election", int], None], int]


class Election:
    """Two replicas, of which each stands still, hears late or not at all, and has a clock of its own."""

    def __init__(self, offsets: tuple[float, ...]) -> None:
        self.loop = UnhurriedLoop()
        self.now = 1000.0
        self.server = LeaseServer()
        self.offsets = offsets
        self.started = 0
        self.replicas = [self._started(number) for number in range(2)]

    def _started(self, number: int) -> Candidate:
        self.started += 1
        line = Line(self.server)
        lease = Lease(line, f"{number}-{self.started}", untold, timing(lambda: self.now + self.offsets[number]))
        return Candidate(line, lease)

    def _settle(self) -> None:
        for _ in range(5):
            self.loop.run_until_complete(asyncio.sleep(0))

    def take(self, step: Step) -> None:
        """Let time pass, and one thing happen; whoever is frozen meanwhile finds out afterwards."""
        seconds, act, number = step
        self.now += seconds
        act(self, number)

    def attempt(self, number: int) -> None:
        """Let a replica try to take or renew the lease, and end what it tried already, without delay."""
        self.begin_attempt(number)
        replica = self.replicas[number]
        while not replica.is_idle:
            self.land(number)
            self.hear(number)

    def begin_attempt(self, number: int) -> None:
        """Let a replica send the first call of an attempt."""
        replica = self.replicas[number]
        if replica.is_idle:
            replica.begin(self.loop, replica.lease.attempt())
            self._settle()

    def land(self, number: int) -> None:
        """Let the oldest call land; its answer is under way."""
        call = next((each for each in self.replicas[number].line.calls if not each.landed), None)
        if call:
            call.land()

    def hear(self, number: int) -> None:
        """Let an answer arrive that was under way."""
        for call in self.replicas[number].line.calls:
            if call.landed:
                call.reply()
        self._settle()

    def give_up(self, number: int) -> None:
        """Let a replica hear nothing of its call, which lands now or later, or has landed."""
        for call in self.replicas[number].line.calls:
            call.lose()
        self._settle()

    def write(self, number: int) -> None:
        """Let a leader write something, which may land as late as it was granted."""
        replica = self.replicas[number]
        if replica.lease.is_leading:
            replica.granted_until = max(replica.granted_until, self.now + replica.lease.remaining_seconds)

    def stop_orderly(self, number: int) -> None:
        """Let a replica give the lease back; what it wrote is over, and another is started in its place."""
        replica = self.replicas[number]
        if replica.is_idle:
            replica.begin(self.loop, replica.lease.release())
            self._settle()
            self.attempt(number)
            self.replicas[number] = self._started(number)

    def crash(self, number: int) -> None:
        """Let a replica end without a word; what it sent may land, and another is started in its place."""
        old, new = self.replicas[number], self._started(number)
        new.granted_until = old.granted_until
        if old.doing:
            old.doing.cancel()
            self._settle()
        new.line.calls = old.line.calls
        self.replicas[number] = new

    def check(self) -> None:
        """At most one leads, and no write of another one can land any more."""
        leading = [each for each in self.replicas if each.lease.is_leading]
        assert len(leading) <= 1
        for leader in leading:
            assert all(each.granted_until <= self.now for each in self.replicas if each is not leader)

    def close(self) -> None:
        """End what is under way."""
        for each in self.replicas:
            if each.doing:
                each.doing.cancel()
        self._settle()
        self.loop.close()


ACTS = [
    *[Election.attempt] * 6,
    *[Election.write] * 2,
    Election.begin_attempt,
    Election.land,
    Election.hear,
    Election.give_up,
    Election.stop_orderly,
    Election.crash,
]
SECONDS = st.sampled_from([0.0, 0.0, 0.0, 0.1, 2.0, 4.9, 5.0, 9.9, 10.0, 15.0])
STEPS = st.lists(st.tuples(SECONDS, st.sampled_from(ACTS), st.integers(0, 1)), min_size=20, max_size=60)


@settings(max_examples=50)
@given(st.tuples(*[st.floats(-1000, 1000)] * 2), STEPS)
def test_one_leads_at_most_and_no_write_of_another_lands(offsets: tuple[float, ...], steps: list[Step]) -> None:
    """Whatever is lost, late or frozen, and whatever the clocks say."""
    with closing(Election(offsets)) as election:
        for step in steps:
            election.take(step)
            election.check()


@pytest.fixture
def election() -> Iterator[Election]:
    """Two replicas, of which the first has just taken the lease and the second has just seen it."""
    with closing(Election((500.0, -500.0))) as begun:
        begun.attempt(0)
        begun.attempt(1)
        yield begun


def test_a_renewal_counts_from_when_it_was_sent(election: Election) -> None:
    """Its answer may come when the others have waited the whole duration out."""
    first, second = (each.lease for each in election.replicas)
    election.begin_attempt(0)
    election.land(0)
    election.attempt(1)

    election.now += DURATION
    election.hear(0)
    election.attempt(1)

    assert (first.is_leading, first.remaining_seconds) == (False, 0)
    assert second.is_leading


def test_the_last_write_is_over_before_another_replica_writes(election: Election) -> None:
    """A leader that cannot renew writes for two thirds of the duration, and what it sends last has some seconds."""
    leader = election.replicas[0]
    election.now += 9.9
    election.write(0)
    assert 13.4 < leader.granted_until - 1000 < 13.6
    election.now += 0.1
    assert not leader.lease.is_leading

    election.now += 4.9
    election.attempt(1)
    assert not election.replicas[1].lease.is_leading
    election.now += 0.1
    election.attempt(1)
    assert election.replicas[1].lease.is_leading


def test_a_lease_that_somebody_deleted_is_made_anew_by_who_held_it(election: Election) -> None:
    """Who holds it does not know at once that it is gone, so nobody else may take it."""
    election.server.standing = None
    election.attempt(1)
    election.check()
    assert election.server.standing is None

    election.attempt(0)
    assert election.server.standing
    assert [each.lease.term for each in election.replicas] == [1, 0]
    assert election.replicas[0].lease.is_leading


HUGE = 2**31 - 1


@pytest.mark.parametrize(
    "nonsense",
    [
        LeaseRecord(),
        LeaseRecord("", DURATION),
        LeaseRecord("stranger", HUGE),
        LeaseRecord("stranger", 1, "yesterday", "tomorrow"),
        LeaseRecord("stranger", -1, lease_transitions=HUGE),
        LeaseRecord(None, DURATION, lease_transitions=-HUGE),
    ],
    ids=str,
)
def test_a_record_that_makes_no_sense_is_waited_out(election: Election, nonsense: LeaseRecord) -> None:
    """Whoever held it stops with its next look, and nobody waits for ever."""
    election.server.put(nonsense)
    election.attempt(1)
    election.attempt(0)
    assert [each.lease.is_leading for each in election.replicas] == [False, False]

    election.now += LONGEST_SECONDS
    election.attempt(1)
    election.attempt(0)
    standing = election.server.standing

    assert [each.lease.is_leading for each in election.replicas] == [False, True]
    assert standing
    assert 0 <= (standing.record.lease_transitions or 0) <= HUGE
