"""The text form of what fits: for each pod the nodes, what stops the next one and what would help, then the room."""

from collections.abc import Iterator

from berth.simulate.fitting import Fit, Fits, Stop
from berth.simulate.room import Room

_HEADS = ("nodes of", "nodes", "free", "after", "largest", "after")


def fitting_lines(found: Fits) -> Iterator[str]:
    """Yield the lines for people."""
    for each in found.pods:
        yield from _fit(each)
        yield ""
    if found.before:
        yield f"{'room':32}" + "".join(f"{name:>10}" for name in _HEADS)
    for before, after in zip(found.before, found.after, strict=True):
        yield _room(before, after)


def _fit(each: Fit) -> Iterator[str]:
    where = f", {each.template}" if each.template else ""
    yield f"{each.kind} {each.namespace}/{each.name}{where}: {each.fits} of {each.count} fit"
    yield f"  class: {', '.join(each.classes) or 'none'} ({each.reason})"
    yield from (f"  warning: {warning}" for warning in each.warnings)
    width = max((len(one.node) for one in each.nodes), default=0)
    for one in each.nodes:
        yield f"  {one.node:{width}} {one.copies:>5}  {'+'.join(one.classes)}".rstrip()
    if each.stop:
        yield from _stop(each.stop, each.classes)


def _stop(stop: Stop, classes: tuple[str, ...]) -> Iterator[str]:
    next_one = (
        f"the next one, of class {', '.join(stop.classes)}" if stop.classes not in ((), classes) else "the next one"
    )
    yield f"  stops {next_one}: {stop.summary}"
    for near in stop.nearest:
        yield f"    {near.node}: {'; '.join(near.missing) or near.reason}"
    if stop.helps:
        yield "  would help:"
        yield from (f"    {sentence}" for sentence in stop.helps)


def _room(before: Room, after: Room) -> str:
    numbers = (before.size, before.nodes, before.free, after.free, before.largest, after.largest)
    return f"{before.resource:32}" + "".join(f"{number:>10g}" for number in numbers)
