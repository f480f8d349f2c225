"""What a Secret or directory with a certificate ought to hold: what it holds, while that will do, else a new pair."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from certs.authorities import AUTHORITY, CERTIFICATE, KEY, Authorities, Content
from certs.judgement import due_at, is_signed_by, problems
from certs.lifetimes import USUAL, Lifetimes
from certs.pairs import Pair, issue, issue_client


def pair_of(content: Content) -> Pair:
    """Return the pair that the content holds; a part that is missing is empty, which no judgement accepts."""
    return Pair(content.get(CERTIFICATE, b""), content.get(KEY, b""))


def serving_content(
    found: Content, authorities: Authorities, names: Sequence[str], now: datetime, lifetimes: Lifetimes = USUAL
) -> Content:
    """Return what the Secret that servers mount ought to hold at that moment: never the authority's key."""
    return _content(found, authorities, names, (now, lifetimes), issue)


def client_content(
    found: Content, authorities: Authorities, names: Sequence[str], now: datetime, lifetimes: Lifetimes = USUAL
) -> Content:
    """Return what a client that shows a certificate ought to hold at that moment."""
    return _content(found, authorities, names, (now, lifetimes), issue_client)


def names_of(service: str, namespace: str) -> tuple[str, ...]:
    """Return the DNS names to serve under: the API server asks for the first, `kubectl port-forward` for localhost."""
    return f"{service}.{namespace}.svc", f"{service}.{namespace}.svc.cluster.local", "localhost"


def _content(
    found: Content,
    authorities: Authorities,
    names: Sequence[str],
    when: tuple[datetime, Lifetimes],
    new: Callable[[Pair, Sequence[str], datetime, timedelta], Pair],
) -> Content:
    now, lifetimes = when
    pair = pair_of(found)
    if not _will_do(pair, authorities.signing, names, now):
        pair = new(authorities.signing, names, now, lifetimes.serving)
    return {CERTIFICATE: pair.certificate, KEY: pair.key, AUTHORITY: authorities.trust}


def _will_do(pair: Pair, authority: Pair, names: Sequence[str], now: datetime) -> bool:
    if problems(pair, names, now):
        return False
    return now < due_at(pair.parsed) and is_signed_by(pair.parsed, authority.parsed)
