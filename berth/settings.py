"""The settings of a program, from a YAML file, the environment and flags; what comes later wins.

Every source is judged on its own, so a wrong value is reported even where a later source would have replaced it.
"""

import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from berth.allowed import allowed_values

Settings = TypeVar("Settings", bound=BaseModel)


class SettingsError(Exception):
    """Settings with which a program does not start; each line says where, what was found and what is allowed."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


@dataclass(frozen=True, slots=True)
class _Source:
    """Values by field name as one source has them, how it spells the name of a field, and what it is called."""

    values: Mapping[str, Any]
    spell: Callable[[str], str]
    called: str = ""


def load(
    model: type[Settings], program: str, file: Path | None, environment: Mapping[str, str], flags: Mapping[str, Any]
) -> Settings:
    """Return a program's settings; raises SettingsError with everything that is wrong."""
    sources = [_variables(program, environment), _Source(flags, flag_of)]
    if file:
        sources.insert(0, _contents(file))
    wrong = [line for source in sources for line in _complaints(model, source)]
    if wrong:
        raise SettingsError(wrong)
    merged = {field: value for source in sources for field, value in source.values.items()}
    try:
        return model.model_validate(merged)
    except ValidationError as error:
        raise SettingsError([": ".join([*map(str, each["loc"]), each["msg"]]) for each in error.errors()]) from None


def flag_of(field: str) -> str:
    """Return the flag that sets a field."""
    return f"--{field.replace('_', '-')}"


def prefix_of(program: str) -> str:
    """Return how the names of a program's variables begin.

    The double underscore keeps them apart from BERTH_WEBHOOK_PORT and its like, which Kubernetes itself sets in every
    pod beside a Service of that name.
    """
    return f"BERTH_{program.upper()}__"


def _contents(file: Path) -> _Source:
    try:
        content = yaml.safe_load(file.read_text())
    except OSError as error:
        raise SettingsError([f"{file}: {error.strerror}"]) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError([f"{file}: is no YAML: {' '.join(str(error).split())}"]) from None
    if not isinstance(content, dict | None):
        raise SettingsError([f"{file}: found {content!r}, allowed: lines such as metrics_port: 8080"])
    return _Source({str(key): value for key, value in (content or {}).items()}, str, f"{file.name}: ")


def _variables(program: str, environment: Mapping[str, str]) -> _Source:
    prefix = prefix_of(program)
    ours = {name.removeprefix(prefix).lower(): value for name, value in environment.items() if name.startswith(prefix)}
    return _Source(ours, lambda field: prefix + field.upper())


def _complaints(model: type[BaseModel], source: _Source) -> Iterator[str]:
    """Yield what is wrong with one source; what it leaves out, or what fits together, depends on the others too."""
    try:
        model.model_validate(dict(source.values))
    except ValidationError as error:
        wrong = [each for each in error.errors() if each["loc"] and each["type"] != "missing"]
        for field, kind in {str(each["loc"][0]): each["type"] for each in wrong}.items():
            yield f"{source.called}{source.spell(field)}: {_complaint(model, source, field, kind)}"


def _complaint(model: type[BaseModel], source: _Source, field: str, kind: str) -> str:
    if kind != "extra_forbidden":
        return f"found {_shown(source.values[field])}, allowed: {allowed_values(model, field)}"
    known = list(model.model_fields)
    near = difflib.get_close_matches(field, known, n=1)
    hint = f"did you mean {source.spell(near[0])}?" if near else f"known are {', '.join(map(source.spell, known))}"
    return f"unknown setting; {hint}"


def _shown(value: object) -> str:
    return "nothing" if value is None else repr(value)
