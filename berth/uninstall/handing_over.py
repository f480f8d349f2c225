"""Pods that wait for a scheduler which is to go: a pod's schedulerName is immutable, so they are made anew.

Their owners make them again, of templates that do not name the scheduler. Those of Jobs and of nobody are apart.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from berth.uninstall.bare_pods import BarePods
from berth.uninstall.groups import beside_running
from berth.uninstall.jobs import Jobs
from berth.uninstall.objects import each_of
from berth.uninstall.steps import Change, Findings, several
from berth.uninstall.waiting import Waiting, decode_waiting, left
from cluster.api import Api
from cluster.shapes import Shape
from controller.overseeing.owners import Owner, Owners, Reference

# They make a deleted pod again at once, whatever it was deleted for.
_MAKERS = frozenset({"DaemonSet", "ReplicationController"})
_HALTED = (
    "others of its group run, and who made the group may take a pod that is gone for its failure: wait, or delete the "
    "pod when that suits"
)


class _Template(Shape):
    scheduler_name: str = ""


@dataclass
class HandingOver:
    """Hands over the pods without a node that name a scheduler; `folder` is where pods of nobody are kept meanwhile."""

    api: Api
    scheduler: str
    folder: Path | None = None
    _owners: Owners = field(init=False)
    _jobs: Jobs = field(init=False)
    _bare_pods: BarePods = field(init=False)

    def __post_init__(self) -> None:
        self._owners = Owners(self.api)
        self._jobs = Jobs(self.api)
        self._bare_pods = BarePods(self.api, self.folder)

    async def find(self) -> Findings:
        """Return what is to be made anew, and what speaks against it. Raises ApiError, and OSError of the folder."""
        query = {"fieldSelector": f"spec.schedulerName={self.scheduler},spec.nodeName=,status.phase=Pending"}
        waiting = [decode_waiting(raw) async for raw in each_of(self.api, "/api/v1/pods", query)]
        ending = tuple(each.end for each in waiting if each.is_terminating)
        standing = [each for each in waiting if not each.is_terminating]
        halted = await beside_running(self.api, standing)
        by_owner: dict[Reference | None, list[Waiting]] = {}
        for each in standing:
            if each.uid not in halted:
                by_owner.setdefault(each.owner, []).append(each)
        found = [Findings(awaited=ending), left([each for each in standing if each.uid in halted], _HALTED)]
        found += [await self._bare_pods.kept(waiting), await self._jobs.suspended()]
        return Findings.of([*found, *await several(lambda each: self._of_owner(*each), by_owner.items())])

    async def _of_owner(self, reference: Reference | None, pods: list[Waiting]) -> Findings:
        if reference is None:
            return await self._bare_pods.find(pods)
        if reference.kind in _MAKERS:
            return self._deleted(pods)
        owner = await self._owners.of(reference, pods[0].namespace)
        called = f"{owner.told.kind} {owner.told.name}"
        if self._is_named_in(owner):
            how = "make the Job anew without it" if reference.kind == "Job" else "change schedulerName there"
            return left(pods, f"the template of {called} names {self.scheduler}: {how}")
        if reference.kind == "Job" and owner.template is not None:
            return await self._jobs.find(reference, pods)
        if owner.obstacle:
            return left(pods, f"{owner.obstacle} (of {called}): have it make the pod anew, or delete the pod")
        return self._deleted(pods)

    def _is_named_in(self, owner: Owner) -> bool:
        if owner.template is None:
            return False
        return msgspec.json.decode(owner.template, type=_Template).scheduler_name == self.scheduler

    def _deleted(self, pods: Iterable[Waiting]) -> Findings:
        words = "delete pod, for its owner to make anew:"
        return Findings(tuple(Change(words, each.title, each.deletion(self.api)) for each in pods))
