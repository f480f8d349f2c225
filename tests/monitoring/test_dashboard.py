"""The Grafana dashboard, as far as it can be checked without Grafana: its structure, and every query."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.monitoring.promtool import DASHBOARD, promtool

Panel = dict[str, Any]

CONTENT: dict[str, Any] = json.loads(DASHBOARD.read_text())
PANELS: list[Panel] = CONTENT["panels"]
SHOWN = [panel for panel in PANELS if panel["type"] != "row"]
WIDTH = 24


def queries() -> Iterator[tuple[str, str]]:
    """Yield each panel's title with each of its queries; what Grafana fills in is a time."""
    for panel in SHOWN:
        yield from ((panel["title"], each["expr"].replace("$__rate_interval", "5m")) for each in panel["targets"])


def test_grafana_finds_what_a_dashboard_must_have() -> None:
    """Of the fields of its schema those without which it refuses to load or shows nothing."""
    assert CONTENT.keys() >= {"uid", "title", "schemaVersion", "panels", "templating", "time", "refresh", "tags"}
    assert re.fullmatch(r"[a-zA-Z0-9_-]{1,40}", CONTENT["uid"])
    assert "id" not in CONTENT  # It is the number of a dashboard in one Grafana.
    assert [each["id"] for each in PANELS] == list(range(1, len(PANELS) + 1))
    assert {each["type"] for each in PANELS} == {"row", "stat", "timeseries", "table"}
    for panel in SHOWN:
        assert panel["title"]
        assert panel["description"].endswith(".")
        assert panel.keys() >= {"datasource", "targets", "fieldConfig", "options", "gridPos"}
        assert panel["fieldConfig"].keys() == {"defaults", "overrides"}
        assert [each["refId"] for each in panel["targets"]] == list("ABCD")[: len(panel["targets"])]


def test_the_data_source_is_the_readers_own() -> None:
    """A variable chooses it, so that the dashboard is imported without an edit."""
    (variable,) = CONTENT["templating"]["list"]
    chosen = {"type": "prometheus", "uid": f"${{{variable['name']}}}"}

    assert (variable["type"], variable["query"]) == ("datasource", "prometheus")
    assert all(panel["datasource"] == chosen for panel in SHOWN)


def test_panels_do_not_overlap() -> None:
    """Within the grid's 24 columns."""
    taken: set[tuple[int, int]] = set()
    for panel in PANELS:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert at["x"] + at["w"] <= WIDTH
        assert not cells & taken, panel["title"]
        taken |= cells


def test_legends_name_labels_that_the_query_keeps() -> None:
    """A legend of another label would be empty."""
    for panel in SHOWN:
        for target in panel["targets"]:
            named = set(re.findall(r"\{\{(\w+)}}", target["legendFormat"]))
            groups = re.findall(r"\b(?:by|group_left) \(([^)]*)\)", target["expr"])
            kept = {each.strip() for group in groups for each in group.split(",")}
            if "group_left" in target["expr"]:
                kept.add("instance")
            assert named <= kept, panel["title"]


def test_prometheus_parses_every_query(tmp_path: Path) -> None:
    """Each as a recording rule."""
    recorded = [{"record": f"query:{number}", "expr": query} for number, (_, query) in enumerate(queries())]
    file = tmp_path / "queries.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": recorded}]}))

    assert f"SUCCESS: {len(recorded)} rules found" in promtool("check", "rules", "--lint=none", file)
