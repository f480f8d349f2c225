"""A server over TLS on loopback whose certificate appears, changes and breaks while it runs."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from certs.lifetimes import SKEW
from certs.pairs import Pair, issue, make_authority
from certs.serving import ServingCertificate

NOW = datetime.now(UTC)
AUTHORITY = make_authority(NOW)


def write(directory: Path, pair: Pair) -> None:
    """Write a pair as a person does: one file after the other."""
    (directory / "tls.crt").write_bytes(pair.certificate)
    (directory / "tls.key").write_bytes(pair.key)


def mount(volume: Path, pair: Pair) -> None:
    """Write a pair as kubelet does: into a new directory, to which a link is swapped at once."""
    version = volume / f"..{pair.parsed.serial_number}"
    version.mkdir()
    write(version, pair)
    (volume / "..new").symlink_to(version.name)
    (volume / "..new").rename(volume / "..data")
    for name in ("tls.crt", "tls.key"):
        if not (volume / name).is_symlink():
            (volume / name).symlink_to(f"..data/{name}")


def strict_client() -> ssl.SSLContext:
    """Return a client that trusts the authority alone and verifies as Python 3.13 does by default."""
    trusting = ssl.create_default_context(cadata=AUTHORITY.certificate.decode())
    trusting.verify_flags |= ssl.VERIFY_X509_STRICT
    return trusting


async def connect(port: int, name: str = "localhost") -> int:
    """Return the serial number of the certificate under which the server serves that name."""
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=strict_client(), server_hostname=name)
    certificate = writer.get_extra_info("ssl_object").getpeercert()
    writer.close()
    return int(certificate["serialNumber"], 16)


async def becomes(port: int, pair: Pair) -> None:
    """Return once the server serves the pair."""
    while True:
        with suppress(OSError):
            if await connect(port) == pair.parsed.serial_number:
                return
        await asyncio.sleep(0.01)


@asynccontextmanager
async def served(certificate: ServingCertificate) -> AsyncIterator[int]:
    """Serve over TLS on a port of loopback."""

    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=certificate.context)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_a_server_starts_before_its_certificate_and_serves_once_it_is_there(tmp_path: Path) -> None:
    """Until the Secret is there the server is not ready, and says where it looks."""
    certificate = ServingCertificate(tmp_path)
    assert certificate.problems(NOW) == [f"no certificate yet in {tmp_path}"]
    pair = issue(AUTHORITY, ["localhost"], NOW)

    async with served(certificate) as port:
        with pytest.raises((ConnectionError, ssl.SSLError)):
            await connect(port)
        mount(tmp_path, pair)

        assert certificate.reload()
        assert await connect(port) == pair.parsed.serial_number
        assert certificate.problems(NOW) == []


async def test_new_connections_get_the_new_certificate(tmp_path: Path) -> None:
    """A Secret that kubelet swaps is served from the next connection on, without a restart."""
    certificate = ServingCertificate(tmp_path)
    first, second = (issue(AUTHORITY, ["localhost"], NOW) for _ in range(2))
    mount(tmp_path, first)

    async with served(certificate) as port, asyncio.timeout(10):
        following = asyncio.create_task(certificate.follow(poll_seconds=0.01))
        await becomes(port, first)
        mount(tmp_path, second)
        await becomes(port, second)
        following.cancel()


async def test_a_mismatched_pair_changes_nothing_and_is_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Half a change leaves the old pair in use, and the log does not fill with one trouble."""
    certificate = ServingCertificate(tmp_path)
    old, new = (issue(AUTHORITY, ["localhost"], NOW) for _ in range(2))
    write(tmp_path, old)
    assert certificate.reload()

    async with served(certificate) as port:
        (tmp_path / "tls.crt").write_bytes(new.certificate)
        assert [certificate.reload() for _ in range(3)] == [False, False, False]
        assert await connect(port) == old.parsed.serial_number
        assert len(caplog.records) == 1

        (tmp_path / "tls.key").write_bytes(new.key)
        assert certificate.reload()
        assert await connect(port) == new.parsed.serial_number


async def test_a_client_verifies_the_name_it_asked_for(tmp_path: Path) -> None:
    """A certificate serves its own names alone."""
    certificate = ServingCertificate(tmp_path)
    write(tmp_path, issue(AUTHORITY, ["berth-webhook.berth-system.svc"], NOW))
    certificate.reload()

    async with served(certificate) as port:
        await connect(port, "berth-webhook.berth-system.svc")
        with pytest.raises(ssl.SSLCertVerificationError, match="localhost"):
            await connect(port, "localhost")


def test_an_expired_certificate_is_a_problem(tmp_path: Path) -> None:
    """A server with a certificate that no client accepts does not claim to be ready."""
    certificate = ServingCertificate(tmp_path)
    write(tmp_path, issue(AUTHORITY, ["localhost"], NOW))
    certificate.reload()

    (problem,) = certificate.problems(NOW + timedelta(days=91))

    assert problem.startswith("certificate expired at ")


def test_a_first_pair_that_does_not_load_is_the_problem(tmp_path: Path) -> None:
    """Readiness names what is wrong with the files, not only that something is missing."""
    certificate = ServingCertificate(tmp_path)
    write(tmp_path, Pair(b"no PEM", b"no PEM"))

    assert not certificate.reload()
    assert certificate.problems(NOW)[0].startswith(f"certificate in {tmp_path} does not load: ")


def test_a_pair_that_has_just_begun_waits_while_another_one_will_do(tmp_path: Path) -> None:
    """API servers hear of its authority first, and clocks that are a little behind accept it."""
    moments = [NOW]
    certificate = ServingCertificate(tmp_path, clock=lambda: moments[-1])
    old, new = (issue(AUTHORITY, ["localhost"], NOW + each, timedelta(days=1)) for each in (-SKEW, SKEW))
    write(tmp_path, old)
    assert certificate.reload()
    write(tmp_path, new)

    assert not certificate.reload()
    moments.append(NOW + timedelta(seconds=16))
    assert certificate.reload()


def test_a_pair_that_has_just_begun_is_served_where_there_is_no_other(tmp_path: Path) -> None:
    """At the first start, and once the one before has expired."""
    certificate = ServingCertificate(tmp_path, clock=lambda: NOW)
    write(tmp_path, issue(AUTHORITY, ["localhost"], NOW - timedelta(days=91)))
    assert certificate.reload()

    write(tmp_path, issue(AUTHORITY, ["localhost"], NOW + SKEW))
    assert certificate.reload()
    assert certificate.problems(NOW) == []
