"""Turnover: how much of what was placed has left again, lately.

It is 0 while a cluster only fills up and 1 where as much leaves as comes: then a device is soon whole again.
"""

from dataclasses import dataclass

from placement.scheduling.tasks import Task

# After so many placements what was placed or left before counts half.
TURNOVER_HALF_LIFE = 2_000


@dataclass
class Turnover:
    """Sums of what was placed and of what left, in thousandths of a device, both fading with each placement."""

    half_life: float = TURNOVER_HALF_LIFE
    _placed: float = 0.0
    _left: float = 0.0

    @property
    def share(self) -> float:
        """What left as a share of what was placed, at most 1."""
        return min(self._left / self._placed, 1.0) if self._placed else 0.0

    def placed(self, task: Task) -> None:
        """Count a task that was placed."""
        faded = 2 ** (-1 / self.half_life)
        self._placed, self._left = self._placed * faded + task.asked, self._left * faded

    def left(self, task: Task) -> None:
        """Count a task that left."""
        self._left += task.asked
