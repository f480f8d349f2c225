"""The verb bind of the extender protocol as words: k8s.io/kube-scheduler/extender/v1."""

import re
from dataclasses import dataclass

import msgspec

from extender.wire import WireError, with_exact_names
from placement.pods import Pod


@dataclass(frozen=True, slots=True)
class Order:
    """Bind this pod, of which namespace, name and uid are known, to this node."""

    pod: Pod
    node: str


class _Args(msgspec.Struct, rename={"name": "PodName", "namespace": "PodNamespace", "uid": "PodUID", "node": "Node"}):
    name: str = ""
    namespace: str = ""
    uid: str = ""
    node: str = ""


class _Result(msgspec.Struct, rename="pascal"):
    error: str


# What the API server allows as names; they become parts of a path.
_NAME = re.compile(r"[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?")

_ARGS = msgspec.json.Decoder(_Args)
_ENCODER = msgspec.json.Encoder()
_NAMES = _Args.__struct_encode_fields__


def parse(body: bytes) -> Order:
    """Return the order of ExtenderBindingArgs; raises WireError."""
    try:
        args = _ARGS.decode(with_exact_names(body, _NAMES))
    except (ValueError, RecursionError) as error:
        raise WireError(f"the body is no ExtenderBindingArgs: {error}") from error
    missing = [name for name, value in zip(_NAMES, msgspec.structs.astuple(args), strict=True) if not value]
    if missing:
        raise WireError(f"the body is no ExtenderBindingArgs: {', '.join(missing)}: nothing found")
    odd = [each for each in (args.name, args.namespace, args.node) if not _NAME.fullmatch(each)]
    if odd:
        raise WireError(f"the body is no ExtenderBindingArgs: {odd[0]!r} is no name")
    return Order(Pod(args.namespace, args.name, args.uid), args.node)


def result(error: str) -> bytes:
    """Return an ExtenderBindingResult; kube-scheduler takes the text for a format, so it gets no percent sign."""
    return _ENCODER.encode(_Result(error.replace("%", " percent")))
