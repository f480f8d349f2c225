"""What running programs log is what docs/logs.md says."""

import json
import re

from tests.docs.pages import codes, page, rows
from tests.monitoring.conftest import PROGRAMS, Scrape

ALWAYS = {"time", "level", "logger", "message"}
TELLS = [
    (codes(logger)[0], codes(level), re.escape(codes(said)[0]).replace("…", "(?s:.*)"), set(codes(fields)))
    for logger, level, said, fields, _ in rows(page("logs.md"), "logger")
]


def test_every_line_is_one_of_those_that_are_told(scrape: Scrape) -> None:
    """Of that logger, that level and that message, with these fields or fewer; nothing else is written."""
    for program in PROGRAMS:
        for line in (json.loads(each) for each in scrape.logs[program]):
            assert line.keys() >= ALWAYS
            assert any(_is(line, *told) for told in TELLS), line


def test_the_first_line_tells_which_program_and_build_it_is(scrape: Scrape) -> None:
    """So that a log alone says what it is of."""
    for program in PROGRAMS:
        begun = json.loads(scrape.logs[program][0])
        assert (begun["message"], begun["program"], begun["revision"]) == ("begun", program, "unknown")


def test_admissions_are_logged_with_their_pod(scrape: Scrape) -> None:
    """Why a pod got none is there to be found."""
    lines = [json.loads(each) for each in scrape.logs["webhook"]]
    told = {line["pod"]: line for line in lines if line["message"].startswith("admission ")}

    assert (told["placed"]["message"], told["placed"]["class"]) == ("admission injected", "nvidia-h100-80gb")
    assert (told["unfit"]["level"], told["unfit"]["message"]) == ("warning", "admission unfit")
    assert "no-such-class" in told["unfit"]["detail"]


def _is(line: dict[str, str], logger: str, level: list[str], message: str, fields: set[str]) -> bool:
    return (
        line["logger"] == logger
        and line["level"] in (level or line["level"])
        and bool(re.fullmatch(message, line["message"]))
        and line.keys() - ALWAYS <= fields
    )
