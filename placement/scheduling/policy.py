"""The policy on a live inventory: judge the nodes, order what remains by the arrays of its pools, name every cause.

kube-scheduler picks at random among nodes of equal score, which alone costs more than the policy wins; so the order is
total here, and a node's name decides only the last tie.
"""

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import islice
from weakref import ref

from placement.inventory import Inventory
from placement.requirements import Requirements
from placement.scheduling.candidates import EXPLAINED, Inquiry, Named
from placement.scheduling.decisions import Candidate, Decision
from placement.scheduling.expectation import Learnt, Pinned
from placement.scheduling.expectations import Expectations
from placement.scheduling.fit import rejection
from placement.scheduling.grades import grades
from placement.scheduling.policies.berth import Berth
from placement.scheduling.pools import Pool, Pools
from placement.scheduling.ranking import Policy
from placement.scheduling.refusing import Refusing
from placement.scheduling.shortlists import Shortlists, Tally
from placement.scheduling.tasks import Task
from placement.scheduling.verdicts import Verdicts, verdicts
from placement.shares import MAX_DEVICES

NOBODY_SICK: AbstractSet[str] = frozenset()


@dataclass(eq=False)
class Choice:
    """The best candidate at once, and the whole decision when somebody wants to know it."""

    winner: Candidate | None
    _names: Named
    _judge: Callable[[list[str]], Verdicts]
    _complete: Callable[[Verdicts], Decision]

    @cached_property
    def verdicts(self) -> Verdicts:
        """The nodes on which the pod fits, and why it does not on others; raises ValueError as reading names does."""
        return self._judge(list(self._names))

    @cached_property
    def decision(self) -> Decision:
        """The decision, with the winner's runners-up, and why other nodes will not do.

        The winner alone where it was found among names that then cannot be read.
        """
        try:
            list(self._names)
        except ValueError:
            return Decision((self.winner,) if self.winner else ())
        return self._complete(self.verdicts)

    def complete(self) -> None:
        """Find out the decision, because nodes are about to change."""
        _ = self.decision


@dataclass
class Chooser:
    """Chooses among nodes, by what is expected of each resource, which has a policy of its own, made by `make`."""

    expectations: Expectations = field(default_factory=Expectations)
    make: Callable[[], Policy] = Berth
    pools: Pools = field(default_factory=Pools)
    tally: Tally = field(default_factory=Tally)
    _policies: dict[str, Policy] = field(default_factory=dict)
    _lists: dict[str, Shortlists] = field(default_factory=dict)
    _refusing: dict[str, Refusing] = field(default_factory=dict)
    # What was chosen last, as long as somebody may ask for its decision, which tells of the nodes as they stood then.
    _last: ref[Choice] | None = None

    def choose(
        self, asked: Requirements, inventory: Inventory, names: Named, sick: AbstractSet[str] = NOBODY_SICK
    ) -> Choice:
        """Choose the best among nodes, as `decide` does; its decision tells the best candidates alone."""
        self.follow(inventory)
        self._conclude()
        of = self._inquiry(asked, inventory, sick)
        choice = Choice(
            self._listed(of, names),
            names,
            partial(self._verdicts, asked, inventory),
            lambda found: _decision(of, found, EXPLAINED),
        )
        if choice.winner is None:
            choice.winner = of.best(choice.verdicts)
        self._last = ref(choice)
        return choice

    def decide(
        self,
        asked: Requirements,
        inventory: Inventory,
        names: Iterable[str],
        limit: int | None = None,
        sick: AbstractSet[str] = NOBODY_SICK,
    ) -> Decision:
        """Choose among nodes that kube-scheduler has found feasible: judge accelerators alone, order all that fit.

        A name that the inventory does not know passes and comes after the others: the scheduler saw the node before we
        did. Nodes that are `sick` come last. Of the candidates the best `limit` are told.
        """
        self.follow(inventory)
        of = self._inquiry(asked, inventory, sick)
        return _decision(of, verdicts(asked, inventory, self.pools, list(names)), limit)

    def grade(
        self, asked: Requirements, inventory: Inventory, names: Iterable[str], sick: AbstractSet[str] = NOBODY_SICK
    ) -> Mapping[str, int]:
        """Return how good each candidate is, from 0 to 10."""
        self.follow(inventory)
        of = self._inquiry(asked, inventory, sick)
        return grades(of, verdicts(asked, inventory, self.pools, list(names)))

    def settle(self, inventory: Inventory, asked: Requirements, node: str) -> None:
        """Do what follows from a pod's being placed on the node, which the inventory shows by now."""
        self.follow(inventory)
        self._conclude()
        for resource in sorted(asked.accelerators) or self.pools.offered.get(node, ())[:1]:
            pool = self.pools.of(resource)
            self.policy(pool).settle(pool.fleet, self.expectation(pool).mix)

    def prepare(self, inventory: Inventory) -> bool:
        """Do a little of what makes answers to come faster, and no other; tell whether there is nothing more."""
        self.follow(inventory)
        return all(self._prepare(self.pools.of(resource)) for resource in self._policies)

    def follow(self, inventory: Inventory) -> None:
        """Take in what has changed; what was decided before is told as it was."""
        if not self.pools.is_at(inventory):
            self._conclude()
            self.pools.follow(inventory)

    def survey(self, asked: Requirements, inventory: Inventory) -> Decision:
        """Judge every node in every respect that Berth understands: what a person asks about a waiting pod."""
        verdicts = {node.name: rejection(asked, node) for node in inventory.nodes.values()}
        decision = self.decide(asked, inventory, [name for name, no in verdicts.items() if no is None])
        return Decision(decision.candidates, (*filter(None, verdicts.values()), *decision.rejections))

    def expectation(self, pool: Pool) -> Learnt | Pinned:
        """Return what is expected of a pool."""
        return self.expectations.of(pool)

    def policy(self, pool: Pool) -> Policy:
        """Return the policy by which the nodes of a pool are ordered."""
        if pool.resource not in self._policies:
            self._policies[pool.resource] = self.make()
        return self._policies[pool.resource]

    def see(self, asked: Requirements, inventory: Inventory, names: Iterable[str]) -> None:
        """Learn from a pod that was asked about for these nodes."""
        for pool, task in self._tasks(asked, inventory, names):
            self.expectation(pool).see(task)

    def placed(self, asked: Requirements, inventory: Inventory, names: Iterable[str]) -> None:
        """Learn from a pod that was placed on one of these nodes."""
        for pool, task in self._tasks(asked, inventory, names):
            self.expectation(pool).placed(task)

    def left(self, asked: Requirements, inventory: Inventory, names: Iterable[str]) -> None:
        """Learn from a pod that stood on one of these nodes, and left."""
        for pool, task in self._tasks(asked, inventory, names):
            self.expectation(pool).left(task)

    def _tasks(self, asked: Requirements, inventory: Inventory, names: Iterable[str]) -> list[tuple[Pool, Task]]:
        """Return what the pod asks of each accelerator resource, where anybody could have that.

        A pod without accelerators asks cpu of those whose nodes it is asked about.
        """
        self.follow(inventory)
        self._conclude()
        resources = set(asked.accelerators) or {
            self.pools.offered[each][0] for each in names if each in self.pools.offered
        }
        pools = [self.pools.of(resource) for resource in sorted(resources)]
        tasks = [(pool, pool.task_of(asked)) for pool in pools]
        return [(pool, task) for pool, task in tasks if task.devices <= MAX_DEVICES]

    def _conclude(self) -> None:
        """Find out the decision of what was chosen last, before anything changes on which it rests."""
        last, self._last = self._last and self._last(), None
        if last:
            last.complete()

    def _prepare(self, pool: Pool) -> bool:
        mix = self.expectation(pool).mix
        return self.policy(pool).prepare(pool.fleet, mix) and self._lists_of(pool).prepare(mix)

    def _inquiry(self, asked: Requirements, inventory: Inventory, sick: AbstractSet[str]) -> Inquiry:
        return Inquiry(asked, inventory, self.pools, sick, self._known)

    def _verdicts(self, asked: Requirements, inventory: Inventory, names: list[str]) -> Verdicts:
        """Judge nodes, at once where none of a pool will do."""
        if len(asked.accelerators) == 1:
            pool = self.pools.of(next(iter(asked.accelerators)))
            refused = self._refusing_of(pool).of(pool.task_of(asked), names)
            if refused is not None:
                return Verdicts([], [], refused)
        return verdicts(asked, inventory, self.pools, names)

    def _refusing_of(self, pool: Pool) -> Refusing:
        refusing = self._refusing.get(pool.resource)
        if refusing is None or refusing.pool is not pool:
            refusing = self._refusing[pool.resource] = Refusing(pool)
        return refusing

    def _listed(self, of: Inquiry, names: Named) -> Candidate | None:
        """Return the best candidate where a short list has it."""
        if len(of.asked.accelerators) != 1 or of.asked.classes:
            return None
        pool = self.pools.of(next(iter(of.asked.accelerators)))
        return of.listed(names, self._lists_of(pool))

    def _lists_of(self, pool: Pool) -> Shortlists:
        lists = self._lists.get(pool.resource)
        if lists is None or lists.pool is not pool:
            lists = self._lists[pool.resource] = Shortlists(pool, self.policy(pool), self.tally)
        return lists

    def _known(self, pool: Pool) -> tuple[Policy, Learnt | Pinned]:
        return self.policy(pool), self.expectation(pool)


def _decision(of: Inquiry, found: Verdicts, limit: int | None) -> Decision:
    return Decision(tuple(islice(of.candidates(found), limit)), found.rejections, found.fitting)
