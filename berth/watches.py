"""What a program's watches of the API server tell: metrics and the log."""

import logging

from prometheus_client import CollectorRegistry, Counter

from cluster.observers import Observer

_LOG = logging.getLogger("berth.watches")


class WatchObserver(Observer):
    """Counts lists, failures and objects that cannot be understood, per path, of which a program has a handful."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._lists = Counter("berth_watch_lists_total", "Full lists read.", ["path"], registry=registry)
        self._failures = Counter("berth_watch_failures_total", "Failed lists and watches.", ["path"], registry=registry)
        self._malformed = Counter("berth_watch_malformed_total", "Objects skipped.", ["path"], registry=registry)

    def on_listed(self, path: str, count: int) -> None:
        """All objects of a path were read anew."""
        self._lists.labels(path).inc()
        _LOG.info("listed", extra={"path": path, "count": count})

    def on_failure(self, path: str, error: Exception, retry_seconds: float) -> None:
        """Reading a path failed."""
        self._failures.labels(path).inc()
        _LOG.warning("watch failed: %s", error, extra={"path": path, "retry_seconds": round(retry_seconds, 1)})

    def on_malformed(self, path: str, error: ValueError) -> None:
        """An object was skipped."""
        self._malformed.labels(path).inc()
        _LOG.warning("object skipped: %s", error, extra={"path": path})
