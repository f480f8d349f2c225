"""Values of options as numbers: what cannot be read is None."""

import re
from itertools import product

_INTEGER = re.compile(r"\+?([0-9]{1,15}(?:\.[0-9]{1,6})?)(?:([kKmMgGtT])([iI]?))?[bB]?")
_SHARE = re.compile(r"[0-9]{0,3}\.?[0-9]{1,12}")
_POWERS = {letter: power for power, letter in enumerate("kmgt", start=1)}
_FALSE = frozenset("".join(each) for each in product("fF", ["alse", "ALSE"])) | {"0", "no", "off"}


def integer(text: str | None) -> int | None:
    """Return a count: `1k` is 1000, `1K` and `1Ki` are 1024, as vLLM and SGLang read them."""
    match = _INTEGER.fullmatch(text.strip()) if text else None
    if match is None:
        return None
    number, letter, binary = match.groups()
    base = 1024 if binary or (letter or "").isupper() else 1000
    return int(float(number) * base ** _POWERS[letter.lower()]) if letter else int(float(number))


def share(text: str | None) -> float | None:
    """Return a share between 0 and 1."""
    match = _SHARE.fullmatch(text.strip()) if text else None
    return float(match[0]) if match and 0 < float(match[0]) <= 1 else None


def is_true(text: str) -> bool:
    """Tell whether a switch that was given with this value is on."""
    return text.strip() not in _FALSE
