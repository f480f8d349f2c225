"""`python -m bench`: its parts, its verdict, what it prints and writes."""

import json
from pathlib import Path

import pytest

from bench import thresholds
from bench.__main__ import main, report
from bench.figures import Figure, Spread, table
from bench.parts import PARTS, chosen

SLOW = Figure.compared("verbs", "filter, p50", "ms", ([3.0, 2.0, 4.0], [1.0, 1.0, 2.0]), goal=1.3)
FAST = Figure.compared("throughput", "pods", "pods/s", ([90.0], [100.0]), more_is_better=True, goal=1.0)


def limited(file: Path, name: str, limit: float) -> Path:
    """Write a threshold."""
    file.write_text(f'"{name}" = {{ limit = {limit}, recorded = 1.9 }}\n')
    return file


def test_an_unknown_part_is_refused_with_those_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    """A mistyped part ends with the list of parts."""
    assert main(["--only", "verbs,speed"]) == 2
    said = capsys.readouterr().err
    assert "'speed'" in said
    assert all(name in said for name in PARTS)


def test_parts_are_chosen_in_their_order() -> None:
    """A comma list chooses; without one all run."""
    assert chosen("throughput, admission") == ["admission", "throughput"]
    assert chosen("") == list(PARTS)


def test_an_exceeded_threshold_fails_the_run_and_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The exit code is 1, and the table says which figure it was."""
    limits = limited(tmp_path / "limits.toml", "verbs: filter, p50", 1.9)
    assert report([SLOW], tmp_path / "build" / "bench.json", limits=limits) == 1
    line = next(each for each in capsys.readouterr().out.splitlines() if each.startswith("verbs: filter, p50"))
    assert "EXCEEDED" in line
    assert "2 (2-3)" in line
    assert "1.9" in line


def test_figures_within_their_thresholds_pass_and_are_written_as_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A missed goal is told and fails nothing."""
    limits = limited(tmp_path / "limits.toml", "verbs: filter, p50", 2.5)
    file = tmp_path / "build" / "bench.json"
    assert report([SLOW], file, limits=limits) == 0
    assert str(file) in capsys.readouterr().out
    written = json.loads(file.read_text())
    (figure,) = written["figures"]
    assert figure["ratio"] == {"median": 2.0, "least": 2.0, "largest": 3.0}
    assert (figure["threshold"], figure["goal"], figure["verdict"]) == (2.5, 1.3, "goal missed")
    assert written["machine"]["cpus"] >= 1


def test_where_more_is_better_too_little_exceeds(tmp_path: Path) -> None:
    """Pods per second must not fall."""
    file = tmp_path / "bench.json"
    assert report([FAST], file, limits=limited(tmp_path / "least.toml", "throughput: pods", 0.95)) == 1
    assert report([FAST], file, limits=limited(tmp_path / "least.toml", "throughput: pods", 0.8)) == 0


def test_what_is_recorded_passes_and_keeps_thresholds_of_what_was_not_measured(tmp_path: Path) -> None:
    """Recording one part leaves the others alone."""
    limits = limited(tmp_path / "limits.toml", "state: pause", 20)
    untold = Figure("verbs", "told", "ms", Spread.of([1.0]), is_limited=False)
    thresholds.record([SLOW, FAST, untold], limits)
    first, second, third = thresholds.judged([SLOW, FAST, untold], limits)
    assert (first.recorded, second.recorded, third.threshold) == (2.0, 0.9, None)
    assert not first.exceeds
    assert not second.exceeds
    assert "state: pause" in limits.read_text()


def test_the_table_shows_the_spread_of_rounds() -> None:
    """Medians stand beside the least and the largest."""
    lines = table([SLOW, FAST]).splitlines()
    assert "3 (2-4)" in lines[2]
    assert "≥ 1" in lines[3]


def test_every_recorded_threshold_lies_beyond_what_was_recorded() -> None:
    """The file of the project is complete and its parts exist."""
    entries = thresholds.known()
    assert entries
    for name, entry in entries.items():
        assert name.partition(": ")[0] in PARTS
        assert entry["limit"] != entry["recorded"]
