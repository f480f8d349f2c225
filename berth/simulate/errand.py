"""The journey of a simulation on a trace: read, replay, count, write."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from berth.simulate.placements import Placements, whole_file
from berth.simulate.progress import Progress
from berth.simulate.report import Report, lines, report
from berth.simulate.running import Departures, Trial, Typical
from berth.simulate.tables import UnreadableTraceError
from berth.simulate.tally import Tally
from berth.simulate.traces import Numbered, arrivals_in, fleet_in, mix_in
from placement.scheduling.expectation import Learnt, Pinned, prior
from placement.scheduling.fleet import Fleet
from placement.scheduling.policies import POLICIES
from placement.scheduling.replay import Arrival, Expectation

REFUSALS = (UnreadableTraceError, OSError)

ONLINE = "online"
# Of the policies the one that is published with a mix of the most popular tasks alone.
_OF_TYPICAL = frozenset({"fgd"})


@dataclass(frozen=True, slots=True)
class Wish:
    """What a user asks for: two files, a policy, a mix (`online` or a file), and what is written where."""

    nodes: Path
    arrivals: Path
    policy: str
    mix: str
    seed: int
    placements: Path | None
    departures: Departures | None


def default_policy() -> str:
    """Return the policy that is taken where none is named: ours, which stands first."""
    return next(iter(POLICIES))


def answer(wish: Wish, *, as_json: bool) -> str:
    """Return what a replayed trace came to, as text; raises one of REFUSALS."""
    found = simulated(wish)
    if as_json:
        return msgspec.json.format(msgspec.json.encode(found), indent=2).decode() + "\n"
    return "".join(f"{line}\n" for line in lines(found))


def simulated(wish: Wish) -> Report:
    """Replay a trace, write where its arrivals went, and return what it came to; raises one of REFUSALS."""
    fleet = fleet_in(wish.nodes, is_ranked=wish.policy != default_policy())
    arrivals = arrivals_in(wish.arrivals, fleet)
    if wish.departures and not any(each.arrival.task.devices for each in arrivals):
        raise UnreadableTraceError(f"{wish.arrivals}: column num_gpu: no arrival asks for any, allowed: one at least")
    trial = _trial(wish, fleet, arrivals)
    tally = Tally(trial)
    with _written(wish.placements, fleet) as placements:
        for each, timed in zip(arrivals, Progress(len(arrivals)).over(trial.run()), strict=True):
            tally.count(timed)
            if placements:
                placements.add(each.number, timed.step)
    return report(tally, wish.policy, wish.mix)


def trial(policy: str, seed: int, fleet: Fleet, arrivals: Sequence[Arrival], whole: Expectation) -> Trial:
    """Return the trial of a policy by its name, which gets of what is expected the part that it is published with."""
    typical = Typical(whole)
    expectation = typical if policy in _OF_TYPICAL else whole
    return Trial(fleet, arrivals, POLICIES[policy](seed), expectation, typical)


def _trial(wish: Wish, fleet: Fleet, arrivals: tuple[Numbered, ...]) -> Trial:
    whole: Expectation = Learnt(prior(fleet.shapes)) if wish.mix == ONLINE else Pinned(mix_in(Path(wish.mix), fleet))
    staying = trial(wish.policy, wish.seed, fleet, [each.arrival for each in arrivals], whole)
    return replace(staying, departures=wish.departures)


@contextmanager
def _written(target: Path | None, fleet: Fleet) -> Iterator[Placements | None]:
    """Open the file of the placements, where one is wished for."""
    with whole_file(target) if target else nullcontext() as stream:
        yield Placements(stream, fleet) if stream else None
