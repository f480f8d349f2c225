"""Pods and pod templates in objects of any kind: wherever a map has `spec.containers`, in the order of the document."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from berth.preview.controllers import Facts, Rule, facts_of, rules_for
from berth.preview.documents import Document, Json, metadata, text
from berth.preview.references import with_shared_templates

# Below these stand no templates: what is known of the object, what became of it, what is laid over another template.
_ELSEWHERE = ("metadata", "status")


@dataclass(frozen=True, slots=True)
class PodSource:
    """A pod as it would come to the webhook, and where it is from; `template` is a path, empty for a pod itself."""

    kind: str
    namespace: str
    name: str
    template: str
    pod: Json


@dataclass(frozen=True, slots=True)
class _Template:
    """A pod template, the path to it, and the maps that hold it, the nearest first."""

    path: str
    parents: tuple[str, ...]
    content: Json
    scopes: tuple[Json, ...]


def pod_sources(document: Document, namespace: str) -> Iterator[PodSource]:
    """Yield the pods that an object is, or would have; `namespace` is for objects that state none."""
    place = document.namespace or namespace
    if document.kind == "Pod":
        yield PodSource("Pod", place, document.name, "", document.object)
        return
    own = {"name": document.name, "namespace": place}
    for template in _templates(with_shared_templates(document.object), "", (), ()):
        for rule in rules_for(document.kind, template.path):
            facts = facts_of(rule, template.scopes, own, template.parents)
            if rule.wanted(facts):
                yield PodSource(document.kind, place, document.name, template.path, _pod(template, rule, facts))


def _templates(found: Any, path: str, parents: tuple[str, ...], scopes: tuple[Json, ...]) -> Iterator[_Template]:
    if isinstance(found, list):
        for index, each in enumerate(found):
            yield from _templates(each, f"{path}[{index}]", parents, scopes)
    if not isinstance(found, dict):
        return
    if _is_pod_spec(found):
        yield _template(found, path, parents, scopes)
        return
    for key, each in found.items():
        if not (_is_elsewhere(key, scopes)):
            yield from _templates(each, f"{path}.{key}".removeprefix("."), (*parents, key), (found, *scopes))


def _is_pod_spec(found: Json) -> bool:
    containers = found.get("containers")
    return isinstance(containers, list) and bool(containers) and all(isinstance(each, dict) for each in containers)


def _template(spec: Json, path: str, parents: tuple[str, ...], scopes: tuple[Json, ...]) -> _Template:
    """Return the template of a pod spec: the map that has it as `spec`, or else a map made for it."""
    if parents and parents[-1] == "spec":
        return _Template(path.removesuffix("spec").removesuffix("."), parents[:-2], scopes[0], scopes[1:] or scopes)
    return _Template(path, parents[:-1], {"spec": spec}, scopes)


def _is_elsewhere(key: str, scopes: tuple[Json, ...]) -> bool:
    is_patch = key.startswith("patch") or key.endswith(("Patch", "Patches"))
    return is_patch or (not scopes and key in _ELSEWHERE)


def _pod(template: _Template, rule: Rule, facts: Facts) -> Json:
    """Return the pod that a controller makes of its template."""
    name = rule.pod.format_map(facts)
    given = metadata(template.content)
    added = {"labels": rule.labels, "annotations": rule.annotations}
    kept = {part: _with(given.get(part), added.get(part, {}), facts) for part in ("labels", "annotations")}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "generateName" if name.endswith("-") else "name": name,
            "namespace": facts["namespace"],
            **{part: content for part, content in kept.items() if content},
        },
        "spec": _spec(template.content["spec"], rule, facts),
    }


def _with(given: Any, added: Mapping[str, str], facts: Facts) -> Any:
    """Return labels or annotations with the controller's, which win; those that come out empty are none."""
    if given is not None and not isinstance(given, dict):
        return given
    filled = {key: content.format_map(facts) for key, content in added.items()}
    return {**(given or {}), **{key: content for key, content in filled.items() if content}}


def _spec(spec: Json, rule: Rule, facts: Facts) -> Json:
    containers = [_container(each, rule, facts) for each in spec["containers"]]
    if rule.start:
        containers[0] = _started(containers[0], rule.start.format_map(facts))
    return {**spec, "containers": containers}


def _container(container: Json, rule: Rule, facts: Facts) -> Json:
    """Return a container with the controller's variables before its own, which win."""
    named = {"name": rule.container, **container} if rule.container else container
    given = named.get("env") or []
    if not rule.env or not isinstance(given, list):
        return named
    present = {each.get("name") for each in given if isinstance(each, dict)}
    added = [
        {"name": name, "value": value.format_map(facts)} for name, value in rule.env.items() if name not in present
    ]
    return {**named, "env": [*added, *given]}


def _started(container: Json, start: str) -> Json:
    """Return a container that runs its own command, if it has one, and then what the controller starts."""
    own = [text(word) for part in ("command", "args") for word in container.get(part) or ()]
    return {
        **container,
        "command": ["/bin/bash", "-c", "--"],
        "args": [" && ".join([*filter(None, [" ".join(own)]), start])],
    }
