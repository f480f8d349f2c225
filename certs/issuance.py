"""What a Secret or directory with a certificate ought to hold: what it holds, while that will do, else a new pair."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from certs.judgement import AUTHORITY_LOOKAHEAD, is_due, is_signed_by, problems
from certs.pairs import Pair, issue, make_authority

# By the keys of a kubernetes.io/tls Secret, which are file names where it is mounted.
Content = Mapping[str, bytes]
CERTIFICATE, KEY, AUTHORITY = "tls.crt", "tls.key", "ca.crt"


def pair_of(content: Content) -> Pair:
    """Return the pair that the content holds; a part that is missing is empty, which no judgement accepts."""
    return Pair(content.get(CERTIFICATE, b""), content.get(KEY, b""))


def authority_content(found: Content, now: datetime) -> Content:
    """Return what the authority's Secret ought to hold at that moment."""
    pair = pair_of(found)
    if not problems(pair, (), now) and not is_due(pair.parsed, now, AUTHORITY_LOOKAHEAD):
        return found
    return _content(make_authority(now))


def serving_content(found: Content, authority: Pair, names: Sequence[str], now: datetime) -> Content:
    """Return what the Secret that servers mount ought to hold at that moment: never the authority's key."""
    pair = pair_of(found)
    if _will_do(pair, authority, names, now) and found.get(AUTHORITY) == authority.certificate:
        return found
    return {**_content(issue(authority, names, now)), AUTHORITY: authority.certificate}


def names_of(service: str, namespace: str) -> tuple[str, ...]:
    """Return the DNS names to serve under: the API server asks for the first, `kubectl port-forward` for localhost."""
    return f"{service}.{namespace}.svc", f"{service}.{namespace}.svc.cluster.local", "localhost"


def _will_do(pair: Pair, authority: Pair, names: Sequence[str], now: datetime) -> bool:
    if problems(pair, names, now):
        return False
    return not is_due(pair.parsed, now) and is_signed_by(pair.parsed, authority.parsed)


def _content(pair: Pair) -> Content:
    return {CERTIFICATE: pair.certificate, KEY: pair.key}
