"""Label selectors as text, as `kubectl get -l` takes them: `team=a,stage in (prod, test),!legacy`.

Grammar of k8s.io/apimachinery/pkg/labels; Gt and Lt, which it has for nodes, are left out.
"""

import re
from collections.abc import Iterator

from pydantic import TypeAdapter, ValidationError

from cluster.names import LabelKey, LabelValue
from placement.label_selectors import LabelSelector
from placement.selection import Expression, Operator

_REQUIREMENT = re.compile(
    r"\s*(?:(?P<key>[^\s,=!()]+)\s*(?:(?P<comparison>==|=|!=)\s*(?P<value>[^\s,=!()]*)"
    r"|(?P<set>in|notin)\s*\((?P<values>[^()]*)\))|!\s*(?P<absent>[^\s,=!()]+)|(?P<present>[^\s,=!()]+))\s*(?:,|$)"
)
_KEY: TypeAdapter[str] = TypeAdapter(LabelKey)
_VALUE: TypeAdapter[str] = TypeAdapter(LabelValue)
_HELP = "write conditions like team=a, stage in (prod,test) or !legacy, with commas between them"


def label_selector(text: str) -> LabelSelector:
    """Return the selector that a text means; an empty one selects everything. Raises ValueError that shows the text."""
    try:
        return LabelSelector({}, tuple(_expressions(text)))
    except ValidationError as error:
        raise ValueError(f"{text!r}: {error.errors()[0]['msg']}") from None


def _expressions(text: str) -> Iterator[Expression]:
    position = 0
    while position < len(text.rstrip()):
        match = _REQUIREMENT.match(text, position)
        if match is None:
            raise ValueError(f"{text!r} is no label selector: {_HELP}")
        yield _expression(match)
        position = match.end()


def _expression(match: re.Match[str]) -> Expression:
    if match["absent"]:
        return Expression(_KEY.validate_python(match["absent"]), Operator.DOES_NOT_EXIST)
    if match["present"]:
        return Expression(_KEY.validate_python(match["present"]), Operator.EXISTS)
    values = match["values"].split(",") if match["set"] else [match["value"]]
    is_negated = match["comparison"] == "!=" or match["set"] == "notin"
    named = tuple(_VALUE.validate_python(each.strip()) for each in values)
    return Expression(_KEY.validate_python(match["key"]), Operator.NOT_IN if is_negated else Operator.IN, named)
