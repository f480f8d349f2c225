"""What a PromQL expression asks for: metrics, and values of labels."""

import re
from collections.abc import Iterator

# What stands where a metric could, and is none.
_WORDS = {"and", "or", "unless", "bool", "offset", "inf", "nan"}
_SELECTOR = re.compile(r"([a-zA-Z_:][\w:]*)\s*\{([^}]*)\}")
_MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')
_GROUPING = re.compile(r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)")


def metrics_of(expression: str) -> set[str]:
    """Return the names of metrics that an expression asks for."""
    bare = re.sub(r'"[^"]*"', "", expression)
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]", " ", bare)
    bare = _GROUPING.sub(" ", bare)
    names = re.findall(r"(?<![\w.$])[a-zA-Z_:][\w:]*\b(?!\s*\()", bare)
    return {name for name in names if name.lower() not in _WORDS}


def values_of(expression: str) -> Iterator[tuple[str, str, str]]:
    """Yield each metric, label and value that a selector names in words; other patterns are left out."""
    for metric, matchers in _SELECTOR.findall(expression):
        for label, _, wanted in _MATCHER.findall(matchers):
            yield from ((metric, label, each) for each in wanted.split("|") if re.fullmatch(r"[\w-]+", each))
