"""What is kept and what is made anew, by the content that was found."""

from datetime import UTC, datetime, timedelta

import pytest

from certs.issuance import Content, authority_content, names_of, pair_of, serving_content
from certs.judgement import is_signed_by
from certs.pairs import make_authority

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
NAMES = names_of("berth-webhook", "berth-system")
AUTHORITY = authority_content({}, NOW)
SERVING = serving_content({}, pair_of(AUTHORITY), NAMES, NOW)


def test_nothing_found_becomes_an_authority_and_a_certificate_that_it_signed() -> None:
    """A first pass makes everything; the serving content has the trust, and never the authority's key."""
    assert is_signed_by(pair_of(SERVING).parsed, pair_of(AUTHORITY).parsed)
    assert SERVING["ca.crt"] == AUTHORITY["tls.crt"]
    assert AUTHORITY["tls.key"] not in SERVING.values()


@pytest.mark.parametrize("days", [0, 59])
def test_what_will_do_is_kept_as_it_is(days: int) -> None:
    """A second pass changes nothing."""
    later = NOW + timedelta(days=days)

    assert authority_content(AUTHORITY, later) == AUTHORITY
    assert serving_content(SERVING, pair_of(AUTHORITY), NAMES, later) == SERVING


@pytest.mark.parametrize(
    "found",
    [
        {},
        {"tls.crt": SERVING["tls.crt"]},
        {**SERVING, "tls.crt": b"broken"},
        {**SERVING, "tls.key": AUTHORITY["tls.key"]},
        {**SERVING, "ca.crt": b""},
        serving_content({}, pair_of(AUTHORITY), NAMES[1:], NOW),
        serving_content({}, make_authority(NOW), NAMES, NOW),
        serving_content({}, pair_of(AUTHORITY), NAMES, NOW - timedelta(days=60)),
    ],
    ids=["none", "no key", "broken", "mismatched", "no trust", "other names", "other authority", "due"],
)
def test_what_will_not_do_is_replaced(found: Content) -> None:
    """Whatever is wrong, the next pass mends it."""
    made = serving_content(found, pair_of(AUTHORITY), NAMES, NOW)

    assert made != found
    assert serving_content(made, pair_of(AUTHORITY), NAMES, NOW) == made


def test_an_authority_is_replaced_a_year_before_its_end() -> None:
    """No serving certificate outlives its authority."""
    assert authority_content(AUTHORITY, NOW + timedelta(days=3650 - 366)) == AUTHORITY
    assert authority_content(AUTHORITY, NOW + timedelta(days=3650 - 365)) != AUTHORITY
