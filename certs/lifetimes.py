"""How long certificates live, and how long trust comes before and stays after them."""

from dataclasses import dataclass
from datetime import timedelta

# Clocks of API servers and of whoever signs differ.
SKEW = timedelta(hours=1)

# Before a server shows a certificate that is valid only from the moment at which it was made, as cert-manager's are:
# clocks, and how long API servers take to hear of a new authority.
SETTLING = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """Lives of an authority and of a serving certificate.

    `overlap` lies between telling the API servers of a new authority and its first signature: they learn of a changed
    webhook configuration by their watches, within seconds.
    """

    authority: timedelta = timedelta(days=3650)
    serving: timedelta = timedelta(days=90)
    overlap: timedelta = timedelta(minutes=10)

    @property
    def authority_lookahead(self) -> timedelta:
        """How long before its end an authority gets a successor: no serving certificate may outlive its authority."""
        return max(self.authority / 10, 2 * self.serving)


USUAL = Lifetimes()
