"""The extender protocol of kube-scheduler as words: k8s.io/kube-scheduler/extender/v1.

The Go types carry no JSON tags, so the names on the wire are UpperCamel, no field is ever left out, and a pod comes
without kind and apiVersion, with nulls. Test tools of third parties write the names in other cases, which Go accepts.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import msgspec

from cluster.objects import MalformedObject, decode_pod
from placement.pods import Pod
from placement.rejections import Rejection, reasons_by_subject

# Names of 15,000 nodes, of the longest that there are, need half of it. Whole nodes, of which it holds some hundreds,
# are sent where the scheduler's configuration lacks nodeCacheCapable, which kube-scheduler has got wrong since 1.34.
MAX_ARGS_BYTES = 8 * 2**20

# kube-scheduler has one question of filter and one of prioritize under way at a time; bodies of bind are tiny.
MAX_BYTES_AT_ONCE = 8 * MAX_ARGS_BYTES

# kube-scheduler shows reasons of extenders without saying whose they are.
_OWN = "berth: "

NULL = msgspec.Raw(b"null")


class WireError(ValueError):
    """Arguments that cannot be understood; the message names the field and what was found."""


@dataclass(frozen=True)
class Names:
    """The names of nodes as they came, in which one can be found without reading all of them."""

    raw: bytes

    def __contains__(self, name: object) -> bool:
        """Tell whether a node's name is among them; raises WireError where they must be read for it and cannot be.

        Names of nodes are written without escapes, and where all are, none need be read.
        """
        return name in self.all if b"\\" in self.raw else f'"{name}"'.encode() in self.raw

    def __iter__(self) -> Iterator[str]:
        """Read them; raises WireError."""
        return iter(self.all)

    def __length_hint__(self) -> int:
        """Estimate how many there are, by the length of the first."""
        return len(self.raw) // max(self.raw.find(b",") - 1, 1)

    @cached_property
    def all(self) -> tuple[str, ...]:
        """All of them; raises WireError."""
        try:
            return tuple(_NAME_LIST.decode(self.raw))
        except ValueError as error:
            raise WireError(f"the body is no ExtenderArgs: NodeNames: {error}") from error


@dataclass(frozen=True)
class Question:
    """Which of these nodes will do for this pod; `nodes` has them whole where the scheduler sent no names."""

    pod: Pod
    named: Names
    nodes: Mapping[str, msgspec.Raw] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the nodes; raises WireError."""
        return self.named.all


class _Args(msgspec.Struct, rename="pascal"):
    pod: msgspec.Raw = NULL
    nodes: msgspec.Raw = NULL
    node_names: msgspec.Raw = NULL

    @property
    def is_complete(self) -> bool:
        return self.pod != NULL and (self.node_names != NULL or self.nodes != NULL)


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
_NAME_LIST = msgspec.json.Decoder(list[str])
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


def filter_result(
    question: Question, passed: Iterable[str], rejections: Iterable[Rejection], resolving: Collection[str] = ()
) -> bytes:
    """Return an ExtenderFilterResult: the nodes that passed, in the form of the question, and why others did not.

    Every rejection is one that evicting pods cannot resolve, because up to 1.37 kube-scheduler's preemption takes a
    mere extender's no for an error; but those of `resolving` nodes, from which pods were evicted for this one already.
    A missing list of nodes would mean that none passed.
    """
    reasons = reasons_by_subject(rejections, _OWN)
    resolvable = {name: reasons.pop(name) for name in resolving if name in reasons}
    if question.nodes is None:
        return _ENCODER.encode(_FilterResult(None, list(passed), resolvable, reasons, ""))
    items = [question.nodes[name] for name in passed]
    return _ENCODER.encode(_FilterResult({"items": items}, None, resolvable, reasons, ""))


def filter_error(text: str) -> bytes:
    """Return an ExtenderFilterResult that says nothing about nodes, and why.

    kube-scheduler goes on without an extender that is ignorable, and tries the pod again later where it is not.
    """
    return _ENCODER.encode(_FilterResult(None, None, {}, {}, _OWN + text))


def host_priorities(scores: Mapping[str, int]) -> bytes:
    """Return a HostPriorityList of scores from 0 to 10."""
    return _ENCODER.encode([_HostPriority(host, score) for host, score in scores.items()])


def with_exact_names(body: bytes, names: Iterable[str]) -> bytes:
    """Return a JSON object with its fields named as they are here, whatever case they came in; raises ValueError."""
    exact = {name.lower(): name for name in names}
    return _ENCODER.encode({exact.get(name.lower(), name): value for name, value in _OBJECT.decode(body).items()})


def _question(args: _Args) -> Question:
    pod = pod_of(args.pod)
    if args.node_names != NULL:
        return Question(pod, Names(bytes(args.node_names)))
    if args.nodes == NULL:
        raise ValueError("NodeNames: nothing found, nor in Nodes; one of them is needed")
    nodes = _nodes(args.nodes)
    return Question(pod, Names(_ENCODER.encode([*nodes])), nodes)


def pod_of(raw: msgspec.Raw) -> Pod:
    """Return the pod that a question is about; raises ValueError."""
    if raw == NULL:
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
