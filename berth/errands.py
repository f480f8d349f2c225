"""Commands that run once: they print lines for a person, or one line that says what went wrong."""

import asyncio
import logging
import sys
from collections.abc import Coroutine
from typing import Any

from cluster.api import ApiError, NotConfiguredError


class AmissError(Exception):
    """What was looked at is not as it should be: lines for a person."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))


def run(errand: Coroutine[Any, Any, list[str]]) -> int:
    """Print the lines of an errand and return the exit code: 1 where cluster or files refuse."""
    logging.basicConfig(level=logging.ERROR)
    try:
        lines = asyncio.run(errand)
    except (AmissError, ApiError, NotConfiguredError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return 0
