"""The definition of AcceleratorClass that is installed, for all parts that write classes or their status."""

from collections.abc import Callable
from dataclasses import dataclass, field

from cluster.api import Api
from cluster.class_definition import definition_version, pruned_fields

NAME = "acceleratorclasses.ome.io"

# The index of all definitions is some kilobytes.
SECONDS = 10.0


@dataclass
class Definition:
    """The definition of AcceleratorClass; what it `lacks` of Berth's fields is None until it was read."""

    api: Api
    lacks: tuple[str, ...] | None = None
    _version: str = ""
    _listeners: list[Callable[[], None]] = field(default_factory=list)

    def listen(self, listener: Callable[[], None]) -> None:
        """Tell a listener whenever the definition lacks something else than before."""
        self._listeners.append(listener)

    async def settle(self, _name: str) -> list[str]:
        """Read the definition where it is another one. Raises ApiError."""
        version = await definition_version(self.api)
        if version and version != self._version:
            before, self.lacks = self.lacks, await pruned_fields(self.api)
            self._version = version
            for listener in self._listeners if self.lacks != before else ():
                listener()
        return []
