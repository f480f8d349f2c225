"""The extender protocol of kube-scheduler as words: k8s.io/kube-scheduler/extender/v1.

The Go types carry no JSON tags, so the names on the wire are UpperCamel, no field is ever left out, and a pod comes
without kind and apiVersion, with nulls. Test tools of third parties write the names in other cases, which Go accepts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec

from cluster.objects import MalformedObject, decode_pod
from placement.pods import Pod
from placement.rejections import Rejection

# A list of 5,000 whole nodes, sent where the configuration lacks nodeCacheCapable, is larger; names need far less.
MAX_ARGS_BYTES = 64 * 2**20

# kube-scheduler shows reasons of extenders without saying whose they are.
_OWN = "berth: "

_NULL = msgspec.Raw(b"null")


class WireError(ValueError):
    """Arguments that cannot be understood; the message names the field and what was found."""


@dataclass(frozen=True, slots=True)
class Question:
    """Which of these nodes will do for this pod; `nodes` has them whole where the scheduler sent no names."""

    pod: Pod
    names: tuple[str, ...]
    nodes: Mapping[str, msgspec.Raw] | None = None


class _Args(msgspec.Struct, rename="pascal"):
    pod: msgspec.Raw = _NULL
    nodes: msgspec.Raw = _NULL
    node_names: list[str] | None = None

    @property
    def is_complete(self) -> bool:
        return self.pod != _NULL and (self.node_names is not None or self.nodes != _NULL)


class _NodeList(msgspec.Struct):
    items: list[msgspec.Raw] | None = None


class _Metadata(msgspec.Struct):
    name: str


class _Node(msgspec.Struct):
    metadata: _Metadata


class _FilterResult(msgspec.Struct, rename="pascal"):
    nodes: Mapping[str, list[msgspec.Raw]] | None
    node_names: list[str] | None
    failed_nodes: Mapping[str, str]
    failed_and_unresolvable_nodes: Mapping[str, str]
    error: str


class _HostPriority(msgspec.Struct, rename="pascal"):
    host: str
    score: int


_ARGS = msgspec.json.Decoder(_Args)
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_NODE_LIST = msgspec.json.Decoder(_NodeList)
_NODE = msgspec.json.Decoder(_Node)
_ENCODER = msgspec.json.Encoder()
_NAMES = _Args.__struct_encode_fields__


def parse(body: bytes) -> Question:
    """Return the question of ExtenderArgs; raises WireError."""
    try:
        args = _ARGS.decode(body)
        return _question(
            args if args.is_complete else _ARGS.decode(with_exact_names(body, _Args.__struct_encode_fields__))
        )
    except (ValueError, RecursionError) as error:
        raise WireError(f"the body is no ExtenderArgs: {error}") from error


def filter_result(question: Question, passed: Iterable[str], rejections: Iterable[Rejection]) -> bytes:
    """Return an ExtenderFilterResult: the nodes that passed, in the form of the question, and why others did not.

    Every rejection is one that evicting pods cannot resolve, because up to 1.37 kube-scheduler's preemption takes a
    mere extender's no for an error. A missing list of nodes would mean that none passed.
    """
    failed = {each.subject: _OWN + each.reason for each in rejections}
    if question.nodes is None:
        return _ENCODER.encode(_FilterResult(None, list(passed), {}, failed, ""))
    items = [question.nodes[name] for name in passed]
    return _ENCODER.encode(_FilterResult({"items": items}, None, {}, failed, ""))


def host_priorities(scores: Mapping[str, int]) -> bytes:
    """Return a HostPriorityList of scores from 0 to 10."""
    return _ENCODER.encode([_HostPriority(host, score) for host, score in scores.items()])


def with_exact_names(body: bytes, names: Iterable[str]) -> bytes:
    """Return a JSON object with its fields named as they are here, whatever case they came in; raises ValueError."""
    exact = {name.lower(): name for name in names}
    return _ENCODER.encode({exact.get(name.lower(), name): value for name, value in _OBJECT.decode(body).items()})


def _question(args: _Args) -> Question:
    pod = _pod(args.pod)
    if args.node_names is not None:
        return Question(pod, tuple(args.node_names))
    if args.nodes == _NULL:
        raise ValueError("NodeNames: nothing found, nor in Nodes; one of them is needed")
    nodes = _nodes(args.nodes)
    return Question(pod, tuple(nodes), nodes)


def _pod(raw: msgspec.Raw) -> Pod:
    if raw == _NULL:
        raise ValueError("Pod: nothing found, a pod is needed")
    try:
        return decode_pod(raw)
    except MalformedObject as error:
        raise ValueError(f"Pod: {error}") from error


def _nodes(raw: msgspec.Raw) -> dict[str, msgspec.Raw]:
    try:
        return {_NODE.decode(item).metadata.name: item for item in _NODE_LIST.decode(raw).items or ()}
    except ValueError as error:
        raise ValueError(f"Nodes: {error}") from error
