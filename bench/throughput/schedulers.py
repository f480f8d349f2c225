"""Two kube-schedulers on one control plane, configured as Berth's manifests say, with the extender and without.

Each has a profile that looks at all nodes and one that looks at as many as is its default.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bench.replay.schedulers import Extender, start_extender
from sandbox import Component, ControlPlane

Json = dict[str, Any]

MANIFEST = Path(__file__).parents[2] / "manifests" / "base" / "scheduler" / "kube-scheduler.yaml"

# The share of nodes that is scored, in percent; 0 lets kube-scheduler adapt it to their number.
ALL, ADAPTIVE = 100, 0
BERTH, ALONE = "berth", "alone"

# Not to be held back by the client's own limits.
_UNLIMITED = {"qps": 5000, "burst": 10000}


@dataclass
class Schedulers:
    """Berth's extender, the scheduler that asks it, and the one that does not."""

    plane: ControlPlane
    extender: Extender
    components: dict[str, Component]

    @classmethod
    def start(cls, plane: ControlPlane) -> "Schedulers":
        """Start them."""
        extender = start_extender(plane)
        components = {side: plane.start_scheduler(configuration(side, extender.url), side) for side in (BERTH, ALONE)}
        return cls(plane, extender, components)

    def working(self, side: str) -> list[Component]:
        """Return the programs that a side needs."""
        return [self.components[side], *([self.extender.component] if side == BERTH else [])]

    def restart_extender(self, *flags: str) -> None:
        """Have the extender run with other settings, and its scheduler with it."""
        self.extender.component.stop()
        self.components[BERTH].stop()
        self.extender = start_extender(self.plane, *flags)
        self.components[BERTH] = self.plane.start_scheduler(configuration(BERTH, self.extender.url), f"{BERTH}-anew")


def profile(side: str, percentage: int) -> str:
    """Return the name by which pods choose a scheduler and the share of nodes that it scores."""
    return f"{side}-{'all' if percentage == ALL else 'adaptive'}"


def configuration(side: str, url: str) -> Json:
    """Return the configuration of the manifests with both profiles, without extenders where Berth is not asked."""
    content: Json = yaml.safe_load(MANIFEST.read_text())
    del content["leaderElection"]
    (template,) = content["profiles"]
    content["clientConnection"] = _UNLIMITED
    content["profiles"] = [
        {**template, "schedulerName": profile(side, percentage), "percentageOfNodesToScore": percentage}
        for percentage in (ALL, ADAPTIVE)
    ]
    content["extenders"] = [{**each, "urlPrefix": url} for each in content["extenders"]] if side == BERTH else []
    return content
