"""The journey of admission: gather what the pod asks, recognise where the model runs, choose, say what changes."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from placement import keys
from placement.accelerators import Catalog
from placement.choice import Choice, choose
from placement.class_requests import ClassRequest, misnamed_profile, request_of
from placement.container_injection import missing_args, takes_args
from placement.injection import injection
from placement.inventory import Inventory
from placement.model_sources import model_size
from placement.mutations import NOTHING, Mutation
from placement.pods import Pod
from placement.profiles import OnNoMatch, Profile
from placement.recognition import engine_containers
from placement.records import AdmissionRecord, Seal, record_of, record_of_none, unkeyed


@dataclass(frozen=True)
class World:
    """What admission knows of the cluster and of its installation.

    `scheduler_name` is whom pods are handed to (None: nobody's name changes), `seal` tells our records from others'.
    """

    catalog: Catalog = field(default_factory=Catalog)
    profiles: tuple[Profile, ...] = ()
    inventory: Inventory = field(default_factory=Inventory)
    scheduler_name: str | None = None
    seal: Seal = unkeyed


@dataclass(frozen=True, slots=True)
class Admission:
    """The verdict on one pod: what changes, what its author is told, and the record of the choice, if one was made.

    `is_unfit` tells that a class was wanted and none will do; `denial` is set where the profile refuses such pods.
    """

    mutation: Mutation = NOTHING
    warnings: tuple[str, ...] = ()
    record: AdmissionRecord | None = None
    is_unfit: bool = False
    denial: str | None = None


def admit(pod: Pod, namespace_labels: Mapping[str, str], world: World) -> Admission:
    """Judge a pod that is about to be created in a namespace with these labels."""
    asked = request_of(pod, namespace_labels, world.profiles, world.catalog)
    if asked is None:
        return Admission(_stripped(pod, NOTHING), misnamed_profile(pod, namespace_labels, world.profiles))
    engines = engine_containers(pod, world.catalog, _named(asked), is_meant=asked.explicit is not None)
    if not engines:
        return Admission(_stripped(pod, NOTHING), asked.warnings + _unrecognised(asked))
    asked = _sized(replace(asked, engines=engines))
    choice = choose(asked, world.catalog, world.inventory)
    if choice.chosen is None:
        return _unfit(asked, choice, world.seal)
    changes = injection(asked, choice.chosen, world.inventory, world.scheduler_name)
    record = record_of(asked, choice, changes)
    return Admission(_signed(pod, changes, record, world.seal), asked.warnings + _lost_args(asked, choice), record)


def _sized(asked: ClassRequest) -> ClassRequest:
    """Add the size of the pod's model where a preference may ask for it and the pod's annotations do not say."""
    if asked.billions is not None or not (asked.profile and asked.profile.preferences):
        return asked
    return replace(asked, billions=model_size(asked.pod, asked.engines[0]))


def _unfit(asked: ClassRequest, choice: Choice, seal: Seal) -> Admission:
    """Leave the pod as it is, but for a record of why: whoever made it may not be the one who reads its warnings."""
    reasons = tuple(f"{each.subject}: {each.reason}" for each in choice.rejections)
    headline = f"no accelerator class will do for this pod ({asked.source})"
    if asked.profile and asked.profile.on_no_match is OnNoMatch.DENY:
        return Admission(warnings=asked.warnings, is_unfit=True, denial="; ".join([headline, *reasons]))
    told = (f"{headline}; it is admitted as it is", *reasons)
    signed = _signed(asked.pod, NOTHING, record_of_none(asked, choice), seal)
    return Admission(signed, asked.warnings + told, is_unfit=True)


def _signed(pod: Pod, changes: Mutation, record: AdmissionRecord, seal: Seal) -> Mutation:
    """Add our label and annotations, and strip those that the pod brought along.

    A record that the pod carries stands when it is ours, tells of the same choice, and nothing is left to inject: the
    API server may ask again about a pod that is mutated already, and mutating twice is mutating once.
    """
    carried = pod.annotations.get(keys.DECISION, "")
    stands = not changes.injects and record.stands_in(carried, pod, seal)
    label = {keys.CHOSEN_CLASS: record.accelerator_class} if record.accelerator_class else {}
    decision = carried if stands else record.to_json(pod, seal)
    return _stripped(pod, replace(changes, labels=label, annotations={**label, keys.DECISION: decision}))


def _stripped(pod: Pod, changes: Mutation) -> Mutation:
    """Remove what only Berth may write and the pod brought along, and leave out what stands on the pod already."""
    return replace(
        changes,
        labels=dict(changes.labels.items() - pod.labels.items()),
        annotations=dict(changes.annotations.items() - pod.annotations.items()),
        stripped_labels=keys.OURS_ON_PODS & pod.labels.keys() - changes.labels.keys(),
        stripped_annotations=keys.OURS_ON_PODS & pod.annotations.keys() - changes.annotations.keys(),
    )


def _named(asked: ClassRequest) -> frozenset[str]:
    return asked.profile.containers if asked.profile else frozenset()


def _unrecognised(asked: ClassRequest) -> tuple[str, ...]:
    """Speak up where the pod itself asks for a class; a profile may well match routers and proxies."""
    if not asked.explicit:
        return ()
    return (f"no container was recognised as running a model: name it with annotation {keys.CONTAINER}",)


def _lost_args(asked: ClassRequest, choice: Choice) -> tuple[str, ...]:
    wanted = asked.configuration(choice.eligible[0]).args
    lost = [each.name for each in asked.engines if not takes_args(each) and missing_args(each, wanted)]
    return tuple(
        f"container {name}: {' '.join(wanted)} cannot be appended to its command; use env in the profile"
        for name in lost
    )
