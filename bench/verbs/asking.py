"""Questions in turn to the extender and to its floor: the same bytes, after the same events.

Each question is a step: what happened since the one before is taken in, a pause, the question. What the extender
answers is bound; the floor is asked the same afterwards.
"""

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import islice
from random import Random
from time import perf_counter

import msgspec

from bench.load import Line, post
from bench.questions import NVIDIA
from bench.verbs import objects
from bench.verbs.orders import questioned
from bench.verbs.server import NOTHING_FITS, PREFIX, Taken
from bench.verbs.world import KINDS, Pod, World
from placement.shares import SHARES

# So long kube-scheduler itself works between two questions at the least: 6 ms at 500 nodes, and longer at more.
PAUSE_SECONDS = 0.005

# A round of answers that take very long ends early.
ROUND_SECONDS = 6.0

# So many questions are written before the first of them is asked.
BATCH = 20

# A node tells of itself every five minutes, or with every so many questions: far more often than at 200 pods/s.
_QUESTIONS_PER_HEARTBEAT = 4
_WAITING = 40
_MOST_DEVICES = max(devices for _, devices, _ in KINDS)


class Verb(StrEnum):
    """What is asked."""

    FILTER = "filter"
    PRIORITIZE = "prioritize"
    NOTHING_FITS = "nothing fits"


class _Result(msgspec.Struct, rename="pascal"):
    node_names: list[str]
    failed_and_unresolvable_nodes: dict[str, str]


class _Score(msgspec.Struct, rename="pascal"):
    host: str
    score: int


@dataclass(frozen=True, slots=True)
class Step:
    """A question about a pod, and how many candidates it names."""

    pod: Pod
    question: bytes
    candidates: int


@dataclass
class Timed:
    """What one server took: seconds for each answer and for all events, of cpu for all answers and what followed."""

    seconds: list[float] = field(default_factory=list)
    event_seconds: float = 0.0
    events: int = 0
    cpu_seconds: float = 0.0
    _cpu_seen: float | None = None

    def note(self, taken: Taken, events: int) -> None:
        """Count events, and the cpu since those before."""
        self.event_seconds += taken.seconds
        self.events += events
        if self._cpu_seen is not None:
            self.cpu_seconds += taken.cpu_before - self._cpu_seen
        self._cpu_seen = taken.cpu_after


@dataclass
class Round:
    """One round of both servers; `candidates` of each question, `unanswered` pods for which no node was answered."""

    extender: Timed = field(default_factory=Timed)
    floor: Timed = field(default_factory=Timed)
    candidates: list[int] = field(default_factory=list)
    unanswered: int = 0


class Conversation:
    """Questions about the pods that arrive in a world; at most `sought` candidates each."""

    def __init__(self, world: World, sought: int, extender: Line, floor: Line) -> None:
        self._world, self._sought = world, sought
        self._extender, self._floor = extender, floor
        self._resource = SHARES if world.in_shares else NVIDIA
        self._rows = {name: row for row, name in enumerate(world.names)}
        self._chance = Random(2)
        self._waiting = [_oversized(world.next_pod()) for _ in range(_WAITING)]
        self._news: list[bytes] = []
        self._asked = 0

    async def round(self, verb: Verb, count: int, pause: float) -> Round:
        """Ask so many questions of both, or as many batches as there is time for."""
        done, began = Round(), perf_counter()
        while len(done.candidates) < count and perf_counter() - began < ROUND_SECONDS:
            steps = self._steps(verb, min(BATCH, count - len(done.candidates)))
            done.candidates += [step.candidates for step in steps]
            with _no_collection():
                told = [each async for each in self._ask(verb, steps, pause, done)]
                await _replay(self._floor, steps, told, pause, done.floor)
        return done

    async def _ask(self, verb: Verb, steps: Sequence[Step], pause: float, done: Round) -> AsyncIterator[bytes]:
        """Ask the extender, and yield the events that came before each question."""
        for step in steps:
            events = self._events(verb, step)
            answer = await _asked(self._extender, events, step, pause, done.extender)
            done.unanswered += not self._heard(verb, step, answer)
            yield events

    def _steps(self, verb: Verb, count: int) -> list[Step]:
        return list(islice(self._endless_steps(verb), count))

    def _endless_steps(self, verb: Verb) -> Iterator[Step]:
        while True:
            step = self._refused_step() if verb is Verb.NOTHING_FITS else self._step(verb)
            if step:
                yield step

    def _step(self, verb: Verb) -> Step | None:
        """Return a question about the next pod, or None where kube-scheduler would not ask: nothing is feasible."""
        pod, size = self._world.next_pod(), self._world.size
        feasible = self._world.feasible(pod.asked)
        if not len(feasible):
            return None
        rows = questioned(feasible, size, self._chance.randrange(size), self._chance)
        path = "prioritize" if verb is Verb.PRIORITIZE else "filter"
        return self._question(pod, rows[: self._sought].tolist(), path)

    def _refused_step(self) -> Step:
        """Return a question about a pod that fits nowhere, which is asked about again and again."""
        self._asked += 1
        size = self._world.size
        rows = questioned(self._world.all_rows, size, self._chance.randrange(size), self._chance)
        pod = self._waiting[self._asked % _WAITING]
        return self._question(pod, rows[: self._sought].tolist(), f"filter?{NOTHING_FITS}")

    def _question(self, pod: Pod, rows: Sequence[int], path: str) -> Step:
        names = [self._world.names[row] for row in rows]
        body = objects.arguments(objects.pending(pod, self._resource), names)
        return Step(pod, post(f"{PREFIX}/{path}", body), len(rows))

    def _events(self, verb: Verb, step: Step) -> bytes:
        """Return what the API server tells before a question: what was bound, who left, a heartbeat, the new pod."""
        self._asked += 1
        pods = [*self._news]
        for pod in self._world.departures():
            pods += self._departure(pod)
        if verb is not Verb.NOTHING_FITS:
            pods.append(objects.event("ADDED", objects.seen(step.pod, self._resource)))
        nodes = [] if self._asked % _QUESTIONS_PER_HEARTBEAT else [self._heartbeat()]
        self._news.clear()
        return b'{"pods":[%s],"nodes":[%s]}' % (b",".join(pods), b",".join(nodes))

    def _heard(self, verb: Verb, step: Step, answer: bytes) -> bool:
        """Bind the pod to the node that was answered, or another pod somewhere; tell whether there was a node."""
        if verb is Verb.NOTHING_FITS:
            assert len(msgspec.json.decode(answer, type=_Result).failed_and_unresolvable_nodes) == step.candidates
            bound = self._world.bind_anywhere(self._world.next_pod())
        else:
            best = _best(answer) if verb is Verb.PRIORITIZE else _first(answer)
            bound = self._world.bind(step.pod, self._rows[best]) if best else None
        if bound:
            self._news += self._binding(bound)
        return verb is Verb.NOTHING_FITS or bound is not None

    def _binding(self, pod: Pod) -> list[bytes]:
        node = self._world.names[pod.row]
        phases = ("Pending", "Running")
        return [objects.event("MODIFIED", objects.seen(pod, self._resource, phase=each, node=node)) for each in phases]

    def _departure(self, pod: Pod) -> list[bytes]:
        node = self._world.names[pod.row]
        leaving = objects.seen(pod, self._resource, phase="Running", is_leaving=True, node=node)
        return [objects.event("MODIFIED", leaving), objects.event("DELETED", leaving)]

    def _heartbeat(self) -> bytes:
        row = self._chance.randrange(self._world.size)
        return objects.event("MODIFIED", objects.node(self._world, row, self._asked))


async def _replay(line: Line, steps: Sequence[Step], told: Sequence[bytes], pause: float, timed: Timed) -> None:
    for step, events in zip(steps, told, strict=True):
        await _asked(line, events, step, pause, timed)


async def _asked(line: Line, events: bytes, step: Step, pause: float, timed: Timed) -> bytes:
    """Have the events taken in, and return the answer to the question."""
    taken = msgspec.json.decode(await line.ask(post("/events", events)), type=Taken)
    timed.note(taken, events.count(b'{"type":'))
    await asyncio.sleep(pause)
    began = perf_counter()
    answer = await line.ask(step.question)
    timed.seconds.append(perf_counter() - began)
    return answer


def _oversized(pod: Pod) -> Pod:
    """Return the pod with more devices than any node has."""
    task = pod.asked.task
    more = task._replace(devices=task.devices + _MOST_DEVICES, milli=1000)
    return replace(pod, asked=pod.asked._replace(task=more))


def _first(answer: bytes) -> str | None:
    names = msgspec.json.decode(answer, type=_Result).node_names
    assert len(names) <= 1, "the winner passes alone"
    return names[0] if names else None


def _best(answer: bytes) -> str | None:
    scores = msgspec.json.decode(answer, type=list[_Score])
    return max(scores, key=lambda each: each.score).host if scores else None


@contextmanager
def _no_collection() -> Iterator[None]:
    """Let the client's own garbage wait: a pause of the client would count as one of the server."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
