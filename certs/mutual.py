"""Certificates by which kube-scheduler and an extender beside it on the host's network know each other, in a folder.

kube-scheduler reads its own once, when it starts. So they live for years, and an authority's successor is trusted by
both sides long before it signs.
"""

from datetime import datetime, timedelta
from pathlib import Path

from certs.authorities import AUTHORITY, authorities_of, succession
from certs.folders import AUTHORITY_FOLDER, read, written
from certs.issuance import client_content, pair_of, serving_content
from certs.judgement import problems
from certs.lifetimes import Lifetimes

# Beside the authority's: what the extender reads, and what kube-scheduler reads.
EXTENDER_FOLDER, SCHEDULER_FOLDER = "extender", "kube-scheduler"
EXTENDER_NAMES = ("berth-extender", "localhost")
SCHEDULER_NAMES = ("kube-scheduler",)

# A cluster's minor version is replaced every year or so, and kube-scheduler is restarted with it.
LASTING = Lifetimes(timedelta(days=20 * 365), timedelta(days=5 * 365), timedelta(days=30))

_NAMES = {EXTENDER_FOLDER: EXTENDER_NAMES, SCHEDULER_FOLDER: SCHEDULER_NAMES}
_WANTED = {EXTENDER_FOLDER: serving_content, SCHEDULER_FOLDER: client_content}


class NoAuthorityError(Exception):
    """The key that signed what is in use is missing, so that nothing can be made which both sides trust."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"{folder / AUTHORITY_FOLDER} lacks the key that signed the certificates beside it: bring it back, or begin"
            " anew in an empty folder, and replace the files of both sides"
        )


def ensure(folder: Path, now: datetime) -> list[Path]:
    """Create or replace in a folder what is missing or due; return the files that were written.

    Raises OSError, and NoAuthorityError.
    """
    held = read(folder / AUTHORITY_FOLDER)
    sides = {side: read(folder / side) for side in _NAMES}
    authorities = authorities_of(held)
    in_use = any(not problems(pair_of(content), _NAMES[side], now) for side, content in sides.items())
    if in_use and problems(authorities.signing, (), now):
        raise NoAuthorityError(folder)
    told = [content.get(AUTHORITY, b"") for content in sides.values()]
    authorities = succession(authorities, now, told, LASTING)
    paths = written(folder / AUTHORITY_FOLDER, held, authorities.content)
    for side, content in sides.items():
        paths += written(folder / side, content, _WANTED[side](content, authorities, _NAMES[side], now, LASTING))
    return paths
