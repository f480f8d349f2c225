"""Logs: one JSON object per line, whoever has something to say."""

import json
import logging
import sys
import threading
from datetime import UTC, datetime
from typing import Any, TextIO

# What every record has; all else came with it as `extra`.
_USUAL = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

_LOG = logging.getLogger("berth.logs")


class JsonFormatter(logging.Formatter):
    """A record as one line: time (RFC 3339, UTC), level, logger, message, extra fields, exception, stack."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")[:-6] + "Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
        }
        line |= {name: value for name, value in vars(record).items() if name not in _USUAL}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            line["stack"] = self.formatStack(record.stack_info)
        return _json(line)


def configure(level: str, stream: TextIO) -> None:
    """Send all records from that level on to the stream, and nothing anywhere else.

    Warnings of libraries and exceptions that nobody caught become records too.
    """
    lines = logging.StreamHandler(stream)
    lines.setFormatter(JsonFormatter())
    logging.basicConfig(level=level.upper(), handlers=[lines], force=True)
    logging.captureWarnings(True)
    sys.excepthook = lambda kind, error, trace: _LOG.critical("not caught: %s", error, exc_info=(kind, error, trace))
    sys.unraisablehook = _log_unraisable
    threading.excepthook = _log_thread


def _log_unraisable(seen: "sys.UnraisableHookArgs") -> None:
    error = seen.exc_value or seen.exc_type()
    _LOG.error("%s: %r", seen.err_msg or "Exception ignored in", seen.object, exc_info=error)


def _log_thread(seen: threading.ExceptHookArgs) -> None:
    name = seen.thread.name if seen.thread else "unknown"
    _LOG.error("thread %s ended by a failure", name, exc_info=seen.exc_value or seen.exc_type())


def _message(record: logging.LogRecord) -> str:
    """Return the message; where its arguments do not fit, it is shown beside them."""
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 - an argument may raise anything when it is written.
        return f"{record.msg} {_text(record.args)}"


def _json(line: dict[str, Any]) -> str:
    try:
        return json.dumps(line, default=_text, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):  # Keys that are no text, and values that hold themselves.
        return json.dumps({name: _text(value) for name, value in line.items()}, ensure_ascii=False)


def _text(value: object) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - see above.
        return f"<{type(value).__name__}>"
