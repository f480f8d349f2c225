"""Log lines, as a log collector reads them."""

import io
import json
import logging
import re
import subprocess
import sys
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


def test_arguments_that_do_not_fit_their_message_stand_beside_it(log: Log) -> None:
    """A slip in a rare log call costs its wording, not its content."""
    log.logger.info("bound %s to %s", "a")  # noqa: PLE1206 - the slip.
    log.logger.info("bound %s", Unspeakable())

    assert [line["message"] for line in log.lines] == ["bound %s to %s ('a',)", "bound %s <tuple>"]


def test_a_field_that_cannot_be_written_costs_no_line(log: Log) -> None:
    """Keys of any kind, values that hold themselves, and values that refuse to be text."""
    holding: list[object] = []
    holding.append(holding)
    log.logger.info("seen", extra={"names": {("a", "b"): 1}, "holding": holding, "odd": Unspeakable()})

    assert {key: log.lines[0][key] for key in ("message", "names", "holding", "odd")} == {
        "message": "seen",
        "names": "{('a', 'b'): 1}",
        "holding": "[[...]]",
        "odd": "<Unspeakable>",
    }


def test_the_stack_is_part_of_its_line(log: Log) -> None:
    """Whoever asked for it finds it."""
    log.logger.info("here", stack_info=True)

    assert "test_the_stack_is_part_of_its_line" in log.lines[0]["stack"]


@pytest.mark.parametrize(
    ("code", "level", "message"),
    [
        ("import warnings; warnings.warn('old\\nway', UserWarning)", "warning", "old\nway"),
        ("class Odd:\n  def __del__(self): raise ValueError('lost')\nOdd()", "error", "__del__"),
        ("raise ValueError('lost')", "critical", "not caught: lost"),
        ("import threading\nthreading.Thread(target=lambda: 1 / 0, name='t').start()", "error", "thread t ended"),
    ],
    ids=["warning", "finaliser", "uncaught", "thread"],
)
def test_what_python_itself_would_print_is_a_line_too(code: str, level: str, message: str) -> None:
    """A log collector meets no line that it cannot read, whoever speaks."""
    start = "import sys; from berth import logs; logs.configure('info', sys.stderr)\n"
    ended = subprocess.run([sys.executable, "-c", start + code], capture_output=True, text=True, check=False)

    (line,) = [json.loads(each) for each in ended.stderr.splitlines()]
    assert line["level"] == level
    assert message in line["message"]


class Unspeakable:
    """A value that cannot be written as text."""

    def __str__(self) -> str:
        raise ValueError

    __repr__ = __str__
