"""What pods of files are judged against: the current cluster or the objects of further files, as far as it is known."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from berth.preview.documents import Document
from cluster import files
from cluster.api import Api, ApiError, NotConfiguredError
from cluster.kinds import RESOURCES, Kind
from cluster.observers import SILENT, Observer
from cluster.shapes import MalformedObject
from cluster.view import ClusterView
from placement.pods import Pod

# A cluster that answers at all may have long lists.
PATIENCE_SECONDS = 5.0
READING_SECONDS = 60.0
_EMPTY = "judged against an empty cluster"


async def current_cluster(kubeconfig: Path | None, observer: Observer = SILENT) -> tuple[ClusterView, tuple[str, ...]]:
    """Return the cluster of a kubeconfig as it is, and what of it could not be read, in sentences.

    The observer is told of pods that are bound there.
    """
    try:
        async with Api.connect(kubeconfig) as api:
            return await _seen(api, observer)
    except (ApiError, NotConfiguredError, OSError) as error:
        return ClusterView(None, observer=observer), (f"{error}; {_EMPTY}",)


def take_in(view: ClusterView, documents: Iterable[Document], namespace: str) -> Iterator[str]:
    """Put objects of files into a view; yield a sentence for each that cannot be used, and why."""
    for each in documents:
        kind = files.kind_of(each.object)
        if kind is None:
            yield f"{each.file}: {each.title} is nothing that Berth reads of a cluster"
            continue
        try:
            files.take(view, kind, each.object, namespace)
        except MalformedObject as error:
            yield f"{each.file}: {each.title}: {error}"
    yield from files.problems(view)


async def _seen(api: Api, observer: Observer) -> tuple[ClusterView, tuple[str, ...]]:
    """List every kind once; one that cannot be read is as if there were none of it."""
    hearing = _Hearing(observer)
    view = ClusterView(api, Kind, hearing)
    watching = asyncio.create_task(view.run())
    with suppress(TimeoutError):
        await asyncio.wait_for(hearing.begun.wait(), PATIENCE_SECONDS)
        await asyncio.wait_for(hearing.done.wait(), READING_SECONDS)
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching
    return view, tuple(_missed(view.unsynced, hearing))


def _missed(unsynced: tuple[Kind, ...], hearing: "_Hearing") -> Iterator[str]:
    if not unsynced:
        return
    reason = hearing.failures.get(RESOURCES[unsynced[0]].path, "no answer in time")
    if len(unsynced) == len(Kind):
        yield f"the cluster cannot be read ({reason}); {_EMPTY}"
    else:
        yield f"the cluster's {', '.join(unsynced)} cannot be read ({reason}); judged as if there were none"


class _Hearing(Observer):
    """Hears of each kind once: that it was listed, or why it was not; tells another observer of pods."""

    def __init__(self, beside: Observer) -> None:
        self.begun, self.done = asyncio.Event(), asyncio.Event()
        self.failures: dict[str, str] = {}
        self._awaited = {each.path for each in RESOURCES.values()}
        self._beside = beside

    def on_held(self, pod: Pod) -> None:
        """Tell of a pod that was seen bound."""
        self._beside.on_held(pod)

    def on_listed(self, path: str, count: int) -> None:  # noqa: ARG002 - the observer's port
        """Stop waiting for a path."""
        self._heard(path)

    def on_failure(self, path: str, error: Exception, retry_seconds: float) -> None:  # noqa: ARG002 - as above
        """Stop waiting for a path, and keep why."""
        self.failures[path] = str(error)
        self._heard(path)

    def _heard(self, path: str) -> None:
        self.begun.set()
        self._awaited.discard(path)
        if not self._awaited:
            self.done.set()
