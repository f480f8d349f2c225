"""The README says what is: settings, dependencies, commands."""

import re
import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel

from controller.settings import ControllerSettings
from extender.settings import ExtenderSettings
from webhook.settings import WebhookSettings

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
MODELS: dict[str, type[BaseModel]] = {
    "webhook": WebhookSettings,
    "extender": ExtenderSettings,
    "controller": ControllerSettings,
}


def _row(programs: list[str], name: str) -> str:
    field = MODELS[programs[0]].model_fields[name]
    defaults = dict.fromkeys(str(MODELS[each].model_fields[name].default) for each in programs)
    default = " / ".join("none" if each in ("None", "") else f"`{each}`" for each in defaults)
    return f"| `{name}` | {', '.join(programs)} | {default} | {field.description} |"


def settings_rows() -> list[str]:
    """Return the rows of the settings table: a setting of several programs that means the same stands once."""
    programs: dict[tuple[str, str | None], list[str]] = {}
    for program, model in MODELS.items():
        for name, field in model.model_fields.items():
            programs.setdefault((name, field.description), []).append(program)
    return [_row(each, name) for (name, _), each in programs.items()]


@pytest.mark.parametrize("row", settings_rows())
def test_every_setting_stands_in_the_table_as_it_is(row: str) -> None:
    """Name, programs, default and meaning; the table is what the programs take."""
    assert row in README


def test_every_dependency_has_its_reason() -> None:
    """One line each says why it is there."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    names = {re.split(r"[\[<>=]", each)[0] for each in wanted}
    reasoned = set(re.findall(r"[a-z-]+", " ".join(re.findall(r"^\| ([a-z, -]+)(?: \(|\s\|)", README, re.MULTILINE))))

    assert names <= reasoned


def test_lock_files_pin_with_hashes_and_name_no_registry() -> None:
    """Whoever installs gets what was tested, from wherever they get packages."""
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text()
        packages = re.findall(r"^[a-z0-9-]+==", text, re.MULTILINE)
        assert len(packages) > 20
        assert len(re.findall(r"--hash=sha256:", text)) >= len(packages)
        assert not re.search(r"https?://|--index", text)


@pytest.mark.parametrize("target", sorted(set(re.findall(r"make ([a-z]+)", README))))
def test_every_make_target_that_is_named_is_there(target: str) -> None:
    """No command of the README is missing."""
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("path", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README))))
def test_every_link_leads_somewhere(path: str) -> None:
    """Links within the repository."""
    assert (ROOT / path).exists()
