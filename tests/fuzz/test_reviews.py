import pytest

from tests.fuzz.reviews import REVIEWS_PER_WORLD, review
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


def test_a_number_is_the_same_review_for_ever() -> None:
    """What a run found can be looked at again."""
    assert [review(SEED, each) for each in range(50)] == [review(SEED, each) for each in range(50)]
    assert review(SEED, 1) != review(SEED + 1, 1)
    assert REVIEWS % REVIEWS_PER_WORLD == 0
