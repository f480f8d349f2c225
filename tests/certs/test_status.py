"""What an operator is told of certificates: who signs, until when, and who does not trust whom."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from certs.authorities import Authorities, authorities_of, succession
from certs.issuance import names_of, serving_content
from certs.pairs import make_authority
from certs.status import Standing, report
from tests.certs.strangers import Order, authority, server

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
LATE = NOW + timedelta(days=3650 - 365)
NAMES = names_of("berth-webhook", "berth-system")
FIRST = succession(authorities_of({}), NOW)
SERVING = serving_content({}, FIRST, NAMES, NOW)
SOUND = Standing(FIRST.content, SERVING, NAMES, {"webhook pods": FIRST.trust})


def test_what_is_sound_is_shown_without_a_problem() -> None:
    """Each certificate has a line with its end, and each client one with whom it trusts."""
    found = report(SOUND, NOW)

    assert found.problems == ()
    authority, served, names, client = found.lines
    assert authority.startswith("authority that signs: valid until 2036-05-01 (3,650 days), its successor is announced")
    assert served.startswith("serving certificate: valid until 2026-08-02 (90 days), renewed from 2026-0")
    assert names.endswith("signed by authority that signs")
    assert client == "webhook pods trusts the authority that signs"


def test_a_rotation_under_way_shows_both_authorities() -> None:
    """Who looks in the middle of it sees that clients trust both."""
    both = succession(FIRST, LATE, [FIRST.trust])
    serving = serving_content({}, both, NAMES, LATE)

    found = report(Standing(both.content, serving, NAMES, {"webhook pods": both.trust}), LATE)

    assert found.problems == ()
    assert "webhook pods trusts the authority that signs, the authority that will sign" in found.lines


def test_whoever_does_not_trust_what_is_served_is_named() -> None:
    """This is what takes admission down, and nobody else says it."""
    other = make_authority(NOW).certificate
    told = {"webhook pods": other, "webhook classes": b"", "webhook profiles": FIRST.trust}

    found = report(replace(SOUND, told=told), NOW)

    assert found.problems == (
        "webhook pods does not trust who signed the serving certificate",
        "webhook classes does not trust who signed the serving certificate",
    )
    assert "webhook pods trusts somebody else" in found.lines
    assert "webhook classes trusts nobody" in found.lines


def test_what_is_missing_damaged_or_at_its_end_is_a_sentence() -> None:
    """Nothing that may stand in a Secret ends the command otherwise."""
    missing = report(Standing({}, {}, NAMES, {}), NOW).problems
    assert [each.partition(" cannot be read")[0] for each in missing] == [
        "authority that signs: certificate or key",
        "serving certificate: certificate or key",
    ]
    assert report(SOUND, NOW + timedelta(days=91)).problems == (
        "serving certificate: certificate expired at 2026-08-02T12:00:00Z",
    )
    stranger = serving_content({}, Authorities(make_authority(NOW)), NAMES, NOW)
    assert (
        "serving certificate: none of the authorities signed it"
        in report(replace(SOUND, serving=stranger), NOW).problems
    )


def test_a_certificate_that_others_gave_needs_no_authority_of_ours() -> None:
    """Its authority is shown, and who does not trust it is named."""
    top = authority("top", NOW)
    serving = server([NAMES[0]], Order(NOW), top).content
    told = {"webhook pods": serving["ca.crt"], "webhook classes": make_authority(NOW).certificate}

    found = report(Standing({}, serving, NAMES, told), NOW)

    assert found.lines == (
        "serving certificate: valid until 2026-08-02 (90 days), given by others",
        "  for berth-webhook.berth-system.svc; signed by CN=top",
        "authority in ca.crt: valid until 2036-05-01 (3,650 days)",
        "webhook pods trusts the authority in ca.crt",
        "webhook classes trusts somebody else",
    )
    assert found.problems == ("webhook classes does not trust who signed the serving certificate",)


def test_a_given_certificate_that_will_not_do_is_a_sentence() -> None:
    """What is damaged, and what an API server would not accept under the Service's name."""
    serving = server(["elsewhere"], Order(NOW), authority("top", NOW)).content

    assert report(Standing({}, serving, NAMES, {}), NOW).problems == (
        "serving certificate: certificate is not for berth-webhook.berth-system.svc",
    )
    assert (
        report(Standing({}, {**serving, "tls.key": b""}, NAMES, {}), NOW)
        .problems[0]
        .startswith("serving certificate: tls.crt or tls.key cannot be read")
    )
