"""The tables of kueue.md are those of the code."""

import re
from pathlib import Path

from placement.queueing.flavors import ACCELERATOR_KEYS, MAX_LABELS
from tests.docs.pages import ROOT, codes, page, rows

PAGE = page("kueue.md")


def test_every_key_of_accelerators_is_in_the_table() -> None:
    """An admin sees whether a flavor becomes a class."""
    assert {key for row in rows(PAGE, "hardware") for key in codes(row[1])} == {*ACCELERATOR_KEYS}
    assert f"at most {MAX_LABELS} labels" in PAGE


def test_every_reason_is_in_the_table() -> None:
    """Those that the controller gives, and no other."""
    given = re.findall(
        r'(?:_no\(|reason=|return )"([A-Z]\w+)"', Path(ROOT / "controller/queueing/findings.py").read_text()
    )

    assert {code for row in rows(PAGE, "status | reason") for code in codes(row[1])} == {*given}
