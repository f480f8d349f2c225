"""Who can make nodes of a class: what can be proven of the cluster's autoscalers, and nothing beyond that."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from placement.accelerators import AcceleratorClass
from placement.pods import Pod
from placement.scaling.node_groups import NodeGroup
from placement.scaling.node_pools import NodePool
from placement.scaling.well_known import accelerator_label
from placement.selection import EVERYWHERE, Term, narrowed

# A sentence that names more is not read.
_SHOWN = 3


@dataclass(frozen=True)
class NodeSupply:
    """The cluster's autoscalers, as far as they can be seen: NodePools in Karpenter's order, node groups of the other.

    `has_cluster_autoscaler` tells that one is there, whatever groups it has.
    """

    pools: tuple[NodePool, ...] = ()
    groups: tuple[NodeGroup, ...] = ()
    has_cluster_autoscaler: bool = False
    _prospects: dict[str, "_Prospects"] = field(default_factory=dict, init=False, compare=False, repr=False)

    @property
    def is_visible(self) -> bool:
        """Whether any autoscaler is seen."""
        return bool(self.pools) or self.has_cluster_autoscaler

    def prospects(self, candidate: AcceleratorClass) -> "_Prospects":
        """Return what holds of a class whichever pod asks, found once."""
        known = self._prospects.get(candidate.name)
        if known is None or known.candidate is not candidate:
            known = self._prospects[candidate.name] = _Prospects(candidate, self)
        return known


NO_SUPPLY = NodeSupply()


@dataclass(frozen=True, slots=True)
class Supplier:
    """Who can make nodes of a class; `open_keys` are labels that only the autoscaler itself knows of its instances."""

    kind: str
    name: str
    open_keys: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


_NOBODY_IN_PARTICULAR = Pod("", selection=EVERYWHERE)


def ordered(pools: Iterable[NodePool]) -> tuple[NodePool, ...]:
    """Return NodePools as Karpenter tries them: the heaviest first, then by name."""
    return tuple(sorted(pools, key=lambda each: (-each.weight, each.name)))


def supplier(
    candidate: AcceleratorClass, supply: NodeSupply, pod: Pod = _NOBODY_IN_PARTICULAR, resources: Iterable[str] = ()
) -> Supplier | None:
    """Return who can make a node of a class, or None; with a pod given, one that will do for its own wishes too."""
    for pool, terms in supply.prospects(candidate).readers:
        term = _met(pool, terms, pod)
        if term and _refusal(pool, candidate, pod, resources) is None:
            return Supplier("NodePool", pool.name, pool.open_keys(term))
    group = _group(candidate, supply, pod) if supply.groups else None
    return Supplier("node group", group.name) if group else None


def is_readable(term: Term, supply: NodeSupply) -> bool:
    """Tell whether Karpenter can read a term: some NodePool, ready or not, says nothing against it."""
    return any(pool.mismatch(term) is None for pool in supply.pools)


def unreadable_terms(candidate: AcceleratorClass, supply: NodeSupply) -> tuple[str, ...]:
    """Return a sentence for each label that keeps Karpenter from making nodes of a class; none where it reads a term.

    There is nothing to say of a class that says itself that it scales, nor where there is no NodePool.
    """
    if candidate.scalable_from_zero or not supply.pools or not candidate.selects:
        return ()
    terms = candidate.selection.as_terms()
    if any(not any(pool.unknown_keys(term)) for term in terms for pool in supply.pools):
        return ()
    keys = dict.fromkeys(key for term in terms for key in _unknown_everywhere(term, supply))
    return tuple(f"Karpenter knows no values for {key}: {_remedy(key, supply)}" for key in keys)


def obstacles(candidate: AcceleratorClass, supply: NodeSupply) -> tuple[str, ...]:
    """Return why nobody makes nodes of a class that has no supplier, in sentences."""
    return supply.prospects(candidate).obstacles


@dataclass(frozen=True)
class _Prospects:
    """Which pools can read a class, each with the terms that it can meet, and why nobody makes nodes of it."""

    candidate: AcceleratorClass
    supply: NodeSupply

    @cached_property
    def readers(self) -> tuple[tuple[NodePool, tuple[Term, ...]], ...]:
        terms = self.candidate.selection.as_terms()
        met = ((pool, tuple(each for each in terms if pool.mismatch(each) is None)) for pool in self.supply.pools)
        return tuple((pool, terms) for pool, terms in met if terms)

    @cached_property
    def obstacles(self) -> tuple[str, ...]:
        unreadable = unreadable_terms(self.candidate, self.supply)
        if unreadable:
            return unreadable
        found = tuple(f"NodePool {pool.name} {_why_not(pool, self.candidate)}" for pool in self.supply.pools[:_SHOWN])
        others = len(self.supply.pools) - len(found)
        more = (f"and {others} more NodePools will not do",) if others else ()
        unseen = (_UNSEEN,) if self.supply.has_cluster_autoscaler else ()
        return (*found, *more, *unseen)


_UNSEEN = (
    "the labels of nodes that cluster-autoscaler could make are not to be seen: name the node group in a term of its "
    "own, or say scalableFromZero"
)


def _met(pool: NodePool, terms: tuple[Term, ...], pod: Pod) -> Term | None:
    """Return the first of a class's terms that the pool can meet together with the pod's own selection."""
    if pod.selection.is_everywhere:
        return terms[0]
    both = narrowed(pod.selection.as_terms(), terms)
    return next((each for each in both if pool.mismatch(each) is None), None)


def _group(candidate: AcceleratorClass, supply: NodeSupply, pod: Pod) -> NodeGroup | None:
    terms = narrowed(pod.selection.as_terms(), candidate.selection.as_terms())
    return next((each for each in supply.groups if each.most and any(map(each.is_named_by, terms))), None)


def _refusal(pool: NodePool, candidate: AcceleratorClass, pod: Pod, resources: Iterable[str]) -> str | None:
    wanted = tuple(resources) or _usual_resources(candidate)
    return pool.refusal(wanted, (*pod.tolerations, *candidate.tolerations))


def _usual_resources(candidate: AcceleratorClass) -> tuple[str, ...]:
    """Return the resource that every pod of a class needs; none where it can be had under several names."""
    names = tuple(candidate.resource_names)
    return names if len(names) == 1 else ()


def _why_not(pool: NodePool, candidate: AcceleratorClass) -> str:
    """Return what keeps a pool from making nodes of a class, by the term that it knows most of."""
    nearest = min(candidate.selection.as_terms(), key=lambda term: len(tuple(pool.unknown_keys(term))))
    refusal = _refusal(pool, candidate, _NOBODY_IN_PARTICULAR, ())
    return pool.mismatch(nearest) or refusal or "makes none for the pods of this class"


def _unknown_everywhere(term: Term, supply: NodeSupply) -> Iterator[str]:
    """Yield the labels of a term of which no pool knows values; those of the heaviest where each knows another part."""
    unknown = [tuple(pool.unknown_keys(term)) for pool in supply.pools]
    common = [key for key in unknown[0] if all(key in keys for keys in unknown)]
    yield from common or unknown[0]


def _remedy(key: str, supply: NodeSupply) -> str:
    labels = dict.fromkeys(accelerator_label(pool.provider) for pool in supply.pools)
    known = next((each for each in labels if each and each != key), "")
    term = f"add an alternative term with {known}" if known else "add an alternative term of labels that it knows"
    hold = "labels of nodeSelector hold beside every term: move them into one"
    return f"{term} ({hold}), or a label of your own to the template of the NodePool and to the class's terms"
