"""The tables of injecting.md are those of the code."""

import re
from collections import defaultdict

import pytest

from placement.accelerators import AcceleratorClass
from placement.injecting.injection import alternatives
from placement.recognising.command_lines.engines import ENGINES
from placement.recognising.command_lines.options import ANYBODYS
from placement.recognising.platforms import PLATFORMS
from placement.selection import Expression, NodeSelection, Operator, Term
from tests.docs.pages import anchor, codes, headings, page, rows

PAGE = page("injecting.md")
# As the page calls the engines whose options may stand in variables.
CALLED = {"tgi": "TGI", "llama.cpp": "llama.cpp", "infinity": "Infinity", "dynamo": "Dynamo's"}


def test_every_row_of_the_overview_has_its_section() -> None:
    """In the same order; sections that no row has are of the configurations alone."""
    linked = [re.findall(r"\(#([a-z-]+)\)", row[0])[0] for row in rows(PAGE, "what")]
    sections = [anchor(line.lstrip("# ")) for line in PAGE.splitlines() if line.startswith("## ")]

    assert [each for each in sections if each in linked] == linked
    assert set(sections) - set(linked) == {"configurations"}
    assert set(linked) <= set(map(anchor, headings(PAGE)))


def test_names_that_mean_the_same_everywhere_are_those_of_the_code() -> None:
    """Each flag with all of its names."""
    known = defaultdict[str, set[str]](set)
    for name, meant in ANYBODYS.items():
        known[meant].add(name)

    assert {codes(flag)[0]: set(codes(names)) for flag, names in rows(PAGE, "flag")} == known


def test_engines_whose_options_have_variables_are_those_of_the_code() -> None:
    """The row names all of them."""
    (row,) = (row[0] for row in rows(PAGE, "the container") if "options have variables" in row[0])
    engines = {each.name.partition(".vllm")[0] for each in ENGINES if each.grammar.env_prefix is not None}
    named = {CALLED[each if each in CALLED else each.partition(".")[0]] for each in engines}

    assert {each.strip() for each in row.partition(":")[2].split(",")} == named


@pytest.mark.parametrize(
    "prefix", re.findall(r"`([\w.-]+[/.])`", PAGE.partition("those that begin with")[2].partition("\n\n")[0])
)
def test_terms_of_labels_that_autoscalers_know_come_first(prefix: str) -> None:
    """Every beginning that the page lists."""
    unknown, known = (Term((Expression(key, Operator.EXISTS),)) for key in ("acme.example/gpu", f"{prefix}x"))
    carried = AcceleratorClass("a", NodeSelection({}, (unknown, known)))

    assert alternatives((carried,)) == (known, unknown)


def test_variables_that_hold_a_count_are_those_of_the_platforms() -> None:
    """All of them, and no other."""
    section = PAGE.partition("## Counts")[2].partition("```")[0]

    assert set(codes(section)) == {name for each in PLATFORMS for name in each.count_variables}
