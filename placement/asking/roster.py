"""The roster: pods that have their class already, as those must know who choose for the next one."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from placement.inventory import Amounts
from placement.recognising.platforms import Group

# Namespace, key and value of a group.
GroupPlace = tuple[str, str, str]
# Namespace, owner and class: pods that cannot be told apart before they have names.
Kin = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Roster:
    """What is known of pods with a class.

    `pending`: per class the amounts that pods without a node ask for; a pod that several classes are open to counts for
    the first. `groups`: the class of a group's first member. `arrivals`: how many pods of a kin were ever seen.
    """

    pending: Mapping[str, Amounts] = field(default_factory=dict)
    groups: Mapping[GroupPlace, str] = field(default_factory=dict)
    arrivals: Mapping[Kin, int] = field(default_factory=dict)

    def class_of_group(self, namespace: str, group: Group | None) -> str | None:
        """Return the class that a group has, or None where no member has one."""
        return self.groups.get((namespace, group.key, group.value)) if group else None


NOBODY = Roster()
