"""docs/runbook.md has a paragraph for each alert, and for nothing else."""

import re
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, anchor, headings, page
from tests.monitoring.promtool import MONITORING, alerts

PAGE = page("runbook.md")
ALERTS = alerts()
PARTS = ["Means", "Users feel", "Look at", "Do"]


def paragraph(alert: str) -> str:
    """Return what stands below an alert's heading."""
    return PAGE.partition(f"### {alert}\n\n")[2].partition("\n\n")[0]


def test_every_alert_has_its_paragraph_and_no_paragraph_is_left_over() -> None:
    """In the order of the rules, but for those of other parts of Kubernetes, which stand last in both."""
    told = [each for each in headings(PAGE) if each.startswith("Berth")]

    assert told == list(ALERTS)


@pytest.mark.parametrize("alert", ALERTS)
def test_a_paragraph_says_what_it_is_what_users_feel_what_to_look_at_and_what_to_do(alert: str) -> None:
    """In this order, and the link of the alert leads to it."""
    text = " ".join(paragraph(alert).split())

    assert re.findall(r"\*\*([^*]+)\*\*", text) == PARTS
    assert ALERTS[alert]["annotations"]["runbook_url"] == f"docs/runbook.md#{anchor(alert)}"


def test_what_is_linked_is_there() -> None:
    """Pages, and headings in them."""
    for target in re.findall(r"\]\(([^)]+)\)", PAGE):
        file, _, heading = target.partition("#")
        found = Path(DOCS / file).resolve()
        assert found.exists(), target
        if heading:
            assert heading in {anchor(each) for each in headings(found.read_text())}, target


def test_alerts_that_are_named_are_alerts() -> None:
    """A paragraph that refers to another one finds it."""
    named = set(re.findall(r"\bBerth[A-Z]\w+", PAGE))

    assert named <= ALERTS.keys()
    assert (MONITORING / "rules.yaml").exists()
