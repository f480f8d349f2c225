"""Wrong and broken files in the place of the webhook's certificate, while pods are created."""

from datetime import UTC, datetime

import pytest

from certs.pairs import Pair, issue, make_authority
from tests.faults.lengths import BEGIN, END, IS_LONG, PODS, TEST_SECONDS
from tests.faults.load import Record
from tests.faults.stage import Stage
from tests.faults.survival import untreated

pytestmark = pytest.mark.timeout(TEST_SECONDS)

# Longer than the webhook takes to look at its files.
SEEN_SECONDS = 60.0 if IS_LONG else 2.2


@pytest.fixture
def stranger() -> Pair:
    """A pair of the right name, signed by nobody whom the API server knows."""
    now = datetime.now(UTC)
    return issue(make_authority(now), ["localhost"], now)


def test_a_strangers_certificate(berth: Stage, stranger: Pair, record_property: Record) -> None:
    """It loads, so it is served, and the API server admits pods without whom it does not trust."""
    own = berth.pair
    load = berth.load("stranger", PODS, a_second=PODS / (60 if IS_LONG else 5))
    with load.running():
        load.reach(BEGIN)
        berth.write_certificate(stranger)
        berth.await_certificate(stranger)
        berth.service.cut()  # Connections live on under the certificate that they began with.
        load.reach(END)
        berth.write_certificate(own)
        berth.await_certificate(own)

    assert untreated(berth, load, record_property) > 0


def test_half_written_files(berth: Stage, stranger: Pair, record_property: Record) -> None:
    """What does not load, or does not belong together, is not served: what was loaded before is."""
    own = berth.pair
    half = len(own.certificate) // 2
    broken = (
        Pair(own.certificate[:half], own.key),
        Pair(own.certificate, own.key[: len(own.key) // 2]),
        Pair(own.certificate, stranger.key),
    )
    load = berth.load("half", PODS, a_second=PODS / (len(broken) * SEEN_SECONDS))
    try:
        with load.running():
            for number, pair in enumerate(broken, 1):
                berth.write_certificate(pair)
                load.reach(number / len(broken))
                berth.service.cut()
                berth.await_certificate(own)
    finally:
        berth.write_certificate(own)

    assert untreated(berth, load, record_property) <= load.threads * len(broken)
    assert all(each.is_ready and each.logged("does not load") for each in berth.webhooks)
