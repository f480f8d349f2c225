"""The policy: filter the nodes, score what remains, and order it totally.

kube-scheduler picks at random among nodes of equal score, which alone costs more than the policy wins; so the order is
decided here, and a node's name decides only the last tie.
"""

from collections.abc import Hashable, Iterable, Mapping
from math import inf

from placement.inventory import Inventory, NodeInventory
from placement.quantities import CPU
from placement.rejections import Rejection
from placement.requirements import Requirements, Spread
from placement.scheduling import sizes as fragmentation
from placement.scheduling.decisions import Candidate, Decision, Score
from placement.scheduling.fit import accelerator_rejection, rejection

# Within this growth of stranded accelerators (devices) two nodes count as equally good, and replicas spread over them,
# though never from a started node to an idle one. It is the least step of the measure.
SPREAD_TOLERANCE = 0.25


# What was judged of each node for one shape of requirements: a node that did not change need not be judged again.
Judgement = tuple[NodeInventory, Rejection | None, Score]
Judged = dict[str, Judgement]


def shape_of(asked: Requirements) -> Hashable:
    """Return what of the requirements decides about a node's verdict and score, but for the replicas on it."""
    return tuple(sorted(asked.accelerators.items())), asked.requests.get(CPU, 0), asked.classes


def decide(asked: Requirements, inventory: Inventory, names: Iterable[str], judged: Judged | None = None) -> Decision:
    """Choose among nodes that kube-scheduler has found feasible: judge accelerators alone, order all that fit.

    A name that the inventory does not know passes and comes last: the scheduler saw the node before we did. `judged` is
    what is known for the shape of these requirements, and is brought up to date; it never changes the answer.
    """
    replicas, known = _replicas(asked, inventory), {} if judged is None else judged
    candidates: list[Candidate] = []
    rejections: list[Rejection] = []
    for name in names:
        node = inventory.nodes.get(name)
        if node is None:
            candidates.append(Candidate(name, Score(unknown=1)))
            continue
        judgement = known.get(name)
        if judgement is None or judgement[0] is not node:
            judgement = known[name] = (node, accelerator_rejection(asked, node), score(asked, node, {}))
        _, no, points = judgement
        if no:
            rejections.append(no)
        else:
            candidates.append(Candidate(name, _beside(points, asked, node, replicas)))
    return Decision(tuple(_ordered(candidates)), tuple(rejections))


def survey(asked: Requirements, inventory: Inventory) -> Decision:
    """Judge every node in every respect that Berth understands: what a person asks about a waiting pod."""
    replicas = _replicas(asked, inventory)
    verdicts = {node.name: rejection(asked, node) for node in inventory.nodes.values()}
    fitting = (inventory.nodes[name] for name, no in verdicts.items() if no is None)
    candidates = [Candidate(node.name, score(asked, node, replicas)) for node in fitting]
    return Decision(tuple(_ordered(candidates)), tuple(no for no in verdicts.values() if no))


def score(asked: Requirements, node: NodeInventory, replicas: Mapping[str, int]) -> Score:
    """Return the score of a node that fits, pods in flight counted; `replicas` per node or zone, as the pod spreads.

    One loop, because thousands of nodes are scored for each pod.
    """
    unknown, contended, opens, growth, leftover = False, False, True, 0.0, 0
    for name, count in asked.accelerators.items():
        total, free = node.allocatable.get(name), node.expected_free(name)
        unknown |= total is None
        contended |= free < count
        opens &= free == (total or 0)
        growth += fragmentation.increase(free, count)
        leftover += free - count
    idle_cpu = node.expected_free(CPU) - asked.requests.get(CPU, 0)
    later = _later_class(asked.classes, node)
    points = Score(int(unknown), int(contended), later, growth, int(opens), 0, leftover, idle_cpu)
    return _beside(points, asked, node, replicas)


def _later_class(classes: tuple[str, ...], node: NodeInventory) -> int:
    """Return the place of the node's best class among those that are left open; 0 where none are."""
    places = (classes.index(name) for name in node.classes if name in classes)
    return min(places, default=len(classes))


def _beside(points: Score, asked: Requirements, node: NodeInventory, replicas: Mapping[str, int]) -> Score:
    """Return the score with the replicas of the same owner counted, as the pod spreads."""
    count = replicas.get(node.zone if asked.spread is Spread.ZONE else node.name, 0) if replicas else 0
    return points._replace(replicas=count) if count else points


def _replicas(asked: Requirements, inventory: Inventory) -> Mapping[str, int]:
    if not asked.owner or asked.spread is Spread.NONE:
        return {}
    if asked.spread is Spread.ZONE:
        return inventory.replicas_per_zone(asked.owner)
    return {node.name: node.replicas.get(asked.owner, 0) for node in inventory.nodes.values()}


def _ordered(candidates: list[Candidate]) -> list[Candidate]:
    """Order by score and name, but among those within the tolerance of the best let replicas decide first."""
    by_score = sorted(candidates, key=lambda each: (each.score, each.node))
    if not by_score:
        return []
    best = by_score[0].score
    if not any(each.score.replicas for each in by_score):
        return by_score
    return sorted(by_score, key=lambda each: each.score.replicas if _is_near(each.score, best) else inf)


def _is_near(one: Score, best: Score) -> bool:
    same = (one.unknown, one.contended, one.later_class, one.opens) == (
        best.unknown,
        best.contended,
        best.later_class,
        best.opens,
    )
    return same and one.fragmentation <= best.fragmentation + SPREAD_TOLERANCE
