"""Who uses a class, asked of the API server at the moment when that matters."""

from http import HTTPStatus
from typing import Any

import msgspec

from cluster.api import Api, ApiError
from cluster.kinds import PROFILES_PATH, RESOURCES, Kind
from cluster.lists import pages
from placement.keys import CHOSEN_CLASS

# Objects that may name classes anywhere in them; those of OME need not exist.
_NAMING = (
    PROFILES_PATH,
    *(RESOURCES[kind].path for kind in (Kind.RUNTIMES, Kind.CLUSTER_RUNTIMES, Kind.SERVICES)),
)
_PODS = "/api/v1/pods"

_ANYTHING = msgspec.json.Decoder()


async def is_named(api: Api, name: str) -> bool:
    """Tell whether a profile or an object of OME names a class. Raises ApiError."""
    for path in _NAMING:
        if await _is_named(api, path, name):
            return True
    return False


async def is_used(api: Api, name: str) -> bool:
    """Tell whether a profile, an object of OME or a pod names a class. Raises ApiError."""
    if await is_named(api, name):
        return True
    # Mostly a pod has one class, and its label finds it; of several that are left open the annotation has all.
    query = {"labelSelector": f"{CHOSEN_CLASS}={name}", "limit": "1"}
    if msgspec.json.decode(await api.get(_PODS, query))["items"]:
        return True
    async for page in pages(api, _PODS, {"labelSelector": CHOSEN_CLASS}):
        if any(name in _classes(each) for each in page):
            return True
    return False


async def _is_named(api: Api, path: str, name: str) -> bool:
    try:
        async for page in pages(api, path, {}):
            if any(_mentions(_ANYTHING.decode(each), name) for each in page):
                return True
    except ApiError as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
    return False


def _mentions(content: Any, name: str) -> bool:
    """Tell whether a key or a text in some JSON is a name."""
    if isinstance(content, dict):
        return name in content or any(_mentions(each, name) for each in content.values())
    if isinstance(content, list):
        return any(_mentions(each, name) for each in content)
    return bool(content == name)


def _classes(pod: msgspec.Raw) -> list[str]:
    annotations = _ANYTHING.decode(pod)["metadata"].get("annotations") or {}
    return str(annotations.get(CHOSEN_CLASS, "")).split(",")
