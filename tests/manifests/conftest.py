"""One control plane with Berth's definitions for all tests of the manifests, and the founding document's YAML."""

import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox import ApiError, ControlPlane

PROJECT = Path(__file__).parents[2]
PROPOSAL = PROJECT.parent / "shared/seeds/000_36b3c3ed325ee8a3.txt"

Manifest = dict[str, Any]
Submit = Callable[[Manifest], Manifest]

COLLECTIONS = {
    "AcceleratorClass": "/apis/ome.io/v1beta1/acceleratorclasses",
    "AcceleratorProfile": "/apis/berth.ome.io/v1alpha1/acceleratorprofiles",
}


@pytest.fixture(scope="package")
def manifests() -> Path:
    """The folder of the manifests."""
    return PROJECT / "manifests"


@pytest.fixture(scope="package")
def control_plane(manifests: Path) -> Iterator[ControlPlane]:
    """A control plane that knows AcceleratorClass and AcceleratorProfile."""
    with ControlPlane(kwok=False) as running:
        running.kubectl("apply", "-k", str(manifests / "base/crds"))
        running.kubectl("wait", "--for=condition=Established", "customresourcedefinition", "--all", "--timeout=20s")
        yield running


@pytest.fixture(scope="package")
def submit(control_plane: ControlPlane) -> Submit:
    """Submits an object with strict field validation and without keeping it; returns it with its defaults."""

    def send(manifest: Manifest) -> Manifest:
        path = f"{COLLECTIONS[manifest['kind']]}?dryRun=All&fieldValidation=Strict"
        return control_plane.api.send("POST", path, manifest)

    return send


@pytest.fixture(scope="package")
def refusal(submit: Submit) -> Callable[[Manifest], str]:
    """Submits an object that is to be refused; returns what the API server says."""

    def send(manifest: Manifest) -> str:
        with pytest.raises(ApiError) as refused:
            submit(manifest)
        message: str = json.loads(refused.value.answer)["message"]
        return message

    return send


@pytest.fixture(scope="package")
def proposal() -> list[Manifest]:
    """Every object of the founding document, those inside its ConfigMaps included."""
    if not PROPOSAL.exists():
        reason = f"the founding document {PROPOSAL} is not there"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    blocks = re.findall(r"^```yaml\n(.*?)^```", PROPOSAL.read_text(), re.DOTALL | re.MULTILINE)
    return [each for block in blocks for each in _objects(block)]


def _objects(text: str) -> Iterator[Manifest]:
    for content in yaml.safe_load_all(text):
        if content and "kind" in content:
            yield content
            for inner in content.get("data", {}).values():
                yield from _objects(inner)
