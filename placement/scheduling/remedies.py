"""Remedies: what one change to nodes, or to a pod, would let the pod run; each is tried on the nodes before it is told.

Nothing here guesses: a node is named only where it passes every check of `fit` once that one thing is changed.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from placement.inventory import Inventory, NodeInventory
from placement.requirements import Requirements
from placement.scheduling.fit import rejection
from placement.scheduling.shortfalls import amount_text, freed, shortfall
from placement.selection import EVERYWHERE
from placement.taints import Toleration, untolerated

# More than a reader acts on.
MAX_REMEDIES = 5
_MAX_NAMES = 3

# Kubernetes' own marks on nodes: of cordoned ones, of those that are not ready, of those short of something.
_OF_STATE = "node.kubernetes.io/"

Nodes = tuple[NodeInventory, ...]


def remedies(asked: Requirements, inventory: Inventory) -> tuple[str, ...]:
    """Return what would help a pod that fits on no node, in sentences, the simplest first; at most MAX_REMEDIES."""
    nodes = tuple(sorted(inventory.nodes.values(), key=lambda node: node.name))
    found = [sentence for remedy in _REMEDIES for sentence in remedy(asked, nodes)]
    none = f"one change makes none of {len(nodes)} node(s) do: add a node on which the pod fits"
    return tuple(found[:MAX_REMEDIES]) or (none,)


def listed(names: Iterable[str]) -> str:
    """Return the first names, and how many more there are."""
    every = tuple(names)
    more = f" and {len(every) - _MAX_NAMES} more" if len(every) > _MAX_NAMES else ""
    return ", ".join(every[:_MAX_NAMES]) + more


def _uncordon(asked: Requirements, nodes: Nodes) -> Iterator[str]:
    cordoned = (node for node in nodes if not node.is_schedulable)
    names = [node.name for node in cordoned if _fits(asked, replace(_cleared(node), is_schedulable=True))]
    if names:
        yield f"{len(names)} node(s) cordoned: uncordon {listed(names)}"


def _await(asked: Requirements, nodes: Nodes) -> Iterator[str]:
    unready = (node for node in nodes if not node.is_ready)
    names = [node.name for node in unready if _fits(asked, replace(_cleared(node), is_ready=True))]
    if names:
        yield f"{len(names)} node(s) not ready that would do: repair {listed(names)}"


def _tolerate(asked: Requirements, nodes: Nodes) -> Iterator[str]:
    by_taint: dict[str, list[str]] = {}
    for node in nodes:
        taint = untolerated(node.taints, asked.tolerations)
        if taint and not taint.key.startswith(_OF_STATE):
            borne = Toleration(taint.key, "Equal", taint.value, taint.effect)
            if _fits(replace(asked, tolerations=(*asked.tolerations, borne)), node):
                by_taint.setdefault(str(taint), []).append(node.name)
    for text, names in sorted(by_taint.items()):
        yield f"{len(names)} node(s) with taint {text} have room: let the pod tolerate it ({listed(names)})"


def _select(asked: Requirements, nodes: Nodes) -> Iterator[str]:
    anywhere = replace(asked, selection=EVERYWHERE)
    by_kind: dict[str, list[str]] = {}
    for node in nodes:
        if not asked.selection.admits(node.labels, node.name) and _fits(anywhere, node):
            kind = f"of class {'+'.join(node.classes)}" if node.classes else "without accelerator class"
            by_kind.setdefault(kind, []).append(node.name)
    for kind, names in sorted(by_kind.items()):
        yield f"{len(names)} node(s) {kind} have room, but the pod does not select them ({listed(names)})"


def _free_devices(asked: Requirements, nodes: Nodes) -> Iterator[str]:
    for resource in sorted(asked.accelerators):
        yield from _free(asked, resource, nodes)


def _free_others(asked: Requirements, nodes: Nodes) -> Iterator[str]:
    for resource in sorted(asked.requests.keys() - asked.accelerators.keys()):
        yield from _free(asked, resource, nodes)


def _free(asked: Requirements, resource: str, nodes: Nodes) -> Iterator[str]:
    """Yield where least is missing of a resource of which alone too little is free."""
    short = [
        (missing, node.name)
        for node in nodes
        if (missing := shortfall(asked, node, resource)) and _fits(asked, freed(node, resource))
    ]
    if short:
        least = min(missing for missing, _ in short)
        names = [name for missing, name in short if missing == least]
        yield f"{len(names)} node(s) have {least}: {least.cure} ({listed(names)})"


def _ask_less(asked: Requirements, nodes: Nodes) -> Iterator[str]:
    """Yield the largest pod that still fits, for each kind of accelerator of which it could ask for less."""
    for resource, count in sorted(asked.accelerators.items()):
        short = filter(None, (shortfall(asked, node, resource) for node in nodes))
        for free in sorted({each.free for each in short if each.free}, reverse=True):
            names = [node.name for node in nodes if _fits(_asking(asked, resource, free), node)]
            if names and free < count:
                yield f"the largest pod that still fits asks for {amount_text(resource, free)} ({listed(names)})"
                break


_REMEDIES = (_uncordon, _await, _tolerate, _select, _free_devices, _free_others, _ask_less)


def _fits(asked: Requirements, node: NodeInventory) -> bool:
    return rejection(asked, node) is None


def _cleared(node: NodeInventory) -> NodeInventory:
    """Return the node without Kubernetes' own marks, which go when the cause of them does."""
    return replace(node, taints=tuple(each for each in node.taints if not each.key.startswith(_OF_STATE)))


def _asking(asked: Requirements, resource: str, count: int) -> Requirements:
    def changed(amounts: Mapping[str, int]) -> Mapping[str, int]:
        return {**amounts, resource: count}

    return replace(asked, requests=changed(asked.requests), accelerators=changed(asked.accelerators))
