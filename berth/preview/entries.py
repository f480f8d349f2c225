"""One entry of a preview: what a pod is, what the webhook would do with it, and why."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from berth.preview.documents import Json
from berth.preview.judging import following, judgement
from berth.preview.templates import PodSource
from cluster.shapes import MalformedObject
from placement import keys
from placement.accelerators import Catalog
from placement.asking.roster import GroupPlace
from placement.choosing.choice import Choice
from placement.recognising.command_lines.engine_commands import EngineCommand
from placement.recognising.inference import Inference, inference_of
from placement.recognising.recognition import whole_devices
from webhook.desk import Mode, mode_of
from webhook.judging import Judged, world_of
from webhook.patch import PatchError, applied
from webhook.ports import Knowledge

# The webhook's configuration leaves them out, as the manifests name them.
NEVER_CALLED = frozenset({"kube-system", "kube-node-lease", "berth-system", "berth-extender"})

_LEFT_ALONE = (
    f"nothing asks for a class: no annotation {keys.REQUESTED_CLASS}, no AcceleratorProfile and no runtime that says so"
)


class Parallel(msgspec.Struct, frozen=True):
    """Over how many devices an engine splits a model: tensors, layers, and copies of it."""

    tp: int | None = None
    pp: int | None = None
    dp: int | None = None


class Rejected(msgspec.Struct, frozen=True, rename={"accelerator_class": "class"}):
    """A class that will not do, or comes later, and why."""

    accelerator_class: str
    reason: str


class Entry(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What the JSON form says of one pod or template; None where something is not known.

    `template` is the path of a template in its object, empty for a pod. `gpus` are whole accelerators of this pod, 0
    where it asks for none and None where it asks for slices or shares. `pod` is the pod with `patch` applied.
    """

    kind: str
    namespace: str
    name: str
    template: str
    inference: bool = False
    follows: bool = False
    engine: str | None = None
    model: str | None = None
    model_source: str | None = None
    parallel: Parallel = Parallel()
    gpus: int | None = None
    group_key: str | None = None
    group_gpus: int | None = None
    quantization: str | None = None
    max_length: int | None = None
    confidence: str | None = None
    containers: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    reason: str
    considered: tuple[str, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    patch: tuple[Json, ...] = ()
    pod: Json
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Preview:
    """An entry, the pod that it is about as it was written, and the one that would be created, if any would."""

    source: PodSource
    entry: Entry
    created: Json | None


def previews(sources: Iterable[PodSource], knowledge: Knowledge, scheduler_name: str | None) -> Iterator[Preview]:
    """Judge pods in their order, as the webhook would if they were created one after the other.

    Later members of a group get the class of the first; what pods ask for takes no room from those behind them.
    """
    groups: dict[GroupPlace, str] = {}
    for source in sources:
        labels = _namespace_labels(source.namespace, knowledge)
        world = following(world_of(knowledge, source.namespace, scheduler_name), groups)
        try:
            found = judgement(source, labels, world)
        except (MalformedObject, PatchError) as error:
            yield Preview(source, _not_understood(source, error), source.pod)
            continue
        notices = _notices(source.namespace, knowledge)
        entry = _entry(source, found, world.catalog, notices)
        groups |= _class_of_group(source, found)
        yield Preview(source, entry, source.pod if notices else None if found.admission.denial else entry.pod)


def _namespace_labels(namespace: str, knowledge: Knowledge) -> Mapping[str, str]:
    """Return the labels of a namespace; one that is not known is one that Berth acts in."""
    known = knowledge.namespace_labels(namespace)
    given = {keys.INJECTION: Mode.ENFORCE.value} if known is None else known
    return {keys.NAMESPACE_NAME: namespace, **given}


def _notices(namespace: str, knowledge: Knowledge) -> tuple[str, ...]:
    """Return what keeps the webhook from changing pods of the namespace, which a preview looks behind."""
    mode = mode_of(_namespace_labels(namespace, knowledge))
    if namespace in NEVER_CALLED:
        return (f"Berth is never called for pods of namespace {namespace}",)
    if mode is None:
        return (f"Berth is not called for pods of namespace {namespace}: it has no label {keys.INJECTION}=enforce",)
    return () if mode is Mode.ENFORCE else (f"namespace {namespace} is in mode {mode}: its pods are not changed",)


def _class_of_group(source: PodSource, found: Judged) -> Mapping[GroupPlace, str]:
    asked, choice = found.admission.asked, found.admission.choice
    if not (asked and asked.group and choice and choice.chosen):
        return {}
    return {(source.namespace, asked.group.key, asked.group.value): choice.chosen.name}


def _not_understood(source: PodSource, error: Exception) -> Entry:
    said = f"Berth does not understand this pod: {error}"
    return Entry(**_place(source), reason=said, pod=source.pod, warnings=(said,))


def _entry(source: PodSource, found: Judged, catalog: Catalog, notices: tuple[str, ...]) -> Entry:
    admission = found.admission
    engines = admission.asked.engines if admission.asked else ()
    inference = inference_of(found.pod, catalog, frozenset(each.name for each in engines))
    denied = (f"this pod would be denied: {admission.denial}",) if admission.denial else ()
    return Entry(
        **_place(source),
        **(_inference(inference) if inference else {}),
        **_verdict(admission.choice or Choice()),
        gpus=whole_devices(found.pod.containers, catalog),
        reason=_reason(found, inference),
        patch=tuple(found.patch),
        pod=applied(found.patch, source.pod),
        warnings=(*notices, *denied, *admission.warnings),
    )


def _place(source: PodSource) -> dict[str, Any]:
    return {"kind": source.kind, "namespace": source.namespace, "name": source.name, "template": source.template}


def _inference(found: Inference) -> dict[str, Any]:
    """Return what a pod runs, in the words of an entry."""
    command, model, group = found.command, found.model, found.group
    return {
        "inference": True,
        "follows": found.follows,
        "engine": command.engine or None,
        "model": model.name if model else None,
        "model_source": model.source.value if model else None,
        "parallel": _parallel(found, command),
        "group_key": group.key if group else None,
        "group_gpus": found.group_devices,
        "quantization": found.quantization or (f"kv {command.kv_cache_dtype}" if command.kv_cache_dtype else None),
        "max_length": command.max_length,
        "confidence": command.confidence.value,
        "containers": tuple(each.name for each in found.containers),
    }


def _parallel(found: Inference, command: EngineCommand) -> Parallel:
    return Parallel(found.tensor_parallel, command.pipeline_parallel, command.data_parallel)


def _verdict(choice: Choice) -> dict[str, Any]:
    """Return what became of the classes that were judged, by name."""
    rejected = tuple(Rejected(each.subject, each.reason) for each in choice.rejections)
    judged_classes = (*(each.name for each in choice.eligible), *(each.accelerator_class for each in rejected))
    return {
        "classes": tuple(each.name for each in choice.taken),
        "considered": judged_classes,
        "rejected": rejected,
    }


def _reason(found: Judged, inference: Inference | None) -> str:
    """Return why the pod gets its class, or none, in one sentence."""
    admission = found.admission
    if admission.is_unfit and admission.asked:
        return f"no class will do; asked by {admission.asked.source}"
    if admission.record:
        return f"{admission.record.why}; asked by {admission.record.source}"
    if found.pod.labels.get(keys.INJECTION) == "false":
        return f"the pod opted out with label {keys.INJECTION}=false"
    return next(iter(admission.warnings), _LEFT_ALONE if inference else "no container runs a model")
