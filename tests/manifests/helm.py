"""Helm, as an operator runs it: nothing of the user's own configuration."""

import os
import re
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from sandbox.build import helm_folder

CHART = Path(__file__).parents[2] / "manifests/chart"
NAMESPACE = "berth-system"

Manifest = dict[str, Any]
Documents = dict[str, list[str]]


class HelmError(Exception):
    """Helm failed: the message has its arguments and what it said."""

    def __init__(self, arguments: tuple[str, ...], said: str) -> None:
        super().__init__(f"helm {' '.join(arguments)}: {said.strip()}")


def helm(*arguments: str, kubeconfig: Path = Path(os.devnull)) -> str:
    """Return what helm prints. Raises HelmError, and NotBuiltError."""
    with tempfile.TemporaryDirectory() as home:
        outcome = subprocess.run(
            [helm_folder() / "helm", *arguments],
            env={"PATH": os.environ.get("PATH", os.defpath), "HOME": home, "KUBECONFIG": str(kubeconfig)},
            check=False,
            capture_output=True,
            text=True,
        )
    if outcome.returncode:
        raise HelmError(arguments, outcome.stderr + outcome.stdout)
    return outcome.stdout


@cache
def rendered(*values: Path, flags: tuple[str, ...] = ()) -> Documents:
    """Return the chart's documents under the template that they come from, with these files of values."""
    files = (f"--values={each}" for each in values)
    # Without a cluster helm reckons with a version of its own.
    place = (f"--namespace={NAMESPACE}", "--kube-version=1.37.2")
    text = helm("template", "berth", str(CHART), *place, *files, *flags)
    documents: Documents = {}
    for each in re.split(r"^---\n", text, flags=re.MULTILINE)[1:]:
        source, content = each.removeprefix("# Source: berth/templates/").split("\n", 1)
        documents.setdefault(source, []).append(content.rstrip("\n") + "\n")
    return documents


def objects(*values: Path, flags: tuple[str, ...] = ()) -> list[Manifest]:
    """Return the chart's objects with these files of values."""
    return [yaml.safe_load(each) for group in rendered(*values, flags=flags).values() for each in group]
