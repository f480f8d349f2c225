"""The journey of one question: what does the pod ask, which nodes fit, which is best.

`filter` answers with the best node alone, because what kube-scheduler does with each further one costs more than
everything else, and the order is total here. `prioritize` is asked where all that fit were answered.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from extender.arrivals import Arrivals
from extender.flights import FlightLog
from extender.ports import Knowledge
from extender.settings import Mode
from extender.wire import Question, filter_result, host_priorities, parse
from placement.asking.class_requests import spread_of
from placement.inventory import Inventory
from placement.pods import Pod
from placement.rejections import Cause, Rejection
from placement.requirements import Requirements, requirements_of
from placement.scheduling.decisions import Decision, Score
from placement.scheduling.landing import landing_of
from placement.scheduling.policy import Chooser
from placement.shares import hold_for

# kube-scheduler multiplies scores by 10 times the extender's weight; beyond 10 they would drown its own.
BEST = 10
SECOND_BEST = 9

# Of the candidates so many are told where the winner passes alone: it, and its runners-up.
TOLD = 4

KEPT_FOR_ACCELERATORS = "node(s) kept for pods that ask for accelerators"


class Outcome(StrEnum):
    """What became of a request."""

    ANSWERED = "answered"
    OTHER_POD = "other_pod"  # It asks for no accelerator that a class knows: every node passes.
    PASSTHROUGH = "passthrough"  # The operator wants every node to pass.
    NOT_SYNCED = "not_synced"  # Asked before the cluster was known: every node passes.
    BAD_REQUEST = "bad_request"
    TOO_LARGE = "too_large"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision, and about which pod; `asked` is what it was judged by."""

    pod: Pod
    asked: Requirements
    decision: Decision


@dataclass(frozen=True, slots=True)
class Answer:
    """The bytes of an answer, what became of the request, and the decision that observers are told of, if one fell."""

    body: bytes
    outcome: Outcome
    decided: Decided | None = None


@dataclass
class Desk:
    """Answers questions with what is known of the cluster.

    `answers_all` lets every node that fits pass, `others_anywhere` every node for pods without accelerators.
    """

    knowledge: Knowledge
    flights: FlightLog
    answers_all: bool = False
    mode: Mode = field(default=Mode.ACTIVE)
    arrivals: Arrivals = field(default_factory=Arrivals)
    others_anywhere: bool = False

    def filter(self, body: bytes) -> Answer:
        """Answer which nodes pass; raises WireError.

        The pod counts as in flight to the node that passed, until its next question.
        """
        question = parse(body)
        self.flights.end(question.pod.uid)
        if outcome := self._exemption:
            return Answer(filter_result(question, question.names, ()), outcome)
        asked = self.requirements_of(question.pod)
        if asked.accelerators:
            decision, answer = self._placed(question, asked)
            return Answer(answer, Outcome.ANSWERED, Decided(question.pod, asked, decision))
        apart = self._apart(question)
        answer = filter_result(question, *apart) if apart else self._placed(question, asked)[1]
        return Answer(answer, Outcome.OTHER_POD)

    def prioritize(self, body: bytes) -> Answer:
        """Answer how good each node is, from 0 to 10; raises WireError. Changes nothing."""
        question = parse(body)
        outcome = self._exemption
        asked = self.requirements_of(question.pod)
        if outcome or not asked.accelerators:
            return Answer(host_priorities({}), outcome or Outcome.OTHER_POD)
        decision = self.chooser.decide(asked, self._inventory_without(question.pod.uid), question.names)
        return Answer(host_priorities(wire_scores(decision)), Outcome.ANSWERED)

    def requirements_of(self, pod: Pod) -> Requirements:
        """Return what a pod asks, spread as the profile that matches it says."""
        knowledge = self.knowledge
        asked = requirements_of(pod, knowledge.catalog)
        if not asked.accelerators:
            return asked
        labels = knowledge.namespace_labels(pod.namespace) or {}
        return replace(asked, spread=spread_of(pod, labels, knowledge.profiles))

    def _placed(self, question: Question, asked: Requirements) -> tuple[Decision, bytes]:
        """Decide, count the pod as arrived and as in flight, and return the decision and the answer."""
        uid = question.pod.uid
        self.arrivals.see(uid, asked, self.knowledge, question.names)
        decision = self._decision(asked, question)
        passed = self._passed(question.pod, decision)
        if decision.winner and len(passed) == 1:
            self.flights.begin(uid, hold_for(passed[0], asked.requests, decision.winner.devices, asked.owner))
        return decision, filter_result(question, passed, decision.rejections)

    def _apart(self, question: Question) -> tuple[list[str], list[Rejection]] | None:
        """Return where a pod without accelerators may run: beside those that have some, if there is room.

        None where all nodes have accelerators: then it gets the one on which it strands least.
        """
        names = question.names
        if self.others_anywhere or question.pod.has_soft_wishes:
            return list(names), []
        self.chooser.pools.follow(self.knowledge.inventory)
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

    def _decision(self, asked: Requirements, question: Question) -> Decision:
        """Return where the pod should run: where else than on the node that it is being bound to, if it is."""
        landing = self.flights.landing(question.pod.uid)
        if landing:
            return landing_of(landing, question.names)
        limit = None if self.answers_all or question.pod.has_soft_wishes else TOLD
        return self.chooser.decide(asked, self.knowledge.inventory, question.names, limit)

    @property
    def _exemption(self) -> Outcome | None:
        if self.mode is Mode.PASSTHROUGH:
            return Outcome.PASSTHROUGH
        return None if self.knowledge.is_synced else Outcome.NOT_SYNCED

    def _passed(self, pod: Pod, decision: Decision) -> list[str]:
        fitting = [each.node for each in decision.candidates]
        return fitting if self.answers_all or pod.has_soft_wishes else fitting[:1]

    def _inventory_without(self, uid: str) -> Inventory:
        """Return the inventory as it were if the pod were not in flight."""
        inventory, own = self.knowledge.inventory, self.knowledge.account.assumed.get(uid)
        node = inventory.nodes.get(own.node) if own else None
        return Inventory({**inventory.nodes, node.name: node.forget(own)}) if own and node else inventory


def wire_scores(decision: Decision) -> Mapping[str, int]:
    """Return a score from 0 to 10 for each candidate: 10 for the best and its true ties alone, at most 9 for others.

    Others fall linearly with what they cost; where accelerators cannot be seen, are contended or
    of a later class, unlike at the best, they get nothing.
    """
    if not decision.candidates:
        return {}
    best = decision.candidates[0].score
    worst = max(each.score.cost for each in decision.candidates)
    return {each.node: _wire_score(each.score, best, worst) for each in decision.candidates}


def _wire_score(score: Score, best: Score, worst_cost: float) -> int:
    if score == best:
        return BEST
    if (score.unknown, score.contended, score.later_class) != (best.unknown, best.contended, best.later_class):
        return 0
    span = worst_cost - best.cost
    share = (worst_cost - score.cost) / span if span > 0 else 1
    return min(int(SECOND_BEST * share), SECOND_BEST)
