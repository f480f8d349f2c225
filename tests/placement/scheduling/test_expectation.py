"""What is expected of tasks to come, from those that came and from what is known before any came."""

from collections.abc import Iterable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placement.inventory import NodeInventory
from placement.scheduling.expectation import MAX_TASKS, PRIOR_ARRIVALS, PRIOR_SIZES, Learnt, Pinned, prior
from placement.scheduling.expectations import Expectations
from placement.scheduling.mix import Mix, mix_of
from placement.scheduling.pools import pool_of
from placement.scheduling.tasks import Task
from tests.builders import AMD, NVIDIA
from tests.placement.scheduling.fleets import tasks

ONE, OTHER = Task(1000, 1), Task(2000, 2)


def shares(mix: Mix) -> Mapping[Task, float]:
    """Return the popularity of each task."""
    return dict(zip(mix.tasks, mix.popularity, strict=True))


def learnt(seen: Iterable[Task], before: Mapping[Task, float] | None = None, half_life: float = 10_000) -> Learnt:
    """Return what is expected after these arrivals."""
    expected = Learnt(before or {}, half_life)
    for each in seen:
        expected.see(each)
    return expected


@pytest.mark.parametrize("half_life", [1, 7, 50])
def test_after_a_half_life_of_later_arrivals_a_task_counts_half(half_life: int) -> None:
    """One that came once before weighs half of one that comes once now."""
    between = [OTHER] * (half_life - 1)
    found = shares(learnt([ONE, *between, Task(1)], half_life=half_life).mix)

    assert found[ONE] == pytest.approx(found[Task(1)] / 2)


def test_without_a_prior_what_came_often_is_expected_often() -> None:
    """Of arrivals much newer than the half-life all count alike."""
    assert shares(learnt([ONE, ONE, OTHER, ONE]).mix) == pytest.approx({ONE: 0.75, OTHER: 0.25}, abs=1e-3)


@given(
    st.lists(tasks, max_size=40), st.dictionaries(tasks, st.floats(0.1, 9), max_size=3), st.sampled_from([0.1, 1, 9])
)
def test_what_is_learnt_is_the_weighted_count_of_what_came(
    seen: list[Task], before: dict[Task, float], half_life: float
) -> None:
    """However often it was looked at, and though weights are kept within what numbers hold."""
    expected = learnt(seen, before, half_life)
    age = {len(seen) - number: task for number, task in enumerate(seen)}
    weights = {task: weight * 2.0 ** (-len(seen) / half_life) for task, weight in before.items()}
    for arrivals, task in age.items():
        weights[task] = weights.get(task, 0) + 2.0 ** (-arrivals / half_life)

    found, total = shares(expected.mix), sum(weights.values())
    for task, weight in weights.items():
        assert found.get(task, 0) == pytest.approx(weight / total, abs=1e-9)
    assert expected.arrivals == pytest.approx(total)


@given(st.lists(tasks, min_size=1, max_size=500), st.sampled_from([0.5, 1, 100]))
def test_what_is_learnt_anew_of_the_same_arrivals_is_the_same(seen: list[Task], half_life: float) -> None:
    """After a restart, whoever looked in between."""
    once, again = learnt([], {ONE: 3}, half_life), learnt([], {ONE: 3}, half_life)
    for each in seen:
        once.see(each)
        assert once.mix.tasks
        again.see(each)
    last = learnt(seen, {ONE: 3}, half_life)

    assert again.mix.tasks == last.mix.tasks
    assert again.mix.popularity == last.mix.popularity


def test_an_old_mix_is_forgotten() -> None:
    """After ten half-lives less than a thousandth of it is left, and after two hundred nothing."""
    assert shares(learnt([OTHER] * 1000, {ONE: 50}, 100).mix)[ONE] < 0.001 * 50
    assert ONE not in shares(learnt([OTHER] * 500, {ONE: 50}, 1).mix)


def test_what_was_known_before_fades_as_pods_come() -> None:
    """Half of what counts after as many arrivals as it stands for."""
    before = prior([(96_000, 8)])
    expected = learnt([OTHER] * int(sum(before.values())), before)

    assert shares(expected.mix)[OTHER] == pytest.approx(0.5, abs=0.05)
    assert expected.arrivals == pytest.approx(2 * sum(before.values()), rel=0.05)


def test_the_mix_stays_the_same_object_until_enough_arrived() -> None:
    """What is kept per mix is lost with it."""
    expected = learnt([ONE] * 100)
    first = expected.mix
    for _ in range(5):
        expected.see(OTHER)
        assert expected.mix is first
    for _ in range(10):
        expected.see(OTHER)

    assert expected.mix is not first
    assert OTHER in expected.mix.tasks


def test_the_mix_stays_the_same_object_while_nothing_arrives() -> None:
    """Also where nothing ever arrived, and nothing was known before."""
    for expected in (Learnt(), Learnt({ONE: 0.01}), learnt([ONE])):
        assert expected.mix is expected.mix


def test_of_very_many_different_tasks_the_most_frequent_are_expected() -> None:
    """Each costs a column in every decision."""
    many = [Task(cpu) for cpu in range(2 * MAX_TASKS)]
    mix = learnt([*many, ONE, ONE]).mix

    assert len(mix.tasks) == MAX_TASKS
    assert mix.tasks[0] == ONE
    assert sum(mix.popularity) == pytest.approx(1)


def test_a_pinned_mix_stays_whatever_arrives() -> None:
    """The operator knows better."""
    expected = Pinned(mix_of({ONE: 1}), 100)
    for _ in range(1000):
        expected.see(OTHER)

    assert expected.mix.tasks == (ONE,)
    assert expected.arrivals == 100


def test_before_anything_arrives_pods_of_all_usual_sizes_are_expected_the_smaller_the_more_often() -> None:
    """With half of the cpu that stands beside as many devices."""
    found = prior([(96_000, 8), (96_000, 8)])
    usual = [Task(6000 * devices, devices) for devices in PRIOR_SIZES]

    assert [found[task] for task in usual] == sorted((found[task] for task in usual), reverse=True)
    assert sum(found[task] for task in usual) == pytest.approx(PRIOR_ARRIVALS)


def test_before_anything_arrives_a_whole_node_of_each_shape_is_expected_rarely() -> None:
    """Twice as many nodes of a shape make it no more frequent."""
    found = prior([(96_000, 8), (96_000, 8), (32_000, 16)])

    assert 0 < found[Task(32_000, 16)] < found[Task(96_000, 8)] < 1


@pytest.mark.parametrize("shapes", [[], [(64_000, 0)], [(0, 4)], [(0, 1), (0, 0)], [(7, 3), (1, 1024)]], ids=str)
def test_nodes_of_odd_shapes_tell_what_they_can(shapes: list[tuple[int, int]]) -> None:
    """Without devices, without cpu, with very many devices: never a task that asks for no device."""
    found = prior(shapes)

    assert min(found.values()) > 0
    assert all(task.devices > 0 and task.cpu >= 0 for task in found)
    assert sum(mix_of(found).popularity) == pytest.approx(1)


def test_a_shape_that_is_a_usual_size_counts_for_both() -> None:
    """Nodes without cpu are as large as the pod of eight that asks none."""
    assert prior([(0, 8)])[Task(0, 8)] > prior([(0, 16)])[Task(0, 8)]


def test_each_resource_has_an_expectation_of_its_own_that_lasts() -> None:
    """What NVIDIA's pods ask says nothing of AMD's."""
    nvidia, amd = (pool_of(name, [NodeInventory("a", allocatable={"cpu": 64_000, name: 8})]) for name in (NVIDIA, AMD))
    expectations = Expectations()
    for _ in range(50):
        expectations.of(nvidia).see(ONE)

    assert expectations.of(nvidia).mix.tasks[0] == ONE
    assert ONE not in expectations.of(amd).mix.tasks
    assert sorted(expectations.by_resource) == [AMD, NVIDIA]


def test_a_resource_that_no_node_offers_is_not_remembered() -> None:
    """Pods may ask for anything."""
    expectations = Expectations()
    expectations.of(pool_of(NVIDIA, [])).see(ONE)

    assert expectations.by_resource == {}


def test_learning_begins_with_a_known_mix_which_fades() -> None:
    """A file from yesterday."""
    nvidia = pool_of(NVIDIA, [NodeInventory("a", allocatable={"cpu": 64_000, NVIDIA: 8})])
    expected = Expectations({NVIDIA: {ONE: 10}}).of(nvidia)
    assert expected.mix.tasks == (ONE,)
    for _ in range(30):
        expected.see(OTHER)

    assert shares(expected.mix) == pytest.approx({ONE: 0.25, OTHER: 0.75}, abs=0.02)


def test_a_pinned_mix_holds_for_the_resources_that_it_names() -> None:
    """Of others there is nothing to pin, so they are learnt."""
    nodes = [NodeInventory("a", allocatable={"cpu": 64_000, NVIDIA: 8, AMD: 8})]
    expectations = Expectations({NVIDIA: {ONE: 10}}, is_pinned=True)
    for name in (NVIDIA, AMD):
        for _ in range(100):
            expectations.of(pool_of(name, nodes)).see(OTHER)

    assert expectations.of(pool_of(NVIDIA, nodes)).mix.tasks == (ONE,)
    assert expectations.of(pool_of(AMD, nodes)).mix.tasks[0] == OTHER
