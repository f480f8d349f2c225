"""Work in several processes, with progress on standard error."""

import io
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from time import monotonic
from typing import TypeVar

J = TypeVar("J")
R = TypeVar("R")


def in_processes(count: int, work: Callable[[J], R], jobs: Sequence[J]) -> list[R]:
    """Return what comes of each job, in the order of the jobs."""
    began = monotonic()
    with ProcessPoolExecutor(count, mp_context=get_context("spawn"), initializer=_be_quiet) as pool:
        futures = {pool.submit(work, job): job for job in jobs}
        for done, future in enumerate(as_completed(futures), start=1):
            future.result()
            print(f"{done} of {len(jobs)}, {monotonic() - began:.0f} s: {futures[future]}", file=sys.stderr, flush=True)
        return [future.result() for future in futures]


def _be_quiet() -> None:
    """Keep the progress of single replays off the terminal: several at a time would write over each other."""
    sys.stderr = io.StringIO()
