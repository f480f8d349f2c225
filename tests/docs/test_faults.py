"""The page about faults says what the tests try, all of it."""

import re

from tests.docs.pages import ROOT, page

FAULTS = ROOT / "tests/faults"
DEFINED = re.compile(r"^(?:async )?def (test_\w+)", re.MULTILINE)


def test_every_fault_that_is_tried_is_told_of() -> None:
    """And nothing is that is not tried."""
    told = set(re.findall(r"`(test_\w+)`", page("faults.md")))
    here = {name for path in FAULTS.glob("test_*.py") for name in DEFINED.findall(path.read_text())}
    elsewhere = {name for path in ROOT.glob("tests/*/test_*.py") for name in DEFINED.findall(path.read_text())}

    assert here <= told <= elsewhere
