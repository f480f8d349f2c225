"""Released versions as they are kept: schemas, settings, objects that people wrote, and what programs wrote on pods.

`python -m tests.upgrade.releases` keeps the present schemas and settings under the present version, at its release.
`objects.yaml` and `pods.json` of a release are written and recorded by hand, and never changed.
"""

import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from controller.settings import ControllerSettings
from extender.settings import ExtenderSettings
from webhook.settings import WebhookSettings

ROOT = Path(__file__).parents[2]
RELEASED = Path(__file__).parent / "released"
PROGRAMS: dict[str, type[BaseModel]] = {
    "webhook": WebhookSettings,
    "extender": ExtenderSettings,
    "controller": ControllerSettings,
}

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Release:
    """A released version, in its folder."""

    folder: Path

    @property
    def version(self) -> str:
        """Its number."""
        return self.folder.name

    @property
    def definitions(self) -> list[Json]:
        """Its CustomResourceDefinitions."""
        found: list[Json] = json.loads((self.folder / "definitions.json").read_text())
        return found

    @property
    def objects(self) -> list[Json]:
        """Classes and profiles that people wrote for it."""
        return list(yaml.safe_load_all((self.folder / "objects.yaml").read_text()))

    @property
    def pods(self) -> list[Json]:
        """Pods on which its programs wrote."""
        found: list[Json] = json.loads((self.folder / "pods.json").read_text())
        return found

    def settings(self, program: str) -> Path:
        """The settings of a program, with every key that it knew."""
        return self.folder / f"{program}.yaml"


def releases() -> list[Release]:
    """Return all that are kept, the oldest first."""
    return [Release(each) for each in sorted(RELEASED.iterdir(), key=_number) if each.is_dir()]


def present_version() -> str:
    """Return the version of this tree."""
    content = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return str(content["project"]["version"])


def present_definitions() -> dict[str, Json]:
    """Return the definitions of this tree, by name, without words for people."""
    files = sorted((ROOT / "manifests/base/crds").glob("accelerator-*.yaml"))
    found = [_without_words(yaml.safe_load(each.read_text())) for each in files]
    return {each["metadata"]["name"]: each for each in found}


def versions(definition: Json) -> Iterator[tuple[str, Json]]:
    """Yield the versions in which a kind is served, each with its schema."""
    for each in definition["spec"]["versions"]:
        if each["served"]:
            yield each["name"], each["schema"]["openAPIV3Schema"]


def _number(folder: Path) -> tuple[int, ...]:
    return tuple(map(int, folder.name.split(".")))


def _without_words(content: Any) -> Any:
    if isinstance(content, dict):
        return {
            key: _without_words(each)
            for key, each in content.items()
            if not (key == "description" and isinstance(each, str))
        }
    return [_without_words(each) for each in content] if isinstance(content, list) else content


def _keep() -> None:
    release = Release(RELEASED / present_version())
    release.folder.mkdir(parents=True, exist_ok=True)
    definitions = [{**each, "metadata": {"name": name}} for name, each in present_definitions().items()]
    (release.folder / "definitions.json").write_text(json.dumps(definitions, separators=(",", ":")) + "\n")
    for program, model in PROGRAMS.items():
        # An empty text is no value that a person may write.
        values = {name: "any" if each == "" else each for name, each in model().model_dump(mode="json").items()}
        release.settings(program).write_text(yaml.safe_dump(values, sort_keys=True))


if __name__ == "__main__":
    _keep()
