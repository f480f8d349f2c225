"""What the commands that start a program have in common: flags out of the settings model, settings, logs, the run."""

import argparse
import logging
import os
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from berth import logs
from berth.build import build_of
from berth.settings import SettingsError, flag_of, load, prefix_of

Settings = TypeVar("Settings", bound=BaseModel)

_LOG = logging.getLogger("berth.programs")

_EPILOG = """\
Every setting can stand in the YAML file under the name of its flag without dashes (metrics_port: 9090), in the
environment ({prefix}METRICS_PORT=9090), or as a flag; what comes later in this list wins. A setting that is
unknown or wrong stops the start with exit code 2.

example:
  {example}"""


def configure(
    parser: argparse.ArgumentParser,
    program: str,
    model: type[Settings],
    compose: Callable[[Settings], Coroutine[Any, Any, None]],
    example: str,
) -> None:
    """Give a program's command one flag per setting, and let it run what `compose` makes of the settings.

    `compose` may raise SettingsError.
    """
    parser.epilog = _EPILOG.format(prefix=prefix_of(program), example=example)
    parser.add_argument("--config", type=Path, metavar="FILE", help="YAML file with settings")
    for name, field in model.model_fields.items():
        parser.add_argument(flag_of(name), dest=name, default=argparse.SUPPRESS, **_flag(field))
    parser.set_defaults(run=lambda arguments: _run(program, model, compose, arguments))


def _flag(field: FieldInfo) -> dict[str, Any]:
    help_text = f"{field.description} (default: {'none' if field.default is None else field.default})"
    if field.annotation is bool:
        return {"action": argparse.BooleanOptionalAction, "help": help_text}
    return {"metavar": "VALUE", "help": help_text.replace("%", "%%")}


def _run(
    program: str,
    model: type[Settings],
    compose: Callable[[Settings], Coroutine[Any, Any, None]],
    arguments: argparse.Namespace,
) -> int:
    flags = {name: value for name, value in vars(arguments).items() if name in model.model_fields}
    try:
        settings = load(model, program, arguments.config, os.environ, flags)
        composed = compose(settings)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    from prometheus_client import disable_created_metrics

    from berth import serving

    # Half of an exposition would be times at which counters began, which the conventions do not ask for.
    disable_created_metrics()  # type: ignore[no-untyped-call]  # the library has no annotation there.
    logs.configure(settings.model_dump()["log_level"], sys.stderr)
    build = build_of(os.environ)
    _LOG.info("begun", extra={"program": program, "version": build.version, "revision": build.revision})
    code = serving.run(composed)
    _LOG.info("ended", extra={"program": program, "code": code})
    return code
