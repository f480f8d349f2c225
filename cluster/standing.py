"""Pods as lists and watches show them, fifty thousand at a time: what they ask, without what their containers run.

Replicas of one template ask the same in the same words, which are read once and recognised from then on.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

import msgspec

from cluster.objects import decode_pod, own_words
from cluster.shapes import MalformedObject, Metadata, OwnSpec, PodStatus, Shape, decoded
from placement.inventory import Amounts
from placement.pods import Pod
from placement.selection import EVERYWHERE, NodeSelection
from placement.taints import Toleration

# Templates of a large cluster. Pods made for their node (DaemonSets) each select it in words of their own.
_TEMPLATES = 2**12
_TEMPLATE_BYTES = 2**12

T = TypeVar("T")

_NULL = msgspec.Raw(b"null")


class _Container(Shape):
    name: str
    resources: msgspec.Raw = _NULL
    restart_policy: str | None = None


class _Spec(OwnSpec):
    containers: list[_Container] | None = None
    init_containers: list[_Container] | None = None
    overhead: msgspec.Raw = _NULL
    resources: msgspec.Raw = _NULL
    tolerations: msgspec.Raw = _NULL
    node_selector: msgspec.Raw = _NULL
    affinity: msgspec.Raw = _NULL
    topology_spread_constraints: msgspec.Raw = _NULL


class StandingPod(Shape):
    """A pod as a list or a watch shows it; what it asks of a node is left as it is written."""

    metadata: Metadata
    spec: _Spec
    status: PodStatus | None = None


class _Demand(Shape):
    containers: list[_Container] | None
    init_containers: list[_Container] | None
    overhead: msgspec.Raw
    resources: msgspec.Raw
    tolerations: msgspec.Raw


class _Place(Shape):
    node_selector: msgspec.Raw
    affinity: msgspec.Raw
    topology_spread_constraints: msgspec.Raw


class _Part(Shape):
    spec: _Demand | _Place
    metadata: dict[str, str]


_POD = msgspec.json.Decoder(StandingPod)
_ENCODER = msgspec.json.Encoder()


def decode_standing_pod(given: bytes | msgspec.Raw | StandingPod) -> Pod:
    """Return a pod whose containers are not told, but what they ask together; raises MalformedObject."""
    shape = given if isinstance(given, StandingPod) else decoded(_POD, given)
    spec = shape.spec
    counted, tolerations = _demand(
        _words(_Demand(spec.containers, spec.init_containers, spec.overhead, spec.resources, spec.tolerations))
    )
    selection, has_soft_wishes = _wish(spec)
    return Pod(
        **own_words(shape.metadata, spec, shape.status or PodStatus()),
        counted=counted,
        tolerations=tolerations,
        selection=selection,
        has_soft_wishes=has_soft_wishes,
    )


def _wish(spec: _Spec) -> tuple[NodeSelection, bool]:
    """Return which nodes a pod wants; a bound one whose words are unknown holds what it holds all the same."""
    try:
        return _place(_words(_Place(spec.node_selector, spec.affinity, spec.topology_spread_constraints)))
    except MalformedObject:
        if not spec.node_name:
            raise
        return EVERYWHERE, False


def _words(spec: _Demand | _Place) -> bytes:
    """Return a part of a pod as it is written, as a pod that says nothing else."""
    return _ENCODER.encode(_Part(spec, {}))


def _recognised(read: Callable[[bytes], T]) -> Callable[[bytes], T]:
    """Return what reads the same words once, unless they are many."""
    known = lru_cache(_TEMPLATES)(read)
    return lambda words: known(words) if len(words) <= _TEMPLATE_BYTES else read(words)


@_recognised
def _demand(words: bytes) -> tuple[Amounts, tuple[Toleration, ...]]:
    pod = decode_pod(words)
    return pod.taken, pod.tolerations


@_recognised
def _place(words: bytes) -> tuple[NodeSelection, bool]:
    pod = decode_pod(words)
    return pod.selection, pod.has_soft_wishes
