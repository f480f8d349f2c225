"""Which model a pod serves, and where that is written."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from placement import keys
from placement.pods import Container, Pod
from placement.recognising.command_lines.engine_commands import EngineCommand, engine_command, started_programs
from placement.recognising.command_lines.options import UNKNOWN_GRAMMAR, parse
from placement.recognising.command_lines.words import Invocation
from placement.recognising.models import parameters_in_billions
from placement.recognising.platforms import platforms_of


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
_HUB_URI = re.compile(
    r"(?:(?:hf|huggingface|hf-mirror|modelscope|ms)://|https?://(?:www\.)?(?:huggingface\.co|modelscope\.cn/models)/)"
    r"([\w.-]+/[\w.-]+)",
    re.ASCII,
)
# `org/model:Q4_K_M` of llama.cpp and `org/model@revision`: what follows is not part of the id.
_TAGGED = re.compile(r"([A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)[:@][\w.-]+", re.ASCII)
_CACHED = re.compile(r"models--([\w.-]+?)--([\w.-]+)", re.ASCII)
_URI = re.compile(r"\A[a-z0-9+.-]{1,20}://")
_STORED = re.compile(r"(?:s3|gs|oss|tos|obs|cos|abfss?|azureml|pvc|oci|file)://[^\s'\"\0]+")
_DOWNLOADERS = frozenset({"hf", "huggingface-cli", "modelscope"})
_IN_CODE = re.compile(r"snapshot_download\(\s*(?:repo_id\s*=\s*|model_id\s*=\s*)?['\"]([\w.-]+/[\w.-]+)['\"]", re.ASCII)
# Options and variables of containers that fetch a model.
_FETCHED = ("--model", "--model-uri", "--model-id", "--model-name", "--repo-id", "--repo", "--source")
_NAMING = re.compile(r"(?!.*(?:DRAFT|SPEC|EMBED|RERANK|TOKENIZER|LORA))(?:.*_)?(?:MODEL|REPO)(?:_ID|_NAME|_PATH|_URI)?")
# Names of folders that say nothing of what is in them.
_FOLDERS = frozenset({"", "base", "cache", "checkpoint", "current", "data", "default", "hub", "latest", "main", "mnt"})
_MORE_FOLDERS = frozenset({"model", "model-cache", "model-store", "models", "pvc", "snapshots", "storage", "weights"})


def model_of(pod: Pod, engine: Container | None) -> ModelName | None:
    """Return the model that a pod serves, or None where nothing tells; `engine` is the container that runs it.

    In falling order: what Berth's annotation says; a hub's name on the command line; where a local folder is served,
    the hub's name under which it is served, from which it was fetched or that a variable holds; the name of the folder;
    what a label says.
    """
    command = engine_command(engine) if engine else None
    return next((each for found in _ways(pod, engine, command) for each in found), None)


def _ways(pod: Pod, engine: Container | None, command: EngineCommand | None) -> Iterator[Iterable[ModelName]]:
    yield _certain(pod, engine, command)
    yield _fetched(pod, engine)
    yield _vague(pod, engine, command)


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
    if match := _TAGGED.fullmatch(text):
        return match[1]
    return text if _HUB_ID.fullmatch(text) else None


def _certain(pod: Pod, engine: Container | None, command: EngineCommand | None) -> Iterator[ModelName]:
    told = pod.annotations.get(keys.MODEL)
    if told:
        yield ModelName(told, ModelSource.ANNOTATION)
    if command is None or engine is None:
        return
    for name in (*_some(command.model), *command.pulled):
        found = name if command.engine == "ollama" else hub_id(name)
        if found:
            yield ModelName(found, _written(engine, name))
    served = hub_id(command.served_name or "")
    if served:
        yield ModelName(served, ModelSource.SERVED_NAME)


def _fetched(pod: Pod, engine: Container | None) -> Iterator[ModelName]:
    """Yield what the platform says that it fetches, and what containers fetch before the engine starts or beside it."""
    for key in _model_keys(pod):
        if stored := _HUB_URI.match(pod.annotations.get(key, "")):
            yield ModelName(stored[1], ModelSource.ANNOTATION)
    yield from (ModelName(each, ModelSource.INIT_CONTAINER) for one in pod.init_containers for each in _fetching(one))
    if engine:
        yield from (ModelName(each, _written(engine, each)) for each in _fetching(engine))
    beside = (each for each in pod.containers if each is not engine)
    yield from (ModelName(each, ModelSource.ARGS) for one in beside for each in _fetching(one))


def _fetching(container: Container) -> Iterator[str]:
    """Yield the hubs' names of models in the command line of a container that fetches some, and in its variables."""
    for program in started_programs(container):
        yield from (match[1] for word in program.words for match in _HUB_URI.finditer(word))
        yield from (match[1] for word in program.words for match in _IN_CODE.finditer(word))
        yield from (hub for hub in map(hub_id, _named(program)) if hub)
    # Ollama's names have no owner, and no other engine pulls.
    yield from engine_command(container).pulled
    yield from (hub for hub in map(hub_id, _in_variables(container)) if hub)


def _named(program: Invocation) -> Iterator[str]:
    """Yield what a program that downloads is told to: by an option, or by the first word behind `hf download`."""
    given = parse(program.words, UNKNOWN_GRAMMAR)
    if given.words[1:2] == ("download",) and given.words[0].rpartition("/")[2] in _DOWNLOADERS:
        yield from given.words[2:3]
    yield from (value for option in _FETCHED for value in given.values.get(option, ()))


def _in_variables(container: Container) -> Iterator[str]:
    for each in container.env:
        if each.value and (_NAMING.fullmatch(each.name) or _HUB_URI.match(each.value)):
            yield each.value


def _vague(pod: Pod, engine: Container | None, command: EngineCommand | None) -> Iterator[ModelName]:
    if command and engine and command.model:
        folder = _folder(command.model)
        if folder:
            yield ModelName(folder, _written(engine, command.model))
    for uri in (uri for each in pod.init_containers for uri in _stored(each)):
        if folder := _folder(uri):
            yield ModelName(folder, ModelSource.INIT_CONTAINER)
    for key in _model_keys(pod):
        if key in pod.annotations:
            yield ModelName(_folder(pod.annotations[key]) or pod.annotations[key], ModelSource.ANNOTATION)
        elif key in pod.labels:
            yield ModelName(pod.labels[key], ModelSource.LABEL)
    if command and command.served_name:
        yield ModelName(command.served_name, ModelSource.SERVED_NAME)


def _stored(container: Container) -> Iterator[str]:
    """Yield the addresses of stores in the command line of a container that fetches from one."""
    words = (word for program in started_programs(container) for word in program.words)
    yield from (match[0] for word in words for match in _STORED.finditer(word))


def _folder(path: str) -> str | None:
    """Return the last part of a path or URI that says something; a bucket, a claim or a registry does not."""
    scheme = _URI.match(path)
    local = path[scheme.end() :].partition("/")[2] if scheme else path
    if path.startswith("oci://"):
        local = local.partition("@")[0].partition(":")[0]
    parts = [part for part in local.split("/") if part.lower() not in _FOLDERS | _MORE_FOLDERS]
    is_local = path.startswith(("/", "./")) or scheme
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
