"""A pod's story in plain lines: which class and why, what was injected, which node and why, or why it waits."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from berth.evidence import ClassDecision, Events, NodeDecision, Subject, UnreadableError, class_decision, node_decision
from cluster.shapes import Metadata
from placement import keys

OUR_EVENTS = frozenset({"NoAccelerator", "AcceleratorFree"})


# What decides, in the order in which it decides.
_SCORE_WORDS = (
    ("sick", "pods failed there lately"),
    ("unknown", "its accelerators cannot be seen"),
    ("contended", "pods in flight may take its accelerators first"),
    ("replicas", "replicas of the same owner there {:g}"),
    ("laterClass", "class {:g} places behind the preferred one"),
    ("cost", "cost {:+g}"),
    ("stranded", "of it stranded accelerators {:+g}"),
    ("wasted", "wasted parts of accelerators {:+g}"),
    ("starved", "accelerators without cpu {:+g}"),
    ("room", "room that scarce pods lose {:+g}"),
    ("reopening", "time until the node is whole again {:+g}"),
    ("idle", "accelerators idle there {:g}"),
)


def story(pod_json: bytes, events_json: bytes) -> list[str]:
    """Return the story of a pod, out of the pod and the list of events about it, both as the API server has them.

    Raises msgspec.MsgspecError where they are none of these.
    """
    pod = msgspec.json.decode(pod_json, type=Subject)
    events = msgspec.json.decode(events_json, type=Events)
    title = f"Pod {pod.metadata.namespace}/{pod.metadata.name} ({pod.status.phase})"
    return [title, *_class_chapter(pod.metadata), *_node_chapter(pod, events)]


def _class_chapter(pod: Metadata) -> Iterator[str]:
    try:
        decision = class_decision(pod)
    except UnreadableError as error:
        yield f"Class: unknown, {error}"
        return
    yield from _choice(decision) if decision else _untouched(pod)


def _choice(decision: ClassDecision) -> Iterator[str]:
    yield f"Class: {decision.chosen}"
    yield from _labelled("asked by", decision.source)
    yield from _labelled("why", decision.why)
    for each in decision.rejected:
        yield f"  not {each.accelerator_class}: {each.why}"
    if decision.omitted:
        yield f"  and not {decision.omitted} more, for which the annotation had no room"
    yield "Injected:" if decision.injected else "Injected: nothing"
    for name, content in decision.injected.items():
        yield from _outline(name, content)
    for note in decision.notes:
        yield f"Note: {note}"
    for warning in decision.warnings:
        yield f"Warning: {warning}"


def _untouched(pod: Metadata) -> Iterator[str]:
    yield "Class: none; Berth did not touch this pod"
    if (pod.labels or {}).get(keys.INJECTION) == "false":
        yield f"  It opted out with the label {keys.INJECTION}=false"
        return
    see = f"kubectl get namespace {pod.namespace} --show-labels"
    yield "  One of these is the reason:"
    yield f"  - namespace {pod.namespace} has no label {keys.INJECTION}=enforce: {see}"
    yield f"  - {_nothing_asked(pod)}"
    yield "  - no class would do when it was created; its creator was warned with the reasons"
    yield "  - the webhook was not reachable when it was created; the API server then admits pods as they are"


def _nothing_asked(pod: Metadata) -> str:
    asked = (pod.annotations or {}).get(keys.REQUESTED_CLASS)
    if asked:
        return f"it asks for class {asked}, but no container was recognised as running a model"
    return f"nothing asks for a class: no annotation {keys.REQUESTED_CLASS}, no AcceleratorProfile that matches"


def _node_chapter(pod: Subject, events: Events) -> Iterator[str]:
    if not pod.spec.node_name:
        yield from _waiting(pod, events)
        return
    yield f"Node: {pod.spec.node_name}"
    yield from _labelled("shares of devices", (pod.metadata.annotations or {}).get(keys.DEVICES, ""))
    try:
        decision = node_decision(pod.metadata)
    except UnreadableError as error:
        yield f"  why: unknown, {error}"
        return
    yield from _placement(decision) if decision else _unplaced()


def _placement(decision: NodeDecision) -> Iterator[str]:
    if decision.chosen is not msgspec.UNSET:
        yield f"  not the node that Berth chose last ({decision.chosen or 'none fitted'}): somebody else bound the pod"
    yield from _labelled("why", score_words(decision.score))
    for each in decision.runners_up:
        equal = each.score == decision.score
        yield f"  next best: {each.node} ({'equal, the name decides' if equal else score_words(each.score)})"
    yield from _labelled("ranked last, because pods failed there lately", ", ".join(decision.sick))
    counts = sorted(decision.rejected.items(), key=lambda item: (-item[1], item[0]))
    yield from _labelled("not possible", ", ".join(f"{count} {reason}" for reason, count in counts))


def score_words(score: Any) -> str:
    """Return the parts of a score as words; parts that say nothing and unknown ones are left out."""
    parts = score if isinstance(score, Mapping) else {}
    words = [
        word.format(parts[name])
        for name, word in _SCORE_WORDS
        if isinstance(parts.get(name), int | float) and parts[name]
    ]
    return ", ".join(words) or "nothing speaks against it"


def _unplaced() -> Iterator[str]:
    yield "  why: kube-scheduler's own choice; Berth's extender was not asked (the pod wants no accelerator"
    yield "  that a class knows, or another scheduler bound it), was not reachable, or has not written its reasons yet"


def _waiting(pod: Subject, events: Events) -> Iterator[str]:
    yield "Node: none yet"
    yield f"  kube-scheduler says: {pod.waits_because or 'nothing so far'}"
    about = [each for each in events.items if each.involved_object.uid == pod.metadata.uid]
    ours = sorted((each for each in about if each.reason in OUR_EVENTS), key=lambda each: each.seen_at)
    if ours:
        yield f"  Berth says: {ours[-1].message}"


def _labelled(label: str, text: str) -> Iterator[str]:
    if text:
        yield f"  {label}: {text}"


def _outline(name: str, content: Any, indent: str = "  ") -> Iterator[str]:
    """Yield nested content as an outline; a mapping of plain values is one line."""
    if isinstance(content, Mapping) and any(isinstance(each, Mapping | list) for each in content.values()):
        yield f"{indent}{name}:"
        for inner, value in content.items():
            yield from _outline(inner, value, indent + "  ")
    else:
        yield f"{indent}{name}: {_parts(content)}"


def _parts(content: Any) -> str:
    if isinstance(content, Mapping):
        return ", ".join(f"{name}={value}" for name, value in content.items())
    return ", ".join(map(str, content)) if isinstance(content, list) else str(content)
