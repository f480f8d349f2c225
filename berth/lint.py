"""The journey of a lint: read files, learn what surrounds their classes and profiles, say what speaks against each."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from berth.preview.documents import Document, documents
from berth.preview.surroundings import current_cluster
from cluster import files
from cluster.kinds import Kind
from cluster.linting import findings_of_class, findings_of_profile, unseen_classes
from cluster.shapes import MalformedObject
from cluster.view import ClusterView
from placement.linting.findings import Findings, Surroundings

_KINDS = (Kind.CLASSES, Kind.PROFILES)


@dataclass(frozen=True, slots=True)
class Linted:
    """What was found, one line for each sentence, whether anything would be refused, and notes on the cluster."""

    lines: tuple[str, ...]
    is_refused: bool
    notes: tuple[str, ...]


async def lint(wanted: list[Path], cluster: list[Path], kubeconfig: Path | None) -> Linted:
    """Return what speaks against the classes and profiles in files; raises UnreadableFileError.

    They are judged together, beside the objects of further files or else of the cluster of a kubeconfig.
    """
    found, given = documents(wanted), documents(cluster)
    view, notes = (ClusterView(None), ()) if cluster else await current_cluster(kubeconfig)
    for each in (*given, *found):
        _take_in(view, each)
    judged = [(each, _findings(each, view)) for each in found if files.kind_of(each.object) in _KINDS]
    lines = [line for each, findings in judged for line in _lines(each, findings)]
    refused = sum(bool(findings.refusals) for _, findings in judged)
    counts = f"{len(judged)} classes and profiles, {refused} would be refused"
    return Linted((*lines, counts), refused > 0, notes)


def _take_in(view: ClusterView, document: Document) -> None:
    """Put an object into a view; what is wrong with one that is to be judged is said when it is."""
    kind = files.kind_of(document.object)
    if kind is not None:
        with suppress(MalformedObject):
            files.take(view, kind, document.object, "default")


def _findings(document: Document, view: ClusterView) -> Findings:
    invalid = frozenset(view.class_problems)
    around = Surroundings(view.catalog, view.profiles, view.inventory, invalid, view.supply)
    raw = msgspec.json.encode(document.object)
    if files.kind_of(document.object) is Kind.CLASSES:
        return findings_of_class(raw, around)
    return findings_of_profile(raw, around, unseen_classes(raw, around))


def _lines(document: Document, findings: Findings) -> Iterator[str]:
    for word, sentences in (("refused", findings.refusals), ("warning", findings.suspicions)):
        for each in sentences:
            yield f"{document.file}: {document.title}: {word}: {each}"
