"""The journey of a simulation on a cluster: read, put copies on it, write."""

import asyncio
import sys

import msgspec

from berth.preview.documents import UnreadableFileError
from berth.simulate.fitting import NothingToDoError, Question, fits
from berth.simulate.fitting_text import fitting_lines
from extender.mixes import MixFileError

REFUSALS = (UnreadableFileError, MixFileError, NothingToDoError)


def answer(question: Question, *, as_json: bool) -> str:
    """Return how many fit as text, with notes on standard error; raises one of REFUSALS."""
    found, notes = asyncio.run(fits(question))
    sys.stderr.writelines(f"{note}\n" for note in notes)
    if as_json:
        return msgspec.json.format(msgspec.json.encode(found), indent=2).decode() + "\n"
    return "".join(f"{line}\n" for line in fitting_lines(found))
