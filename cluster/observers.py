"""What can be watched while a view is at work: for metrics, logs and reactions, outside of the algorithm."""

from placement.accelerators import Catalog
from placement.pods import Pod


class Observer:
    """Is told what happens; each method does nothing until a subclass overrides it. An exception costs a new list."""

    def on_listed(self, path: str, count: int) -> None:
        """All objects of a path were read anew."""

    def on_failure(self, path: str, error: Exception, retry_seconds: float) -> None:
        """Reading a path failed; it is tried again after that time."""

    def on_malformed(self, path: str, error: ValueError) -> None:
        """An object was skipped because it cannot be understood."""

    def on_held(self, pod: Pod) -> None:
        """A pod was seen bound for the first time."""

    def on_left(self, pod: Pod) -> None:
        """A pod that was bound holds nothing any longer."""

    def on_bound(self, pod: Pod) -> None:
        """A pod was seen bound for the first time since the view was synced."""

    def on_running(self, pod: Pod) -> None:
        """A bound pod runs; told again whenever the pod changes."""

    def on_failed(self, pod: Pod) -> None:
        """The node of a bound pod does not run it, for the reason `failure`; told again whenever the pod changes."""

    def on_waiting(self, pod: Pod) -> None:
        """A pod was seen for which a scheduler found no node; told again whenever the pod changes."""

    def on_change(self, node: str) -> None:
        """A node has more room than before, carries other classes, or is another one than before."""

    def on_catalog(self, catalog: Catalog) -> None:
        """The valid classes are others than before."""


SILENT = Observer()
