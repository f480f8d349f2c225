"""Tasks: what a pod asks of a node, as far as fragmentation is concerned.

The word is that of "Beware of Fragmentation" (FGD, USENIX ATC 2023): pods that ask the same are the same task.
"""

from typing import NamedTuple

# A whole device, in thousandths of a device: the unit in which devices are counted everywhere in this room.
WHOLE = 1000


class Task(NamedTuple):
    """What one pod asks: cpu in milli, so many devices, of each so many thousandths, of any of these classes.

    A share asks for one device and less than 1000 thousandths of it, a task without accelerators for no device. Without
    classes every node that offers the resource will do.
    """

    cpu: int
    devices: int = 0
    milli: int = WHOLE
    classes: tuple[str, ...] = ()

    @property
    def is_share(self) -> bool:
        """Whether it takes a part of one device."""
        return self.devices == 1 and self.milli < WHOLE

    def is_admitted_by(self, classes: tuple[str, ...]) -> bool:
        """Tell whether a node that carries these classes will do."""
        return not self.classes or any(each in classes for each in self.classes)

    @property
    def asked(self) -> int:
        """What it takes of accelerators in all, in thousandths of a device."""
        return self.devices * self.milli
