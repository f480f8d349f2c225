"""The classes that discovery keeps: made of the hardware that nodes show, changed with it, deleted after it.

Written are only classes that discovery itself made, field by field (cluster.applied): what somebody else changed or
removed is theirs for good. A class whose hardware is gone stays for a while, and as long as something refers to it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from cluster.api import ApiError
from cluster.applied import NEW, applied_to, apply, edition, is_overtaken
from cluster.class_dialects import known_part
from cluster.class_manifests import manifest
from cluster.custom_objects import CustomObject, decode_custom_object
from cluster.kinds import CLASSES_PATH
from cluster.uses import is_used
from controller.discovering.hardware import Hardware
from controller.discovering.standing import DISCOVERED, MANAGER, StandingClass, StandingClasses
from controller.parts import Context
from controller.reconciling.conditions import Judgement
from controller.scaling import SCALABLE
from placement.class_conflicts import likeness

# To find out whether something refers to a class that is to go, many objects are read.
USES_PAUSE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Objection:
    """Why there is to be no class: a word for machines and a sentence for people."""

    reason: str
    message: str


@dataclass
class DiscoveredClasses:
    """Keeps the classes of the hardware; nothing is judged or written before all nodes were read."""

    context: Context
    hardware: Hardware
    standing: StandingClasses
    is_ready: bool = False
    _used: dict[str, datetime] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """The classes of all hardware, and those that were made of what is gone."""
        return [*{*self.hardware.classes, *self.standing.ours}]

    def objection(self, name: str) -> Objection | None:
        """Return why there is to be no class of a name."""
        discovered = self.hardware.classes.get(name)
        if discovered is None:
            return Objection("HardwareGone", "No node has this hardware.")
        pattern = next((each for each in self._excluded if fnmatchcase(name, each)), None)
        if pattern:
            return Objection("Excluded", f"The setting discovery_excluded has {pattern}.")
        other = self.standing.others_like(likeness(discovered.accelerator_class))
        if other and other != name:
            return Objection("Superseded", f"{other}, which somebody wrote, selects the same nodes.")
        return None

    async def settle(self, name: str) -> list[str]:
        """Write or delete a class where that is due. Raises ApiError."""
        seen = self.context.classes.by_key.get(name)
        standing = StandingClass.of(seen) if seen else None
        is_others = standing is not None and (not standing.is_ours or standing.is_terminating)
        if not self.is_ready or self.context.definition.lacks is None or is_others:
            return []
        try:
            if self.objection(name) is None:
                return await self._write(name, standing)
            return await self._leave(name, standing) if standing else []
        except ApiError as error:
            if is_overtaken(error):
                return []
            raise

    async def _write(self, name: str, standing: StandingClass | None) -> list[str]:
        wanted = manifest(self.hardware.classes[name])
        found = edition(
            known_part(wanted["spec"], self.context.definition.lacks or ()),
            standing.content if standing else None,
            MANAGER,
        )
        if standing and found.record == applied_to(standing.content):
            return []
        metadata = {**wanted["metadata"], **(standing.identity if standing else NEW)}
        written = await apply(self.context.api, CLASSES_PATH, {**wanted, "metadata": metadata}, found, MANAGER)
        self.context.classes.apply(decode_custom_object(written))
        return [f"AcceleratorClass {name} {'changed' if standing else 'created'}"]

    async def _leave(self, name: str, standing: StandingClass) -> list[str]:
        """Delete a class that is to be none any longer, when its time is over and nobody has to do with it."""
        if not self._is_over(standing) or standing.is_edited or standing.holds(SCALABLE) or self._was_used(name):
            return []
        if await is_used(self.context.api, name):
            self._used[name] = self.context.clock()
            self.context.classes.tell(name)
            return []
        self._used.pop(name, None)
        await self.context.api.delete(f"{CLASSES_PATH}/{name}", {"preconditions": standing.identity})
        return [f"AcceleratorClass {name} deleted: nothing refers to it, and it was to be none any longer"]

    def _is_over(self, standing: StandingClass) -> bool:
        since = standing.failing_since(DISCOVERED)
        return bool(self._retention) and since is not None and self.context.clock() - since >= self._retention

    def _was_used(self, name: str) -> bool:
        """Tell whether something was found to refer to a class so lately that nobody need look again."""
        found_at = self._used.get(name)
        return found_at is not None and self.context.clock() - found_at < min(USES_PAUSE, self._retention)

    @property
    def _retention(self) -> timedelta:
        return timedelta(hours=self.context.settings.discovery_retention_hours)

    @property
    def _excluded(self) -> list[str]:
        return [each.strip() for each in self.context.settings.discovery_excluded.split(",")]

    def judge(self, seen: CustomObject) -> Iterator[Judgement]:
        """Yield what is found of a class and its hardware; nothing of what has to do with no hardware."""
        if not self.is_ready:
            return
        objection, is_ours = self.objection(seen.name), seen.name in self.standing.ours
        if objection and is_ours:
            message = f"{objection.message} {self._prospect(seen)}"
            yield Judgement(DISCOVERED, holds=False, reason=objection.reason, message=message)
        elif objection:
            yield Judgement.absent(DISCOVERED)
        else:
            self._used.pop(seen.name, None)
            reason = "HardwarePresent" if is_ours else "KeptByOthers"
            yield Judgement(DISCOVERED, holds=True, reason=reason, message=self._presence(seen.name, is_ours=is_ours))

    def _presence(self, name: str, *, is_ours: bool) -> str:
        count = self.hardware.count(name)
        said = ["1 node has this hardware." if count == 1 else f"{count} nodes have this hardware."]
        if not is_ours:
            said.append("Berth leaves the class as it is: somebody else made it, or took it over.")
        contradictions = self.hardware.classes[name].problems
        return " ".join([*said, *(f"{each[:1].upper()}{each[1:]}." for each in contradictions)])

    def _prospect(self, seen: CustomObject) -> str:
        """Return what becomes of a class that is to be none any longer."""
        if StandingClass.of(seen).is_edited:
            return "The class stays, because somebody changed it."
        if not self._retention:
            return "The class stays until somebody deletes it."
        if seen.name in self._used:
            return "The class stays while a pod, a profile or an object of OME names it."
        hours = f"{self.context.settings.discovery_retention_hours:g}"
        return f"The class is deleted after {hours} h, unless something refers to it or nodes can be made of it."
