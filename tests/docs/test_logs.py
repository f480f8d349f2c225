"""What docs/logs.md says of log lines is what the code logs."""

import logging

from berth.logs import JsonFormatter
from tests.docs.log_calls import LEVELS, log_calls
from tests.docs.pages import codes, page, prose, rows
from webhook import observers, validation_observers

PAGE = page("logs.md")
CALLS = list(log_calls())
BY_OUTCOME = "by outcome"


def test_every_message_is_told_with_its_level_and_fields() -> None:
    """A log call that is new, or has a new field, needs a row here; a row without a call is a lie."""
    told = {
        (codes(name)[0], _level(level), codes(said)[0], frozenset(codes(fields)))
        for name, level, said, fields, _ in TABLE
    }
    logged = {(each.logger, each.level or BY_OUTCOME, each.message, each.fields): each.place for each in CALLS}

    assert [f"{place}: {call}" for call, place in logged.items() if call not in told] == []
    assert told - logged.keys() == set()


TABLE = rows(PAGE, "logger")


def _level(cell: str) -> str:
    return codes(cell)[0] if codes(cell) else cell


def test_every_field_is_explained() -> None:
    """And none that nobody logs."""
    told = [code for row in rows(PAGE, "field") for code in codes(row[0])]

    assert len(told) == len(set(told))
    assert set(told) == {field for each in CALLS for field in each.fields} | {"stack"}


def test_what_every_line_has_is_told() -> None:
    """As the formatter writes it."""
    (line,) = [JsonFormatter().format(logging.makeLogRecord({"name": "berth", "levelname": "INFO", "msg": "said"}))]
    told = [codes(row[0])[0] for row in rows(PAGE, "always")]

    assert line.startswith(f'{{"{told[0]}": ')
    assert all(f'"{name}": ' in line for name in told)
    assert line.count('": ') == len(told)


def test_levels_are_told() -> None:
    """Those by outcome in words."""
    assert {codes(row[0])[0] for row in rows(PAGE, "level")} == LEVELS
    text = " ".join(prose(PAGE).partition("By outcome:")[2].split())
    admissions, validations, _ = text.split(";")[:3]
    for said, levels in ((admissions, observers._LEVELS), (validations, validation_observers._LEVELS)):  # noqa: SLF001 - they are the program's.
        routine = {outcome.value for outcome in levels}
        assert set(codes(said)) == routine | {"debug", "info", "warning"}
