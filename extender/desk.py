"""The journey of one question: what does the pod ask, which nodes fit, which is best.

`filter` answers with the best node alone, because what kube-scheduler does with each further one costs more than
everything else, and the order is total here. `prioritize` is asked where all that fit were answered.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from cachetools import LRUCache

from extender.flights import FlightLog
from extender.ports import Knowledge
from extender.settings import Mode
from extender.wire import filter_result, host_priorities, parse
from placement.asking.class_requests import Known, request_of
from placement.inventory import Hold, Inventory
from placement.pods import Pod
from placement.requirements import Requirements, requirements_of
from placement.scheduling.decisions import Decision, Score
from placement.scheduling.policy import Judged, decide, shape_of

# kube-scheduler multiplies scores by 10 times the extender's weight; beyond 10 they would drown its own.
BEST = 10
SECOND_BEST = 9

# Shapes of requirements for which judgements are kept: few clusters see more, and each costs some bytes a node.
SHAPES = 64


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
    """Answers questions with what is known of the cluster; `answers_all` lets every node that fits pass."""

    knowledge: Knowledge
    flights: FlightLog
    answers_all: bool = False
    mode: Mode = field(default=Mode.ACTIVE)
    judged: LRUCache[Hashable, Judged] = field(default_factory=lambda: LRUCache(SHAPES))

    def filter(self, body: bytes) -> Answer:
        """Answer which nodes pass; raises WireError.

        The pod counts as in flight to the node that passed, until its next question.
        """
        question = parse(body)
        self.flights.end(question.pod.uid)
        outcome = self._exemption
        asked = self.requirements_of(question.pod)
        if outcome or not asked.accelerators:
            return Answer(filter_result(question, question.names, ()), outcome or Outcome.OTHER_POD)
        decision = decide(asked, self.knowledge.inventory, question.names, self._judged(asked))
        passed = self._passed(question.pod, decision)
        if len(passed) == 1:
            self.flights.begin(question.pod.uid, Hold(passed[0], asked.requests, asked.owner))
        body = filter_result(question, passed, decision.rejections)
        return Answer(body, Outcome.ANSWERED, Decided(question.pod, asked, decision))

    def prioritize(self, body: bytes) -> Answer:
        """Answer how good each node is, from 0 to 10; raises WireError. Changes nothing."""
        question = parse(body)
        outcome = self._exemption
        asked = self.requirements_of(question.pod)
        if outcome or not asked.accelerators:
            return Answer(host_priorities({}), outcome or Outcome.OTHER_POD)
        decision = decide(asked, self._inventory_without(question.pod.uid), question.names, self._judged(asked))
        return Answer(host_priorities(wire_scores(decision)), Outcome.ANSWERED)

    def requirements_of(self, pod: Pod) -> Requirements:
        """Return what a pod asks, spread as the profile that matches it says."""
        knowledge = self.knowledge
        asked = requirements_of(pod, knowledge.catalog)
        if not asked.accelerators:
            return asked
        labels = knowledge.namespace_labels(pod.namespace) or {}
        request = request_of(pod, labels, Known(knowledge.catalog, knowledge.profiles))
        return replace(asked, spread=request.profile.spread) if request and request.profile else asked

    def _judged(self, asked: Requirements) -> Judged:
        """Return what is known of nodes for the shape of these requirements, to be brought up to date."""
        shape = shape_of(asked)
        if shape not in self.judged:
            self.judged[shape] = {}
        return self.judged[shape]

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

    Others fall linearly with the growth of stranded accelerators; where accelerators cannot be seen, are contended or
    of a later class, unlike at the best, they get nothing.
    """
    if not decision.candidates:
        return {}
    best = decision.candidates[0].score
    worst = max(each.score.fragmentation for each in decision.candidates)
    return {each.node: _wire_score(each.score, best, worst) for each in decision.candidates}


def _wire_score(score: Score, best: Score, worst_fragmentation: float) -> int:
    if score == best:
        return BEST
    if (score.unknown, score.contended, score.later_class) != (best.unknown, best.contended, best.later_class):
        return 0
    span = worst_fragmentation - best.fragmentation
    share = (worst_fragmentation - score.fragmentation) / span if span > 0 else 1
    return min(int(SECOND_BEST * share), SECOND_BEST)
