"""The journey of `berth discover`: read nodes, make their classes, write."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec

from berth.preview.documents import Document, Json, UnreadableFileError, documents, metadata
from berth.preview.errand import Told
from berth.preview.surroundings import take_in
from berth.preview.text import as_yaml
from cluster.api import Api, ApiError, NotConfiguredError
from cluster.class_manifests import manifest
from cluster.files import kind_of
from cluster.kinds import RESOURCES, Kind
from cluster.lists import pages
from cluster.view import ClusterView
from placement.accelerators import AcceleratorClass
from placement.class_conflicts import likeness
from placement.discovering.discovery import classes_of, problems, read
from placement.discovering.readings import DiscoveredClass
from placement.inventory import Inventory
from placement.keys import AUTO_DISCOVERED

REFUSALS = (UnreadableFileError, ApiError, NotConfiguredError, OSError)

# Lists of this many nodes are written out; of more, the rest is a number.
_NAMED = 3
_PAUSE_SECONDS, _REPETITIONS = 1.0, 10
_CLUSTER = Path("cluster")
_NODE: Json = {"apiVersion": "v1", "kind": "Node"}
_CLASS: Json = {"apiVersion": "ome.io/v1beta1", "kind": "AcceleratorClass"}
_HEADINGS = ("NAME", "VENDOR", "FAMILY", "MEMORY", "RESOURCES", "NODES")


@dataclass(frozen=True, slots=True)
class Wish:
    """What a user asks for: the classes of a cluster in files or, without any, behind a kubeconfig, in some form."""

    cluster: list[Path]
    output: str
    kubeconfig: Path | None


async def answer(wish: Wish) -> Told:
    """Return the classes, and what is unclear about nodes; raises one of REFUSALS."""
    found = documents(wish.cluster) if wish.cluster else await _current(wish.kubeconfig)
    view, mine = ClusterView(None), [each for each in found if kind_of(each.object) in (Kind.NODES, Kind.CLASSES)]
    unused = tuple(take_in(view, mine, ""))
    inventory = view.inventory
    readings = {name: read(node) for name, node in inventory.nodes.items()}
    classes = classes_of({*chain.from_iterable(readings.values())})
    objections = dict(_objections(classes, mine, view.catalog.classes))
    made = [each for each in classes if each.name not in objections]
    nodes = {each.name: _carriers(each.name, readings) for each in made}
    doubts = (f"{each.name}: {problem}" for each in made for problem in each.problems)
    notes = (*unused, *_unclear(inventory), *objections.values(), *doubts)
    return Told(_written(made, nodes, wish.output), notes)


async def _current(kubeconfig: Path | None) -> tuple[Document, ...]:
    """Return the nodes and the classes of a cluster; classes that may not be read are as if there were none."""
    async with Api.connect(kubeconfig) as api:
        nodes = await _patiently(api, Kind.NODES, _NODE)
        try:
            return (*nodes, *await _patiently(api, Kind.CLASSES, _CLASS))
        except ApiError as error:
            if error.status in (HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN):
                return nodes
            raise


async def _patiently(api: Api, kind: Kind, marks: Json) -> tuple[Document, ...]:
    """Return all objects of a kind; a server that is busy, as for seconds after a definition came, is asked again."""
    for _ in range(_REPETITIONS):
        try:
            return await _listed(api, kind, marks)
        except ApiError as error:
            if error.status != HTTPStatus.TOO_MANY_REQUESTS:
                raise
        await asyncio.sleep(_PAUSE_SECONDS)
    return await _listed(api, kind, marks)


async def _listed(api: Api, kind: Kind, marks: Json) -> tuple[Document, ...]:
    """Return all objects of a kind; in a list they do not say what they are."""
    found = [msgspec.json.decode(each) async for page in pages(api, RESOURCES[kind].path, {}) for each in page]
    return tuple(Document(_CLUSTER, {**each, **marks}) for each in found)


def _objections(
    classes: Iterable[DiscoveredClass], found: Iterable[Document], standing: Mapping[str, AcceleratorClass]
) -> Iterator[tuple[str, str]]:
    """Yield the names of classes that are not made, because somebody wrote one like it, and a sentence that says so."""
    others = {each.name for each in found if kind_of(each.object) is Kind.CLASSES and not _is_discovered(each.object)}
    alike = {likeness(standing[name]): name for name in sorted(others & standing.keys(), reverse=True)}
    for each in classes:
        other = alike.get(likeness(each.accelerator_class))
        if each.name in others:
            yield each.name, f"{each.name}: is not made, because somebody wrote a class of this name"
        elif other:
            yield each.name, f"{each.name}: is not made, because {other}, which somebody wrote, selects the same nodes"


def _is_discovered(found: Json) -> bool:
    labels = metadata(found).get("labels")
    return isinstance(labels, dict) and labels.get(AUTO_DISCOVERED) == "true"


def _carriers(name: str, readings: Mapping[str, Iterable[Any]]) -> int:
    return sum(any(each.name == name for each in mine) for mine in readings.values())


def _unclear(inventory: Inventory) -> Iterator[str]:
    """Yield each problem once, with the nodes that have it."""
    nodes: dict[str, list[str]] = {}
    for name, node in sorted(inventory.nodes.items()):
        for problem in problems(node):
            nodes.setdefault(problem, []).append(name)
    return (f"{_names(names)}: {problem}" for problem, names in nodes.items())


def _names(names: Sequence[str]) -> str:
    rest = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")


def _written(made: Sequence[DiscoveredClass], nodes: Mapping[str, int], output: str) -> str:
    if output == "table":
        return _table([_HEADINGS, *(_row(each, nodes[each.name]) for each in made)])
    written = [manifest(each) for each in made]
    if output == "yaml":
        return "---\n".join(map(as_yaml, written))
    listed = {"apiVersion": "v1", "kind": "List", "items": written}
    return msgspec.json.format(msgspec.json.encode(listed), indent=2).decode() + "\n"


def _row(discovered: DiscoveredClass, nodes: int) -> tuple[str, ...]:
    mine = discovered.accelerator_class
    memory = manifest(discovered)["spec"]["capabilities"].get("memoryGB", "")
    names = ",".join(each.name for each in mine.listed_resources)
    return mine.name, mine.vendor, mine.family, memory, names, str(nodes)


def _table(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    return "".join(f"{line}\n" for line in lines)
