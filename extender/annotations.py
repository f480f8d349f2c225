"""The annotation `berth.ome.io/placement`: why a bound pod stands where it stands."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cluster.api import Api
from cluster.writers import annotate_pod
from extender.inbox import Inbox
from extender.journal import Journal, Record, candidate_json, score_json, timestamp
from extender.lulls import Lulls
from extender.outbox import Outbox, Sent, Write
from placement.keys import PLACEMENT
from placement.pods import Pod

# An annotation is read by people and copied into every list of pods.
MAX_BYTES = 2048
SICK_NODES_NAMED = 3
_COMPACT = (",", ":")


@dataclass(frozen=True)
class Annotations:
    """Writes the annotation on each pod that is bound and about which this extender was asked, when there is a lull."""

    api: Api
    journal: Journal
    outbox: Outbox
    count: Callable[[Sent], None]
    lulls: Lulls

    async def run(self, bound: Inbox[str, Pod]) -> None:
        """Annotate for ever."""
        while True:
            first = await bound.take()
            await self.lulls.come()
            self.annotate(first)
            for _ in range(len(bound)):
                self.annotate(await bound.take())

    def annotate(self, pod: Pod) -> None:
        """Have a bound pod annotated, unless nothing is known of it or its record is there already."""
        texts = self.texts(pod, pod.node)
        if any(pod.annotations.get(key) != text for key, text in texts.items()):
            subject = f"placement of {pod.namespace}/{pod.name}"
            self.outbox.post(Write(subject, lambda: annotate_pod(self.api, pod, texts), self.count))

    def texts(self, pod: Pod, node: str) -> Mapping[str, str]:
        """Return what is to stand on a pod that is bound to the node; nothing where nothing is known of it."""
        record = self.journal.answered(pod)
        return {PLACEMENT: placement_annotation(record, node)} if record else {}


def placement_annotation(record: Record, node: str) -> str:
    """Return compact JSON of at most 2 KiB about a pod that was bound to the node.

    `score` is that of the node which was chosen. Where the pod was bound to another one, `chosen` names it, or is null
    where none would do. `sick` has nodes that ranked last because pods failed there. Too little room costs reasons
    first, the rarest of them, and then runners-up.
    """
    chosen = record.chosen
    content: dict[str, Any] = {"node": node, "at": timestamp(record.at)}
    if chosen is None or chosen.node != node:
        content["chosen"] = chosen.node if chosen else None
    if chosen:
        content["score"] = score_json(chosen.score)
    if record.sick:
        content["sick"] = sorted(record.sick)[:SICK_NODES_NAMED]
    runners_up = [candidate_json(each) for each in record.best[1:]]
    return _fitted(content, runners_up, list(record.reasons.items()))


def _fitted(content: dict[str, Any], runners_up: list[dict[str, Any]], reasons: list[tuple[str, int]]) -> str:
    text = json.dumps({**content, "runnersUp": runners_up, "rejected": dict(reasons)}, separators=_COMPACT)
    if len(text.encode()) <= MAX_BYTES or not (reasons or runners_up):
        return text
    return _fitted(content, runners_up, reasons[:-1]) if reasons else _fitted(content, runners_up[:-1], reasons)
