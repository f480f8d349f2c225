"""What is expected of each accelerator resource: learnt from arrivals, or pinned."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from placement.scheduling.expectation import Learnt, Pinned, prior
from placement.scheduling.mix import mix_of
from placement.scheduling.pools import Pool
from placement.scheduling.tasks import Task

Weights = Mapping[Task, float]


@dataclass
class Expectations:
    """The expected mix of each resource.

    `known` has tasks and how many arrivals they stand for, by resource: with them learning begins, or they stay as they
    are where the mix `is_pinned`. Of other resources the shapes of nodes tell what to expect at first.
    """

    known: Mapping[str, Weights] = field(default_factory=dict)
    is_pinned: bool = False
    by_resource: dict[str, Learnt | Pinned] = field(default_factory=dict)

    def of(self, pool: Pool) -> Learnt | Pinned:
        """Return the expectation of a pool's resource; where no node offers that, it is forgotten again."""
        expected = self.by_resource.get(pool.resource)
        if expected is None:
            expected = self._begun(pool)
            if pool.nodes:
                self.by_resource[pool.resource] = expected
        return expected

    def _begun(self, pool: Pool) -> Learnt | Pinned:
        known = self.known.get(pool.resource)
        if known and self.is_pinned:
            return Pinned(mix_of(known), sum(known.values()))
        return Learnt(known or prior(pool.shapes))
