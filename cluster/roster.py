"""The roster of pods that have their class, kept true by applying what is seen; applying twice is applying once."""

from collections import Counter
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from cachetools import LRUCache

from placement.asking.roster import GroupPlace, Kin, Roster
from placement.inventory import Amounts
from placement.keys import CHOSEN_CLASS
from placement.pods import Pod
from placement.recognising.platforms import group_of

# Owners whose pods come and go: far more than come within the seconds for which their number matters.
_MAX_KIN = 1024


@dataclass(frozen=True, slots=True)
class _Entry:
    """A pod with its class; `amounts` is what it waits for (empty: nothing), `group` is set where it leads one."""

    kin: Kin
    chosen: str
    amounts: Amounts
    group: GroupPlace | None


class PodRoster:
    """Pods with a class; `roster` is a view that changes with what is seen."""

    def __init__(self) -> None:
        self._entries: dict[str, _Entry] = {}
        self._pending: dict[str, Counter[str]] = {}
        self._members: dict[GroupPlace, dict[str, str]] = {}
        self._groups: dict[GroupPlace, str] = {}
        self._arrivals: LRUCache[Kin, int] = LRUCache(_MAX_KIN)
        self.roster = Roster(self._pending, self._groups, self._arrivals)

    def apply(self, pod: Pod) -> None:
        """Take in a pod."""
        entry = None if pod.is_finished else _entry(pod)
        known = self._entries.get(pod.uid)
        if entry == known:
            return
        self.remove(pod.uid)
        if entry:
            self._add(pod.uid, entry, is_new=known is None)

    def remove(self, uid: str) -> None:
        """Drop a pod."""
        entry = self._entries.pop(uid, None)
        if entry is None:
            return
        self._pending[entry.chosen].subtract(entry.amounts)
        if entry.group:
            members = self._members[entry.group]
            members.pop(uid, None)
            self._lead(entry.group, members)

    def retain(self, uids: AbstractSet[str]) -> None:
        """Drop every pod but these."""
        for uid in self._entries.keys() - uids:
            self.remove(uid)

    def _add(self, uid: str, entry: _Entry, *, is_new: bool) -> None:
        self._entries[uid] = entry
        self._pending.setdefault(entry.chosen, Counter()).update(entry.amounts)
        if is_new:
            self._arrivals[entry.kin] = self._arrivals.get(entry.kin, 0) + 1
        if entry.group:
            members = self._members.setdefault(entry.group, {})
            members[uid] = entry.chosen
            self._lead(entry.group, members)

    def _lead(self, group: GroupPlace, members: dict[str, str]) -> None:
        """Let the first member that is there speak for its group."""
        if members:
            self._groups[group] = next(iter(members.values()))
        else:
            del self._members[group]
            self._groups.pop(group, None)


def _entry(pod: Pod) -> _Entry | None:
    classes = pod.annotations.get(CHOSEN_CLASS, "").split(",")
    if not classes[0]:
        return None
    waiting = {} if pod.node else {name: count for name, count in pod.requests.items() if "/" in name}
    group = None if pod.is_terminating or len(classes) > 1 else group_of(pod)
    place = (pod.namespace, group.key, group.value) if group else None
    return _Entry((pod.namespace, pod.owner, classes[0]), classes[0], waiting, place)
