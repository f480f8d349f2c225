"""`python -m bench`: what an answer costs beside its floor, how long pods wait in a stream, and what memory it takes.

Read the ratios: the machine's speed drifts. The thresholds are the medians measured on two shared cores with room for
noise; one that is exceeded fails the run. `--memory 200000` sends as many reviews and does nothing else.
"""

import argparse
import asyncio
import sys

from bench.comparisons import CASES, HEADER, compare
from bench.endurance import STREAMS, watch_memory, watch_stream

_REVIEWS = 20_000


def main() -> int:
    """Print tables; return 1 where a threshold is exceeded."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure Berth beside its floors.")
    parser.add_argument("--memory", type=int, metavar="REVIEWS", help="only watch the memory over as many reviews")
    count = parser.parse_args().memory
    return 0 if asyncio.run(watch_memory(count) if count else _everything()) else 1


async def _everything() -> bool:
    print(HEADER)
    verdicts = [await compare(each) for each in CASES]
    verdicts += [await watch_stream(each) for each in STREAMS]
    return all([*verdicts, await watch_memory(_REVIEWS)])


if __name__ == "__main__":
    sys.exit(main())
