"""The verb preempt of the extender protocol as words: k8s.io/kube-scheduler/extender/v1.

Victims come as whole pods, or by uid where the configuration has nodeCacheCapable; the answer has uids in any case.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from extender.wire import NULL, WireError, pod_of, with_exact_names
from placement.pods import Pod


@dataclass(frozen=True, slots=True)
class Victims:
    """Who would have to leave a node, by uid, the most important first, and how many budgets that violates."""

    uids: tuple[str, ...] = ()
    pdb_violations: int = 0


@dataclass(frozen=True, slots=True)
class Question:
    """On which of these nodes shall others make room for this pod?"""

    pod: Pod
    offered: Mapping[str, Victims]


class _MetaPod(msgspec.Struct, rename={"uid": "UID"}):
    uid: str = ""


class _MetaVictims(msgspec.Struct, rename={"pods": "Pods", "violations": "NumPDBViolations"}):
    pods: list[_MetaPod] | None = None
    violations: int = 0

    @property
    def uids(self) -> tuple[str, ...]:
        return tuple(each.uid for each in self.pods or ())


class _Metadata(msgspec.Struct):
    uid: str


class _Pod(msgspec.Struct):
    metadata: _Metadata


class _WholeVictims(msgspec.Struct, rename={"pods": "Pods", "violations": "NumPDBViolations"}):
    pods: list[_Pod] | None = None
    violations: int = 0

    @property
    def uids(self) -> tuple[str, ...]:
        return tuple(each.metadata.uid for each in self.pods or ())


class _Args(msgspec.Struct, rename="pascal"):
    pod: msgspec.Raw = NULL
    node_name_to_victims: dict[str, _WholeVictims | None] | None = None
    node_name_to_meta_victims: dict[str, _MetaVictims | None] | None = None


class _Result(msgspec.Struct, rename="pascal"):
    node_name_to_meta_victims: Mapping[str, _MetaVictims]


_ARGS = msgspec.json.Decoder(_Args)
_ENCODER = msgspec.json.Encoder()
_NAMES = _Args.__struct_encode_fields__


def parse(body: bytes) -> Question:
    """Return the question of ExtenderPreemptionArgs; raises WireError."""
    try:
        args = _ARGS.decode(with_exact_names(body, _NAMES))
        return Question(pod_of(args.pod), _offered(args))
    except (ValueError, RecursionError) as error:
        raise WireError(f"the body is no ExtenderPreemptionArgs: {error}") from error


def result(chosen: Mapping[str, Victims]) -> bytes:
    """Return an ExtenderPreemptionResult: the nodes that are left to choose from; with none, nobody is evicted."""
    nodes = {
        name: _MetaVictims([_MetaPod(uid) for uid in victims.uids], victims.pdb_violations)
        for name, victims in chosen.items()
    }
    return _ENCODER.encode(_Result(nodes))


def _offered(args: _Args) -> dict[str, Victims]:
    nodes: Mapping[str, _WholeVictims | _MetaVictims | None] | None = args.node_name_to_meta_victims
    if nodes is None:
        nodes = args.node_name_to_victims
    if nodes is None:
        raise ValueError("NodeNameToMetaVictims: nothing found, nor in NodeNameToVictims; one of them is needed")
    return {name: Victims(each.uids, each.violations) if each else Victims() for name, each in nodes.items()}
