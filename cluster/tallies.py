"""Tallies: what pods take of one node, added up as they come and go."""

from placement.inventory import Amounts, Hold, NodeInventory, add, subtract


class Tally:
    """What is held and assumed of one node, and how many pods of each owner it has; changes in place."""

    __slots__ = ("assumed", "held", "replicas")

    def __init__(self) -> None:
        self.held: dict[str, int] = {}
        self.assumed: dict[str, int] = {}
        self.replicas: dict[str, int] = {}

    @property
    def is_empty(self) -> bool:
        """Whether nothing is taken."""
        return not (self.held or self.assumed or self.replicas)

    def hold(self, hold: Hold) -> None:
        """Count a bound pod."""
        add(self.held, hold.amounts)
        add(self.replicas, hold.as_replica)

    def release(self, hold: Hold) -> None:
        """Count a bound pod no longer."""
        subtract(self.held, hold.amounts)
        subtract(self.replicas, hold.as_replica)

    def assume(self, hold: Hold) -> None:
        """Count a pod in flight."""
        add(self.assumed, hold.amounts)
        add(self.replicas, hold.as_replica)

    def forget(self, hold: Hold) -> None:
        """Count a pod in flight no longer."""
        subtract(self.assumed, hold.amounts)
        subtract(self.replicas, hold.as_replica)

    def is_of(self, node: NodeInventory) -> bool:
        """Tell whether this is what is taken of the node."""
        return (node.held, node.assumed, node.replicas) == self.amounts

    @property
    def amounts(self) -> tuple[Amounts, Amounts, Amounts]:
        """What is held and assumed, and the replicas, as they are at the moment."""
        return dict(self.held), dict(self.assumed), dict(self.replicas)
