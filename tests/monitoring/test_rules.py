"""The Prometheus rules: they load, and each alert fires by what it is for and by nothing else."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.monitoring.promtool import RULES, Rule, alerts, groups, promtool

Case = dict[str, Any]

CASES: list[Case] = yaml.safe_load((Path(__file__).parent / "alerts.yaml").read_text())
ALERTS = alerts()
RECORDINGS, *_ALERTING = groups()
GROUPS = {group["name"]: group for group in _ALERTING}
SEVERITIES = {"critical", "warning", "info"}


def test_prometheus_loads_the_rules() -> None:
    """Without a lint problem, of which duplicates are one."""
    assert "SUCCESS" in promtool("check", "rules", "--lint=all", "--lint-fatal", RULES)


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_says_what_whoever_is_paged_needs(name: str) -> None:
    """How bad it is, what it is in a few words and in more, and where it is explained."""
    rule = ALERTS[name]

    assert rule["labels"].keys() == {"severity"}
    assert rule["labels"]["severity"] in SEVERITIES
    assert rule["annotations"].keys() == {"summary", "description", "runbook_url"}
    assert "{{" not in rule["annotations"]["summary"]
    assert len(rule["annotations"]["summary"]) <= 70
    assert rule["annotations"]["runbook_url"] == f"docs/runbook.md#{name.lower()}"


def test_every_alert_is_tried() -> None:
    """In the order of the rules, once."""
    assert [case["alert"] for case in CASES] == list(ALERTS)


@pytest.mark.parametrize("group", GROUPS)
def test_each_alert_fires_by_what_it_is_for_and_by_nothing_else(group: str, tmp_path: Path) -> None:
    """Prometheus itself evaluates a group, and the recordings that it may use, over series of samples."""
    named = {rule["alert"] for rule in GROUPS[group]["rules"]}
    tests = [test for case in CASES if case["alert"] in named for test in (_quiet(case), _firing(case))]
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": [RECORDINGS, GROUPS[group]]}))
    written = tmp_path / "tests.yaml"
    written.write_text(yaml.safe_dump({"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": tests}))

    assert "SUCCESS" in promtool("test", "rules", written)


def _quiet(case: Case) -> dict[str, Any]:
    half = f"{int(case['at'].removesuffix('m')) // 2}m"
    return _test(case, "quiet", *({"eval_time": at, "alertname": case["alert"]} for at in (half, case["at"])))


def _firing(case: Case) -> dict[str, Any]:
    rule = ALERTS[case["alert"]]
    labels = {name: str(value) for name, value in case.get("labels", {}).items()}
    annotations = rule["annotations"] | {"description": _said(rule["annotations"]["description"], case, labels)}
    expected = {"exp_labels": rule["labels"] | labels, "exp_annotations": annotations}
    firing = {"eval_time": case["at"], "alertname": case["alert"], "exp_alerts": [expected]}
    waiting = [{"eval_time": f"{minutes - 1}m", "alertname": case["alert"]} for minutes in _patience(rule)]
    return _test(case, "fires", *waiting, firing)


def _patience(rule: Rule) -> list[int]:
    """Return the minutes for which an alert waits, if it does; before these have passed it cannot fire."""
    spoken = rule.get("for", "")
    return [int(spoken[:-1]) * (60 if spoken.endswith("h") else 1)] if spoken else []


def _test(case: Case, what: str, *evaluations: dict[str, Any]) -> dict[str, Any]:
    series = [{"series": name, "values": str(values)} for name, values in case[what].items()]
    name = f"{case['alert']} {what}"
    return {"name": name, "interval": "1m", "input_series": series, "alert_rule_test": list(evaluations)}


def _said(template: str, case: Case, labels: dict[str, str]) -> str:
    """Return what a template says; a label that the alert has not is an error here, and nothing to Prometheus."""
    said = re.sub(r"\{\{ \$labels\.(\w+) }}", lambda found: labels[found[1]], template)
    return re.sub(r"\{\{ [^}]*\$value[^}]*}}", lambda _: case["value"], said)


def test_recordings_are_what_their_names_say() -> None:
    """One replica's measure of the cluster counts, not the sum of all; rates are sums."""
    assert "SUCCESS" in promtool("test", "rules", Path(__file__).parent / "recordings.yaml")
