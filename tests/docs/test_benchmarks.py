"""What docs/benchmarks.md and the README say of the benchmarks is what runs."""

import re

from bench.figures import RESULTS
from bench.parts import PARTS
from bench.throughput.objects import SIZES
from bench.verbs.asking import PAUSE_SECONDS
from bench.verbs.world import KINDS, REPLICAS
from tests.docs.pages import ROOT, page

TEXT = page("benchmarks.md")


def test_the_parts_are_those_that_run() -> None:
    """In their order."""
    assert re.findall(r"^\| `(\w+)` \|", TEXT, re.MULTILINE) == list(PARTS)


def test_numbers_of_the_method_are_those_of_the_code() -> None:
    """What is asked, how often, of what."""
    for sizes in list(SIZES.values())[:2]:
        assert ", ".join(map(str, sizes)) in TEXT.replace("\n", " ")
    assert f"{PAUSE_SECONDS * 1000:g} ms later" in TEXT
    assert f"Every {REPLICAS} of a shape" in TEXT
    assert sorted({devices for _, devices, _ in KINDS}) == [4, 8]
    assert len(KINDS) == 7
    assert f"`{RESULTS}`" in TEXT


def test_the_readme_tells_the_sizes() -> None:
    """For 100, 1,000 and 5,000 nodes."""
    section = (ROOT / "README.md").read_text().partition("## Size it")[2].partition("\n## ")[0]
    assert re.findall(r"^\| ([\d,]+), [\d,]+ \|", section, re.MULTILINE) == ["100", "1,000", "5,000"]
