"""The journey of one question: what does the pod ask, which nodes fit, which is best.

`filter` answers with the best node alone, because what kube-scheduler does with each further one costs more than
everything else, and the order is total here. `prioritize` is asked where all that fit were answered.
"""

from collections.abc import Callable, Collection, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial

from extender.arrivals import Arrivals
from extender.flights import FlightLog
from extender.nominations import Nomination, Nominations
from extender.ports import Knowledge
from extender.settings import Mode
from extender.wire import Question, filter_error, filter_result, host_priorities, parse
from placement.asking.class_requests import spread_of
from placement.inventory import Inventory
from placement.pods import Pod
from placement.rejections import Cause, Rejection
from placement.requirements import Requirements, requirements_of
from placement.scheduling.decisions import Decision
from placement.scheduling.landing import landing_of
from placement.scheduling.policy import Choice, Chooser
from placement.scheduling.preemption import without
from placement.shares import SHARES, hold_for

KEPT_FOR_ACCELERATORS = "node(s) kept for pods that ask for accelerators"


class Outcome(StrEnum):
    """What became of a request."""

    ANSWERED = "answered"
    OTHER_POD = "other_pod"  # It asks for no accelerator that a class knows: every node passes.
    PASSTHROUGH = "passthrough"  # The operator wants every node to pass.
    NOT_SYNCED = "not_synced"  # Asked before the cluster was known: an error says so.
    BAD_REQUEST = "bad_request"
    TOO_LARGE = "too_large"
    TOO_SLOW = "too_slow"  # The body did not arrive in time.
    BROKEN_OFF = "broken_off"  # The client left in the middle of it.
    BUSY = "busy"  # Too much is under way.
    NOT_FOUND = "not_found"
    WRONG_METHOD = "wrong_method"
    NOT_TAKEN = "not_taken"  # The client did not read the answer.
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision, and about which pod; `asked` is what it was judged by."""

    pod: Pod
    asked: Requirements
    told: Decision | Choice

    @property
    def decision(self) -> Decision:
        """The decision; the first who wants to know it waits for it."""
        return self.told.decision if isinstance(self.told, Choice) else self.told


@dataclass(frozen=True, slots=True)
class Answer:
    """The bytes of an answer, what became of the request, and the decision that observers are told of, if one fell."""

    body: bytes
    outcome: Outcome
    decided: Decided | None = None


@dataclass
class Desk:
    """Answers questions with what is known of the cluster.

    `answers_all` lets every node that fits pass, `others_anywhere` every node for pods without accelerators. Where
    eviction may resolve what is exhausted, as from kube-scheduler 1.38 on, `is_resolvable` says so.
    """

    knowledge: Knowledge
    flights: FlightLog
    answers_all: bool = False
    mode: Mode = field(default=Mode.ACTIVE)
    arrivals: Arrivals = field(default_factory=Arrivals)
    others_anywhere: bool = False
    sick: Callable[[], AbstractSet[str]] = frozenset
    is_resolvable: bool = False
    nominations: Nominations = field(init=False)
    _unsettled: Callable[[], None] | None = None

    def __post_init__(self) -> None:
        """Begin without nominations."""
        self.nominations = Nominations(self.knowledge.account, self.flights)

    def filter(self, body: bytes) -> Answer:
        """Answer which nodes pass; raises WireError.

        The pod counts as in flight to the node that passed, until its next question.
        """
        self.settle()
        question = parse(body)
        nomination = self.nominations.take(question.pod.uid)
        if outcome := self.exemption:
            return Answer(_exempted(question, outcome), outcome)
        asked = self.requirements_of(question.pod)
        if asked.accelerators:
            nomination = nomination or self.nominations.restored(question.pod, asked, self.knowledge.inventory)
            decision, answer = self._placed(question, asked, nomination)
            return Answer(answer, Outcome.ANSWERED, Decided(question.pod, asked, decision))
        apart = self._apart(question)
        answer = filter_result(question, *apart) if apart else self._placed(question, asked)[1]
        return Answer(answer, Outcome.OTHER_POD)

    def prioritize(self, body: bytes) -> Answer:
        """Answer how good each node is, from 0 to 10; raises WireError. Changes nothing."""
        question = parse(body)
        outcome = self.exemption
        asked = self.requirements_of(question.pod)
        if outcome or not asked.accelerators:
            return Answer(host_priorities({}), outcome or Outcome.OTHER_POD)
        inventory = self._inventory_without(question.pod.uid)
        grades = self.chooser.grade(asked, inventory, question.names, self.sick())
        return Answer(host_priorities(grades), Outcome.ANSWERED)

    def settle(self) -> None:
        """Do what follows from the last answer, if it was not done yet: nobody waits for that."""
        unsettled, self._unsettled = self._unsettled, None
        if unsettled:
            unsettled()

    def prepare(self) -> bool:
        """Do a little of what makes answers to come faster, and no other; tell whether there is nothing more."""
        self.settle()
        return not self.knowledge.is_synced or self.chooser.prepare(self.knowledge.inventory)

    def requirements_of(self, pod: Pod) -> Requirements:
        """Return what a pod asks, spread as the profile that matches it says."""
        knowledge = self.knowledge
        asked = requirements_of(pod, knowledge.catalog)
        if not asked.accelerators:
            return asked
        labels = knowledge.namespace_labels(pod.namespace) or {}
        return replace(asked, spread=spread_of(pod, labels, knowledge.profiles))

    def _placed(
        self, question: Question, asked: Requirements, nomination: Nomination | None = None
    ) -> tuple[Decision | Choice, bytes]:
        """Decide, count the pod as in flight, and return the decision and the answer."""
        pod, uid = question.pod, question.pod.uid
        with self.nominations.yielding(pod.priority):
            told = self._decision(asked, question, nomination)
        passed, winner = self._passed(pod, told), told.winner
        if winner and len(passed) == 1:
            hold = hold_for(winner.node, asked.requests, winner.devices, asked.owner, pod.priority)
            self.flights.begin(uid, hold)
            self.nominations.give_way(uid, hold)
        resolving: Collection[str] = ()
        if nomination and not passed:
            resolving = self.nominations.resume(uid, nomination, question.named)
        if self.arrivals.meet(uid, asked):
            node = winner.node if winner and len(passed) == 1 else ""
            self._unsettled = partial(self._settle, question, asked, node)
        # Where the winner passes alone kube-scheduler does not read why others do not.
        rejections = _rejections(told) if self._passes_all(pod) or not passed else ()
        if self.is_resolvable:
            resolving = [*resolving, *(each.subject for each in rejections if each.cause is Cause.EXHAUSTED)]
        return told, filter_result(question, passed, rejections, resolving)

    def _settle(self, question: Question, asked: Requirements, node: str) -> None:
        """Learn from a pod that arrived, and was placed on the node if there is one."""
        inventory = self.knowledge.inventory
        self.chooser.see(asked, inventory, question.named)
        if node:
            self.chooser.settle(inventory, asked, node)

    def _apart(self, question: Question) -> tuple[list[str], list[Rejection]] | None:
        """Return where a pod without accelerators may run: beside those that have some, if there is room.

        None where all nodes have accelerators: then it gets the one on which it strands least.
        """
        names = question.names
        if self.others_anywhere or question.pod.has_soft_wishes:
            return list(names), []
        self.chooser.follow(self.knowledge.inventory)
        offered = self.chooser.pools.offered
        plain = [name for name in names if name not in offered]
        if not plain:
            return None
        kept = (Rejection(name, Cause.EXHAUSTED, KEPT_FOR_ACCELERATORS) for name in names if name in offered)
        return plain, list(kept)

    @property
    def chooser(self) -> Chooser:
        """What chooses among nodes, by the mix of what arrived."""
        return self.arrivals.chooser

    def _decision(self, asked: Requirements, question: Question, nomination: Nomination | None) -> Decision | Choice:
        """Return where the pod should run: where else than on the node that it is being bound to, if it is."""
        landing = self.flights.landing(question.pod.uid)
        if landing:
            return landing_of(landing, question.names)
        inventory = self._inventory_for(asked, question, nomination)
        return self.chooser.choose(asked, inventory, question.named, self.sick())

    @property
    def exemption(self) -> Outcome | None:
        """Why nothing is decided, if nothing is."""
        if self.mode is Mode.PASSTHROUGH:
            return Outcome.PASSTHROUGH
        return None if self.knowledge.is_synced else Outcome.NOT_SYNCED

    def _passed(self, pod: Pod, told: Decision | Choice) -> list[str]:
        """Return the winner alone, or all that fit where others have a say."""
        if isinstance(told, Choice) and self._passes_all(pod):
            return told.verdicts.names
        return [told.winner.node] if told.winner else []

    def _passes_all(self, pod: Pod) -> bool:
        return self.answers_all or pod.has_soft_wishes

    def _inventory_for(self, asked: Requirements, question: Question, nomination: Nomination | None) -> Inventory:
        """Return the inventory, without those who left the pod their whole devices on the node that is asked about.

        kube-scheduler's account of whole devices is exact: where it asks about that node, they have left.
        """
        inventory = self.knowledge.inventory
        if nomination is None or nomination.node not in question.named or SHARES in asked.accelerators:
            return inventory
        node, victims = inventory.nodes.get(nomination.node), self.nominations.remaining(nomination)
        return inventory.amended([without(node, victims)]) if node and victims else inventory

    def _inventory_without(self, uid: str) -> Inventory:
        """Return the inventory as it were if the pod were not in flight."""
        inventory, own = self.knowledge.inventory, self.knowledge.account.assumed.get(uid)
        node = inventory.nodes.get(own.node) if own else None
        return inventory.amended([node.forget(own)]) if own and node else inventory


def _exempted(question: Question, outcome: Outcome) -> bytes:
    """Let every node pass, or say why nothing can be said."""
    if outcome is Outcome.NOT_SYNCED:
        return filter_error("the cluster is not known yet, the extender has just started")
    return filter_result(question, question.names, ())


def _rejections(told: Decision | Choice) -> Sequence[Rejection]:
    return told.verdicts.rejections if isinstance(told, Choice) else told.rejections
