"""The journey of a preview: read files, learn what surrounds their pods, judge, write."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from berth.preview.documents import Document, documents
from berth.preview.entries import Preview, previews
from berth.preview.surroundings import current_cluster, take_in
from berth.preview.templates import PodSource, pod_sources
from berth.preview.text import as_yaml, preview_lines
from cluster.files import kind_of
from cluster.kinds import Kind
from cluster.observers import SILENT, Observer
from cluster.view import ClusterView


@dataclass(frozen=True, slots=True)
class Wish:
    """What a user asks for: pods in `files`, judged against a cluster in files or behind a kubeconfig, in some form."""

    files: list[Path]
    cluster: list[Path]
    namespace: str
    output: str
    kubeconfig: Path | None
    scheduler_name: str | None


@dataclass(frozen=True, slots=True)
class Told:
    """The answer as text, and notes on what could not be used."""

    answer: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Subject:
    """Pods that are to be judged, the cluster against which, and notes on what could not be used."""

    sources: list[PodSource]
    cluster: ClusterView
    notes: tuple[str, ...]


async def answer(wish: Wish) -> Told:
    """Return previews of all pods in the files; raises UnreadableFileError."""
    subject = await subject_of(wish)
    judged = tuple(previews(subject.sources, subject.cluster, wish.scheduler_name))
    return Told(_written(judged, wish.output), subject.notes)


async def subject_of(wish: Wish, observer: Observer = SILENT) -> Subject:
    """Return the pods in the files and what surrounds them; raises UnreadableFileError.

    The observer is told of pods that are bound there.
    """
    found, given = documents(wish.files), documents(wish.cluster)
    if wish.cluster:
        view, notes = ClusterView(None, observer=observer), tuple[str, ...]()
    else:
        view, notes = await current_cluster(wish.kubeconfig, observer)
    beside = tuple(each for each in found if _is_surrounding(each))
    unused = tuple(take_in(view, (*given, *beside), wish.namespace))
    sources, odd = _sources((each for each in found if not _is_surrounding(each)), wish.namespace)
    return Subject(sources, view, (*notes, *unused, *odd))


def _is_surrounding(document: Document) -> bool:
    """Tell whether an object is part of a cluster, and no pod that is to be judged."""
    return kind_of(document.object) not in (None, Kind.PODS)


def _sources(found: Iterable[Document], namespace: str) -> tuple[list[PodSource], list[str]]:
    """Return the pods of objects, and a sentence for each object that has none."""
    sources: list[PodSource] = []
    odd: list[str] = []
    for each in found:
        mine = list(pod_sources(each, namespace))
        sources += mine
        odd += [] if mine else [f"{each.file}: {each.title} has no pod template"]
    return sources, odd


def _written(judged: tuple[Preview, ...], output: str) -> str:
    if output == "text":
        return "\n".join("".join(f"{line}\n" for line in preview_lines(each)) for each in judged)
    entries = msgspec.json.encode([each.entry for each in judged])
    if output == "yaml":
        return as_yaml(msgspec.json.decode(entries))
    return msgspec.json.format(entries, indent=2).decode() + "\n"
