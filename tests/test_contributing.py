"""Whoever contributes, reports or builds finds what the pages name."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = ("CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "docs/image.md", "docs/licences.md")
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def _text(name: str) -> str:
    return (ROOT / name).read_text().replace("\\_", "_")


@pytest.mark.parametrize("name", PAGES)
def test_every_link_leads_somewhere(name: str) -> None:
    """Links within the repository, from where the page lies."""
    links = {link for link in re.findall(r"\]\(([^)#]+)[^)]*\)", _text(name)) if ":" not in link}

    assert [link for link in links if not ((ROOT / name).parent / link).exists()] == []


@pytest.mark.parametrize("name", PAGES)
def test_every_make_target_that_is_named_is_there(name: str) -> None:
    """No command of the pages is missing."""
    assert set(re.findall(r"(?:`|\$ )make ([a-z-]+)", _text(name))) <= TARGETS


def test_a_first_patch_names_the_tests_that_ask_for_its_parts() -> None:
    """A platform, a vendor and a score each have one, under the name of its file."""
    (patches,) = re.findall(r"^## Three first patches\n(.*?)^## ", _text("CONTRIBUTING.md"), re.MULTILINE | re.DOTALL)
    named = re.findall(r"\[(test_\w+\.py)\]\(([^)]+)\)", patches)

    assert len(named) > 5
    assert all(Path(path).name == label for label, path in named)


def test_the_image_is_built_from_every_room_of_the_product() -> None:
    """What the wheel holds, what it needs to be built, and nothing else of the repository."""
    taken = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    (listed,) = re.findall(r"^include = \[(.*)\]$", (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    rooms = {each.strip(' "*') for each in listed.split(",")}

    assert {each for each in taken if (ROOT / each).is_dir()} == rooms
    assert [each for each in taken if not (ROOT / each).exists()] == []
