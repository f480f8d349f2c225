"""`python -m bench.replay`: a trace through a real kube-apiserver and kube-scheduler, beside its replay by arithmetic.

Each scheduler plays on a control plane of its own: Berth's extender, and the stock scheduler alone, as it comes and
packing (MostAllocated). The whole default trace takes about 5 minutes for each.
"""

import argparse
import sys
from pathlib import Path

from bench.replay.cuts import Cut, cut
from bench.replay.outcomes import Outcome, compared, on_devices, replayed
from bench.replay.playing import Played
from bench.replay.stages import BERTH, SCHEDULERS, played_by

PROJECT = Path(__file__).parents[2]
TRACES = PROJECT.parent / "shared" / "traces"


def main() -> int:
    """Print a table; return 1 where a pod stands elsewhere than the replay has it."""
    parser = argparse.ArgumentParser(prog="python -m bench.replay", description=__doc__)
    parser.add_argument("--nodes", type=Path, default=TRACES / "nodes_default_42.csv.gz", help="%(default)s")
    parser.add_argument("--arrivals", type=Path, default=TRACES / "arrivals_default_42.csv.gz", help="%(default)s")
    parser.add_argument("--every", type=int, default=1, help="take every n-th node (%(default)s)")
    parser.add_argument("--first", type=int, help="take so many arrivals (all)")
    parser.add_argument("--schedulers", nargs="+", choices=SCHEDULERS, default=SCHEDULERS, help="which play (all)")
    asked = parser.parse_args()
    part = cut(asked.nodes, asked.arrivals, asked.every, asked.first)
    print(f"{len(part.states)} nodes, {part.capacity / 1000:g} accelerators, {len(part.arrivals)} pods")
    return max([_report(part, scheduler) for scheduler in asked.schedulers])


def _report(part: Cut, scheduler: str) -> int:
    played = played_by(scheduler, part)
    expected = replayed(part) if scheduler == BERTH else None
    outcome = on_devices(part, played) if expected is None else compared(part, played, expected)
    print(_line(scheduler, part, played, outcome), flush=True)
    return int(outcome.alike is not None and outcome.alike < len(part.arrivals))


def _line(scheduler: str, part: Cut, played: Played, outcome: Outcome) -> str:
    where = "" if outcome.alike is None else f", {outcome.alike} of {len(part.arrivals)} where the replay has them"
    rate = len(part.arrivals) / played.seconds
    return (
        f"{scheduler:15} {outcome.unallocated:8.2f} accelerators unallocated, {outcome.placed} pods placed, "
        f"{rate:.0f} pods/s in {played.seconds:.0f} s{where}"
    )


if __name__ == "__main__":
    sys.exit(main())
