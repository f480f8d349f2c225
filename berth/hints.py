"""What is said about a setting that does not exist, however it was given."""

import difflib
from collections.abc import Sequence


def unknown_setting(found: str, known: Sequence[str]) -> str:
    """Return that it is unknown, and the nearest of the known ones, or all of them where none is near."""
    near = difflib.get_close_matches(found, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
    return f"unknown setting; {hint}"
