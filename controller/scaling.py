"""Whether an autoscaler can make nodes of each class: the condition Scalable, absent where no autoscaler is seen."""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NoReturn

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from cluster.custom_objects import CustomObject
from cluster.view import ClusterView
from controller.parts import Context, Part
from controller.reconciling.conditions import Judgement
from controller.reconciling.objects import Objects
from placement.accelerators import AcceleratorClass, Catalog
from placement.scaling.supply import NO_SUPPLY, NodeSupply, Supplier, obstacles, supplier, unreadable_terms

SCALABLE = "Scalable"

LOOK_SECONDS = 1.0

# So many classes are judged before others run.
AT_ONCE = 50

_ABSENT = Judgement.absent(SCALABLE)


def scalability(candidate: AcceleratorClass, supply: NodeSupply) -> Judgement:
    """Return who can make nodes of a class, or why nobody can."""
    found = supplier(candidate, supply)
    if found:
        return Judgement(SCALABLE, holds=True, reason=_CAMEL[found.kind], message=_made_by(found))
    if candidate.scalable_from_zero:
        return Judgement(SCALABLE, holds=True, reason="Declared", message="The class says so itself.")
    if not supply.is_visible:
        return _ABSENT
    reason = "UnreadableTerms" if unreadable_terms(candidate, supply) else "NoSupplier"
    return Judgement(SCALABLE, holds=False, reason=reason, message="; ".join(obstacles(candidate, supply)))


_CAMEL = {"NodePool": "NodePool", "node group": "NodeGroup"}


def _made_by(found: Supplier) -> str:
    if not found.open_keys:
        return f"{found} makes such nodes."
    keys = ", ".join(found.open_keys)
    return f"{found} makes such nodes if it has instance types with the values of {keys}: it rules none out."


@dataclass
class Scaling:
    """What is found of classes, as of what the view last saw."""

    view: ClusterView
    classes: Objects
    _known: tuple[Catalog, NodeSupply] = (Catalog(), NO_SUPPLY)
    _told: dict[str, Judgement] = field(default_factory=dict)

    async def run(self) -> NoReturn:
        """Have the classes looked at of which there is something new to find, for ever."""
        while True:
            await self.follow()
            await asyncio.sleep(LOOK_SECONDS)

    async def follow(self) -> None:
        """Find what is new; nothing is known before everything was listed."""
        catalog, supply = self.view.catalog, self.view.supply
        if not self.view.is_synced or (catalog is self._known[0] and supply is self._known[1]):
            return
        self._known = catalog, supply
        self._told = {name: each for name, each in self._told.items() if name in catalog.classes}
        for number, (name, each) in enumerate(catalog.classes.items()):
            found = scalability(each, supply)
            if self._told.get(name) != found:
                self.classes.tell(name)
            self._told[name] = found
            if not number % AT_ONCE:
                await asyncio.sleep(0)

    def judgements(self, seen: CustomObject) -> Iterable[Judgement]:
        """Yield whether nodes can be made of a class; nothing of one that is not in force."""
        if self.view.is_synced:
            candidate = self.view.catalog.classes.get(seen.name)
            yield scalability(candidate, self.view.supply) if candidate else _ABSENT

    def gauges(self) -> Iterator[Metric]:
        """Yield how many classes can get nodes, and how many objects of autoscalers cannot be understood."""
        scalable = GaugeMetricFamily("berth_classes_scalable", "Classes of which an autoscaler can make nodes.")
        scalable.add_metric([], sum(each.holds for each in self._told.values()))
        malformed = GaugeMetricFamily(
            "berth_autoscaler_objects_malformed", "NodePools and statuses of autoscalers that are not understood."
        )
        malformed.add_metric([], len(self.view.supply_problems))
        yield from (scalable, malformed)


def scaling(context: Context) -> Part:
    """Keep the condition Scalable of the classes true."""
    found = Scaling(context.view, context.classes)
    return Part(tasks={"scaling": found.run}, class_judges=(found.judgements,), metrics=found.gauges)
