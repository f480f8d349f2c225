"""Log lines, as a log collector reads them."""

import io
import json
import logging
import re
from typing import Any

import pytest

from berth.logs import JsonFormatter


class Log:
    """A logger whose lines can be read back."""

    def __init__(self) -> None:
        self._written = io.StringIO()
        handler = logging.StreamHandler(self._written)
        handler.setFormatter(JsonFormatter())
        self.logger = logging.Logger("berth.test")  # noqa: LOG001 - not the process's.
        self.logger.addHandler(handler)

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Every line as an object."""
        return [json.loads(line) for line in self._written.getvalue().splitlines()]


@pytest.fixture
def log() -> Log:
    """An empty log."""
    return Log()


def test_a_record_is_one_line_of_json(log: Log) -> None:
    """Time in RFC 3339, level, logger, message, and the fields that were given with it."""
    log.logger.info("bound %s\nand gone", "a", extra={"node": "gpu-1", "seconds": 0.5})

    (line,) = log.lines
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("time"))
    assert line == {
        "level": "info",
        "logger": "berth.test",
        "message": "bound a\nand gone",
        "node": "gpu-1",
        "seconds": 0.5,
    }


def test_an_exception_is_part_of_its_line(log: Log) -> None:
    """A traceback does not tear a record into many."""
    try:
        int("broken")
    except ValueError:
        log.logger.exception("failed")

    (line,) = log.lines
    assert line["exception"].endswith("invalid literal for int() with base 10: 'broken'")


def test_a_field_of_any_kind_is_written(log: Log) -> None:
    """What is no JSON is written as text."""
    log.logger.info("seen", extra={"names": {"a"}})

    assert log.lines[0]["names"] == "{'a'}"
