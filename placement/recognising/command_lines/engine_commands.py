"""What one container's command line says of the engine that it runs: one value, and how sure we are of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from placement.pods import Container, EnvVar
from placement.recognising.command_lines.engines import Engine
from placement.recognising.command_lines.findings import findings
from placement.recognising.command_lines.options import (
    UNKNOWN_GRAMMAR,
    Given,
    Grammar,
    Meaning,
    from_environment,
    is_flag,
    parse,
)
from placement.recognising.command_lines.shell import programs, script_position, unwrapped
from placement.recognising.command_lines.values import integer, is_true, share
from placement.recognising.command_lines.words import (
    UNKNOWN,
    Fields,
    Invocation,
    Room,
    UnreadableCommandError,
    invocation,
)

RAY_WORKER = "ray-worker"
RAY_HEAD = "ray-head"


class Confidence(StrEnum):
    """How much of a command line is understood: all of it, what is not hidden elsewhere, or nothing."""

    EXACT = "exact"
    PARTIAL = "partial"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class EngineCommand:
    """An engine with the options that it is given; None is not known, and an empty engine is not recognised.

    `flags` are the canonical names of all options that the author gave, on the command line or in the environment.
    `pulled` are the models that the container fetches for itself. `follows` tells that it is no first node of its
    engine, `is_idle` that it runs no model: a head of Ray without devices, a router, a training.
    """

    engine: str = ""
    model: str | None = None
    served_name: str | None = None
    revision: str | None = None
    tensor_parallel: int | None = None
    pipeline_parallel: int | None = None
    data_parallel: int | None = None
    data_parallel_local: int | None = None
    context_parallel: int | None = None
    nodes: int | None = None
    max_length: int | None = None
    memory_share: float | None = None
    quantization: str | None = None
    dtype: str | None = None
    kv_cache_dtype: str | None = None
    shares_data_parallel: bool = False
    fills_devices: bool = False
    follows: bool = False
    is_idle: bool = False
    in_shell: bool = False
    flags: frozenset[str] = frozenset()
    pulled: Fields = ()
    grammar: Grammar = UNKNOWN_GRAMMAR
    confidence: Confidence = Confidence.NONE

    @property
    def serves_model(self) -> bool:
        """Whether it is an engine that loads a model, and none that only lends its devices."""
        return bool(self.engine) and self.engine not in {RAY_WORKER, RAY_HEAD}

    @property
    def world_size(self) -> int | None:
        """How many devices the engine uses on all its nodes, or None where that is not known."""
        return _product(self.tensor_parallel, self.pipeline_parallel, self.context_parallel, self._copies(local=False))

    @property
    def devices(self) -> int | None:
        """How many devices the engine uses in this container, or None where that is not known."""
        size = _product(self.tensor_parallel, self.pipeline_parallel, self.context_parallel, self._copies(local=True))
        return None if size is None or self.nodes is None else -(-size // max(1, self.nodes))

    def _copies(self, *, local: bool) -> int | None:
        if self.shares_data_parallel:
            return 1
        return (self.data_parallel_local if local else None) or self.data_parallel


NOT_RECOGNISED = EngineCommand()


@dataclass(frozen=True, slots=True)
class _Source:
    """Everything of a container that says what it runs; equal for all replicas."""

    image: str
    command: Fields
    args: Fields
    env: tuple[tuple[str, str | None], ...]
    after_start: Fields
    has_unseen_env: bool


def engine_command(container: Container) -> EngineCommand:
    """Return what the container runs; whatever it holds, this raises nothing."""
    env = tuple((each.name, each.value) for each in container.env)
    command, args, hook = container.command, container.args, container.after_start
    return _engine_command(_Source(container.image, command, args, env, hook, container.has_unseen_env))


# Replicas ask the same question again and again.
@lru_cache(maxsize=512)
def _engine_command(source: _Source) -> EngineCommand:
    env = tuple(EnvVar(name, value) for name, value in source.env)
    container = Container(
        "",
        source.image,
        source.command,
        source.args,
        env,
        has_unseen_env=source.has_unseen_env,
        after_start=source.after_start,
    )
    try:
        return _recognised(container)
    except UnreadableCommandError:
        return NOT_RECOGNISED


def started_programs(container: Container) -> tuple[Invocation, ...]:
    """Return the programs that a container starts, in order; none where its command line cannot be read."""
    room = Room()
    try:
        return tuple(programs(invocation(container, room), room))
    except UnreadableCommandError:
        return ()


def opens_shell(container: Container) -> bool:
    """Tell whether the container's words go to a shell with a script, behind which more words are lost."""
    words = (*container.command, *container.args)
    return any(script_position(each) is not None for each in unwrapped(words))


def _recognised(container: Container) -> EngineCommand:
    found = findings(container)
    if not found.engines:
        return EngineCommand(pulled=tuple(found.pulled), is_idle=found.is_idle)
    serving = [each for each in found.engines if each[0].serves_model]
    engine, words, line = (serving or found.engines)[0]
    return _command(engine, words, line, tuple(found.pulled), is_only=len(serving) <= 1)


def _command(engine: Engine, words: Fields, line: Invocation, pulled: Fields, *, is_only: bool) -> EngineCommand:
    grammar = engine.grammar
    given = parse(words, grammar)
    values = {**_environment_values(line, grammar), **given.values}
    read = _Reader(values)
    if not engine.serves_model:
        return _lending(given, in_shell=line.in_shell)
    model, model_is_known = _model(engine, given, read)
    sharded = read.text(Meaning.SHARDED)
    is_sure = is_only and given.is_whole and model_is_known and Meaning.CONFIG_FILE not in values
    single = 1 if engine.is_single else None
    tensor_parallel = read.count(Meaning.TENSOR_PARALLEL, None if engine.fills_devices else single)
    return EngineCommand(
        engine.name,
        model,
        read.text(Meaning.SERVED_NAME),
        read.text(Meaning.REVISION),
        tensor_parallel=1 if sharded and not is_true(sharded) else tensor_parallel,
        pipeline_parallel=read.count(Meaning.PIPELINE_PARALLEL, single),
        data_parallel=read.count(Meaning.DATA_PARALLEL, single),
        data_parallel_local=read.count(
            # An engine that is told its rank is one copy; the others are in other pods.
            Meaning.DATA_PARALLEL_LOCAL,
            1 if read.has(Meaning.DATA_PARALLEL_RANK) else None,
        ),
        context_parallel=read.count(Meaning.PREFILL_CONTEXT_PARALLEL, 1),
        nodes=read.count(Meaning.NODES, 1),
        max_length=read.length(),
        memory_share=share(read.text(Meaning.MEMORY_SHARE)),
        quantization=read.text(Meaning.QUANTIZATION),
        dtype=read.text(Meaning.DTYPE),
        kv_cache_dtype=read.text(Meaning.KV_CACHE_DTYPE),
        shares_data_parallel=read.has(Meaning.DATA_PARALLEL_ATTENTION) or "--attn-dp-size" in values,
        fills_devices=engine.fills_devices,
        follows=_is_later_node(values),
        in_shell=line.in_shell,
        flags=frozenset(values),
        pulled=pulled,
        grammar=grammar,
        confidence=Confidence.EXACT if is_sure and read.is_whole else Confidence.PARTIAL,
    )


def _is_later_node(values: Mapping[str, Fields]) -> bool:
    """Tell whether an engine says that it is not the first of its nodes."""
    rank = integer(" ".join(values.get(Meaning.NODE_RANK, ())))
    return bool(rank) or values.get(Meaning.HEADLESS, ("false",)) in ((), ("true",))


def _lending(given: Given, *, in_shell: bool) -> EngineCommand:
    """Return a node of Ray; a head that offers no devices runs no model."""
    is_head = "--head" in given.values or "leader" in given.words[:1]
    is_idle = integer(" ".join(given.values.get("--num-gpus", ()))) == 0
    engine = RAY_HEAD if is_head else RAY_WORKER
    return EngineCommand(
        engine, is_idle=is_idle, in_shell=in_shell, flags=frozenset(given.values), confidence=Confidence.EXACT
    )


def _environment_values(line: Invocation, grammar: Grammar) -> dict[str, Fields]:
    return {flag: line.variables[name] for name, flag in from_environment(line.variables, grammar)}


def _model(engine: Engine, given: Given, read: "_Reader") -> tuple[str | None, bool]:
    """Return the model, and whether nothing about it is hidden."""
    if engine.grammar.takes_model and given.words and not is_flag(given.words[0]):
        return given.words[0], True
    named = read.text(Meaning.MODEL) or read.text(Meaning.MODEL_DIRECTORY)
    if named or read.has(Meaning.MODEL):
        return named, named is not None
    return (engine.default_model if given.is_whole and not read.has(Meaning.CONFIG_FILE) else None), True


class _Reader:
    """The values of options, read as what they mean; `is_whole` tells that all that were asked for could be read."""

    def __init__(self, values: Mapping[str, Fields]) -> None:
        self._values = values
        self.is_whole = True

    def has(self, meaning: Meaning) -> bool:
        return meaning in self._values

    def text(self, meaning: Meaning) -> str | None:
        words = self._values.get(meaning)
        if words is None:
            return None
        if not words or not words[0] or UNKNOWN in words[0]:
            self.is_whole = False
            return None
        return words[0]

    def count(self, meaning: Meaning, default: int | None) -> int | None:
        """Return a positive count; where it is given but cannot be read, None."""
        if meaning not in self._values:
            return default
        number = integer(self.text(meaning))
        self.is_whole = self.is_whole and bool(number)
        return number or None

    def length(self) -> int | None:
        """Return the length of a sequence; `auto` and -1 leave it to the engine."""
        text = self.text(Meaning.MAX_LENGTH)
        return integer(text)


def _product(*factors: int | None) -> int | None:
    total = 1
    for each in factors:
        if each is None:
            return None
        total *= each
    return total
