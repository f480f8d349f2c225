"""The shapes in which pods arrive: those of the public trace in its order, or a list in the same spirit without it.

The list was made of the most frequent pods of Alibaba's cluster-trace-gpu-v2023 (variant gpuspec33), and the most
frequent of 2, 4 and 8 devices; cpu and memory are rounded to cores and 4 GiB, shares to 50 thousandths.
"""

from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from random import Random

from berth.simulate.traces import arrivals_in, fleet_in
from placement.scheduling.replay import Arrival
from placement.scheduling.tasks import WHOLE, Task

TRACES = Path(__file__).parents[3] / "shared" / "traces"
_VARIANT = "default_42"

# How often; devices, thousandths of each, cores, GiB; products that will do, any where none is named.
_LISTED = (
    (57, 1, 1000, 11, 48, ""),
    (51, 1, 800, 3, 4, ""),
    (24, 0, 1000, 12, 56, ""),
    (21, 1, 1000, 3, 4, ""),
    (19, 0, 1000, 32, 48, ""),
    (19, 1, 450, 12, 48, ""),
    (17, 1, 450, 8, 28, ""),
    (17, 1, 1000, 11, 48, "T4"),
    (13, 1, 800, 3, 4, "T4"),
    (11, 1, 1000, 19, 64, ""),
    (11, 1, 650, 12, 48, ""),
    (11, 0, 1000, 8, 28, ""),
    (8, 1, 1000, 10, 40, ""),
    (8, 0, 1000, 15, 48, ""),
    (8, 1, 1000, 16, 56, ""),
    (7, 1, 1000, 11, 48, "G2"),
    (7, 1, 1000, 12, 48, ""),
    (7, 1, 1000, 12, 24, ""),
    (6, 1, 1000, 12, 16, ""),
    (6, 0, 1000, 16, 48, ""),
    (6, 1, 800, 3, 4, "P100"),
    (5, 1, 300, 4, 24, ""),
    (5, 1, 1000, 8, 16, ""),
    (5, 1, 450, 12, 48, "T4"),
    (5, 1, 1000, 16, 32, ""),
    (4, 1, 450, 8, 28, "T4"),
    (4, 1, 250, 4, 28, ""),
    (4, 1, 1000, 3, 4, "T4"),
    (4, 1, 300, 4, 16, ""),
    (4, 1, 1000, 8, 32, ""),
    (4, 1, 1000, 14, 56, ""),
    (4, 1, 1000, 4, 24, ""),
    (3, 1, 450, 6, 8, ""),
    (3, 1, 1000, 24, 92, ""),
    (3, 1, 650, 12, 48, "T4"),
    (3, 1, 1000, 11, 48, "V100M16|V100M32"),
    (3, 1, 550, 4, 12, ""),
    (3, 1, 600, 3, 4, ""),
    (3, 1, 300, 8, 28, ""),
    (3, 1, 1000, 19, 64, "T4"),
    (3, 1, 1000, 10, 40, "T4"),
    (2, 1, 350, 4, 12, ""),
    (2, 1, 1000, 11, 76, ""),
    (2, 1, 450, 12, 48, "P100"),
    (2, 1, 1000, 3, 4, "G2"),
    (2, 1, 1000, 11, 48, "P100|V100M16|V100M32"),
    (2, 1, 1000, 4, 32, ""),
    (2, 1, 450, 8, 28, "P100"),
    (2, 1, 1000, 12, 16, "T4"),
    (2, 1, 150, 4, 16, ""),
    (2, 1, 1000, 12, 48, "T4"),
    (2, 1, 1000, 12, 76, ""),
    (2, 1, 300, 4, 24, "T4"),
    (2, 1, 300, 4, 28, ""),
    (2, 1, 1000, 4, 24, "T4"),
    (2, 1, 650, 12, 48, "P100"),
    (2, 1, 1000, 16, 32, "T4"),
    (2, 1, 1000, 11, 48, "G3"),
    (1, 8, 1000, 64, 256, ""),
    (1, 8, 1000, 88, 320, ""),
    (1, 4, 1000, 32, 128, ""),
    (1, 2, 1000, 6, 64, ""),
    (1, 2, 1000, 16, 64, ""),
    (1, 4, 1000, 32, 128, "G2"),
)


def arriving(traces: Path = TRACES) -> list[Arrival]:
    """Return what pods ask for in the order of their arrival; raises UnreadableTraceError."""
    if not traces.is_dir():
        return _drawn(Random(1))
    fleet = fleet_in(traces / f"nodes_{_VARIANT}.csv.gz")
    return [each.arrival for each in arrivals_in(traces / f"arrivals_{_VARIANT}.csv.gz", fleet)]


def accelerated(arrivals: list[Arrival], *, in_shares: bool) -> Iterator[Arrival]:
    """Yield for ever the arrivals that ask for accelerators; where there are no shares they ask for whole devices."""
    for task, memory in cycle(each for each in arrivals if each.task.devices):
        yield Arrival(task if in_shares else task._replace(milli=WHOLE), memory)


def _drawn(chance: Random, count: int = 10_000) -> list[Arrival]:
    weights, shapes = [row[0] for row in _LISTED], [_arrival(*row[1:]) for row in _LISTED]
    return chance.choices(shapes, weights, k=count)


def _arrival(devices: int, milli: int, cores: int, gib: int, products: str) -> Arrival:
    named = tuple(sorted(products.split("|"))) if products else ()
    return Arrival(Task(cores * 1000, devices, milli, named), gib * 1024)
