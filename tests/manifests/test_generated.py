"""The chart is the one source: the base is made of it, and each overlay says what values say to Helm."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

import pytest
import yaml

from sandbox import ControlPlane
from tests.manifests import generated
from tests.manifests.helm import CHART, Manifest, objects

DOCS = CHART.parents[1] / "docs/installing.md"
# What kustomize puts behind the name of a ConfigMap: a hash of its content.
_HASH = re.compile(r"\b(berth-\w+-settings)-[a-z0-9]{10}\b")


def test_the_base_is_up_to_date() -> None:
    """`make manifests` writes it."""
    assert sorted(generated.stale()) == []


def test_the_schema_knows_the_settings_of_the_programs() -> None:
    """`make manifests` writes them."""
    assert generated.SCHEMA.read_text() == generated.schema()


@pytest.mark.parametrize(
    "folder", [generated.BASE, *sorted(generated.OVERLAYS.iterdir())], ids=lambda folder: folder.name
)
def test_kustomize_and_helm_bring_the_same(folder: Path, control_plane: ControlPlane) -> None:
    """Every object, whole, but for the namespace, which has to be there before Helm installs into it."""
    built = _HASH.sub(r"\1", control_plane.kubectl("kustomize", str(folder)))
    by_helm = objects(generated.BASE / "values.yaml", folder / "values.yaml")

    by_kustomize = _named(yaml.safe_load_all(built))
    del by_kustomize["Namespace", "berth-system"]
    assert by_kustomize == _named(by_helm)


def test_every_overlay_is_described() -> None:
    """In docs/installing.md."""
    overlays = {each.name for each in generated.OVERLAYS.iterdir()}
    assert set(re.findall(r"manifests/overlays/([a-z-]+)\)", DOCS.read_text())) == overlays


def test_the_kustomization_of_the_docs_names_images_and_rolls_what_has_other_settings(
    control_plane: ControlPlane, tmp_path: Path
) -> None:
    """Both examples in one, on this base."""
    resources = os.path.relpath(generated.BASE, tmp_path)
    kustomization: Manifest = {}
    for block in re.findall(r"^```yaml\n(.*?)^```", DOCS.read_text(), re.DOTALL | re.MULTILINE):
        kustomization |= yaml.safe_load(block)
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump({**kustomization, "resources": [resources]}))
    (tmp_path / "controller.yaml").write_text("{namespace: berth-system, stuck_after_minutes: 7}")

    before, after = (_templates(control_plane, each) for each in (generated.BASE, tmp_path))

    images = {each["image"] for template in after.values() for each in template["spec"]["containers"]}
    assert images == {"your.registry/berth:0.1.0", "registry.k8s.io/kube-scheduler:v1.36.3"}
    volumes = {name: (before[name]["spec"]["volumes"], after[name]["spec"]["volumes"]) for name in before}
    assert {name for name, (old, new) in volumes.items() if old != new} == {"berth-controller"}


def _templates(control_plane: ControlPlane, folder: Path) -> dict[str, Manifest]:
    built = yaml.safe_load_all(control_plane.kubectl("kustomize", str(folder)))
    return {each["metadata"]["name"]: each["spec"]["template"] for each in built if each["kind"] == "Deployment"}


def _named(manifests: Iterable[Manifest]) -> dict[tuple[str, ...], Manifest]:
    found: dict[tuple[str, ...], Manifest] = {}
    for each in manifests:
        metadata = each["metadata"]
        place = (metadata["namespace"],) if metadata.get("namespace", "berth-system") != "berth-system" else ()
        found[each["kind"], metadata["name"], *place] = each
    return found
