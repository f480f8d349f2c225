"""differences.md says of each difference what everybody does, and why."""

import pytest

from tests.docs.pages import page, prose

CELLS = ["subject", "proposal", "OME", "Berth", "reason"]
LINES = [line for line in prose(page("differences.md")).splitlines() if line.startswith("| ")]
CUT = [[cell.strip() for cell in line.strip("|").split("|")] for line in LINES]
ROWS = [row for row in CUT if row != CELLS]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row[0]))
def test_a_row_says_everything(row: list[str]) -> None:
    """Five cells, none of them empty; Berth's and its reason say something."""
    assert len(row) == len(CELLS)
    assert all(row)
    assert "none" not in row[3:]


def test_tables_have_one_head_and_each_subject_once() -> None:
    """Nobody reads two answers to one question."""
    subjects = [row[0] for row in ROWS]

    assert CUT.count(CELLS) == 3
    assert len(subjects) == len(set(subjects))
