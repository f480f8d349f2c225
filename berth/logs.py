"""Logs: one JSON object per line."""

import json
import logging
from datetime import UTC, datetime
from typing import Any, TextIO

# What every record has; all else came with it as `extra`.
_USUAL = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonFormatter(logging.Formatter):
    """A record as one line: time (RFC 3339, UTC), level, logger, message, extra fields, exception."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")[:-6] + "Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {name: value for name, value in vars(record).items() if name not in _USUAL}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)


def configure(level: str, stream: TextIO) -> None:
    """Send all records from that level on to the stream, and nothing anywhere else."""
    lines = logging.StreamHandler(stream)
    lines.setFormatter(JsonFormatter())
    logging.basicConfig(level=level.upper(), handlers=[lines], force=True)
