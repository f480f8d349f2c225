"""The authorities of an installation: one signs, a successor is trusted before it does, a predecessor still after it.

Every server's certificate is therefore signed by an authority that every API server trusts, at any moment of a
rotation.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509

from certs.judgement import begun_at, is_ending, problems
from certs.lifetimes import USUAL, Lifetimes
from certs.pairs import Pair, make_authority

# By the keys of a kubernetes.io/tls Secret, which are file names where it is mounted.
Content = Mapping[str, bytes]
CERTIFICATE, KEY, AUTHORITY = "tls.crt", "tls.key", "ca.crt"
_NEXT_CERTIFICATE, _NEXT_KEY, _NEXT_TOLD, _OLD = "next.crt", "next.key", "next.told", "old.crt"


@dataclass(frozen=True, slots=True)
class Authorities:
    """Who signs, who will sign, since when every API server was told of that one, and who signed before."""

    signing: Pair
    next: Pair | None = None
    told_at: datetime | None = None
    old: bytes = b""

    @property
    def trust(self) -> bytes:
        """The certificates of all of them, as PEM: what clients are to trust."""
        return self.signing.certificate + (self.next.certificate if self.next else b"") + self.old

    @property
    def content(self) -> Content:
        """What their Secret holds."""
        content = {CERTIFICATE: self.signing.certificate, KEY: self.signing.key}
        if self.next:
            content |= {_NEXT_CERTIFICATE: self.next.certificate, _NEXT_KEY: self.next.key}
        if self.told_at:
            content[_NEXT_TOLD] = self.told_at.isoformat().encode()
        return {**content, _OLD: self.old} if self.old else content


def authorities_of(content: Content) -> Authorities:
    """Return the authorities that a Secret holds; a part that is missing or damaged is not there."""
    successor = Pair(content.get(_NEXT_CERTIFICATE, b""), content.get(_NEXT_KEY, b""))
    is_there = bool(successor.certificate and successor.key)
    told_at = _moment(content.get(_NEXT_TOLD, b""))
    return Authorities(
        Pair(content.get(CERTIFICATE, b""), content.get(KEY, b"")),
        successor if is_there else None,
        told_at if is_there else None,
        _readable(content.get(_OLD, b"")),
    )


def succession(
    found: Authorities, now: datetime, told: Iterable[bytes] | None = None, lifetimes: Lifetimes = USUAL
) -> Authorities:
    """Return the authorities that there ought to be at that moment.

    `told` is what each client was told last to trust; None where there is nobody to tell.
    """
    kept = _with_successor(_without_old(_usable(found, now, lifetimes), now, lifetimes), now, lifetimes)
    if kept.next is None:
        return kept
    if not _knows(told, kept.next):
        return Authorities(kept.signing, kept.next, None, kept.old)
    told_at = kept.told_at or now
    if told is None or now - told_at >= lifetimes.overlap:
        return Authorities(kept.next, old=kept.signing.certificate)
    return Authorities(kept.signing, kept.next, told_at, kept.old)


def _usable(found: Authorities, now: datetime, lifetimes: Lifetimes) -> Authorities:
    """Replace what cannot sign at once; nobody can be told before, for its certificates are good for nothing."""
    successor = found.next if found.next and not problems(found.next, (), now) else None
    if not problems(found.signing, (), now):
        return Authorities(found.signing, successor, found.told_at if successor else None, found.old)
    return Authorities(successor or make_authority(now, lifetimes.authority))


def _with_successor(found: Authorities, now: datetime, lifetimes: Lifetimes) -> Authorities:
    if found.next or not is_ending(found.signing.parsed, now, lifetimes.authority_lookahead):
        return found
    return Authorities(found.signing, make_authority(now, lifetimes.authority), None, found.old)


def _without_old(found: Authorities, now: datetime, lifetimes: Lifetimes) -> Authorities:
    """Trust a predecessor until the last certificate that it signed is invalid."""
    signs_since = begun_at(found.signing.parsed) + lifetimes.overlap
    is_gone = now >= signs_since + lifetimes.serving + timedelta(seconds=1)
    return Authorities(found.signing, found.next, found.told_at) if is_gone else found


def _knows(told: Iterable[bytes] | None, successor: Pair) -> bool:
    return told is None or all(successor.certificate in each for each in told)


def _readable(certificates: bytes) -> bytes:
    """Return certificates that can be read, or nothing: an API server refuses a bundle with one that it cannot read."""
    try:
        x509.load_pem_x509_certificates(certificates)
    except ValueError:
        return b""
    return certificates


def _moment(text: bytes) -> datetime | None:
    try:
        found = datetime.fromisoformat(text.decode())
    except ValueError:
        return None
    return found if found.tzinfo else None
