"""What the pages show is what happens."""

import re
from pathlib import Path

import pytest

from tests.docs.examples import Example, differences, examples, outcome
from tests.docs.pages import DOCS, anchor, blocks, headings, page, prose

PAGES = ("choosing.md", "injecting.md", "shares.md", "differences.md", "scaling.md", "kueue.md")
EXAMPLES = [each for name in (*PAGES, "../README.md") for each in examples(name, page(name))]
# What a block is for; a page shows nothing that is not tried.
KINDS = {"yaml pod", "yaml cluster", "yaml preview"}


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_an_example_comes_out_as_it_is_shown(example: Example, tmp_path: Path) -> None:
    """Every field that the page shows is what the preview says; several documents are several pods."""
    found = outcome(example, tmp_path)
    expected = example.expected if isinstance(example.expected, list) else [example.expected]

    assert list(differences(expected, found)) == []


@pytest.mark.parametrize("name", PAGES)
def test_every_block_is_tried(name: str) -> None:
    """There is no kind of block that no test reads."""
    assert {each.kind for each in blocks(page(name))} <= KINDS


@pytest.mark.parametrize("name", PAGES)
def test_every_link_leads_somewhere(name: str) -> None:
    """Files of the repository, and headings of its pages."""
    for target in re.findall(r"\]\(([^):]+)\)", prose(page(name))):
        path, _, fragment = target.partition("#")
        file = (DOCS / path).resolve() if path else DOCS / name
        assert file.exists(), target
        assert not fragment or fragment in map(anchor, headings(file.read_text())), target


@pytest.mark.parametrize("name", PAGES)
def test_a_page_speaks_of_no_host(name: str) -> None:
    """Images and packages come from wherever a reader gets them."""
    assert not re.search(r"https?://|\b(?:docker|ghcr|quay|pypi|gcr)\.(?:io|org)\b", page(name))
