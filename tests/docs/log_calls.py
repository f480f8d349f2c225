"""Every call that logs, as it stands in the code: who says what, how loud, and with which fields."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.docs.pages import ROOT

ROOMS = ("berth", "certs", "cluster", "controller", "extender", "intake", "placement", "webhook")
LEVELS = {"debug", "info", "warning", "error", "critical"}


class LogCall(NamedTuple):
    """One call: an ellipsis is what comes with the moment; `level` is empty where the code chooses it."""

    logger: str
    message: str
    level: str
    fields: frozenset[str]
    place: str


class UnreadableError(Exception):
    """A call whose fields do not stand in its function as a literal."""


def log_calls() -> Iterator[LogCall]:
    """Yield the calls of all rooms. Raises UnreadableError."""
    for path in sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py")):
        yield from _calls(path)


def _calls(path: Path) -> Iterator[LogCall]:
    tree = ast.parse(path.read_text())
    logger = next(_loggers(tree), "")
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            for call in _own(function):
                if isinstance(call, ast.Call) and _is_log(call):
                    yield _read(call, function, logger, f"{path.relative_to(ROOT)}:{call.lineno}")


def _own(function: ast.AST) -> Iterator[ast.AST]:
    """Yield what is in a function and in none inside of it."""
    for node in ast.iter_child_nodes(function):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield node
            yield from _own(node)


def _loggers(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "logging.getLogger":
            yield ast.literal_eval(node.args[0])


def _is_log(call: ast.Call) -> bool:
    return (
        isinstance(call.func, ast.Attribute)
        and ast.unparse(call.func.value) in {"_LOG", "logging"}
        and bool(call.func.attr in LEVELS | {"exception", "log"})
    )


def _read(call: ast.Call, function: ast.AST, logger: str, place: str) -> LogCall:
    assert isinstance(call.func, ast.Attribute)
    name, arguments = call.func.attr, call.args
    if name == "log":
        arguments = arguments[1:]
    level = {"log": "", "exception": "error"}.get(name, name)
    keywords = {each.arg: each.value for each in call.keywords}
    fields = _fields(keywords["extra"], function, place) if "extra" in keywords else frozenset()
    if name == "exception" or "exc_info" in keywords:
        fields |= {"exception"}
    return LogCall(logger, _message(arguments[0]), level, fields, place)


def _message(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value).replace("%s", "…").replace("%r", "…")
    return "…"


def _fields(extra: ast.expr, function: ast.AST, place: str) -> frozenset[str]:
    """Return the keys of a literal, or of the one that a name or a comprehension takes its keys from."""
    if isinstance(extra, ast.Dict):
        return frozenset(str(ast.literal_eval(key)) for key in extra.keys if key)
    names = {node.id for node in ast.walk(extra) if isinstance(node, ast.Name)}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict) and ast.unparse(node.targets[0]) in names:
            return _fields(node.value, function, place)
    raise UnreadableError(f"{place}: write the fields as a literal, so that docs/logs.md can be held against them")
