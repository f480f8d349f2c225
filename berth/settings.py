"""The settings of a program, from a YAML file, the environment and flags; what comes later wins.

Every source is judged on its own, so a wrong value is reported even where a later source would have replaced it.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from berth.allowed import allowed_values
from berth.hints import unknown_setting

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
        text = file.read_text()
        content = yaml.safe_load(text)
    except OSError as error:
        raise SettingsError([f"{file}: {error.strerror}"]) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError([f"{file}: is no YAML: {' '.join(str(error).split())}"]) from None
    if not isinstance(content, dict | None):
        raise SettingsError([f"{file}: found {content!r}, allowed: lines such as metrics_port: 8080"])
    if repeated := _repeated(text):
        raise SettingsError([f"{file.name}: {key}: stands there {count} times; keep one" for key, count in repeated])
    return _Source({str(key): value for key, value in (content or {}).items()}, str, f"{file.name}: ")


def _repeated(text: str) -> list[tuple[str, int]]:
    """Return the keys that a mapping has more than once, of which a parser keeps the last, and how often."""
    mapping = yaml.compose(text, Loader=yaml.SafeLoader)
    keys = Counter(key.value for key, _ in mapping.value) if mapping else Counter[str]()
    return [(key, count) for key, count in keys.items() if count > 1]


def _variables(program: str, environment: Mapping[str, str]) -> _Source:
    prefix = prefix_of(program)
    ours = {name.removeprefix(prefix).lower(): value for name, value in environment.items() if name.startswith(prefix)}
    return _Source(ours, lambda field: prefix + field.upper())


def _complaints(model: type[BaseModel], source: _Source) -> Iterator[str]:
    """Yield what is wrong with one source; what it leaves out, or what fits together, depends on the others too."""
    wrong = {name: "misread" for name, value in source.values.items() if _is_misread(model, name, value)}
    try:
        model.model_validate(dict(source.values))
    except ValidationError as error:
        refused = [each for each in error.errors() if each["loc"] and each["type"] != "missing"]
        wrong |= {str(each["loc"][0]): each["type"] for each in refused}
    for field, kind in wrong.items():
        yield f"{source.called}{source.spell(field)}: {_complaint(model, source, field, kind)}"


def _is_misread(model: type[BaseModel], name: str, value: object) -> bool:
    """Tell whether a model would take a value for what nobody means by it: true for 1, empty text for this folder."""
    field = model.model_fields.get(name)
    if field is None:
        return False
    return _is_empty(value) or (isinstance(value, bool) and bool not in (field.annotation, *get_args(field.annotation)))


def _is_empty(value: object) -> bool:
    return isinstance(value, str) and not value.strip()


def _complaint(model: type[BaseModel], source: _Source, field: str, kind: str) -> str:
    if kind == "extra_forbidden":
        return unknown_setting(source.spell(field), [source.spell(each) for each in model.model_fields])
    value = source.values[field]
    empty = "; to have the default, leave it out" if _is_empty(value) else ""
    return f"found {_shown(value)}, allowed: {allowed_values(model, field)}{empty}"


def _shown(value: object) -> str:
    return "nothing" if value is None else repr(value)
