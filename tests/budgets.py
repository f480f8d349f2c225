"""The budgets of the house: how long files and functions may be, and that imports have no cycles.

`python -m tests.budgets` prints what is measured and fails where a budget is exceeded. A function's length is its lines
from `def` to its end, nested functions counted with it, without its docstring and blank lines.
"""

import ast
import statistics
import sys
from collections.abc import Container, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOMS = (
    "placement",
    "cluster",
    "certs",
    "intake",
    "webhook",
    "extender",
    "controller",
    "berth",
    "sandbox",
    "bench",
    "demo",
    "supply",
    "tests",
)
FILE_LINES = 300
FUNCTION_MEDIAN = 8
FUNCTION_P90 = 25

ROOT = Path(__file__).parent.parent


def main() -> int:
    """Print the measures; return 1 where a budget is exceeded."""
    files = {path: path.read_text() for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))}
    lengths = sorted(length for text in files.values() for length in function_lengths(text))
    median, p90 = statistics.median(lengths), lengths[int(len(lengths) * 0.9)]
    longest = max(files, key=lambda path: len(files[path].splitlines()))
    lines = len(files[longest].splitlines())
    print(f"{len(files)} files, longest {longest.relative_to(ROOT)} with {lines} lines (budget {FILE_LINES})")
    print(f"{len(lengths)} functions, median {median:g} (budget {FUNCTION_MEDIAN}), p90 {p90} (budget {FUNCTION_P90})")
    too_long = [
        f"{path.relative_to(ROOT)} is too long" for path, text in files.items() if text.count("\n") > FILE_LINES
    ]
    exceeded = [
        f"function {name} is {value}"
        for name, value, budget in (("median", median, FUNCTION_MEDIAN), ("p90", p90, FUNCTION_P90))
        if value > budget
    ]
    problems = too_long + exceeded + cycles(files)
    print("\n".join(problems) or "within budget, no import cycles")
    return 1 if problems else 0


def function_lengths(text: str) -> Iterator[int]:
    """Yield the length of each function that is not inside another one, and of each method."""
    lines = text.splitlines()
    for node in _outer_functions(ast.parse(text)):
        skipped = _docstring_lines(node)
        numbers = range(node.lineno, (node.end_lineno or node.lineno) + 1)
        yield sum(1 for number in numbers if number not in skipped and lines[number - 1].strip())


def _outer_functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
        else:
            yield from _outer_functions(node)


def _docstring_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> range:
    if ast.get_docstring(node) is None:
        return range(0)
    return range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1)


def cycles(files: dict[Path, str]) -> list[str]:
    """Return the first cycle among the modules' imports, as a sentence, if there is one."""
    modules = {_module(path): text for path, text in files.items()}
    graph = {name: {each for each in _imports(text, modules) if each != name} for name, text in modules.items()}
    try:
        TopologicalSorter({name: each & graph.keys() for name, each in graph.items()}).prepare()
    except CycleError as error:
        return ["imports form a cycle: " + " imports ".join(error.args[1])]
    return []


def _module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports(text: str, modules: Container[str]) -> Iterator[str]:
    """Yield the project's modules that a text imports; `from package import module` imports the module."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in modules else node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


if __name__ == "__main__":
    sys.exit(main())
