"""Handshakes in which clients must show a certificate: who is turned away is told, and until when the others' lasts."""

import ssl
from datetime import UTC, datetime
from typing import Protocol


class Callers(Protocol):
    """Told of clients as they come; must not raise."""

    def admitted(self, until: datetime) -> None:
        """A client was let in whose certificate is valid until then."""

    def refused(self, reason: str) -> None:
        """A client was turned away for this reason, of which OpenSSL knows some hundred; nothing of it was read."""


def demand_certificates(context: ssl.SSLContext, callers: Callers) -> None:
    """Let a server's context shake hands with nobody who does not show a certificate that it trusts."""
    context.verify_mode = ssl.CERT_REQUIRED
    # Who takes up an old session is not looked at again, and the authority may not be trusted any more.
    context.options |= ssl.OP_NO_TICKET
    context.num_tickets = 0
    context.sslobject_class = _told_of(callers)


def _told_of(callers: Callers) -> type[ssl.SSLObject]:
    class Handshake(ssl.SSLObject):
        """A connection whose handshake is told of."""

        def do_handshake(self) -> None:
            try:
                super().do_handshake()
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                raise
            except ssl.SSLError as error:
                callers.refused(_reason(error))
                raise
            shown = self.getpeercert() or {}
            callers.admitted(datetime.fromtimestamp(ssl.cert_time_to_seconds(str(shown["notAfter"])), UTC))

    return Handshake


def _reason(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    return (error.reason or "unknown").lower().replace("_", " ")
