"""What is made of the chart and of the programs' settings: `python -m tests.manifests.generated` writes it."""

import json
import sys
from collections.abc import Collection, Iterator
from pathlib import Path

import yaml
from pydantic import BaseModel

from controller.settings import ControllerSettings
from extender.settings import ExtenderSettings
from tests.manifests.helm import CHART, Documents, rendered
from webhook.settings import WebhookSettings

BASE, OVERLAYS = CHART.parent / "base", CHART.parent / "overlays"
SCHEMA = CHART / "values.schema.json"
HEADER = "# Made of manifests/chart by `make manifests`: change it there.\n"
# Templates of ConfigMaps, which kustomize makes of files.
SETTINGS = "settings.yaml"
_PROGRAMS: dict[str, type[BaseModel]] = {
    "webhook": WebhookSettings,
    "controller": ControllerSettings,
    "extender": ExtenderSettings,
}


def main() -> int:
    """Write what is out of date, and remove what is no more."""
    SCHEMA.write_text(schema())
    for path, content in sorted(stale().items()):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content) if content else path.unlink()
        print(path.relative_to(Path.cwd()))
    return 0


def schema() -> str:
    """Return the schema of the chart's values, with the settings that the programs know."""
    content = json.loads(SCHEMA.read_text())
    for name, settings in _PROGRAMS.items():
        described = settings.model_json_schema()
        content["$defs"] |= described.pop("$defs", {})
        content["$defs"][f"{name}-settings"] = described
    return json.dumps(content, indent=2) + "\n"


def stale() -> dict[Path, str]:
    """Return the files of base and overlays that are not what the chart gives, with what they should hold.

    Those that are no more should hold nothing. Raises NotBuiltError and HelmError.
    """
    wanted = dict(_files())
    held = {path: path.read_text() for folder in (BASE, OVERLAYS) for path in folder.rglob("*.yaml")}
    made = wanted.keys() | {path for path, text in held.items() if text.startswith(HEADER)}
    return {path: wanted.get(path, "") for path in made if held.get(path) != wanted.get(path)}


def _files() -> Iterator[tuple[Path, str]]:
    """Yield the base's files, and of each overlay what the base does not have and what it has other settings in."""
    base = rendered(BASE / "values.yaml")
    yield from _resources(BASE, base, base.keys())
    yield from _settings(BASE, base)
    for folder in (each for each in sorted(OVERLAYS.iterdir()) if (each / "values.yaml").exists()):
        documents = rendered(BASE / "values.yaml", folder / "values.yaml")
        yield from _resources(folder, documents, documents.keys() - base.keys())
        yield from _settings(folder, documents)


def _resources(folder: Path, documents: Documents, sources: Collection[str]) -> Iterator[tuple[Path, str]]:
    for source in (each for each in sources if not each.endswith(SETTINGS)):
        yield folder / source, HEADER + "---\n".join(documents[source])


def _settings(folder: Path, documents: Documents) -> Iterator[tuple[Path, str]]:
    """Yield the files of which the kustomizations in a folder make ConfigMaps."""
    found = (yaml.safe_load(each) for source, group in documents.items() if source.endswith(SETTINGS) for each in group)
    settings = {each["metadata"]["name"]: each["data"] for each in found}
    for path in folder.rglob("kustomization.yaml"):
        for generator in yaml.safe_load(path.read_text()).get("configMapGenerator", ()):
            for key, _, file in (each.partition("=") for each in generator["files"]):
                yield path.parent / (file or key), settings[generator["name"]][key]


if __name__ == "__main__":
    sys.exit(main())
