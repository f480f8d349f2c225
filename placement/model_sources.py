"""Which model a pod serves, and where that is written."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from placement import keys
from placement.command_lines.engine_commands import EngineCommand, engine_command, started_programs
from placement.models import parameters_in_billions
from placement.platforms import platforms_of
from placement.pods import Container, Pod


class ModelSource(StrEnum):
    """Where the name of a model is from."""

    ANNOTATION = "annotation"
    ARGS = "args"
    ENV = "env"
    INIT_CONTAINER = "initContainer"
    SERVED_NAME = "served-model-name"
    LABEL = "label"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class ModelName:
    """The name of a model, as its hub has it where that can be told, and where it is from."""

    name: str
    source: ModelSource


_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)
_HUB_URI = re.compile(r"(?:hf|huggingface|hf-mirror|modelscope|ms)://([\w.-]+/[\w.-]+)", re.ASCII)
_CACHED = re.compile(r"models--([\w.-]+?)--([\w.-]+)", re.ASCII)
_URI = re.compile(r"[a-z0-9+.-]+://")
_DOWNLOADERS = frozenset({"hf", "huggingface-cli"})
# Names of folders that say nothing of what is in them.
_FOLDERS = frozenset({"", "base", "cache", "checkpoint", "current", "data", "default", "hub", "latest", "main", "mnt"})
_MORE_FOLDERS = frozenset({"model", "model-cache", "model-store", "models", "pvc", "snapshots", "storage", "weights"})


def model_of(pod: Pod, engine: Container | None) -> ModelName | None:
    """Return the model that a pod serves, or None where nothing tells; `engine` is the container that runs it.

    In falling order: what Berth's annotation says; a hub's name on the command line; where a local folder is served,
    the hub's name under which it is served or from which it was fetched; the name of the folder; what a label says.
    """
    command = engine_command(engine) if engine else None
    found = (*_certain(pod, engine, command), *_fetched(pod), *_vague(pod, engine, command))
    return found[0] if found else None


def model_size(pod: Pod, engine: Container) -> float | None:
    """Return the parameters of the pod's model in billions, from the table of known models or from its name."""
    model = model_of(pod, engine)
    return parameters_in_billions(model.name) if model else None


def hub_id(text: str) -> str | None:
    """Return the id of a model on a hub that a text names: an id, a URI of a hub or a folder of its cache."""
    if match := _HUB_URI.match(text):
        return match[1]
    if match := _CACHED.search(text):
        return f"{match[1]}/{match[2]}"
    return text if _HUB_ID.fullmatch(text) else None


def _certain(pod: Pod, engine: Container | None, command: EngineCommand | None) -> Iterator[ModelName]:
    told = pod.annotations.get(keys.MODEL)
    if told:
        yield ModelName(told, ModelSource.ANNOTATION)
    if command is None or engine is None:
        return
    for name in (*_some(command.model), *command.pulled):
        # Ollama's names have no owner, and no other engine pulls.
        found = hub_id(name) or (name if command.engine == "ollama" else None)
        if found:
            yield ModelName(found, _written(engine, name))
    served = hub_id(command.served_name or "")
    if served:
        yield ModelName(served, ModelSource.SERVED_NAME)


def _fetched(pod: Pod) -> Iterator[ModelName]:
    """Yield what the platform says that it fetches, and what containers fetch before the engine starts."""
    for key in _model_keys(pod):
        if stored := _HUB_URI.match(pod.annotations.get(key, "")):
            yield ModelName(stored[1], ModelSource.ANNOTATION)
    for container in pod.init_containers:
        found = next((hub for hub in map(hub_id, _fetching(container)) if hub), None)
        if found:
            yield ModelName(found, ModelSource.INIT_CONTAINER)


def _fetching(container: Container) -> Iterator[str]:
    """Yield what may name a model in the command line of a container that fetches one."""
    for program in started_programs(container):
        yield from (word for word in program.words if _HUB_URI.match(word))
        if (
            program.words[:1]
            and program.words[0].rpartition("/")[2] in _DOWNLOADERS
            and program.words[1:2] == ("download",)
        ):
            yield from program.words[2:3]
        yield from engine_command(container).pulled
    yield from (each.value for each in container.env if each.value and _HUB_URI.match(each.value))


def _vague(pod: Pod, engine: Container | None, command: EngineCommand | None) -> Iterator[ModelName]:
    if command and engine and command.model:
        folder = _folder(command.model)
        if folder:
            yield ModelName(folder, _written(engine, command.model))
    for key in _model_keys(pod):
        if key in pod.annotations:
            yield ModelName(_folder(pod.annotations[key]) or pod.annotations[key], ModelSource.ANNOTATION)
        elif key in pod.labels:
            yield ModelName(pod.labels[key], ModelSource.LABEL)
    if command and command.served_name:
        yield ModelName(command.served_name, ModelSource.SERVED_NAME)


def _folder(path: str) -> str | None:
    """Return the last part of a path or URI that says something."""
    parts = [part for part in _URI.sub("", path).split("/") if part.lower() not in _FOLDERS | _MORE_FOLDERS]
    is_local = path.startswith(("/", "./")) or _URI.match(path)
    return parts[-1] if parts and (is_local or "/" not in path) else None


def _written(engine: Container, name: str) -> ModelSource:
    """Tell whether a name stands on the command line, or in a variable that it uses."""
    words = (*engine.command, *engine.args, *engine.after_start)
    if any(name in word for word in words):
        return ModelSource.ARGS
    return ModelSource.ENV if any(each.value and name in each.value for each in engine.env) else ModelSource.DEFAULT


def _model_keys(pod: Pod) -> tuple[str, ...]:
    return tuple(key for each in platforms_of(pod) for key in each.models)


def _some(text: str | None) -> Iterable[str]:
    return (text,) if text else ()
