"""Certificates that somebody else makes, such as cert-manager: whether they will do, and who is trusted for them."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from certs.authorities import AUTHORITY, Content
from certs.issuance import pair_of
from certs.judgement import is_signed_by, name_problems, time_problems
from certs.lifetimes import USUAL, Lifetimes

# Those with which Go's crypto/x509, and so an API server, lets a server's certificate be used.
_FOR_SERVERS = {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}


class UnusableError(Exception):
    """What was given cannot be served, or nobody would trust it: the message says why."""


@dataclass(frozen=True, slots=True)
class Given:
    """A chain of certificates that can be served, and the authorities to trust for it."""

    chain: Sequence[x509.Certificate]
    authorities: Sequence[x509.Certificate]

    def problems(self, names: Sequence[str], now: datetime) -> list[str]:
        """Return what speaks against serving it under the names at that moment."""
        served = self.chain[0]
        return [*time_problems(served, now), *name_problems(served, names), *_usage_problems(served)]

    def is_trusted_by(self, bundle: bytes) -> bool:
        """Tell whether somebody who trusts the certificates of a bundle trusts what is served."""
        return _leads_to(self.chain, read(bundle))


def given_of(content: Content) -> Given:
    """Return what a Secret holds. Its `ca.crt` may be missing, as in one that kubectl made. Raises UnusableError."""
    pair = pair_of(content)
    try:
        chain, public_key = pair.chain, pair.public_key
    except (ValueError, TypeError) as error:
        raise UnusableError(f"tls.crt or tls.key cannot be read: {error}") from None
    if chain[0].public_key() != public_key:
        raise UnusableError("tls.key belongs to another certificate than tls.crt")
    authorities = read(content.get(AUTHORITY, b"")) or [each for each in chain if is_signed_by(each, each)]
    if authorities and not _leads_to(chain, authorities):
        raise UnusableError("nobody in ca.crt signed tls.crt")
    return Given(chain, authorities)


def read(certificates: bytes) -> list[x509.Certificate]:
    """Return the certificates of a bundle: none where it cannot be read."""
    try:
        return x509.load_pem_x509_certificates(certificates)
    except ValueError:
        return []


@dataclass(frozen=True)
class Trust:
    """Whom clients are to trust for what is given: its authorities, and for a while those that they trusted before.

    A server may show the certificate before this one until it has read its files again.
    """

    lifetimes: Lifetimes = USUAL
    _superseded_at: dict[x509.Certificate, datetime] = field(default_factory=dict)

    def bundle(self, given: Given, told: Iterable[bytes], now: datetime) -> bytes:
        """Return the bundle for clients that were told these last."""
        wanted = dict.fromkeys(given.authorities)
        before = dict.fromkeys(each for bundle in told for each in read(bundle) if each not in wanted)
        self._note(before, now)
        kept = [each for each in before if now - self._superseded_at[each] < self.lifetimes.overlap]
        return b"".join(each.public_bytes(Encoding.PEM) for each in (*wanted, *kept))

    def _note(self, superseded: Collection[x509.Certificate], now: datetime) -> None:
        for each in self._superseded_at.keys() - superseded:
            del self._superseded_at[each]
        for each in superseded:
            self._superseded_at.setdefault(each, now)


def _leads_to(chain: Sequence[x509.Certificate], trusted: Collection[x509.Certificate]) -> bool:
    """Tell whether a trusted certificate signed the first of a chain, or one that signed it in turn."""
    end = chain[0]
    for following in (*chain[1:], None):
        if end in trusted or any(is_signed_by(end, each) for each in trusted):
            return True
        if following is None or not is_signed_by(end, following):
            return False
        end = following
    return False


def _usage_problems(certificate: x509.Certificate) -> Iterator[str]:
    try:
        usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return
    if _FOR_SERVERS.isdisjoint(usages):
        yield "certificate is not for servers: its extended key usage lacks server auth"
