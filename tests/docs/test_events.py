"""What docs/operating.md says of Events is what the programs tell."""

import ast
from collections.abc import Iterator

from controller.reconciling import events
from extender import explanations, trespass
from tests.docs.pages import ROOT, codes, page, prose, rows

PAGE = page("operating.md")


def reasons() -> Iterator[str]:
    """Yield the reason of each Event that the code makes; it stands there as a text or as a constant of the module."""
    for path in (path for room in ("controller", "extender", "webhook") for path in (ROOT / room).rglob("*.py")):
        tree = ast.parse(path.read_text())
        constants = {
            ast.unparse(each.targets[0]): each.value.value
            for each in tree.body
            if isinstance(each, ast.Assign) and isinstance(each.value, ast.Constant)
        }
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and ast.unparse(call).startswith("Event(EventType."):
                reason = call.args[1]
                yield str(reason.value if isinstance(reason, ast.Constant) else constants[ast.unparse(reason)])


def test_every_reason_is_told() -> None:
    """And none that nobody gives."""
    told = [code for row in rows(PAGE, "about") for code in codes(row[1])]

    assert sorted(told) == sorted(set(reasons()))


def test_how_often_is_told() -> None:
    """In numbers, where a constant has them."""
    text = " ".join(prose(PAGE).partition("## Events")[2].split())

    assert f"each reason once in {explanations.REPEAT_SECONDS / 60:g} minutes for a pod" in text
    assert f"and {1 / explanations.LEAST_PAUSE_SECONDS:g} a second in all" in text
    assert f"once in {trespass.REPEAT_SECONDS / 60:g} minutes for a node" in text
    assert events.REPEATED_AFTER.total_seconds() == 3600
    assert f"{events.MOST_NOTES} notes an hour for each object and reason" in text
