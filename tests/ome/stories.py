"""OME's objects for tests: the proposal's stories, and the same wishes in the words that OME landed."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent
DEFINITIONS = FOLDER / "crds.yaml"
STORIES = FOLDER / "stories.yaml"

COLLECTIONS = {
    "ServingRuntime": "servingruntimes",
    "ClusterServingRuntime": "clusterservingruntimes",
    "InferenceService": "inferenceservices",
    "BaseModel": "basemodels",
    "ClusterBaseModel": "clusterbasemodels",
}


@cache
def stories() -> dict[tuple[str, str], dict[str, Any]]:
    """Return the objects by kind and name."""
    return {(each["kind"], each["metadata"]["name"]): each for each in yaml.safe_load_all(STORIES.read_text())}


def collection(kind: str) -> str:
    """Return the path under which the API has all objects of a kind."""
    return f"/apis/ome.io/v1beta1/{COLLECTIONS[kind]}"
