"""A choice is what the whole decision says, at once: whatever was kept or prepared, and whatever changes afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from placement.inventory import Inventory, NodeInventory
from placement.requirements import Requirements, Spread
from placement.scheduling.candidates import EXPLAINED
from placement.scheduling.decisions import Candidate, Decision
from placement.scheduling.policy import Choice, Chooser
from placement.shares import SHARES, hold_for
from tests.builders import NVIDIA
from tests.placement.scheduling.asking import OWNERS, requirements, requiring
from tests.placement.scheduling.editing import Edit, changed, edits

NAMES = "abcdef"

Told = tuple[list[Candidate], list[object], int]


def told(decision: Decision) -> Told:
    """Return all that a decision tells, costs explained."""
    return [each.explained for each in decision.candidates], list(decision.rejections), decision.fitting


class Question(NamedTuple):
    """What is asked for, of which nodes, while which are sick; whether the winner gets the pod."""

    asked: Requirements
    names: Sequence[str]
    sick: frozenset[str]
    is_placed: bool


class Change(NamedTuple):
    """What becomes of a node: it is edited, or it goes."""

    name: str
    edit: Edit | None


class Preparation(NamedTuple):
    """So many calls of prepare."""

    calls: int


Step = Question | Change | Preparation


@dataclass
class Bench:
    """A chooser that is asked, and one like it that never prepares anything."""

    inventory: Inventory = field(default_factory=Inventory)
    chooser: Chooser = field(default_factory=Chooser)
    unprepared: Chooser = field(default_factory=Chooser)
    choices: list[tuple[Choice, Told]] = field(default_factory=list)

    def do(self, step: Step) -> None:
        """Do one step, and assert that choices are what decisions say."""
        if isinstance(step, Change):
            self.inventory = changed(self.inventory, *step)
        elif isinstance(step, Preparation):
            for _ in range(step.calls):
                self.chooser.prepare(self.inventory)
        else:
            self.ask(step)

    def ask(self, question: Question) -> None:
        """Ask both, and let the winner have the pod."""
        asked, names, sick, is_placed = question
        decision = self.chooser.decide(asked, self.inventory, names, EXPLAINED, sick)
        self.choices.append((self.chooser.choose(asked, self.inventory, names, sick), told(decision)))
        winner = self.choices[-1][0].winner
        assert winner == decision.winner
        assert winner == self.unprepared.choose(asked, self.inventory, names, sick).winner
        node = self.inventory.nodes.get(winner.node) if winner else None
        if winner and node and is_placed:
            hold = hold_for(node.name, asked.requests, winner.devices, asked.owner)
            self.inventory = Inventory({**self.inventory.nodes, node.name: node.assume(hold)})
        for each in (self.chooser, self.unprepared):
            each.see(asked, self.inventory, names)
            if winner:
                each.settle(self.inventory, asked, winner.node)

    def assert_choices_tell_what_was_decided(self) -> None:
        """Whatever has happened since."""
        self.chooser.follow(changed(self.inventory, "a", None))
        for choice, expected in self.choices:
            assert told(choice.decision) == expected
            assert sorted(choice.verdicts.names) == sorted({*choice.verdicts.names})


questions = st.builds(
    Question,
    requirements,
    st.lists(st.sampled_from([*NAMES, "new", "no,name"]), unique=True),
    st.frozensets(st.sampled_from(NAMES), max_size=2),
    st.booleans(),
)
steps = st.one_of(
    questions,
    questions,
    st.builds(Change, st.sampled_from(NAMES), edits | st.none()),
    st.builds(Preparation, st.integers(1, 30)),
)


@given(st.lists(st.builds(Change, st.sampled_from(NAMES), edits), max_size=12), st.lists(steps, max_size=8))
def test_a_choice_is_the_best_of_the_decision_whatever_changes_or_is_prepared(
    first: list[Change], later: list[Step]
) -> None:
    """Nodes come, go, are cordoned and become others; pods are placed in between; some nodes nobody knows."""
    bench = Bench()
    for step in (*first, *later):
        bench.do(step)
    bench.assert_choices_tell_what_was_decided()


@given(st.lists(steps, max_size=8))
def test_preparing_comes_to_an_end(drawn: list[Step]) -> None:
    """Then there is nothing more to do until something changes."""
    bench = Bench()
    for step in drawn:
        bench.do(step)

    assert any(bench.chooser.prepare(bench.inventory) for _ in range(200))
    assert bench.chooser.prepare(bench.inventory)


def test_replicas_are_kept_apart_among_the_nodes_that_are_not_sick() -> None:
    """What counts as equal in cost is told by the cheapest of these, not by a cheaper one that is sick."""
    replicas = {"sick": 2, "near": 1, "alone": 0}
    offered = {"sick": (55_000, 8, 3), "near": (22_000, 6, 0), "alone": (9000, 16, 2)}
    inventory = Inventory(
        {
            name: NodeInventory(
                name,
                allocatable={"cpu": cpu, NVIDIA: devices},
                held={NVIDIA: held},
                replicas={"rs/chat": replicas[name]} if replicas[name] else {},
            )
            for name, (cpu, devices, held) in offered.items()
        }
    )
    asked, sick = requiring({NVIDIA: 1}, {"cpu": 500}, "rs/chat"), frozenset({"sick"})

    winner = Chooser().choose(asked, inventory, [*inventory.nodes], sick).winner

    assert winner
    assert winner.node == "alone"
    assert winner == Chooser().decide(asked, inventory, [*inventory.nodes], sick=sick).winner


def test_a_decision_is_told_by_the_outlook_that_stood_when_it_was_made() -> None:
    """Though the next outlook counts before anybody asks for it, and nothing else has changed."""
    started = NodeInventory("a", allocatable={"cpu": 64_000, NVIDIA: 8}, held={NVIDIA: 6})
    inventory = Inventory({"a": started, "b": replace(started, name="b", held={})})
    asked, chooser = requiring({NVIDIA: 1}, {"cpu": 500}, ""), Chooser()
    expected = told(chooser.decide(asked, inventory, ["a", "b"], EXPLAINED))
    choices = [chooser.choose(asked, inventory, ["a", "b"]) for _ in range(2)]

    for _ in range(20):
        chooser.see(requiring({NVIDIA: 8}, {}, ""), inventory, ["a", "b"])
        chooser.settle(inventory, asked, "a")

    assert [told(each.decision) for each in choices] == [expected] * 2
    assert told(chooser.decide(asked, inventory, ["a", "b"], EXPLAINED)) != expected


class Crowd:
    """Nodes of which there are more than a short list has, drawn by chance alone, which is faster."""

    def __init__(self, resource: str, seed: int, size: int) -> None:
        self.chance, self.resource = Random(seed), resource
        self.names = [f"n{number:03}" for number in range(size)]
        self.inventory = Inventory({name: self.node(name) for name in self.names})

    def node(self, name: str) -> NodeInventory:
        """Draw a node, one of so few states that many of them cost the same."""
        chance, per_device = self.chance, 1000 if self.resource == SHARES else 1
        devices = chance.choice((4, 8))
        node = NodeInventory(name, allocatable={"cpu": 64_000, self.resource: per_device * devices})
        for device in range(chance.randrange(5)):
            amount = chance.choice((190, 810, 1000)) if per_device > 1 else 1
            node = node.hold(hold_for(name, {"cpu": 1000, self.resource: amount}, (device,)))
        owners = {owner: chance.choice((1, 1, 2)) for owner in OWNERS[1:] if chance.random() < 0.7}
        return replace(node, replicas=owners, is_schedulable=chance.random() < 0.9)

    def question(self) -> Question:
        """Draw a question about some or many of them."""
        chance = self.chance
        amount = chance.choice((190, 810, 1000, 2000) if self.resource == SHARES else (1, 2, 4))
        asked = requiring({self.resource: amount}, {"cpu": 500}, chance.choice(OWNERS), chance.choice(list(Spread)))
        names = chance.sample(self.names, chance.choice((5, len(self.names) // 2, len(self.names))))
        sick = frozenset(chance.sample(self.names, chance.choice((0, 3, 40))))
        return Question(asked, [*names, "new"], sick, is_placed=chance.random() < 0.7)


@settings(max_examples=25)
@given(st.sampled_from([NVIDIA, SHARES]), st.integers(0, 2**32), st.integers(100, 300))
def test_a_choice_among_more_nodes_than_are_listed_is_the_best_of_the_decision(
    resource: str, seed: int, size: int
) -> None:
    """The best of those that are asked about may not be among the best of all."""
    crowd = Crowd(resource, seed, size)
    bench = Bench(crowd.inventory)
    for _ in range(6):
        bench.ask(crowd.question())
        bench.do(Preparation(crowd.chance.randrange(3)))
        bench.inventory = bench.inventory.amended([crowd.node(crowd.chance.choice(crowd.names))])
    bench.assert_choices_tell_what_was_decided()
