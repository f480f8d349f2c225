"""What docs/simulate.md says is what the command does."""

import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from berth.simulate.fitting import Fit, Fits, NearNode, OnNode, Stop
from berth.simulate.report import AtLoad, Averages, Report
from berth.simulate.room import Room
from placement.scheduling.policies import POLICIES
from tests.docs.pages import blocks, codes, page, prose, rows

PAGE = page("simulate.md")
ROOT = Path(__file__).parents[2]
BERTH = str(Path(sys.executable).with_name("berth"))
EXAMPLES = [each.text.partition("\n") for each in blocks(PAGE) if each.kind == "console"]


def fields(*models: type[msgspec.Struct]) -> list[str]:
    """Return the names of fields as they stand in JSON."""
    return [each.encode_name for model in models for each in msgspec.structs.fields(model)]


def timeless(text: str) -> str:
    """Return a report without what a clock said."""
    return re.sub(r"\d+\.\d+ ms", "ms", text)


@pytest.mark.parametrize(("command", "printed"), [(command, printed) for command, _, printed in EXAMPLES])
def test_an_example_prints_what_the_page_shows(command: str, printed: str) -> None:
    """Letter for letter, but for the time that decisions take."""
    flags = command.removeprefix("$ berth ").split()
    outcome = subprocess.run([BERTH, *flags], cwd=ROOT, capture_output=True, text=True, check=True)

    assert timeless(outcome.stdout) == timeless(printed)
    assert outcome.stderr == ""


def test_both_forms_have_their_example() -> None:
    """One on a cluster, one on a trace."""
    assert [flag for command, _, _ in EXAMPLES for flag in ("--cluster", "--nodes") if flag in command] == [
        "--cluster",
        "--nodes",
    ]


@pytest.mark.parametrize(
    ("table", "known"),
    [
        ("of a trace", fields(Report, AtLoad, Averages)),
        ("of a cluster", fields(Fits, Fit, OnNode, Stop, NearNode, Room)),
    ],
)
def test_every_field_of_the_json_is_in_its_table(table: str, known: list[str]) -> None:
    """And no other."""
    named = {name for row in rows(PAGE, table) for cell in row for name in codes(cell)} - {"null"}

    assert named == set(known)


def test_every_policy_is_named() -> None:
    """Berth's own is the default."""
    listed = next(line for line in PAGE.splitlines() if line.startswith("* `--policy`"))

    assert set(POLICIES) - {"berth"} <= set(codes(listed))


def test_every_flag_that_is_spoken_of_is_there() -> None:
    """The help has it."""
    told = subprocess.run([BERTH, "simulate", "--help"], capture_output=True, text=True, check=True).stdout

    assert set(re.findall(r"--[a-z][a-z-]+", prose(PAGE))) <= set(re.findall(r"--[a-z-]+", told))
