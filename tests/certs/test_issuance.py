"""What is kept and what is made anew, by the content that was found."""

from datetime import UTC, datetime, timedelta

import pytest

from certs.authorities import Authorities, Content, authorities_of, succession
from certs.issuance import names_of, pair_of, serving_content
from certs.judgement import is_signed_by
from certs.pairs import make_authority

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
NAMES = names_of("berth-webhook", "berth-system")
AUTHORITIES = succession(authorities_of({}), NOW)
SERVING = serving_content({}, AUTHORITIES, NAMES, NOW)


def test_nothing_found_becomes_an_authority_and_a_certificate_that_it_signed() -> None:
    """A first pass makes everything; the serving content has the trust, and never the authority's key."""
    assert is_signed_by(pair_of(SERVING).parsed, AUTHORITIES.signing.parsed)
    assert SERVING["ca.crt"] == AUTHORITIES.signing.certificate
    assert AUTHORITIES.signing.key not in SERVING.values()


@pytest.mark.parametrize("days", [0, 55])
def test_what_will_do_is_kept_as_it_is(days: int) -> None:
    """A second pass changes nothing."""
    later = NOW + timedelta(days=days)

    assert succession(authorities_of(AUTHORITIES.content), later).content == AUTHORITIES.content
    assert serving_content(SERVING, AUTHORITIES, NAMES, later) == SERVING


@pytest.mark.parametrize(
    "found",
    [
        {},
        {"tls.crt": SERVING["tls.crt"]},
        {**SERVING, "tls.crt": b"broken"},
        {**SERVING, "tls.key": AUTHORITIES.signing.key},
        {**SERVING, "ca.crt": b""},
        serving_content({}, AUTHORITIES, NAMES[1:], NOW),
        serving_content({}, Authorities(make_authority(NOW)), NAMES, NOW),
        serving_content({}, AUTHORITIES, NAMES, NOW - timedelta(days=60)),
    ],
    ids=["none", "no key", "broken", "mismatched", "no trust", "other names", "other authority", "due"],
)
def test_what_will_not_do_is_replaced(found: Content) -> None:
    """Whatever is wrong, the next pass mends it."""
    made = serving_content(found, AUTHORITIES, NAMES, NOW)

    assert made != found
    assert serving_content(made, AUTHORITIES, NAMES, NOW) == made
