"""The pages about leaving and upgrading say what the command and the tests are."""

import argparse
import re

import pytest

from berth.commands.uninstall import configure
from berth.uninstall.objects import PART_OF
from tests.docs.pages import DOCS, page

# Of other commands on the page.
OTHERS = {"--namespace"}


def test_every_flag_is_told_and_exists() -> None:
    """But for those that every command has."""
    parser = argparse.ArgumentParser()
    configure(parser)
    flags = {flag for action in parser._actions for flag in action.option_strings if flag.startswith("--")}  # noqa: SLF001
    told = set(re.findall(r"--[a-z][a-z-]+", page("uninstalling.md")))

    assert told - OTHERS <= flags
    assert flags - told <= {"--help", "--kubeconfig", "--wait", "--scheduler-name"}


def test_the_label_of_all_objects_is_told() -> None:
    """By which people can look for themselves."""
    assert PART_OF.replace("=", ": ") in page("uninstalling.md")


@pytest.mark.parametrize("name", ["uninstalling.md", "upgrading.md"])
def test_links_lead_somewhere(name: str) -> None:
    """To pages and files of this repository."""
    for target in re.findall(r"\]\(([^)#]+)", page(name)):
        assert (DOCS / target).exists(), target
