"""Node groups of cluster-autoscaler, as its status names them.

The clouds give groups names that contain the name of the node pool, which its nodes carry as a label from the start.
"""

import re
from dataclasses import dataclass

from placement.scaling.label_values import values_of
from placement.selection import Term

_HEX = "[0-9a-f]"
# By the label: what surrounds the node pool's name in the name of the group.
_NAMES = {
    "eks.amazonaws.com/nodegroup": (r"eks-", rf"-{_HEX}{{8}}(-{_HEX}{{4}}){{3}}-{_HEX}{{12}}"),
    "cloud.google.com/gke-nodepool": (r"(.*/)?gke-.+-", rf"-{_HEX}{{8}}-grp"),
    "kubernetes.azure.com/agentpool": (r"aks-", r"-[0-9]+-vmss"),
}


@dataclass(frozen=True, slots=True)
class NodeGroup:
    """A group of nodes that cluster-autoscaler scales, at the most to so many."""

    name: str
    most: int

    def is_named_by(self, term: Term) -> bool:
        """Tell whether a term names the group, and asks for nothing that the labels of its cloud do not tell."""
        wanted = values_of(term.expressions)
        for key in _NAMES.keys() & wanted.keys():
            domain = key.partition("/")[0] + "/"
            if all(each.startswith(domain) for each in wanted) and not term.fields:
                return any(self._is_of(key, value) for value in wanted[key].listed if not wanted[key].complement)
        return False

    def _is_of(self, key: str, value: str) -> bool:
        before, after = _NAMES[key]
        return bool(re.fullmatch(before + re.escape(value) + after, self.name))
