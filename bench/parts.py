"""The parts of `python -m bench`, in the order in which they run."""

from collections.abc import AsyncIterator, Callable, Mapping

from bench.comparisons import CASES, compare
from bench.endurance import STREAMS, watch_memory, watch_stream
from bench.figures import Figure
from bench.knowing import measure as measure_state
from bench.throughput.measuring import measure as measure_throughput
from bench.verbs.measuring import measure as measure_verbs

_REVIEWS = 20_000

Part = Callable[[], AsyncIterator[Figure]]


class UnknownPartError(ValueError):
    """A part is not there; the message lists those that are."""


async def _admission() -> AsyncIterator[Figure]:
    for case in CASES:
        yield await compare(case)
    for stream in STREAMS:
        yield await watch_stream(stream)


async def _memory() -> AsyncIterator[Figure]:
    yield await watch_memory(_REVIEWS)


PARTS: Mapping[str, Part] = {
    "admission": _admission,
    "memory": _memory,
    "verbs": measure_verbs,
    "state": measure_state,
    "throughput": measure_throughput,
}


def chosen(text: str) -> list[str]:
    """Return the parts of a comma list, all where it is empty; raises UnknownPartError."""
    names = [each.strip() for each in text.split(",") if each.strip()]
    for name in names:
        if name not in PARTS:
            raise UnknownPartError(f"there is no part {name!r}; the parts are {', '.join(PARTS)}")
    return [name for name in PARTS if name in names or not names]
