"""The stage on which a scheduler plays: a control plane of its own with the nodes of the trace."""

from pathlib import Path

from bench.replay.cuts import Cut
from bench.replay.playing import Played, furnish, play
from bench.replay.schedulers import configuration, start_extender
from sandbox import ControlPlane
from sandbox.command_lines import UNLIMITED_REQUESTS

BERTH, PACKING = "berth", "most-allocated"
SCHEDULERS = (BERTH, PACKING, "default")

_CRDS = Path(__file__).parents[2] / "manifests" / "base" / "crds"


def played_by(scheduler: str, part: Cut) -> Played:
    """Return what becomes of the arrivals on a control plane whose scheduler is this."""
    with ControlPlane(kwok=False, apiserver_flags=UNLIMITED_REQUESTS) as plane:
        for crd in sorted(_CRDS.glob("accelerator-*.yaml")):
            plane.apply(crd)
        plane.kubectl("wait", "--for=condition=Established", "--timeout=30s", "crd", "--all")
        furnish(plane, part.fleet)
        url = start_extender(plane).url if scheduler == BERTH else ""
        plane.start_scheduler(configuration(url, packs=scheduler == PACKING))
        return play(plane, part.arrivals)
