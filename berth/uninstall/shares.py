"""Pods with shares of devices, which nobody can give out without Berth."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from berth.uninstall.objects import each_of
from berth.uninstall.steps import Findings, shortened
from cluster.api import Api
from cluster.objects import decode_pod
from cluster.shapes import MalformedObject
from placement.pods import Pod
from placement.shares import asks_for_shares

_UNFINISHED = {"fieldSelector": "status.phase!=Succeeded,status.phase!=Failed"}


@dataclass(frozen=True, slots=True)
class Shares:
    """Finds the pods with shares; those that run may be left with what they have (`are_left`)."""

    api: Api
    are_left: bool = False

    async def find(self) -> Findings:
        """Return whether pods with shares stand in the way. Raises ApiError."""
        pods = await self._pods()
        waiting = _said(
            pods, lambda pod: not pod.node, "ask for shares of devices, which nobody gives out: delete them"
        )
        running = [each for each in pods if each.node]
        if self.are_left:
            nodes = sorted({each.node for each in running})
            kept = f"keep their devices, and {shortened(nodes)} offers shares, until they end: run this again then"
            return Findings(left=waiting, kept=_said(running, lambda _pod: True, kept))
        end = "hold shares of devices: end them, or let them run on with --leave-shares"
        return Findings(left=(*waiting, *_said(running, lambda _pod: True, end)))

    async def holders(self) -> list[Pod]:
        """Return the pods that hold shares on nodes. Raises ApiError."""
        return [each for each in await self._pods() if each.node]

    async def _pods(self) -> list[Pod]:
        found = []
        async for raw in each_of(self.api, "/api/v1/pods", _UNFINISHED):
            try:
                pod = decode_pod(raw)
            except MalformedObject:
                continue
            if asks_for_shares(pod):
                found.append(pod)
        return found


def _said(pods: Sequence[Pod], is_meant: Callable[[Pod], bool], what: str) -> tuple[str, ...]:
    names = [f"{each.namespace}/{each.name}" for each in pods if is_meant(each)]
    return (f"pods {shortened(names)} {what}",) if names else ()
