"""A server's certificate that lives in a directory, may appear after the start, and changes while connections are open.

kubelet writes a mounted Secret as a symbolic link to a directory that it swaps as a whole, so certificate and key are
read behind the link. A pair that does not load (half written, mismatched) changes nothing: a fresh SSLContext per pair
is handed to each handshake by the server-name callback, so the one in use is never touched.
"""

import asyncio
import logging
import ssl
from datetime import datetime
from pathlib import Path

from certs.judgement import time_problems
from certs.pairs import Pair

POLL_SECONDS = 2.0

_LOG = logging.getLogger("berth.certs")


class ServingCertificate:
    """The pair of `tls.crt` and `tls.key` in a directory; `context` serves the newest one that loads."""

    def __init__(self, directory: Path) -> None:
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.context.sni_callback = self._choose
        self._directory = directory
        self._pair: Pair | None = None
        self._loaded: ssl.SSLContext | None = None
        self._trouble = ""

    def reload(self) -> bool:
        """Load the pair if it is another one than before; tell whether it is. What does not load is logged once."""
        try:
            changed = self._load()
        except FileNotFoundError:
            return False
        except (OSError, ValueError) as error:
            self._complain(f"certificate in {self._directory} does not load: {error}")
            return False
        self._trouble = ""
        return changed

    async def follow(self, poll_seconds: float = POLL_SECONDS) -> None:
        """Reload whenever the files change, for ever."""
        while True:
            if self.reload():
                _LOG.info("serving certificate loaded", extra={"directory": str(self._directory)})
            await asyncio.sleep(poll_seconds)

    def problems(self, now: datetime) -> list[str]:
        """Return why no client could connect: nothing when it can."""
        if self._pair is None:
            return [self._trouble or f"no certificate yet in {self._directory}"]
        return time_problems(self._pair.parsed, now)

    def _load(self) -> bool:
        certificate = (self._directory / "tls.crt").resolve(strict=True)
        key = certificate.with_name("tls.key")
        pair = Pair(certificate.read_bytes(), key.read_bytes())
        if pair == self._pair:
            return False
        loaded = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        loaded.load_cert_chain(certificate, key)
        pair.parsed  # noqa: B018 - raises ValueError where OpenSSL is more lenient than the parser that judges times.
        self._pair, self._loaded = pair, loaded
        return True

    def _choose(self, handshake: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> int | None:
        if self._loaded is None:
            return ssl.ALERT_DESCRIPTION_INTERNAL_ERROR
        handshake.context = self._loaded
        return None

    def _complain(self, trouble: str) -> None:
        if trouble != self._trouble:
            _LOG.error(trouble)
        self._trouble = trouble
