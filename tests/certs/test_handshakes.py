"""A server that asks its callers for certificates, over real TLS on loopback, while files change."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from certs.authorities import Authorities
from certs.issuance import client_content, serving_content
from certs.pairs import Pair, make_authority
from certs.serving import ServingCertificate

NOW = datetime.now(UTC)
FIRST, SECOND = (Authorities(make_authority(NOW)) for _ in range(2))


class Told:
    """Keeps what it is told of callers."""

    def __init__(self) -> None:
        self.until: list[datetime] = []
        self.reasons: list[str] = []

    def admitted(self, until: datetime) -> None:
        """Keep it."""
        self.until.append(until)

    def refused(self, reason: str) -> None:
        """Keep it."""
        self.reasons.append(reason)


def write(folder: Path, content: dict[str, bytes]) -> Path:
    """Write files."""
    folder.mkdir(exist_ok=True)
    for name, text in content.items():
        (folder / name).write_bytes(text)
    return folder


def serve_files(folder: Path, trust: bytes) -> None:
    """Write what the server reads, with whom to trust."""
    content = serving_content({}, FIRST, ["localhost"], NOW)
    write(folder, {**content, "ca.crt": trust})


def caller(folder: Path, authorities: Authorities) -> ssl.SSLContext:
    """Return a client with a certificate of an authority."""
    write(folder, dict(client_content({}, authorities, ["caller"], NOW)))
    context = ssl.create_default_context(cadata=FIRST.signing.certificate.decode())
    context.load_cert_chain(folder / "tls.crt", folder / "tls.key")
    return context


@asynccontextmanager
async def served(certificate: ServingCertificate) -> AsyncIterator[int]:
    """Serve a greeting."""

    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=certificate.context)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def greeting(port: int, context: ssl.SSLContext) -> bytes:
    """Return what the server says; nothing where it turns us away."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="localhost")
        text = await reader.read()
        writer.close()
    except OSError:
        return b""
    return text


async def test_whom_the_files_trust_is_let_in_from_the_next_connection_on(tmp_path: Path) -> None:
    """An authority that is added or taken away needs no restart of the server."""
    told, ours, theirs = Told(), caller(tmp_path / "ours", FIRST), caller(tmp_path / "theirs", SECOND)
    certificate = ServingCertificate(tmp_path, told)
    both = FIRST.trust + SECOND.trust
    heard = []

    async with served(certificate) as port:
        for trust in (FIRST.trust, both, SECOND.trust):
            serve_files(tmp_path, trust)
            assert certificate.reload()
            heard.append((await greeting(port, ours), await greeting(port, theirs)))

    assert heard == [(b"hello", b""), (b"hello", b"hello"), (b"", b"hello")]
    assert len(told.until) == 4
    assert {each - NOW > timedelta(days=89) for each in told.until} == {True}
    assert len(told.reasons) == 2


async def test_no_session_outlives_the_trust_in_its_caller(tmp_path: Path) -> None:
    """Whoever takes up an old session would not be asked for a certificate again, so none is given out."""
    certificate = ServingCertificate(tmp_path, Told())
    serve_files(tmp_path, FIRST.trust)
    certificate.reload()
    context = caller(tmp_path / "ours", FIRST)

    async with served(certificate) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="localhost")
        assert await reader.read() == b"hello"
        session = writer.get_extra_info("ssl_object").session
        writer.close()

    assert session is None or not session.has_ticket


@pytest.mark.parametrize("trust", [b"", b"no PEM", b"\xff"])
async def test_trust_that_cannot_be_read_lets_nobody_in(tmp_path: Path, trust: bytes) -> None:
    """At the start the server is not ready and says why; later it goes on with what it had."""
    certificate = ServingCertificate(tmp_path, Told())
    serve_files(tmp_path, trust)

    assert not certificate.reload()
    assert certificate.problems(NOW)[0].startswith(f"certificate in {tmp_path} does not load: ")

    serve_files(tmp_path, FIRST.trust)
    assert certificate.reload()
    (tmp_path / "ca.crt").write_bytes(trust)
    assert not certificate.reload()
    async with served(certificate) as port:
        assert await greeting(port, caller(tmp_path / "ours", FIRST)) == b"hello"


def test_an_authority_that_ended_is_a_problem_of_the_server(tmp_path: Path) -> None:
    """Nobody could ask, so it does not claim to be ready."""
    past: Pair = make_authority(NOW - timedelta(days=10), timedelta(days=5))
    certificate = ServingCertificate(tmp_path, Told())
    serve_files(tmp_path, past.certificate)

    assert certificate.reload()
    assert certificate.problems(NOW)[0].startswith("callers' authority: certificate expired at ")
    serve_files(tmp_path, past.certificate + FIRST.trust)
    assert certificate.reload()
    assert certificate.problems(NOW) == []
