"""Certificates that others make: which will do, who is trusted for them, and for how long those before them."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from certs.authorities import Content
from certs.given import Trust, UnusableError, given_of, read
from certs.lifetimes import Lifetimes
from tests.certs.strangers import Holder, Order, authority, pem, rsa_key, server

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
NAME = "berth-webhook.berth-system.svc"
TOP = authority("top", NOW)
BETWEEN = authority("between", NOW, TOP)
OTHER = authority("other", NOW)
OVERLAP = Lifetimes(overlap=timedelta(minutes=10))


def encrypted() -> Content:
    """Return what a key with a password gives."""
    held = server([NAME], Order(NOW), TOP)
    key = held.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    return {**held.content, "tls.key": key}


@pytest.mark.parametrize(
    "held",
    [
        pytest.param(server([NAME], Order(NOW), TOP), id="by the authority"),
        pytest.param(server([NAME], Order(NOW), BETWEEN), id="by one between"),
        pytest.param(server([NAME], Order(NOW), TOP, rsa_key()), id="another kind of key"),
        pytest.param(server([NAME], Order(NOW)), id="by itself"),
        pytest.param(server(["*.berth-system.svc"], Order(NOW), TOP), id="for all Services of a namespace"),
        pytest.param(server([NAME], Order(NOW, usages=()), TOP), id="for any use"),
    ],
)
def test_what_tools_make_will_do(held: Holder) -> None:
    """Whatever an API server accepts is served, of other keys than Berth's own and with a chain."""
    given = given_of(held.content)

    assert given.problems([NAME], NOW) == []
    assert given.is_trusted_by(held.content["ca.crt"])
    assert not given.is_trusted_by(pem(OTHER.certificate))
    assert [pem(each) for each in given.authorities] == [held.content["ca.crt"]]


@pytest.mark.parametrize(
    ("held", "problem"),
    [
        (server(["berth-webhook"], Order(NOW), TOP), f"certificate is not for {NAME}"),
        (server(["*.svc"], Order(NOW), TOP), f"certificate is not for {NAME}"),
        (server([NAME], Order(NOW - timedelta(days=91)), TOP), "certificate expired at 2026-05-03T12:00:00Z"),
        (server([NAME], Order(NOW + timedelta(days=1)), TOP), "certificate is not valid before 2026-05-05T12:00:00Z"),
        (
            server([NAME], Order(NOW, usages=[ExtendedKeyUsageOID.CLIENT_AUTH]), TOP),
            "certificate is not for servers: its extended key usage lacks server auth",
        ),
    ],
)
def test_what_an_api_server_would_refuse_is_said(held: Holder, problem: str) -> None:
    """Each in a sentence, before a pod is admitted without Berth for it."""
    assert given_of(held.content).problems([NAME], NOW) == [problem]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ({}, "tls.crt or tls.key cannot be read"),
        ({"tls.crt": b"", "tls.key": b""}, "tls.crt or tls.key cannot be read"),
        (encrypted(), "tls.crt or tls.key cannot be read"),
        (
            {**server([NAME], Order(NOW), TOP).content, "tls.crt": server([NAME], Order(NOW), TOP).content["tls.crt"]},
            "tls.key belongs to another certificate than tls.crt",
        ),
        (
            {**server([NAME], Order(NOW), TOP).content, "ca.crt": pem(OTHER.certificate)},
            "nobody in ca.crt signed tls.crt",
        ),
    ],
)
def test_what_cannot_be_served_is_refused(content: Content, problem: str) -> None:
    """Half a Secret, a foreign key or authority: nobody is told to trust any of it."""
    with pytest.raises(UnusableError, match=problem):
        given_of(content)


@pytest.mark.parametrize("part", ["tls.crt", "tls.key"])
@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.95])
def test_half_a_file_is_never_taken(part: str, share: float) -> None:
    """Wherever a file is cut off, both are refused."""
    content = server([NAME], Order(NOW), TOP).content
    half = content[part][: int(len(content[part]) * share)]

    with pytest.raises(UnusableError):
        given_of({**content, part: half})


def test_without_an_authority_whoever_trusts_the_signer_will_do() -> None:
    """A Secret that kubectl made has no ca.crt; the caBundle is then somebody else's to set."""
    content = {**server([NAME], Order(NOW), BETWEEN).content, "ca.crt": b""}

    given = given_of(content)

    assert given.authorities == []
    assert given.is_trusted_by(pem(TOP.certificate))
    assert given.is_trusted_by(pem(BETWEEN.certificate))
    assert not given.is_trusted_by(b"no PEM")


def test_the_authority_before_is_trusted_for_a_while() -> None:
    """A server that has not read its files again shows what the one before signed, and is trusted meanwhile."""
    trust = Trust(OVERLAP)
    given = given_of(server([NAME], Order(NOW), TOP).content)

    first = trust.bundle(given, [pem(OTHER.certificate), b"no PEM"], NOW)
    later = trust.bundle(given, [first, first], NOW + timedelta(minutes=9))
    last = trust.bundle(given, [later, later], NOW + timedelta(minutes=10))

    assert read(first) == [TOP.certificate, OTHER.certificate]
    assert later == first
    assert read(last) == [TOP.certificate]
    assert trust.bundle(given, [last, last], NOW + timedelta(minutes=20)) == last


def test_an_authority_that_comes_back_begins_anew() -> None:
    """Whoever was trusted, left, and was told again stays for as long as at the first time."""
    trust = Trust(OVERLAP)
    given = given_of(server([NAME], Order(NOW), TOP).content)
    trust.bundle(given, [pem(OTHER.certificate)], NOW)
    trust.bundle(given, [pem(TOP.certificate)], NOW + timedelta(minutes=5))

    found = trust.bundle(given, [pem(OTHER.certificate)], NOW + timedelta(minutes=15))

    assert read(found) == [TOP.certificate, OTHER.certificate]
