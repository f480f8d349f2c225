"""The rotation of authorities: at every moment, every API server trusts whoever signed what any replica serves."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from certs.authorities import Authorities, Content, authorities_of, succession
from certs.issuance import names_of, pair_of, serving_content
from certs.judgement import is_signed_by
from certs.lifetimes import Lifetimes
from certs.pairs import make_authority

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
NAMES = names_of("berth-webhook", "berth-system")
FIRST = succession(authorities_of({}), NOW)
LATE = NOW + timedelta(days=3650 - 365)


def passed(found: Authorities, now: datetime, told: bytes | None = None) -> Authorities:
    """Return the authorities after one look, read back from their Secret, where clients trust what they were told."""
    return authorities_of(succession(found, now, [told if told is not None else found.trust]).content)


def test_a_successor_is_trusted_before_it_signs_and_its_predecessor_after_it_did() -> None:
    """The whole rotation, step by step."""
    assert passed(FIRST, LATE - timedelta(days=1)) == FIRST

    announced = passed(FIRST, LATE)
    assert announced.signing == FIRST.signing
    assert announced.next
    assert announced.trust == FIRST.signing.certificate + announced.next.certificate

    told = passed(announced, LATE + timedelta(minutes=1))
    assert (told.next, told.told_at) == (announced.next, LATE + timedelta(minutes=1))
    assert passed(told, LATE + timedelta(minutes=10)) == told

    successor = passed(told, LATE + timedelta(minutes=11))
    assert (successor.signing, successor.next, successor.old) == (announced.next, None, FIRST.signing.certificate)

    assert passed(successor, LATE + timedelta(days=90)) == successor
    assert passed(successor, LATE + timedelta(days=91)) == Authorities(successor.signing)


def test_as_long_as_one_client_was_not_told_the_successor_does_not_sign() -> None:
    """An API server that cannot be written to keeps the old trust, and the clock of the overlap begins anew."""
    announced = passed(FIRST, LATE)
    told = passed(announced, LATE)

    untold = passed(told, LATE + timedelta(hours=1), told=FIRST.trust)
    assert (untold.signing, untold.told_at) == (FIRST.signing, None)
    assert passed(untold, LATE + timedelta(hours=2)).signing == FIRST.signing


@pytest.mark.parametrize("damage", [{"tls.crt": b"x"}, {"tls.key": b""}, {"tls.crt": b"", "tls.key": b""}], ids=str)
def test_an_authority_that_cannot_sign_is_replaced_at_once(damage: Content) -> None:
    """By its successor where there is one, which is trusted already."""
    announced = passed(FIRST, LATE)
    broken = authorities_of({**announced.content, **damage})

    assert succession(broken, LATE).signing == announced.next
    assert not is_signed_by(succession(authorities_of(damage), LATE).signing.parsed, FIRST.signing.parsed)


@pytest.mark.parametrize(
    "damage",
    [{"next.crt": b"x"}, {"next.key": b""}, {"next.told": b"soon"}, {"next.told": b"\xff"}, {"old.crt": b"no PEM"}],
    ids=str,
)
def test_damage_to_what_does_not_sign_changes_who_signs_not(damage: Content) -> None:
    """And what is told to clients is always a bundle that they can read."""
    announced = passed(FIRST, LATE)

    mended = passed(authorities_of({**announced.content, **damage}), LATE)

    assert mended.signing == FIRST.signing
    assert len(x509.load_pem_x509_certificates(mended.trust)) == 2


def rotation(lifetimes: Lifetimes, steps: list[tuple[int, bool, bool]]) -> Iterator[tuple[Content, bytes, datetime]]:
    """Yield what a replica serves, whom the API server trusts, and when, after each look.

    A step is the seconds since the last, whether clients can be told, and whether the replica reads its Secret.
    """
    now, told = NOW, b""
    held: Content = {}
    serving: Content = {}
    served: Content = {}
    for seconds, is_reachable, is_read in steps:
        now += timedelta(seconds=seconds)
        authorities = succession(authorities_of(held), now, [told] if told else None, lifetimes)
        held = dict(authorities.content)
        serving = dict(serving_content(serving, authorities, NAMES, now, lifetimes))
        told = authorities.trust if is_reachable or not told else told
        served = serving if is_read or not served else served
        yield served, told, now


@given(st.lists(st.tuples(st.integers(1, 400), st.booleans(), st.booleans()), max_size=60))
def test_whoever_was_told_trusts_what_is_served(steps: list[tuple[int, bool, bool]]) -> None:
    """Whatever is late, a certificate that is valid is trusted by clients that were told within the overlap."""
    lifetimes = Lifetimes(timedelta(hours=2), timedelta(minutes=20), timedelta(minutes=1))
    for served, told, now in rotation(lifetimes, steps):
        leaf = pair_of(served).parsed
        trusted = x509.load_pem_x509_certificates(told)
        if leaf.not_valid_after_utc > now:
            assert any(is_signed_by(leaf, each) and each.not_valid_after_utc > now for each in trusted)


def test_an_authority_lives_longer_than_what_it_signs() -> None:
    """A signature under an authority that ends first would be worth nothing at its own end."""
    assert make_authority(NOW).parsed.not_valid_after_utc - LATE >= timedelta(days=180)
