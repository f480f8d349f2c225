"""The page about discovery: its example runs, and its table is the table."""

from pathlib import Path

import pytest
import yaml

from berth.cli import main
from tests.docs.examples import differences
from tests.docs.hardware import hardware_rows
from tests.docs.pages import blocks, page


def test_the_example_is_what_comes_of_its_nodes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Classes as far as they are shown, problems word by word."""
    shown = {each.kind: each.text for each in blocks(page("discovery.md"))}
    (tmp_path / "nodes.yaml").write_text(shown["yaml nodes"])

    assert main(["discover", "--cluster", str(tmp_path / "nodes.yaml")]) == 0
    told = capsys.readouterr()
    assert list(differences(yaml.safe_load(shown["yaml classes"]), list(yaml.safe_load_all(told.out)))) == []
    assert told.err.strip() == shown["text problems"].strip()


def test_the_table_of_known_hardware_is_complete() -> None:
    """Every source, line and figure; this is how it is written: print the rows of tests/docs/hardware.py."""
    assert "\n".join(hardware_rows()).strip() in page("discovery.md")
