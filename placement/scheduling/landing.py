"""Landing: the decision about a pod whose Binding was sent, while nobody knows yet what became of it."""

from collections.abc import Collection

from placement.inventory import Hold
from placement.rejections import Cause, Rejection
from placement.scheduling.decisions import Candidate, Decision, Score
from placement.shares import held_devices

ELSEWHERE = "node(s) beside the one that the pod is being bound to"


def landing_of(hold: Hold, names: Collection[str]) -> Decision:
    """Return the decision about a pod that is being bound with this hold: its node alone will do."""
    others = tuple(Rejection(name, Cause.EXHAUSTED, ELSEWHERE) for name in names if name != hold.node)
    return Decision((Candidate(hold.node, Score(), held_devices(hold)),) if hold.node in names else (), others)
