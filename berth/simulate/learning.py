"""What the extender would have learnt of a cluster: it counts the pods that stand there, and those that come."""

from dataclasses import dataclass, field
from pathlib import Path

from cluster.observers import SILENT
from cluster.view import ClusterView
from extender.arrivals import Arrivals, oldest_first
from extender.mixes import read_mix
from extender.sightings import Sightings
from placement.requirements import Requirements
from placement.scheduling.expectations import Expectations
from placement.scheduling.policy import Chooser


@dataclass(frozen=True)
class Learning:
    """Lets a chooser learn from the bound pods of a view that `sightings` observes."""

    sightings: Sightings = field(default_factory=lambda: Sightings(SILENT))
    arrivals: Arrivals = field(default_factory=Arrivals)

    @classmethod
    def begun_with(cls, mix: Path | None) -> "Learning":
        """Return one that begins with the mix of a file, if there is one; raises MixFileError."""
        return cls(arrivals=Arrivals(Chooser(Expectations(read_mix(mix) if mix else {}))))

    @property
    def chooser(self) -> Chooser:
        """What chooses among nodes, by the mix that was learnt."""
        return self.arrivals.chooser

    def catch_up(self, cluster: ClusterView) -> None:
        """Count the pods that were seen bound since, the oldest first."""
        for pod in oldest_first(self.sightings.held):
            self.arrivals.held(pod, cluster)

    def see(self, uid: str, asked: Requirements, cluster: ClusterView) -> None:
        """Count a pod about which kube-scheduler asks, as it does about those with accelerators."""
        if asked.accelerators and self.arrivals.meet(uid, asked):
            self.chooser.see(asked, cluster.inventory, cluster.inventory.nodes)
