"""What answers to come need is done beforehand."""

import asyncio
from contextlib import suppress

from extender.preparations import TOGETHER_SECONDS, Preparations
from tests.builders import H100, node
from tests.extender.known import args, bound, desk_of, known, pod_json

NAMES = [f"n{number}" for number in range(8)]


async def test_what_has_changed_is_prepared_for_before_the_next_question_comes() -> None:
    """The flight of the pod that was answered, and pods that left meanwhile."""
    cluster = known(*(node(name, H100) for name in NAMES))
    cluster.account.apply_pod(bound("n3", 4, uid="leaves"))
    desk = desk_of(cluster)
    preparations = Preparations(desk)
    task = asyncio.create_task(preparations.run())
    desk.filter(args(NAMES))

    cluster.account.remove_pod("leaves")
    preparations.wake()
    await asyncio.sleep(20 * TOGETHER_SECONDS)
    known_before = desk.chooser.tally.hits
    desk.filter(args(NAMES, pod_json("another")))

    assert desk.chooser.tally.hits == known_before + 1
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_without_preparation_the_answer_is_the_same() -> None:
    """It is found when it is asked for."""
    one, other = (desk_of(known(*(node(name, H100) for name in NAMES))) for _ in range(2))

    for _ in range(3):
        while not one.prepare():
            pass
        assert one.filter(args(NAMES)).body == other.filter(args(NAMES)).body


class Failing:
    """What fails at first."""

    def __init__(self) -> None:
        self.calls = 0

    def prepare(self) -> bool:
        """Fail once."""
        self.calls += 1
        if self.calls == 1:
            raise ValueError
        return True


async def test_a_preparation_that_fails_ends_nothing() -> None:
    """Answers do without it, and the next change is prepared for."""
    failing = Failing()
    preparations = Preparations(failing)
    task = asyncio.create_task(preparations.run())

    for _ in range(2):
        preparations.wake()
        await asyncio.sleep(20 * TOGETHER_SECONDS)

    assert failing.calls == 2
    assert not task.done()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
