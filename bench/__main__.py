"""`python -m bench`: what an answer costs beside its floor, how pods per second compare, and what memory it takes.

Read the ratios: the machine's speed drifts. One that exceeds its recorded threshold fails the run. Parts may be
chosen, `--only verbs,admission`; `--memory 200000` sends as many reviews to the webhook and does nothing else.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from bench import figures, thresholds
from bench.endurance import watch_memory
from bench.figures import Figure
from bench.parts import PARTS, UnknownPartError, chosen


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table and where it is as JSON; return 1 where a threshold is exceeded, 2 where a part is unknown."""
    asked = _parser().parse_args(arguments)
    try:
        names = chosen(asked.only)
    except UnknownPartError as error:
        sys.stderr.write(f"bench: {error}\n")
        return 2
    return report(asyncio.run(_measured(names, asked.memory)), asked.json, records=asked.record)


def report(measured: Sequence[Figure], file: Path, *, records: bool = False, limits: Path = thresholds.FILE) -> int:
    """Print and write figures; return 1 where a threshold is exceeded."""
    if records:
        thresholds.record(measured, limits)
    judged = list(thresholds.judged(measured, limits))
    figures.write(judged, file)
    print(figures.table(judged))
    print(f"as JSON: {file.resolve()}")
    exceeded = sum(each.exceeds for each in judged)
    if exceeded:
        print(f"{exceeded} of {len(judged)} figures exceed their thresholds")
    return int(exceeded > 0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure Berth beside its floors and peers.")
    parser.add_argument("--only", default="", metavar="PARTS", help=f"comma list of {', '.join(PARTS)} (default: all)")
    parser.add_argument("--json", type=Path, default=figures.RESULTS, metavar="FILE", help="default: %(default)s")
    parser.add_argument("--record", action="store_true", help="set the thresholds anew by what is measured")
    parser.add_argument("--memory", type=int, metavar="REVIEWS", help="only watch the memory over as many reviews")
    return parser


async def _measured(names: Sequence[str], reviews: int | None) -> list[Figure]:
    if reviews:
        return [await watch_memory(reviews)]
    found = []
    for name in names:
        sys.stderr.write(f"bench: {name}\n")
        async for figure in PARTS[name]():
            sys.stderr.write(f"  {figure.line}\n")
            found.append(figure)
    return found


if __name__ == "__main__":
    sys.exit(main())
