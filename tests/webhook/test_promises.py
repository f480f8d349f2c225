from placement.admission import admit
from placement.asking.roster import Roster
from placement.keys import REQUESTED_CLASS
from tests.builders import NVIDIA, pod, vllm, world
from webhook.promises import BUSY_SECONDS, LIFE_SECONDS, Promises

TWO = vllm(limits={NVIDIA: "2"})
SUBJECT = pod(TWO, annotations={REQUESTED_CLASS: "h100"}, owner="rs")
KIN = ("ml", "rs", "h100")
VERDICT = admit(SUBJECT, {}, world())


class _Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def _pending(promises: Promises, roster: Roster) -> int:
    return promises.added_to(roster).pending.get("h100", {}).get(NVIDIA, 0)


def test_a_promise_counts_until_its_pod_is_seen() -> None:
    """Replicas that come faster than the watch do not all count on the same room."""
    promises, roster = Promises(_Clock()), Roster(arrivals={KIN: 7})
    promises.make(SUBJECT, VERDICT, roster)
    promises.make(SUBJECT, VERDICT, roster)

    assert _pending(promises, roster) == 4
    assert _pending(promises, Roster({"h100": {NVIDIA: 2}}, arrivals={KIN: 8})) == 4
    assert _pending(promises, Roster({"h100": {NVIDIA: 4}}, arrivals={KIN: 9})) == 4


def test_a_promise_to_a_pod_that_never_comes_is_forgotten() -> None:
    """Something else may refuse a pod after its admission."""
    clock = _Clock()
    promises = Promises(clock)
    promises.make(SUBJECT, VERDICT, Roster())
    clock.seconds = LIFE_SECONDS + 1

    assert _pending(promises, Roster()) == 0


def test_what_nothing_was_injected_into_is_promised_nothing() -> None:
    """Neither a pod without a class, nor one that was mutated a moment ago."""
    promises = Promises(_Clock())
    promises.make(pod(), admit(pod(), {}, world()), Roster())

    assert promises.added_to(Roster()) is not None
    assert _pending(promises, Roster()) == 0


def test_each_of_several_replicas_reckons_with_the_others() -> None:
    """What another replica promises at the same moment is seen as late as what this one does."""
    clock = _Clock()
    promises = Promises(clock, replicas=2)
    promises.make(SUBJECT, VERDICT, Roster())
    at_once = _pending(promises, Roster())
    clock.seconds = BUSY_SECONDS + 0.1
    later = _pending(promises, Roster())
    seen = _pending(promises, Roster(arrivals={KIN: 1}))

    assert (at_once, later, seen) == (2 * 2 + 2, 2 * 2, 0)
