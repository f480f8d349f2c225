"""A server's certificate that lives in a directory, may appear after the start, and changes while connections are open.

kubelet writes a mounted Secret as a symbolic link to a directory that it swaps as a whole, so certificate and key are
read behind the link. A pair that does not load (half written, mismatched) changes nothing: a fresh SSLContext per pair
is handed to each handshake by the server-name callback, so the one in use is never touched. A pair that has only begun
to be valid waits a moment while there is another one that will do.
"""

import asyncio
import logging
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from certs.handshakes import Callers, demand_certificates
from certs.judgement import time_problems
from certs.lifetimes import SETTLING
from certs.pairs import Pair

POLL_SECONDS = 2.0

_LOG = logging.getLogger("berth.certs")


def _now() -> datetime:
    return datetime.now(UTC)


class ServingCertificate:
    """The pair of `tls.crt` and `tls.key` in a directory; `context` serves the newest one that loads.

    With `callers`, clients must show a certificate that an authority in `ca.crt` beside them signed.
    """

    def __init__(self, directory: Path, callers: Callers | None = None, clock: Callable[[], datetime] = _now) -> None:
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.context.sni_callback = self._choose
        if callers:
            demand_certificates(self.context, callers)
        self._callers = callers
        self._directory = directory
        self._clock = clock
        self._trust = b""
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
        return [*time_problems(self._pair.parsed, now), *self._distrust(now)]

    @property
    def ends_at(self) -> datetime | None:
        """When the pair that is served is valid no longer; None while there is none."""
        return self._pair.parsed.not_valid_after_utc if self._pair else None

    def _load(self) -> bool:
        certificate = (self._directory / "tls.crt").resolve(strict=True)
        key = certificate.with_name("tls.key")
        pair = Pair(certificate.read_bytes(), key.read_bytes())
        trust = certificate.with_name("ca.crt").read_bytes() if self._callers else b""
        if (pair, trust) == (self._pair, self._trust) or self._waits(pair):
            return False
        loaded = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        loaded.load_cert_chain(certificate, key)
        if self._callers:
            demand_certificates(loaded, self._callers)
            loaded.load_verify_locations(cadata=trust.decode())
            x509.load_pem_x509_certificates(trust)
        pair.parsed  # noqa: B018 - both raise ValueError where OpenSSL is more lenient than the parser that judges times.
        self._pair, self._trust, self._loaded = pair, trust, loaded
        return True

    def _waits(self, pair: Pair) -> bool:
        """Tell whether the pair that is served is to be served for yet a while."""
        now = self._clock()
        if self._pair in (None, pair) or time_problems(self._pair.parsed, now):
            return False
        return now < pair.parsed.not_valid_before_utc + SETTLING

    def _distrust(self, now: datetime) -> list[str]:
        """Return why no caller could be trusted, where callers are asked: nothing when one can."""
        if not self._callers:
            return []
        wrong = [time_problems(each, now) for each in x509.load_pem_x509_certificates(self._trust)]
        return [f"callers' authority: {each[0]}" for each in wrong] if all(wrong) else []

    def _choose(self, handshake: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> int | None:
        if self._loaded is None:
            return ssl.ALERT_DESCRIPTION_INTERNAL_ERROR
        handshake.context = self._loaded
        return None

    def _complain(self, trouble: str) -> None:
        if trouble != self._trouble:
            _LOG.error(trouble)
        self._trouble = trouble
