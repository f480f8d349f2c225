"""`python -m bench.fragmentation`: what each policy leaves unallocated on the public traces, beside what was published.

Each order of arrivals is replayed by each policy, by the code of `berth simulate`. The exit code is 1 where Berth's
own leaves more than its threshold on a published order. Times are those of two shared cores.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from bench.fragmentation import leaving, spreading
from bench.fragmentation.orders import MissingTracesError, Order, drawn_of, published_in
from bench.fragmentation.processes import in_processes
from bench.fragmentation.replays import Job, replayed
from bench.fragmentation.tables import lines, results, verdict
from berth.simulate.errand import REFUSALS
from placement.scheduling.policies import POLICIES

PROJECT = Path(__file__).parents[2]
TRACES = PROJECT.parent / "shared" / "traces"

# Beside these a drawn order is one that nobody has seen when a constant was chosen.
_FIRST_SEED = 2001

_PLOTTED = ("default",)


def main(arguments: list[str] | None = None) -> int:
    """Print tables; return 1 where a threshold is exceeded, or there are no traces."""
    asked = _parser().parse_args(arguments)
    try:
        orders = published_in(asked.traces, _PLOTTED if asked.plot else asked.variants)
        orders += drawn_of(orders, range(asked.first_seed, asked.first_seed + asked.seeds))
        if asked.departures:
            return _print(leaving.lines(orders, asked.policies, asked.processes))
        if asked.spread:
            return _print(spreading.lines(orders, asked.processes))
        if asked.plot:
            return _plot(orders, asked)
        return _compare(orders, asked)
    except (MissingTracesError, *REFUSALS) as error:
        print(error, file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.fragmentation",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="Without --departures, --spread or --plot: tables of all orders and policies, about 3 minutes.",
    )
    add = parser.add_argument
    add("--traces", type=Path, default=TRACES, metavar="FOLDER", help="folder of the published traces (%(default)s)")
    add("--variants", type=_names, default=(), metavar="A,B", help="only these variants of the trace")
    add("--policies", type=_policies, default=tuple(POLICIES), metavar="A,B", help=f"only some of {','.join(POLICIES)}")
    add("--seeds", type=int, default=0, metavar="N", help="draw so many further orders of each variant (0)")
    add("--first-seed", type=int, default=_FIRST_SEED, metavar="S", help="the seed of the first of them (%(default)s)")
    add("--processes", type=int, default=2, metavar="N", help="replays at a time (%(default)s)")
    parts = parser.add_mutually_exclusive_group()
    parts.add_argument("--departures", action="store_true", help=f"pods leave again: {leaving.LASTS}")
    parts.add_argument("--spread", action="store_true", help=f"replicas of an owner spread: {spreading.LASTS}")
    parts.add_argument("--plot", type=Path, metavar="SVG", help="plot the orders of default by load, about a minute")
    return parser


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split(","))


def _policies(text: str) -> tuple[str, ...]:
    chosen = _names(text)
    if wrong := [each for each in chosen if each not in POLICIES]:
        raise argparse.ArgumentTypeError(f"found {', '.join(wrong)}, allowed: {', '.join(POLICIES)}")
    return chosen


def _compare(orders: list[Order], asked: argparse.Namespace) -> int:
    jobs = [Job(order, policy) for order in orders for policy in asked.policies]
    found = results(in_processes(asked.processes, replayed, jobs))
    _print(lines(found))
    passed, told = verdict(found)
    print(f"\n{told}")
    return 0 if passed else 1


def _plot(orders: list[Order], asked: argparse.Namespace) -> int:
    from bench.fragmentation.plot import draw

    jobs = [Job(order, policy) for order in orders for policy in asked.policies]
    draw(results(in_processes(asked.processes, replayed, jobs)), asked.plot)
    return 0


def _print(told: Iterator[str]) -> int:
    for line in told:
        print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
