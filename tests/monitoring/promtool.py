"""Prometheus' own tool, and the rules as data."""

import subprocess
from pathlib import Path
from typing import Any

import yaml

from sandbox.build import promtool_folder

MONITORING = Path(__file__).parents[2] / "manifests/monitoring"
RULES = MONITORING / "rules.yaml"
DASHBOARD = MONITORING / "dashboard.json"

Rule = dict[str, Any]


def promtool(*arguments: str | Path, stdin: str = "") -> str:
    """Return what promtool prints; fails the test where it is not content."""
    command = [promtool_folder() / "promtool", *arguments]
    outcome = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    return outcome.stdout


def groups() -> list[dict[str, Any]]:
    """Return the groups of rules, the recordings first."""
    found: list[dict[str, Any]] = yaml.safe_load(RULES.read_text())["groups"]
    return found


def rules() -> list[Rule]:
    """Return all rules."""
    return [rule for group in groups() for rule in group["rules"]]


def alerts() -> dict[str, Rule]:
    """Return the alerts by name."""
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}
