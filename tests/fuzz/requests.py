"""Requests to every endpoint by seed and number, sound and damaged: the same number is the same bytes for ever."""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from urllib.parse import quote

from tests.fuzz.damage import BYTE_DAMAGE, OBJECT_DAMAGE
from tests.fuzz.hardware import accelerator_class, node, profile
from tests.fuzz.names import NAMESPACES, NODES, Json, device, text
from tests.fuzz.pods import pod
from tests.fuzz.reviews import review
from tests.fuzz.texts import ODD, QUANTITIES, VALUES

# A body that was made is sent as it is, and then so many times less one with other bytes of it damaged.
_TURNS = 8
_HEAD_DAMAGE, _ODD_METHODS = 0.002, 0.02
_METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "BREW")
_KEYS = ("node", "resource", "class", "limit", "continue", "namespace", "verdict", "timeout", "x")


@dataclass(frozen=True, slots=True)
class Request:
    """The bytes of an HTTP request to a listener of a program; `is_http` tells whether its head is undamaged."""

    program: str
    listener: str
    method: str
    path: str
    raw: bytes
    is_http: bool = True


def request(seed: int, number: int) -> Request:
    """Return one request."""
    chance = Random(f"{seed}/request/{number}")
    (program, listener, method, path, _), body = _made(seed, number // _TURNS)
    if number % _TURNS and {*b"e:{"} <= {*body}:
        body = chance.choice(BYTE_DAMAGE)(chance, body)
    method = chance.choice(_METHODS) if chance.random() < _ODD_METHODS else method
    path += _query(chance)
    raw = _head(chance, method, path, len(body)) + body
    is_http = chance.random() >= _HEAD_DAMAGE
    return Request(program, listener, method, path, raw if is_http else _damaged_head(chance, raw), is_http)


@lru_cache(maxsize=1)
def _made(seed: int, turn: int) -> tuple["_Endpoint", bytes]:
    """Return an endpoint, and what several requests to it are made of."""
    (endpoint,) = Random(f"{seed}/endpoint/{turn}").choices(tuple(ENDPOINTS), tuple(ENDPOINTS.values()))
    return endpoint, endpoint[-1](seed, turn)


def _query(chance: Random) -> str:
    if chance.random() < 0.7:
        return ""
    words = (*ODD, *map(str, QUANTITIES), *NODES, "10", "3s", "placed")
    pairs = [(chance.choice(_KEYS), str(chance.choice(words))) for _ in range(chance.randint(1, 3))]
    return "?" + "&".join(f"{key}={quote(value, errors='replace')[:1000]}" for key, value in pairs)


def _head(chance: Random, method: str, path: str, length: int) -> bytes:
    kind = chance.choice(("application/json", "application/json", "text/plain", "application/x-protobuf", ""))
    lines = (f"{method} {path} HTTP/1.1", "Host: localhost", f"Content-Type: {kind}", f"Content-Length: {length}")
    return "\r\n".join((*lines, "", "")).encode()


def _damaged_head(chance: Random, raw: bytes) -> bytes:
    """Damage the first bytes, where the head is."""
    damaged = bytearray(raw)
    for _ in range(chance.randint(1, 6)):
        damaged[chance.randrange(min(120, len(damaged)))] = chance.randrange(256)
    return bytes(damaged)


def _mutation(seed: int, number: int) -> bytes:
    return review(seed, number).body


def _validation(seed: int, number: int) -> bytes:
    chance = Random(f"{seed}/validation/{number}")
    group, plural, make = chance.choice(
        (
            ("ome.io", "acceleratorclasses", accelerator_class),
            ("berth.ome.io", "acceleratorprofiles", profile),
        )
    )
    about, before = make(chance), make(chance)
    if chance.random() < 0.5:
        with suppress(IndexError):
            chance.choice(OBJECT_DAMAGE)(chance, about)
    asking = {
        "uid": f"uid-{number}",
        "resource": {"group": group, "version": "v1", "resource": plural},
        "operation": chance.choice(("CREATE", "UPDATE")),
        "object": about,
        "oldObject": chance.choice((before, None)),
        "dryRun": chance.random() < 0.5,
    }
    return text({"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": asking})


def _pod(chance: Random, number: int) -> Json:
    about: Json = json.loads(text(pod(chance)))
    names = {"name": f"pod-{number % 5000}", "namespace": chance.choice(NAMESPACES), "uid": f"uid-{number % 5000}"}
    about["metadata"] |= names
    if chance.random() < 0.4:
        limits = {device(chance): str(chance.choice(QUANTITIES[:4]))}
        about["spec"]["containers"][0]["resources"] = {"limits": limits, "requests": limits}
    return about


def _args(seed: int, number: int) -> bytes:
    """Return ExtenderArgs, of names of nodes or of whole ones."""
    chance = Random(f"{seed}/args/{number}")
    nodes = chance.sample(NODES, chance.randint(0, len(NODES)))
    if chance.random() < 0.2:
        whole = [node(chance) for _ in range(chance.randint(0, 3))]
        return _harmed(chance, {"Pod": _pod(chance, number), "Nodes": {"items": whole}, "NodeNames": None})
    return _harmed(chance, {"Pod": _pod(chance, number), "Nodes": None, "NodeNames": nodes})


def _preemption(seed: int, number: int) -> bytes:
    chance = Random(f"{seed}/preemption/{number}")
    victims = {
        each: {"Pods": [{"UID": f"uid-{chance.randrange(99)}"}], "NumPDBViolations": chance.choice((0, 1, -1))}
        for each in chance.sample(NODES, chance.randint(0, 5))
    }
    return _harmed(chance, {"Pod": _pod(chance, number), "NodeNameToMetaVictims": victims, "NodeNameToVictims": None})


def _order(seed: int, number: int) -> bytes:
    chance = Random(f"{seed}/order/{number}")
    names = {"PodName": f"pod-{number}", "PodNamespace": chance.choice(NAMESPACES), "PodUID": f"uid-{number}"}
    return _harmed(chance, {**names, "Node": chance.choice(NODES)})


def _switch(seed: int, number: int) -> bytes:
    chance = Random(f"{seed}/switch/{number}")
    mode = chance.choice(("active", "passthrough", chance.choice(VALUES)))
    return _harmed(chance, {"mode": mode})


def _anything(seed: int, number: int) -> bytes:
    chance = Random(f"{seed}/anything/{number}")
    return chance.choice((b"", chance.randbytes(chance.randrange(200)), text({"value": chance.choice(VALUES)})))


def _harmed(chance: Random, content: Json) -> bytes:
    if chance.random() < 0.5:
        with suppress(IndexError):  # Nothing may be left to damage.
            chance.choice(OBJECT_DAMAGE)(chance, content)
    return text(content)


# Program, listener, method, path, and what makes the body.
_Endpoint = tuple[str, str, str, str, Callable[[int, int], bytes]]

_HEALTH: Mapping[_Endpoint, int] = {
    (program, "health", "GET", path, _anything): 1 if path == "/metrics" else 2
    for program in ("webhook", "extender", "controller")
    for path in ("/healthz", "/readyz", "/metrics")
}

# How often each is asked.
ENDPOINTS: Mapping[_Endpoint, int] = {
    ("webhook", "webhook", "POST", "/mutate", _mutation): 40,
    ("webhook", "webhook", "POST", "/validate", _validation): 20,
    ("extender", "extender", "POST", "/scheduler/filter", _args): 30,
    ("extender", "extender", "POST", "/scheduler/prioritize", _args): 20,
    ("extender", "extender", "POST", "/scheduler/preempt", _preemption): 15,
    ("extender", "extender", "POST", "/scheduler/bind", _order): 6,
    ("extender", "extender", "PUT", "/v1/mode", _switch): 4,
    ("extender", "extender", "GET", "/v1/mode", _anything): 2,
    ("extender", "extender", "GET", "/v1/mix", _anything): 1,
    ("extender", "extender", "GET", "/v1/inventory", _anything): 2,
    ("extender", "extender", "GET", "/v1/decisions", _anything): 1,
    ("extender", "extender", "GET", "/v1/decisions/enforce-1/pod-7", _anything): 2,
    ("extender", "extender", "POST", "/nowhere", _anything): 1,
    ("webhook", "webhook", "POST", "/nowhere", _anything): 1,
    **_HEALTH,
}
