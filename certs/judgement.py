"""Whether a certificate will do at a moment; every problem is a sentence for the person who reads it."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from certs.lifetimes import SKEW
from certs.pairs import Pair

# A third of a life is left for every retry, and up to a twentieth more, so that not everything is due at once.
_LEFT, _SPREAD = 1 / 3, 1 / 20
_STEPS = 1000


def begun_at(certificate: x509.Certificate) -> datetime:
    """Return when a certificate was made."""
    return certificate.not_valid_before_utc + SKEW


def due_at(certificate: x509.Certificate) -> datetime:
    """Return when a serving certificate gets its successor: at two thirds of its life, or by chance a little before.

    The chance is in its serial number, so that everybody who asks finds the same moment.
    """
    life = certificate.not_valid_after_utc - begun_at(certificate)
    chance = certificate.serial_number % _STEPS / _STEPS
    return certificate.not_valid_after_utc - life * (_LEFT + _SPREAD * chance)


def is_ending(certificate: x509.Certificate, now: datetime, lookahead: timedelta) -> bool:
    """Tell whether the certificate is valid no longer after the lookahead."""
    return certificate.not_valid_after_utc <= now + lookahead


def problems(pair: Pair, names: Sequence[str], now: datetime) -> list[str]:
    """Return what is wrong with a pair that shall serve under the names: nothing when it will do."""
    try:
        certificate, public_key = pair.parsed, pair.private_key.public_key()
    except (ValueError, TypeError) as error:
        return [f"certificate or key cannot be read: {error}"]
    if certificate.public_key() != public_key:
        return ["the private key belongs to another certificate"]
    return [*time_problems(certificate, now), *name_problems(certificate, names)]


def time_problems(certificate: x509.Certificate, now: datetime) -> list[str]:
    """Return whether the certificate is not valid yet or no longer, as a list of at most one problem."""
    if now < certificate.not_valid_before_utc:
        return [f"certificate is not valid before {certificate.not_valid_before_utc:%Y-%m-%dT%H:%M:%SZ}"]
    if now > certificate.not_valid_after_utc:
        return [f"certificate expired at {certificate.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}"]
    return []


def is_signed_by(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    """Tell whether the authority's key signed the certificate."""
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def dns_names(certificate: x509.Certificate) -> list[str]:
    """Return the DNS names that a certificate is for."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    return extension.value.get_values_for_type(x509.DNSName)


def name_problems(certificate: x509.Certificate, names: Sequence[str]) -> Iterator[str]:
    """Return which names the certificate is not for."""
    served = set(dns_names(certificate))
    return (f"certificate is not for {name}" for name in names if served.isdisjoint((name, _wildcard(name))))


def _wildcard(name: str) -> str:
    return f"*.{name.partition('.')[2]}"
