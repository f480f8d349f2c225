"""What the certificates may do, what they may not, and when they will not do any more."""

from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from certs.judgement import due_at, is_signed_by, problems
from certs.lifetimes import USUAL
from certs.pairs import Pair, issue, make_authority

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
NAMES = ("berth-webhook.berth-system.svc", "localhost")
AUTHORITY = make_authority(NOW)
SERVING = issue(AUTHORITY, NAMES, NOW)

Kind = TypeVar("Kind", bound=x509.ExtensionType)


def extension(pair: Pair, kind: type[Kind]) -> x509.Extension[Kind]:
    """Return an extension of the pair's certificate; raises ExtensionNotFound."""
    return pair.parsed.extensions.get_extension_for_class(kind)


def permissions(pair: Pair) -> set[str]:
    """Return what the key may be used for."""
    usage = extension(pair, x509.KeyUsage).value
    simple = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    return {name for name in (*simple, "key_cert_sign", "crl_sign") if getattr(usage, name)}


def names(pair: Pair) -> tuple[str, ...]:
    """Return the DNS names of the certificate."""
    return tuple(extension(pair, x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName))


def is_authority(pair: Pair) -> bool:
    """Tell whether it may sign serving certificates, and no further authorities."""
    constraints = extension(pair, x509.BasicConstraints)
    return constraints.critical and constraints.value.ca and constraints.value.path_length == 0


def names_its_issuer(pair: Pair, issuer: Pair) -> bool:
    """Tell whether its authority key identifier is the issuer's subject key identifier."""
    key = extension(pair, x509.AuthorityKeyIdentifier).value.key_identifier
    return key == extension(issuer, x509.SubjectKeyIdentifier).value.digest


def test_the_authority_may_sign_certificates_and_nothing_else() -> None:
    """An authority is one by its critical extensions, and its key serves no other purpose."""
    assert is_authority(AUTHORITY)
    assert permissions(AUTHORITY) == {"key_cert_sign"}
    assert extension(AUTHORITY, x509.KeyUsage).critical
    assert names_its_issuer(AUTHORITY, AUTHORITY)


def test_a_serving_certificate_may_only_serve() -> None:
    """A serving certificate is no authority, signs only handshakes, and authenticates only servers."""
    assert not extension(SERVING, x509.BasicConstraints).value.ca
    assert permissions(SERVING) == {"digital_signature"}
    assert list(extension(SERVING, x509.ExtendedKeyUsage).value) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert names(SERVING) == NAMES


def test_a_serving_certificate_names_the_authority_that_signed_it() -> None:
    """Verifiers in strict mode find the issuer by its key identifier, and only the right authority verifies."""
    assert names_its_issuer(SERVING, AUTHORITY)
    assert is_signed_by(SERVING.parsed, AUTHORITY.parsed)
    assert not is_signed_by(SERVING.parsed, make_authority(NOW).parsed)


@pytest.mark.parametrize(("pair", "life"), [(AUTHORITY, USUAL.authority), (SERVING, USUAL.serving)], ids=["CA", "leaf"])
def test_a_certificate_is_valid_from_an_hour_before_its_making_to_the_end_of_its_life(
    pair: Pair, life: timedelta
) -> None:
    """Clocks that are up to an hour behind accept a new certificate."""
    assert pair.parsed.not_valid_before_utc == NOW - timedelta(hours=1)
    assert pair.parsed.not_valid_after_utc == NOW + life


def test_no_two_certificates_share_a_serial_number() -> None:
    """Serial numbers are random, so a renewed certificate of one issuer is another one."""
    assert issue(AUTHORITY, NAMES, NOW).parsed.serial_number != SERVING.parsed.serial_number


@pytest.mark.parametrize("life", [timedelta(days=90), timedelta(minutes=1)], ids=str)
def test_a_serving_certificate_is_due_at_two_thirds_of_its_life(life: timedelta) -> None:
    """Renewal has the last third to succeed; by chance it comes a little earlier, and whoever asks finds the same."""
    due = [due_at(issue(AUTHORITY, NAMES, NOW, life).parsed) for _ in range(40)]

    assert all(NOW + life * (2 / 3 - 1 / 20) - timedelta(seconds=1) < each <= NOW + life * 2 / 3 for each in due)
    assert len(set(due)) > 20
    assert due_at(SERVING.parsed) == due_at(SERVING.parsed)


def test_no_serving_certificate_outlives_its_authority() -> None:
    """A certificate that is valid under nobody's trust only looks well."""
    late = issue(AUTHORITY, NAMES, NOW + timedelta(days=3649))

    assert late.parsed.not_valid_after_utc == AUTHORITY.parsed.not_valid_after_utc


@pytest.mark.parametrize(
    ("pair", "now", "problem"),
    [
        (SERVING, NOW, []),
        (SERVING, NOW + timedelta(days=91), ["certificate expired at 2026-08-02T12:00:00Z"]),
        (SERVING, NOW - timedelta(hours=2), ["certificate is not valid before 2026-05-04T11:00:00Z"]),
        (issue(AUTHORITY, NAMES[:1], NOW), NOW, ["certificate is not for localhost"]),
        (Pair(SERVING.certificate, AUTHORITY.key), NOW, ["the private key belongs to another certificate"]),
    ],
    ids=["good", "expired", "early", "another name", "another key"],
)
def test_problems_say_what_is_wrong_at_a_moment(pair: Pair, now: datetime, problem: list[str]) -> None:
    """Every reason why a pair cannot serve is a sentence."""
    assert problems(pair, NAMES, now) == problem


@pytest.mark.parametrize("broken", [b"", b"no PEM"])
def test_what_is_no_certificate_is_a_problem_and_no_error(broken: bytes) -> None:
    """Anything may stand in a Secret."""
    (problem,) = problems(Pair(broken, SERVING.key), NAMES, NOW)

    assert problem.startswith("certificate or key cannot be read: ")


def test_a_pair_does_not_show_its_key() -> None:
    """A pair that ends up in a log gives nothing away."""
    assert "PRIVATE" not in repr(SERVING)
