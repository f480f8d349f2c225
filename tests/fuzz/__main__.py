"""`python -m tests.fuzz --count 200000 --seed 1` fuzzes the whole webhook, and says how many reviews ended how.

`--only NUMBER` asks about one review, and prints it. Exit code 1 tells that something was wrong.
"""

import argparse
import asyncio
import os
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from time import monotonic

from tests.fuzz.reviews import REVIEWS_PER_WORLD, review
from tests.fuzz.runs import Findings, run, run_over_http

_CHUNK = 4 * REVIEWS_PER_WORLD
_SHOWN, _SHOWN_CHARACTERS = 20, 600


def main() -> int:
    """Run, show progress, print counts and what was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Fuzz the whole webhook.")
    parser.add_argument("--count", type=int, default=200_000, help="reviews to ask in process; a 50th over HTTP")
    parser.add_argument("--seed", type=int, default=1, help="which reviews")
    parser.add_argument("--only", type=int, help="the number of the one review to ask about")
    options = parser.parse_args()
    if options.only is not None:
        return _only(options.seed, options.only)
    findings, began = Findings(), monotonic()
    for done, found in enumerate(_chunks(options.seed, options.count), 1):
        findings.add(found)
        _tell_progress(min(done * _CHUNK, options.count), options.count, len(findings.problems), monotonic() - began)
    over_http = asyncio.run(run_over_http(options.seed, range(options.count, options.count + options.count // 50)))
    findings.problems += over_http.problems
    return _report(findings, options.count, over_http.answers.total(), monotonic() - began)


def _chunks(seed: int, count: int) -> Iterator[Findings]:
    firsts = range(0, count, _CHUNK)
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(run, [seed] * len(firsts), firsts, [min(_CHUNK, count - first) for first in firsts])


def _tell_progress(done: int, count: int, problems: int, seconds: float) -> None:
    text = f"\r{done:,} of {count:,} reviews, {done / seconds:.0f} per second, {problems} problems "
    sys.stderr.write(text)


def _report(findings: Findings, count: int, over_http: int, seconds: float) -> int:
    sys.stderr.write("\n")
    _say(*(f"{damage:24}{outcome:14}{times:>9,}" for (damage, outcome), times in sorted(findings.answers.items())))
    _say("metric: " + _listed(findings.outcomes))
    _say(*(f"PROBLEM {each[:_SHOWN_CHARACTERS]}" for each in findings.problems[:_SHOWN]))
    kinds: Counter[str] = Counter()
    for (_, outcome), times in findings.answers.items():
        kinds[outcome] += times
    asked = f"{count:,} reviews in process and {over_http:,} over HTTP in {seconds:.0f} s"
    _say(f"{asked}: {_listed(kinds)}; {len(findings.problems)} problems")
    return 1 if findings.problems else 0


def _only(seed: int, number: int) -> int:
    found = run(seed, number, 1)
    _say(review(seed, number).body.decode(errors="backslashreplace"), str(found.answers), *found.problems)
    return 1 if found.problems else 0


def _say(*lines: str) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{times:,} {name}" for name, times in sorted(counts.items()))


if __name__ == "__main__":
    sys.exit(main())
