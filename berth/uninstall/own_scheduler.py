"""Whether the scheduler that is to go is the one to which the webhook hands pods over."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import msgspec
import yaml

from berth.uninstall.objects import PART_OF, each_of
from berth.uninstall.steps import Findings
from cluster.api import Api
from cluster.shapes import Shape

_FILE = "webhook.yaml"


class _ConfigMap(Shape):
    data: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class OwnScheduler:
    """Compares its name with the webhook's settings: pods would wait for another one that is gone."""

    api: Api
    namespace: str
    scheduler: str

    async def find(self) -> Findings:
        """Return which other scheduler the webhook names. Raises ApiError."""
        # Settings that were replaced may still be there.
        named = {each async for each in self._named()}
        others = sorted(named) if self.scheduler not in named else ()
        return Findings(
            left=tuple(
                f"the webhook hands pods to {each}, and not to {self.scheduler}: --scheduler-name {each}"
                for each in others
            )
        )

    async def _named(self) -> AsyncIterator[str]:
        path = f"/api/v1/namespaces/{self.namespace}/configmaps"
        async for raw in each_of(self.api, path, {"labelSelector": PART_OF}):
            try:
                settings = yaml.safe_load((msgspec.json.decode(raw, type=_ConfigMap).data or {}).get(_FILE, ""))
            except yaml.YAMLError:
                continue
            if isinstance(settings, dict) and settings.get("scheduler_name"):
                yield str(settings["scheduler_name"])
