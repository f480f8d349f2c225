"""From a pod as it is written to the verdict on it, and the patch that carries the verdict out."""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from cluster.objects import MalformedObject
from placement.admission import Admission, World, admit
from placement.choosing.records import Seal, unkeyed
from placement.pods import Pod
from webhook.patch import Json, PatchError, tried
from webhook.ports import Knowledge
from webhook.promises import NONE, Promises


@dataclass(frozen=True, slots=True)
class Judged:
    """A pod as it came, the verdict on it, and the patch that carries the verdict out.

    `pod` may be another replica of the same template; `name` is that of this one, or the beginning of it.
    """

    pod: Pod
    name: str
    admission: Admission
    patch: list[Json]


def world_of(
    knowledge: Knowledge, namespace: str, scheduler_name: str | None, seal: Seal = unkeyed, promises: Promises = NONE
) -> World:
    """Return what admission knows when it judges a pod of a namespace."""
    return World(
        knowledge.catalog,
        knowledge.profiles,
        knowledge.serving,
        promises.added_to(knowledge.roster),
        knowledge.inventory,
        scheduler_name,
        seal,
        knowledge.allowances(namespace),
        knowledge.queueing,
        knowledge.supply,
    )


def judged(raw: msgspec.Raw, pod: Pod, namespace_labels: Mapping[str, str], world: World) -> Judged:
    """Judge a pod that was decoded from some JSON; raises PatchError where the patch does not apply to that."""
    verdict = admit(pod, namespace_labels, world)
    return Judged(pod, pod.name, verdict, patch_of(verdict, raw))


def patch_of(verdict: Admission, raw: msgspec.Raw) -> list[Json]:
    """Return the patch for a pod as it came, after trying it; raises PatchError.

    The API server refuses a pod whose patch does not apply, or leaves something that cannot be read.
    """
    try:
        return [] if verdict.mutation.is_empty else tried(verdict.mutation, raw)
    except MalformedObject as error:
        raise PatchError(str(error)) from error
