"""What is wrong with a custom object, in sentences that name the field; and what is left of the object without that."""

from collections.abc import Iterable
from reprlib import repr as shortened
from typing import Any, TypeVar

from pydantic import ValidationError

from cluster.selectors import Model

Path = tuple[int | str, ...]
ShapeT = TypeVar("ShapeT", bound=Model)

# Who watches objects that anybody may write has no time for more mistakes in one of them.
_MOST = 100


def sentences(error: ValidationError) -> tuple[str, ...]:
    """Return pydantic's findings as sentences, each with the field's path."""
    return tuple(_sentence(each) for each in error.errors(include_url=False))


def leniently(shape: type[ShapeT], content: Any) -> tuple[ShapeT | None, tuple[str, ...]]:
    """Return an object without its fields that cannot be understood, and what is wrong with these.

    What lacks a field that it needs goes with it; None is returned where that is all, and where too much is wrong.
    `content` is JSON as Python has it, and loses these fields.
    """
    problems: dict[str, None] = {}
    removed: set[Path] = set()
    while True:
        try:
            return shape.model_validate(content), tuple(problems)
        except ValidationError as error:
            if error.error_count() > _MOST:
                return None, (*problems, f"has {error.error_count()} mistakes: it is not read")
            findings = error.errors(include_url=False)
        # That a field is missing once it was removed is no problem of its own.
        problems |= dict.fromkeys(_sentence(each) for each in findings if each["loc"] not in removed)
        places = dict.fromkeys(_place(content, each["loc"]) for each in findings)
        if () in places:
            return None, tuple(problems)
        _remove(content, places)
        removed.update(places)


def _place(content: Any, path: Path) -> Path:
    """Return the path as far as the content has it."""
    for depth, part in enumerate(path):
        if not _has(content, part):
            return path[:depth]
        content = content[part]
    return path


def _has(content: Any, part: int | str) -> bool:
    if isinstance(content, dict):
        return part in content
    return isinstance(content, list) and isinstance(part, int) and part < len(content)


def _remove(content: Any, places: Iterable[Path]) -> None:
    """Remove fields and items, the last of a list first, which is the reverse of how they were found."""
    for *parents, last in reversed(list(places)):
        container = content
        for part in parents:
            container = container[part]
        del container[last]


def _sentence(error: Any) -> str:
    where = _path(error["loc"])
    match error["type"]:
        case "value_error":
            said = str(error["ctx"]["error"])
        case "missing":
            said = "is missing"
        case "extra_forbidden":
            said = "is not judged: remove it; memoryGB, minComputeCapability and requiredFeatures are"
        case _:
            said = f"{error['msg']}, not {shortened(error['input'])}"
    return f"{where}: {said}" if where else said


def _path(parts: Path) -> str:
    return "".join(f"[{each}]" if isinstance(each, int) else f".{each}" for each in parts).removeprefix(".")
