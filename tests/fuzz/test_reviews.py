import pytest

from tests.fuzz.names import NAMESPACES
from tests.fuzz.reviews import REVIEWS_PER_WORLD, review, world_of
from tests.fuzz.runs import Findings, run, run_over_http

SEED = 2026
# `make fuzz` asks a hundred times as many.
REVIEWS, OVER_HTTP = 3000, 500


@pytest.fixture(scope="module")
def findings() -> Findings:
    """What comes of some thousand reviews."""
    return run(SEED, 0, REVIEWS)


def test_every_answer_keeps_to_the_protocol(findings: Findings) -> None:
    """Whatever comes in: no exception, no error status, no half-applied patch, and mutating twice is mutating once."""
    assert findings.problems == []


def test_the_reviews_reach_every_part_of_the_webhook(findings: Findings) -> None:
    """A generator of which every pod was refused or left alone would prove nothing."""
    outcomes = ("injected", "untouched", "unfit", "denied", "warned", "audited", "not_understood", "bad_request")

    assert {each: findings.outcomes[each] > REVIEWS // 500 for each in outcomes} == dict.fromkeys(outcomes, True)


async def test_the_same_holds_over_http() -> None:
    """The server in front adds nothing that could go wrong."""
    found = await run_over_http(SEED, range(REVIEWS, REVIEWS + OVER_HTTP))

    assert found.problems == []
    assert found.answers.total() == OVER_HTTP


def test_what_is_remembered_changes_no_answer(findings: Findings) -> None:
    """Of every other review a desk was asked as well that had seen none before: `problems` has what differs."""
    assert findings.compared == REVIEWS // 2


def test_the_objects_of_a_cluster_are_understood_unless_they_are_damaged() -> None:
    """A generator whose classes and runtimes were all invalid would prove nothing."""
    made = [world_of(SEED, number * REVIEWS_PER_WORLD) for number in range(40)]
    read = sum(len(each.catalog.classes) + len(each.profiles) + len(each.serving.runtimes) for each in made)
    problems = sum(len(found) for each in made for found in (each.class_problems, each.profile_problems))

    assert read > 10 * problems > 0
    assert any(each.roster.groups and each.roster.pending for each in made)
    assert any(each.serving.models and each.serving.services and each.serving.problems for each in made)
    assert any(each.queueing.flavors and each.queueing_problems for each in made)
    assert any(
        each.allowances(name).quotas and each.allowances(name).limit_ranges for each in made for name in NAMESPACES
    )


def test_a_number_is_the_same_review_for_ever() -> None:
    """What a run found can be looked at again."""
    assert [review(SEED, each) for each in range(50)] == [review(SEED, each) for each in range(50)]
    assert review(SEED, 1) != review(SEED + 1, 1)
    assert REVIEWS % REVIEWS_PER_WORLD == 0
