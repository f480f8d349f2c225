"""What stands of an installation's certificates: who signs, what is served until when, and who trusts whom."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from certs.authorities import AUTHORITY, Content, authorities_of
from certs.given import UnusableError, given_of, read
from certs.issuance import pair_of
from certs.judgement import dns_names, due_at, is_signed_by, problems
from certs.lifetimes import USUAL, Lifetimes


@dataclass(frozen=True, slots=True)
class Standing:
    """What was found: both Secrets' contents, the names to serve, and the bundle of each client by its name."""

    authority: Content
    serving: Content
    names: Sequence[str]
    told: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Report:
    """Lines that say what stands, and what is wrong with it, in sentences."""

    lines: tuple[str, ...]
    problems: tuple[str, ...]


def report(found: Standing, now: datetime, lifetimes: Lifetimes = USUAL) -> Report:
    """Return what stands at that moment; a serving certificate without an authority of ours is given by others."""
    return _of_given(found, now) if found.serving and not found.authority else _of_own(found, now, lifetimes)


def _of_given(found: Standing, now: datetime) -> Report:
    try:
        given = given_of(found.serving)
    except UnusableError as error:
        return Report((), (f"serving certificate: {error}",))
    served = given.chain[0]
    known = dict.fromkeys(given.authorities, "authority in ca.crt")
    lines = [
        f"serving certificate: {_life(served, now)}, given by others",
        f"  for {', '.join(dns_names(served))}; signed by {served.issuer.rfc4514_string() or 'nobody with a name'}",
        *(f"{role}: {_life(each, now)}" for each, role in known.items()),
        *(f"{client} trusts {_trusted(bundle, known)}" for client, bundle in found.told.items()),
    ]
    wrong = [f"serving certificate: {each}" for each in given.problems(found.names[:1], now)]
    wrong += [
        f"{client} does not trust who signed the serving certificate"
        for client, bundle in found.told.items()
        if not given.is_trusted_by(bundle)
    ]
    return Report(tuple(lines), tuple(wrong))


def _of_own(found: Standing, now: datetime, lifetimes: Lifetimes) -> Report:
    roles = _authorities(found)
    lines = [f"{role}: {_life(each, now)}{_ahead(role, each, lifetimes)}" for role, each in roles.items()]
    wrong = [f"authority that signs: {each}" for each in problems(authorities_of(found.authority).signing, (), now)]
    pair = pair_of(found.serving)
    amiss = problems(pair, found.names, now)
    wrong += [f"serving certificate: {each}" for each in amiss]
    if not amiss:
        signer = next((role for role, each in roles.items() if is_signed_by(pair.parsed, each)), "")
        lines.append(f"serving certificate: {_life(pair.parsed, now)}, renewed from {_day(due_at(pair.parsed))}")
        lines.append(f"  for {', '.join(found.names)}; signed by {signer or 'nobody that is known here'}")
        wrong += [] if signer else ["serving certificate: none of the authorities signed it"]
        wrong += [
            f"{client} does not trust who signed the serving certificate"
            for client, bundle in {f"{AUTHORITY} beside it": found.serving.get(AUTHORITY, b""), **found.told}.items()
            if not any(is_signed_by(pair.parsed, each) for each in read(bundle))
        ]
    known = {each: role for role, each in roles.items()}
    lines += [f"{client} trusts {_trusted(bundle, known)}" for client, bundle in found.told.items()]
    return Report(tuple(lines), tuple(wrong))


def _authorities(found: Standing) -> dict[str, x509.Certificate]:
    """Return the authorities by what they do."""
    standing = authorities_of(found.authority)
    roles: list[tuple[str, Iterable[x509.Certificate]]] = [
        ("authority that signs", read(standing.signing.certificate)),
        ("authority that will sign", read(standing.next.certificate) if standing.next else ()),
        ("authority that signed before", read(standing.old)),
    ]
    return {role: each for role, certificates in roles for each in certificates}


def _trusted(bundle: bytes, known: Mapping[x509.Certificate, str]) -> str:
    return ", ".join(f"the {known[each]}" if each in known else "somebody else" for each in read(bundle)) or "nobody"


def _life(certificate: x509.Certificate, now: datetime) -> str:
    until = certificate.not_valid_after_utc
    left = (until - now).days
    return f"valid until {_day(until)} ({left:,} days)"


def _ahead(role: str, certificate: x509.Certificate, lifetimes: Lifetimes) -> str:
    if role != "authority that signs":
        return ""
    return f", its successor is announced from {_day(certificate.not_valid_after_utc - lifetimes.authority_lookahead)}"


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"
