"""Lists that are asked for once, a page at a time."""

from collections.abc import AsyncIterator, Mapping

import msgspec

from cluster.api import Api
from cluster.reflector import PAGE_SIZE
from cluster.watch_shapes import PAGE


async def pages(api: Api, path: str, selectors: Mapping[str, str]) -> AsyncIterator[list[msgspec.Raw]]:
    """Yield the objects of a path that query parameters select, some hundreds at once; raises ApiError."""
    query = {**selectors, "limit": str(PAGE_SIZE)}
    while True:
        page = PAGE.decode(await api.get(path, query))
        yield page.items or []
        if not page.metadata.continue_:
            return
        query["continue"] = page.metadata.continue_
