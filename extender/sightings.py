"""What the watches show and the extender reacts to, kept until there is time for it."""

from collections.abc import Callable

from cluster.observers import SILENT, Observer
from extender.inbox import Inbox
from placement.accelerators import Catalog
from placement.pods import Pod

SIZE = 10_000

# All pods with devices that a large cluster has when it is first listed.
MAX_HELD = 100_000


class Sightings(Observer):
    """Notes pods that were bound, pods that wait, nodes with more room, and classes; tells another the rest.

    `attempts` is told at once of pods that run, of those that their nodes do not run, and of those that left; `wake`
    is called when a node is another one than before.
    """

    def __init__(self, beside: Observer, size: int = SIZE, attempts: Observer = SILENT) -> None:
        self.held: Inbox[str, Pod] = Inbox(MAX_HELD)
        self.left: Inbox[str, Pod] = Inbox(MAX_HELD)
        self.bound: Inbox[str, Pod] = Inbox(size)
        self.waiting: Inbox[str, Pod] = Inbox(size)
        self.changed: Inbox[str, str] = Inbox(size)
        self.catalogs: Inbox[str, Catalog] = Inbox(1)
        self.wake: Callable[[], None] = lambda: None
        self._beside = beside
        self._attempts = attempts

    def on_held(self, pod: Pod) -> None:
        """A pod was seen bound for the first time; one made for its node (DaemonSet) tells nothing of others."""
        if not pod.selection.is_one_node:
            self.held.put(pod.uid, pod.in_short)

    def on_left(self, pod: Pod) -> None:
        """A bound pod was seen to hold nothing any longer."""
        self._attempts.on_left(pod)
        if not pod.selection.is_one_node:
            self.left.put(pod.uid, pod)

    def on_bound(self, pod: Pod) -> None:
        """A pod was seen bound."""
        self.waiting.drop(pod.uid)
        self.bound.put(pod.uid, pod)

    def on_running(self, pod: Pod) -> None:
        """A pod runs."""
        self._attempts.on_running(pod)

    def on_failed(self, pod: Pod) -> None:
        """A pod's node does not run it."""
        self._attempts.on_failed(pod)

    def on_waiting(self, pod: Pod) -> None:
        """A pod was seen for which a scheduler found no node."""
        self.waiting.put(pod.uid, pod)

    def on_change(self, node: str) -> None:
        """A node has more room than before, or is another one than before."""
        self.changed.put(node, node)
        self.wake()

    def on_catalog(self, catalog: Catalog) -> None:
        """The valid classes are others."""
        self.catalogs.put("", catalog)

    def on_listed(self, path: str, count: int) -> None:
        """All objects of a path were read anew."""
        self._beside.on_listed(path, count)

    def on_failure(self, path: str, error: Exception, retry_seconds: float) -> None:
        """Reading a path failed."""
        self._beside.on_failure(path, error, retry_seconds)

    def on_malformed(self, path: str, error: ValueError) -> None:
        """An object was skipped."""
        self._beside.on_malformed(path, error)
