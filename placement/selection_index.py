"""Which of many selections may admit a node: found by the labels on which they insist.

Thousands of classes and thousands of nodes make millions of questions, of which hardly any is answered by yes.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from placement.selection import NodeSelection, Operator, Term

# The values of one label with which a term is content, each beside the label's key.
Pairs = Sequence[tuple[str, str]]


class SelectionIndex:
    """Selections by name; one that insists on no values of any label is a candidate for every node."""

    def __init__(self, selections: Mapping[str, NodeSelection]) -> None:
        wanted = {name: [_insisted(term) for term in each.as_terms()] for name, each in selections.items()}
        self._how_common = Counter(
            pair for terms in wanted.values() for labels in terms for pairs in labels for pair in pairs
        )
        self._by_label: dict[str, dict[str, set[str]]] = {}
        self._others: set[str] = set()
        for name, terms in wanted.items():
            self._keep(name, terms)

    def candidates(self, labels: Mapping[str, str]) -> set[str]:
        """Return the names of the selections that admit a node with these labels, among some that do not."""
        found = set(self._others)
        for key in self._by_label.keys() & labels.keys():
            found |= self._by_label[key].get(labels[key], frozenset())
        return found

    def _keep(self, name: str, terms: Sequence[Sequence[Pairs]]) -> None:
        """Keep a selection under the rarest label of each term: a node that it admits has one of these."""
        if not terms or not all(terms):
            self._others.add(name)
            return
        for labels in terms:
            for key, value in min(labels, key=self._weight):
                self._by_label.setdefault(key, {}).setdefault(value, set()).add(name)

    def _weight(self, pairs: Pairs) -> int:
        return sum(self._how_common[pair] for pair in pairs)


def _insisted(term: Term) -> list[Pairs]:
    insisting = (each for each in term.expressions if each.operator is Operator.IN)
    return [[(each.key, value) for value in each.values] for each in insisting]
