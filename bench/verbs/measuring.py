"""The figures of the verbs: each verb at each size, at kube-scheduler's pace and back to back."""

import statistics
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import product

from bench.figures import Figure, Spread
from bench.load import Target, lines
from bench.ports import free_port
from bench.verbs.asking import PAUSE_SECONDS, Conversation, Round, Timed, Verb
from bench.verbs.orders import sampled
from bench.verbs.world import World

PART = "verbs"
ROUNDS = 5
_PACES = {"paced": PAUSE_SECONDS, "back to back": 0.0}


@dataclass(frozen=True, slots=True)
class Setting:
    """A cluster, how many candidates kube-scheduler looks for in it, and how many questions make a round."""

    nodes: int
    sought: int
    in_shares: bool
    questions: int = 100

    @property
    def fleet(self) -> str:
        """How the nodes offer their devices."""
        return "shares" if self.in_shares else "whole"

    def __str__(self) -> str:
        of = "" if self.sought == self.nodes else f" of {self.nodes:,}"
        return f"{self.sought:,}{of}, {self.fleet}"


SETTINGS = tuple(
    Setting(nodes, sought, in_shares, questions)
    for nodes, sought, questions in (
        (500, 500, 80),
        (5_000, sampled(5_000), 80),
        (5_000, 5_000, 80),
        (15_000, 15_000, 40),
    )
    for in_shares in (False, True)
)


async def measure(
    settings: Sequence[Setting] = SETTINGS, rounds: int = ROUNDS, verbs: Sequence[Verb] = tuple(Verb)
) -> AsyncIterator[Figure]:
    """Yield the figures of each setting."""
    for setting in settings:
        _progress(f"{setting}: a cluster is listed to the extender and to its floor")
        with serving(setting, "extender", "floor") as ports:
            async with lines(Target(ports[0]), 1) as mine, lines(Target(ports[1]), 1) as floors:
                world = World(setting.nodes, in_shares=setting.in_shares)
                conversation = Conversation(world, setting.sought, mine[0], floors[0])
                async for figure in _setting(setting, conversation, rounds, verbs):
                    yield figure


async def _setting(
    setting: Setting, conversation: Conversation, rounds: int, verbs: Sequence[Verb]
) -> AsyncIterator[Figure]:
    everything: list[Round] = []
    for verb, (pace, pause) in product(verbs, _PACES.items()):
        _progress(f"{setting}: {verb}, {pace}, {rounds} rounds of {setting.questions} questions")
        await conversation.round(verb, setting.questions // 2, pause)
        found = [await conversation.round(verb, setting.questions, pause) for _ in range(rounds)]
        everything += found
        for figure in _figures(f"{verb}, {setting}, {pace}", found):
            yield figure
    events = Spread.of([each.extender.event_seconds / each.extender.events * 1e6 for each in everything])
    yield Figure(PART, f"event, {setting}", "us", events, note="a line of a watch, and what follows of it at once")


def _figures(name: str, rounds: Sequence[Round]) -> Iterator[Figure]:
    candidates = statistics.median(each for one in rounds for each in one.candidates)
    unanswered = sum(each.unanswered for each in rounds)
    note = f"{candidates:,.0f} candidates" + (f", {unanswered} fitted nowhere" if unanswered else "")
    for percent, goal in ((50, 1.3), (99, 2.0)):
        mine, floor = ([_percentile(each.seconds, percent) for each in side] for side in _sides(rounds))
        yield Figure.compared(PART, f"{name}, p{percent}", "ms", (mine, floor), note=note, goal=goal)
    cpu = [[each.cpu_seconds / len(each.seconds) * 1000 for each in side] for side in _sides(rounds)]
    cpu_note = "of all that a question costs, what follows of it included"
    yield Figure.compared(PART, f"{name}, cpu", "ms", (cpu[0], cpu[1]), note=cpu_note)


def _sides(rounds: Sequence[Round]) -> tuple[list[Timed], list[Timed]]:
    return [each.extender for each in rounds], [each.floor for each in rounds]


def _percentile(seconds: Sequence[float], percent: int) -> float:
    return statistics.quantiles(seconds, n=100, method="inclusive")[percent - 1] * 1000


@contextmanager
def serving(setting: Setting, *roles: str) -> Iterator[list[int]]:
    """Run servers until they are ready, and yield their ports, which are free when they are chosen."""
    ports = [free_port() for _ in roles]
    with ExitStack() as stack:
        servers = [stack.enter_context(_server(setting, *each)) for each in zip(roles, ports, strict=True)]
        for role, server in zip(roles, servers, strict=True):
            if not (server.stdout and server.stdout.readline()):
                raise RuntimeError(f"the {role} ended before it was ready")
        yield ports


@contextmanager
def _server(setting: Setting, role: str, port: int) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "bench.verbs.server", role, str(setting.nodes), setting.fleet, str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


def _progress(text: str) -> None:
    sys.stderr.write(f"  {PART}: {text}\n")
