"""The journey of a preemption: others have to leave; on which node does that cost least, and who are they?

kube-scheduler would choose by its own order among the nodes that it is answered, so it is answered one.
"""

import logging
from collections.abc import Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import partial

from extender.desk import Answer, Desk, Outcome
from extender.nominations import Nomination, Nominations
from extender.ports import Account
from extender.wire_preempt import Question, Victims, parse, result
from placement.inventory import Inventory
from placement.requirements import Requirements
from placement.scheduling.preemption import Offer, Preemption, Victim, cheapest, suffices
from placement.shares import hold_for

_LOG = logging.getLogger("berth.extender")


@dataclass(frozen=True)
class Preempting:
    """Answers for which node others have to leave, with what the desk knows of the cluster."""

    desk: Desk

    def preempt(self, body: bytes) -> Answer:
        """Answer on which node who shall leave for a pod; raises WireError.

        The pod counts as in flight to that node, until its next question.
        """
        self.desk.settle()
        question = parse(body)
        outcome = self.desk.exemption
        asked = self.desk.requirements_of(question.pod)
        if outcome or not asked.accelerators:
            return Answer(result(question.offered), outcome or Outcome.OTHER_POD)
        return Answer(result(self._answered(question, asked)), Outcome.ANSWERED)

    def _answered(self, question: Question, asked: Requirements) -> Mapping[str, Victims]:
        pod, before = question.pod, self._nominations.take(question.pod.uid)
        if before and self._is_early(question, before):
            self._nominations.begin(pod.uid, before)
            return {}
        tenants = _Tenants(self.desk.knowledge.account, self._nominations.ending)
        judged = {node: self._offer(node, victims, tenants) for node, victims in question.offered.items()}
        offers = [each for each in judged.values() if each and _is_allowed(each, pod.priority)]
        with self._nominations.yielding(pod.priority):
            inventory = self.desk.knowledge.inventory
            if _has_room(asked, offers, inventory):
                return {}
            found = cheapest(asked, offers, inventory, partial(tenants.below, pod.priority), self.desk.chooser)
        if found is None:
            return {node: question.offered[node] for node, each in judged.items() if each is None}
        return self._nominated(question, asked, found)

    def _nominated(self, question: Question, asked: Requirements, found: Preemption) -> Mapping[str, Victims]:
        pod, offer = question.pod, found.offer
        hold = hold_for(offer.node, asked.requests, found.devices, asked.owner, pod.priority)
        uids = tuple(each.uid for each in offer.victims)
        self._nominations.begin(pod.uid, Nomination(hold, frozenset(uids)))
        _LOG.info(
            "pods have to leave for another",
            extra={"pod": f"{pod.namespace}/{pod.name}", "node": offer.node, "victims": uids},
        )
        return {offer.node: Victims(uids, offer.pdb_violations)}

    def _is_early(self, question: Question, before: Nomination) -> bool:
        """Tell whether others have left for the pod already, which the account is yet to see."""
        was_refused = self._nominations.was_refused(question.pod.uid)
        return was_refused and not question.offered.get(before.node, Victims()).uids

    def _offer(self, node: str, victims: Victims, tenants: "_Tenants") -> Offer | None:
        """Return a node with what its victims hold; None where the node or one of them is not known."""
        known = tuple(filter(None, map(tenants.victim, victims.uids)))
        is_known = node in self.desk.knowledge.inventory.nodes and len(known) == len(victims.uids)
        return Offer(node, known, victims.pdb_violations, node in self.desk.sick()) if is_known else None

    @property
    def _nominations(self) -> Nominations:
        return self.desk.nominations


@dataclass(frozen=True)
class _Tenants:
    """The pods of the account as victims; `ending` are those that leave anyway."""

    account: Account
    ending: AbstractSet[str]

    def victim(self, uid: str) -> Victim | None:
        """Return a pod as a victim, if it is known."""
        bound, flying = self.account.held_by(uid), self.account.assumed.get(uid)
        if bound:
            return Victim(uid, bound, is_ending=uid in self.ending)
        return Victim(uid, flying, is_in_flight=True) if flying else None

    def below(self, priority: int, nodes: Collection[str]) -> Iterable[Victim]:
        """Return the pods of lower priority that are bound to these nodes."""
        lower = ((uid, hold) for uid, hold in self.account.tenants(nodes) if hold.priority < priority)
        return (Victim(uid, hold, is_ending=uid in self.ending) for uid, hold in lower)


def _is_allowed(offer: Offer, priority: int) -> bool:
    """Tell whether all victims stand on the node, as kube-scheduler demands, and are less important than the pod."""
    return all(each.hold.node == offer.node and each.priority < priority for each in offer.victims)


def _has_room(asked: Requirements, offers: Iterable[Offer], inventory: Inventory) -> bool:
    """Tell whether the pod has come to fit where nobody has to leave."""
    return any(not each.victims and suffices(asked, inventory.nodes[each.node], ()) for each in offers)
