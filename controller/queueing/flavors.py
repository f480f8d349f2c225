"""Flavors of Kueue and classes, kept in step in both directions.

A flavor for accelerators that no class names becomes a class; a class that names a flavor becomes that flavor. What
Berth made in one direction never goes back in the other, and what somebody else made or edited is left alone.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from cluster.api import ApiError
from cluster.applied import NEW, applied_to, apply, edition, identity, is_edited, is_overtaken
from cluster.class_dialects import known_part
from cluster.custom_objects import CustomObject, InvalidObject, accelerator_class, decode_custom_object
from cluster.kinds import CLASSES_PATH, Kind
from cluster.kueue_manifests import class_manifest, flavor_manifest
from cluster.kueue_shapes import flavor as flavor_of
from cluster.names import is_object_name
from cluster.uses import is_used
from cluster.writers import Event, EventType, Subject
from controller.parts import Context, Part
from controller.queueing.findings import IN_SYNC, finding
from controller.queueing.links import Link, is_made_by_berth, link_of
from controller.reconciling.conditions import Judgement
from controller.reconciling.objects import Objects
from placement.discovering.discovery import classes_of, read
from placement.discovering.sights import is_for_accelerators
from placement.inventory import NodeInventory
from placement.queueing.equivalents import class_for, labels_for, unnamable
from placement.queueing.flavors import Flavor

MANAGER = "berth-kueue"

_NOTHING = Link()

# What a class has of its flavor alone, whatever nodes show.
_OF_FLAVOR = frozenset({"discovery", "tolerations", "integration"})


@dataclass
class Flavors:
    """Flavors as they stand, the classes that have to do with them, and what is written of both.

    `links` has what each class says of flavors, `linked` the classes of each flavor, `told` what the statuses of these
    were last judged by, `found` whether each class is in step. `more_keys` begin the keys of labels of accelerators,
    beside those that everybody uses.
    """

    context: Context
    more_keys: tuple[str, ...] = ()
    links: dict[str, Link] = field(default_factory=dict)
    linked: dict[str, set[str]] = field(default_factory=dict)
    told: dict[str, object] = field(default_factory=dict)
    found: dict[str, bool] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def standing(self) -> Mapping[str, CustomObject]:
        """The flavors that there are."""
        return self.context.flavors.by_key

    @property
    def path(self) -> str:
        """Where the cluster has flavors; empty where Kueue is not installed."""
        return self.context.view.served_path(Kind.FLAVORS)

    @property
    def names(self) -> tuple[str, ...]:
        """All flavors that exist or are named."""
        return tuple({**self.standing, **self.linked})

    def relink(self, name: str) -> frozenset[str]:
        """Take in what a class says of flavors; return those that it has or had to do with, none where it is the same.

        It is told of as well where only its status is to be judged anew.
        """
        seen = self.context.classes.by_key.get(name)
        if seen and self.versions.get(name) == seen.resource_version:
            return frozenset()
        before, after = self.links.pop(name, _NOTHING), link_of(seen) if seen else _NOTHING
        self.versions.pop(name, None)
        if seen:
            self.versions[name] = seen.resource_version
        for flavor in before.flavors:
            self.linked.get(flavor, set()).discard(name)
        for flavor in after.flavors:
            self.linked.setdefault(flavor, set()).add(name)
        if after.flavors:
            self.links[name] = after
        return before.flavors | after.flavors

    async def settle(self, name: str) -> list[str]:
        """Write the class of a flavor, or the flavor of a class, where it is to be another. Raises ApiError.

        Who knows half of the cluster would make what is there already.
        """
        await self.context.view.until_synced()
        try:
            is_ready = self.path and self.context.definition.lacks is not None
            return await self._settled(name) if is_ready else []
        except ApiError as error:
            if is_overtaken(error):
                return []
            raise
        finally:
            self._tell(name)

    async def _settled(self, name: str) -> list[str]:
        claimant = self.context.classes.by_key.get(self.first(name))
        if claimant:
            return await self._make_flavor(name, claimant)
        standing = self.standing.get(name)
        if standing is None:
            return await self._drop_class(name)
        flavor = _understood(standing)
        if flavor is None or is_made_by_berth(standing):
            return []
        if flavor.has_accelerators(self.more_keys):
            return await self._make_class(flavor, standing)
        return await self._drop_class(name)

    def first(self, name: str) -> str:
        """Return the class that a flavor is made of: the first by name of those that name it; empty where none does."""
        claimants = (each for each in self.linked.get(name, ()) if self.links[each].named == name)
        return min((each for each in claimants if not self.links[each].made_of), default="")

    async def _make_class(self, flavor: Flavor, standing: CustomObject) -> list[str]:
        problem = unnamable(flavor)
        if problem:
            return await self._refuse(standing, problem)
        present = self.context.classes.by_key.get(flavor.name)
        if present and self.links.get(flavor.name, _NOTHING).made_of != flavor.name:
            return []
        manifest = self._class_manifest(flavor, present)
        return await self._write(self.context.classes, CLASSES_PATH, manifest, present)

    def _class_manifest(self, flavor: Flavor, present: CustomObject | None) -> dict[str, Any]:
        """Return the class of a flavor; what was found on nodes that are gone is true of those to come."""
        nodes = [each for each in self.context.view.inventory.nodes.values() if flavor.is_on(each.labels)]
        found = classes_of({reading for each in nodes or [_imagined(flavor)] for reading in read(each)})
        manifest = class_manifest(class_for(flavor, found))
        if present and not nodes:
            manifest["spec"] = _as_found(manifest["spec"], applied_to(msgspec.json.decode(present.raw)))
        return {**manifest, "spec": known_part(manifest["spec"], self.context.definition.lacks or ())}

    async def _make_flavor(self, name: str, claimant: CustomObject) -> list[str]:
        present = self.standing.get(name)
        understood = _understood(present)
        is_ours = present is None or is_made_by_berth(present)
        if not is_ours or (understood and understood.topology) or not is_object_name(name):
            return []
        try:
            labels, problem = labels_for(accelerator_class(claimant.raw))
        except InvalidObject:
            return []
        if problem:
            return []
        manifest = flavor_manifest(name, labels, claimant.name, self.path)
        return await self._write(self.context.flavors, self.path, manifest, present)

    async def _write(
        self, objects: Objects, path: str, manifest: dict[str, Any], present: CustomObject | None
    ) -> list[str]:
        """Apply what is Berth's of an object, where that is not what was applied."""
        standing = msgspec.json.decode(present.raw) if present else None
        found = edition(manifest["spec"], standing, MANAGER)
        if standing and found.record == applied_to(standing):
            return []
        state = identity(standing["metadata"]) if standing else NEW
        body = {**manifest, "metadata": {**manifest["metadata"], **state}}
        objects.apply(decode_custom_object(await apply(self.context.api, path, body, found, MANAGER)))
        return [f"{manifest['kind']} {manifest['metadata']['name']} {'changed' if present else 'created'}"]

    async def _drop_class(self, name: str) -> list[str]:
        """Delete the class that was made of a flavor which is gone, unless somebody uses or edited it."""
        present = self.context.classes.by_key.get(name)
        if present is None or self.links.get(name, _NOTHING).made_of != name:
            return []
        standing = msgspec.json.decode(present.raw)
        if is_edited(standing, MANAGER) or await is_used(self.context.api, name):
            return []
        await self.context.api.delete(f"{CLASSES_PATH}/{name}", {"preconditions": identity(standing["metadata"])})
        return [f"AcceleratorClass {name} deleted: its flavor is gone, and nothing uses it"]

    async def _refuse(self, flavor: CustomObject, problem: str) -> list[str]:
        version = self.path.split("/")[3]
        subject = Subject("ResourceFlavor", "", flavor.name, link_of(flavor).uid, f"kueue.x-k8s.io/{version}")
        note = f"no AcceleratorClass is made of this flavor: {problem}"
        is_new = await self.context.events.tell(subject, Event(EventType.WARNING, "NoClass", "MakingClass", note))
        return [f"ResourceFlavor {flavor.name}: {problem}"] if is_new else []

    def judge(self, seen: CustomObject) -> Iterator[Judgement]:
        """Yield what is found of a class; nothing before the flavors are known."""
        link = link_of(seen)
        if not link.flavors:
            self.found.pop(seen.name, None)
            yield Judgement.absent(IN_SYNC)
        elif Kind.FLAVORS not in self.context.view.unsynced:
            name = link.made_of or link.named
            standing, is_served = self.standing.get(name), bool(self.path)
            judged = finding(seen, link, standing, first=self.first(name), is_served=is_served)
            self.found[seen.name] = judged.holds
            yield judged

    def _tell(self, name: str) -> None:
        """Have the classes of a flavor judged anew where it is not what they were last judged by."""
        standing, linked = self.standing.get(name), sorted(self.linked.get(name, ()))
        if not (standing or linked):
            self.told.pop(name, None)
            self.linked.pop(name, None)
            return
        state = (standing and standing.resource_version, self.path, self.first(name), tuple(linked))
        if self.told.get(name) != state:
            self.told[name] = state
            for each in linked:
                self.context.classes.tell(each)

    def metrics(self) -> Iterator[Metric]:
        """Yield how many flavors are for accelerators, and how many classes are in step with theirs."""
        understood = (_understood(each) for each in self.standing.values())
        seen = sum(1 for each in understood if each and each.has_accelerators(self.more_keys))
        yield GaugeMetricFamily("berth_kueue_flavors", "ResourceFlavors for accelerators.", value=seen)
        states = Counter(self.found[name] for name in self.links if name in self.found)
        family = GaugeMetricFamily("berth_kueue_classes", "Classes that have a flavor.", labels=["state"])
        family.add_metric(["in_sync"], states[True])
        family.add_metric(["not_in_sync"], states[False])
        yield family


def flavors(context: Context) -> Part:
    """Keep Kueue's flavors and the classes in step."""
    kept = Flavors(context, _listed(context.settings.accelerator_label_keys))
    queue = context.queue("flavors", kept.settle, lambda: kept.names)

    def relink(name: str) -> None:
        for each in kept.relink(name):
            queue.add(each)

    context.flavors.listen(queue.add)
    context.classes.listen(relink)
    context.definition.listen(queue.add_all)
    return Part((queue,), class_judges=(kept.judge,), metrics=kept.metrics)


def _understood(standing: CustomObject | None) -> Flavor | None:
    try:
        return flavor_of(standing.raw) if standing else None
    except InvalidObject:
        return None


def _imagined(flavor: Flavor) -> NodeInventory:
    """Return a node of which no more is known than that it is of a flavor."""
    return NodeInventory(flavor.name, labels=flavor.labels)


def _as_found(spec: dict[str, Any], applied: dict[str, Any]) -> dict[str, Any]:
    """Return a spec with the hardware that was found before, unless that has other labels and is other hardware."""
    discovery = applied.get("discovery")
    if not isinstance(discovery, dict) or discovery.get("nodeSelector") != spec["discovery"]["nodeSelector"]:
        return spec
    hardware = {part: each for part, each in applied.items() if part not in _OF_FLAVOR}
    needed, wanted = _needed(applied.get("tolerations")), spec.get("tolerations", [])
    tolerations = [*needed, *(each for each in wanted if each not in needed)]
    of_flavor = {part: each for part, each in spec.items() if part in _OF_FLAVOR}
    return hardware | of_flavor | ({"tolerations": tolerations} if tolerations else {})


def _needed(tolerations: object) -> list[Any]:
    """Return which of the tolerations that were applied the hardware needs; the others were the flavor's."""
    listed = tolerations if isinstance(tolerations, list) else []
    known = (each for each in listed if isinstance(each, dict))
    return [each for each in known if is_for_accelerators(str(each.get("key", "")), str(each.get("value", "")))]


def _listed(text: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in text.split(",") if each.strip())
