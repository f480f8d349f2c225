"""Ways in which a pod, or the bytes of a review, can be damaged."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from random import Random
from typing import Any

from tests.fuzz.names import Json
from tests.fuzz.texts import ODD, OUR_KEYS, QUANTITIES, VALUES, annotation

# A container of values, and the key or index of one of them.
Place = tuple[Any, Any]

# What stands in custom objects elsewhere, or ought to be refused there.
_WORDS = ("In", "Gte", "Exists", "zone", "gpu/x", "kubernetes.io/x", "hugepages-", "cpu", "status.podIP", "9.0", "Deny")

_METADATA: Json = {"labels": {}, "annotations": {}}
_SPEC: Json = {"nodeSelector": {}, "affinity": {}, "tolerations": [], "initContainers": []}
_CONTAINER: Json = {"command": [], "args": [], "env": [], "envFrom": [], "resources": {}}


def places(value: Any) -> Iterator[Place]:
    """Yield every place in some JSON."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield value, key
        yield from places(inner)


def _some_place(chance: Random, pod: Json) -> Place:
    return chance.choice(list(places(pod)))


def mistyped(chance: Random, pod: Json) -> None:
    """Put values of wrong types at random places."""
    for _ in range(chance.randint(1, 3)):
        holder, key = _some_place(chance, pod)
        holder[key] = deepcopy(chance.choice(VALUES))


def reworded(chance: Random, content: Json) -> None:
    """Put other words where words or numbers stand: of the right type, but odd."""
    leaves = [(holder, key) for holder, key in places(content) if not isinstance(holder[key], (dict, list))]
    for holder, key in chance.sample(leaves, min(len(leaves), chance.randint(1, 3))):
        holder[key] = chance.choice((*ODD, *map(str, QUANTITIES), *_WORDS))


def missing(chance: Random, pod: Json) -> None:
    """Remove values."""
    for _ in range(chance.randint(1, 3)):
        holder, key = _some_place(chance, pod)
        del holder[key]


def null(chance: Random, pod: Json) -> None:
    """Replace values by null, as Go writes absent ones."""
    for _ in range(chance.randint(1, 5)):
        holder, key = _some_place(chance, pod)
        holder[key] = None


def moved(chance: Random, pod: Json) -> None:
    """Put a copy of one part of the pod where another part was."""
    holder, key = _some_place(chance, pod)
    other, there = _some_place(chance, pod)
    holder[key] = deepcopy(other[there])


def absurd(chance: Random, pod: Json) -> None:
    """Ask for absurd amounts of resources."""
    for container in pod["spec"]["containers"]:
        names = ("cpu", "memory", "nvidia.com/gpu", "amd.com/gpu", "", "x" * 300)
        lists = {each: {chance.choice(names): deepcopy(chance.choice(QUANTITIES))} for each in ("requests", "limits")}
        container["resources"] = lists
    pod["spec"]["overhead"] = {"cpu": deepcopy(chance.choice(QUANTITIES))}


def annotated(chance: Random, pod: Json) -> None:
    """Add annotations and labels that concern Berth, with odd values."""
    metadata = pod["metadata"]
    for field in ("annotations", "labels"):
        added = dict(annotation(chance) for _ in range(chance.randint(1, 4)))
        metadata[field] = {**(metadata.get(field) or {}), **added}


def huge(chance: Random, pod: Json) -> None:
    """Make one list or map huge."""
    container, count = chance.choice(pod["spec"]["containers"]), 10_000
    parts: dict[str, Callable[[], Any]] = {
        "env": lambda: [{"name": f"V{i}", "value": f"$(V{i + 1})"} for i in range(count)],
        "args": lambda: [f"--flag-{i}=x" for i in range(count)],
        "command": lambda: ["sh", "-c", "vllm serve m " + "'x' " * count],
    }
    field = chance.choice((*parts, "labels", "tolerations", "containers"))
    if field in parts:
        container[field] = parts[field]()
    elif field == "labels":
        pod["metadata"]["labels"] = {f"l{i}": OUR_KEYS[i % 7] for i in range(count)}
    elif field == "tolerations":
        pod["spec"]["tolerations"] = [{"key": f"k{i}", "operator": "Exists"} for i in range(count)]
    else:
        pod["spec"]["containers"] += [{**container, "name": f"c{i}"} for i in range(500)]


def deep(chance: Random, pod: Json) -> None:
    """Nest one value deeply."""
    holder, key = _some_place(chance, pod)
    for _ in range(chance.choice((50, 300, 600))):
        holder[key] = [holder[key]] if chance.random() < 0.5 else {"a": holder[key]}


def respelt(chance: Random, pod: Json) -> None:
    """Write what is absent as null, and leave out what is null or empty: to the API server it is the same pod."""
    holders = [(pod["metadata"], _METADATA), (pod["spec"], _SPEC)]
    holders += [(each, _CONTAINER) for each in pod["spec"]["containers"]]
    for holder, fields in holders:
        for each in fields:
            if chance.random() < 0.4 and not holder.get(each):
                holder.pop(each, None)
                spellings: tuple[Json, ...] = ({}, {each: None}, {each: type(fields[each])()})
                holder.update(chance.choice(spellings))


def flipped(chance: Random, body: bytes) -> bytes:
    """Change some bytes."""
    damaged = bytearray(body)
    for _ in range(chance.randint(1, 4)):
        damaged[chance.randrange(len(damaged))] = chance.randrange(256)
    return bytes(damaged)


def cut(chance: Random, body: bytes) -> bytes:
    """Leave out a piece: most often the end."""
    begin = chance.randrange(len(body))
    return body[:begin] + (body[begin + chance.randint(1, 40) :] if chance.random() < 0.4 else b"")


def doubled(chance: Random, body: bytes) -> bytes:
    """Give an object a key twice."""
    added = chance.choice(
        (b'"name":"main"', b'"object":null', b'"uid":"other"', b'"env":[]', b'"limits":{}', b'"a":{}')
    )
    opened = [index for index, byte in enumerate(body) if byte == ord("{")]
    at = chance.choice(opened) + 1
    return body[:at] + added + (b"" if body[at : at + 1] == b"}" else b",") + body[at:]


def not_unicode(chance: Random, body: bytes) -> bytes:
    """Put bytes into texts that are no UTF-8, and characters that are no characters."""
    at = [index for index, byte in enumerate(body) if byte == ord("e")]
    put = chance.choice((b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\\ud800", b"\x00", b"\\u0000", b"\xf0\x9f"))
    index = chance.choice(at)
    return body[:index] + put + body[index + 1 :]


def nested(chance: Random, body: bytes) -> bytes:
    """Nest some value more deeply than any reader follows."""
    # Not so near to what Python follows that it would matter who asks.
    depth = chance.choice((500, 800, 1000, 5000, 50_000))
    ends = [index for index, byte in enumerate(body) if byte == ord(":")]
    at = chance.choice(ends) + 1
    return body[:at] + b"[" * depth + b"]" * depth + b',"_":' + body[at:]


OBJECT_DAMAGE = (reworded, reworded, mistyped, missing, null, moved, deep)
POD_DAMAGE = (respelt, reworded, mistyped, missing, null, moved, absurd, annotated, deep)
BYTE_DAMAGE = (flipped, cut, doubled, not_unicode, nested)
