"""Karpenter's NodePools: which nodes each can make.

Semantics of Requirements.Compatible in sigs.k8s.io/karpenter/pkg/scheduling/requirements.go, and of the NodePools that
NewScheduler in pkg/controllers/provisioning/provisioner.go takes.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from placement.scaling.label_values import LabelValues, values_of
from placement.scaling.well_known import well_known
from placement.selection import Expression, Operator, Term
from placement.taints import Taint, Toleration, untolerated

NODE_POOL = "karpenter.sh/nodepool"

# A limit of nothing on one of these lets no node be made, whatever it offers.
_ON_ANY_NODE = frozenset({"cpu", "memory", "pods", "ephemeral-storage", "nodes"})


@dataclass(frozen=True)
class NodePool:
    """A NodePool: what its template and its requirements say of the nodes that Karpenter makes for it.

    `provider` is the API group of its node class, `node_class` that class's kind and name; `closed` are resources
    whose limit is 0; `hindrance` is why it makes no nodes for pods at all, if it makes none.
    """

    name: str
    provider: str = ""
    node_class: tuple[str, str] = ("", "")
    requirements: tuple[Expression, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: tuple[Taint, ...] = ()
    closed: frozenset[str] = frozenset()
    weight: int = 0
    hindrance: str = ""

    @cached_property
    def values(self) -> Mapping[str, LabelValues]:
        """What it says of the labels of its nodes."""
        kind, name = self.node_class
        own = {NODE_POOL: self.name, **({f"{self.provider}/{kind.lower()}": name} if kind else {})}
        equal = (Expression(key, Operator.IN, (value,)) for key, value in {**self.labels, **own}.items())
        return values_of((*self.requirements, *equal))

    def unknown_keys(self, term: Term) -> Iterator[str]:
        """Yield the labels of which Karpenter would need to know values, and knows none."""
        return self._unknown(_wanted(term))

    def open_keys(self, term: Term) -> tuple[str, ...]:
        """Return the labels of which the pool says nothing: whether an instance type has the values is not seen."""
        known = well_known(self.provider)
        wanted = _wanted(term).items()
        return tuple(key for key, each in wanted if key in known and key not in self.values and not each.is_empty)

    def mismatch(self, term: Term) -> str | None:
        """Return why no node of the pool would meet a term, or None where one may."""
        if term.fields or not term.expressions:
            return "makes no node for a term on its name, or one without expressions"
        wanted = _wanted(term)
        unknown = next(self._unknown(wanted), None)
        if unknown:
            return f"knows no values for {unknown}"
        for key, values in wanted.items():
            known = self.values.get(key)
            if known is not None and _exclude_each_other(known, values):
                return f"has {key} {known}, not {values}"
        return None

    def _unknown(self, wanted: Mapping[str, LabelValues]) -> Iterator[str]:
        known = well_known(self.provider)
        for key, values in wanted.items():
            if not (key in self.values or key in known or values.permits_absence):
                yield key

    def refusal(self, resources: Iterable[str], tolerations: Iterable[Toleration]) -> str | None:
        """Return why the pool makes no node for pods with these resources and tolerations, or None."""
        if self.hindrance:
            return self.hindrance
        closed = self.closed & {*resources, *_ON_ANY_NODE}
        if closed:
            return f"has the limit {min(closed)}=0"
        taint = untolerated(self.taints, tolerations)
        return f"has the taint {taint}, which nothing tolerates" if taint else None


@lru_cache(maxsize=4096)
def _wanted(term: Term) -> Mapping[str, LabelValues]:
    """Return what a term says of each label: every pool is asked about the same terms."""
    return values_of(term.expressions)


def _exclude_each_other(known: LabelValues, wanted: LabelValues) -> bool:
    return (known & wanted).is_empty and not (known.permits_absence and wanted.permits_absence)
