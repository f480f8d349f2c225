"""The journey of admission: gather what the pod asks, recognise where the model runs, choose, say what changes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from placement import keys
from placement.accelerators import AcceleratorClass
from placement.allowances import NO_LIMITS, Allowances
from placement.asking.advice import advice
from placement.asking.class_requests import ClassRequest, Known, misnamed_profile, request_of
from placement.asking.contradictions import contradictions, unknown_names
from placement.asking.profiles import OnNoMatch
from placement.asking.sizing import sized
from placement.choosing.choice import Choice, Circumstances, Contest, contest, decided
from placement.choosing.records import AdmissionRecord, Seal, classes_of, genuine, record_of, record_of_none, unkeyed
from placement.injecting.injection import Premises, injection, takes_scheduler
from placement.injecting.plans import Plans
from placement.injecting.visible_devices import hidden_devices, with_visible_devices
from placement.inventory import Inventory
from placement.mutations import NOTHING, Mutation
from placement.pods import Pod
from placement.queueing.queues import NO_QUEUES, Queueing
from placement.recognising.platforms import updates_in_place
from placement.recognising.recognition import engine_containers, misnamed_containers
from placement.scaling.supply import NO_SUPPLY, NodeSupply
from placement.shares import SHARES, asks_for_shares, misasked

# Judging takes microseconds for each container and class, and the API server waits.
MAX_CONTAINERS = 256


@dataclass(frozen=True)
class World(Known):
    """What admission knows of the cluster and of its installation.

    `allowances` are those of the pod's namespace, `scheduler_name` is whom pods are handed to (None: nobody's name
    changes), `seal` tells our records from others', `queueing` is what Kueue has, `supply` who makes nodes.
    """

    inventory: Inventory = field(default_factory=Inventory)
    scheduler_name: str | None = None
    seal: Seal = unkeyed
    allowances: Allowances = NO_LIMITS
    queueing: Queueing = NO_QUEUES
    supply: NodeSupply = NO_SUPPLY

    @property
    def premises(self) -> Premises:
        """What there is where pods run."""
        return Premises(self.inventory, self.scheduler_name, self.supply)

    def circumstances(self, pod: Pod) -> Circumstances:
        """Return what exists for a pod, which Berth's extender places where its scheduler gets it."""
        is_ours = takes_scheduler(pod, self.scheduler_name) or pod.scheduler_name == self.scheduler_name
        queue = self.queueing.queue_of(pod)
        known = (self.catalog, self.inventory, self.roster, self.allowances)
        return Circumstances(*known, is_ours, queue, self.supply)


@dataclass(frozen=True, slots=True)
class Admission:
    """The verdict on one pod: what changes, what its author is told, and the record of the choice, if one was made.

    `denial` is set where the profile refuses pods for which no class will do. `asked` and `choice` are what was judged,
    if anything was.
    """

    mutation: Mutation = NOTHING
    warnings: tuple[str, ...] = ()
    record: AdmissionRecord | None = None
    denial: str | None = None
    asked: ClassRequest | None = None
    choice: Choice | None = None

    @property
    def is_unfit(self) -> bool:
        """Whether a class was wanted and none will do."""
        return self.choice is not None and not self.choice.eligible

    @property
    def classes(self) -> tuple[str, ...]:
        """The class that the pod gets, or those that are left open; none where no class is injected."""
        return self.record.classes if self.record else ()


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What is found out about a pod before any class is looked at; without `plans` it is left alone, with warnings."""

    pod: Pod
    warnings: tuple[str, ...] = ()
    asked: ClassRequest | None = None
    plans: Plans | None = None


def admit(pod: Pod, namespace_labels: Mapping[str, str], world: World) -> Admission:
    """Judge a pod that is about to be created in a namespace with these labels."""
    inquiry = inquire(pod, namespace_labels, world)
    return judge(inquiry, compete(inquiry, world), world)


def inquire(pod: Pod, namespace_labels: Mapping[str, str], known: World) -> Inquiry:
    """Gather what a pod asks, and recognise where its model runs.

    A pod that was mutated a moment ago keeps its classes: what was injected must not change who is eligible.
    """
    asked = request_of(pod, namespace_labels, known)
    amiss = misasked(pod)
    if asked is None:
        return Inquiry(pod, (*misnamed_profile(pod, namespace_labels, known.profiles), *amiss))
    asked = replace(asked, warnings=asked.warnings + amiss)
    if len(pod.containers) > MAX_CONTAINERS:
        return Inquiry(
            pod, (f"this pod has {len(pod.containers)} containers: Berth looks at {MAX_CONTAINERS} at most",)
        )
    engines = engine_containers(pod, known.catalog, asked.named_containers, is_meant=asked.explicit is not None)
    asked = replace(asked, warnings=asked.warnings + misnamed_containers(pod))
    if not engines:
        return Inquiry(pod, asked.warnings + _unrecognised(asked))
    if updates_in_place(pod) and not asked.is_named:
        return Inquiry(pod, (*asked.warnings, _IN_PLACE))
    complete = sized(replace(asked, engines=engines, kept=classes_of(genuine(pod, known.seal))))
    return Inquiry(pod, asked=complete, plans=Plans(complete))


def compete(inquiry: Inquiry, world: World) -> Contest | None:
    """Judge the classes for a pod by all but the room that they have; None where the pod is left alone."""
    if inquiry.asked is None or inquiry.plans is None:
        return None
    return contest(inquiry.asked, world.circumstances(inquiry.pod), inquiry.plans)


def judge(inquiry: Inquiry, found: Contest | None, world: World) -> Admission:
    """Say what changes on a pod for which some classes will do, or none."""
    asked = inquiry.asked
    if asked is None or found is None:
        shown, warnings = _shown(inquiry.pod, NOTHING, world.catalog.classes.values(), world.scheduler_name)
        return Admission(_stripped(inquiry.pod, shown), inquiry.warnings + warnings)
    choice = decided(asked, found, world.circumstances(inquiry.pod))
    if choice.chosen is None:
        return _unfit(asked, choice, world)
    injected = injection(asked, choice.taken, choice.mutations, world.premises)
    changes, warnings = _shown(asked.pod, injected, choice.taken, world.scheduler_name)
    record = record_of(asked, choice, changes, unknown_names(asked, world.catalog))
    mutation = _signed(asked.pod, changes, record, world.seal)
    return Admission(mutation, asked.warnings + _lost(choice) + warnings, record, asked=asked, choice=choice)


def _unfit(asked: ClassRequest, choice: Choice, world: World) -> Admission:
    """Leave the pod as it is, but for a record of why: whoever made it may not be the one who reads its warnings."""
    reasons = tuple(f"{each.subject}: {each.reason}" for each in choice.rejections)
    headline = f"no accelerator class will do for this pod ({asked.source})"
    helpful = advice(asked, world.catalog, world.inventory)
    warnings = asked.warnings + contradictions(asked, world.catalog)
    record = record_of_none(asked, choice)
    if asked.profile and asked.profile.on_no_match is OnNoMatch.DENY:
        denial = "; ".join([headline, *helpful, *reasons])
        return Admission(NOTHING, warnings, record, denial, asked=asked, choice=choice)
    told = (f"{headline}; it is admitted as it is", *helpful, *reasons)
    shown, hidden = _shown(asked.pod, NOTHING, world.catalog.classes.values(), world.scheduler_name)
    signed = _signed(asked.pod, shown, record, world.seal)
    return Admission(signed, warnings + told + hidden, record, asked=asked, choice=choice)


def _shown(
    pod: Pod, changes: Mutation, classes: Iterable[AcceleratorClass], scheduler_name: str | None
) -> tuple[Mutation, tuple[str, ...]]:
    """Return the changes with what a pod with shares needs, and warnings where something speaks against that.

    Its containers are shown their devices, which Berth's scheduler alone gives it.
    """
    if not asks_for_shares(pod) and not any(SHARES in each.limits for each in changes.containers):
        return changes, ()
    vendors = frozenset(each.vendor for each in classes)
    shown = with_visible_devices(pod, changes, vendors)
    handed = replace(shown, scheduler_name=scheduler_name) if takes_scheduler(pod, scheduler_name) else shown
    return handed, hidden_devices(pod, vendors)


def _signed(pod: Pod, changes: Mutation, record: AdmissionRecord, seal: Seal) -> Mutation:
    """Add our label and annotations, and strip those that the pod brought along.

    A record that the pod carries stands when it is ours, tells of the same choice, and nothing is left to inject: the
    API server may ask again about a pod that is mutated already, and mutating twice is mutating once.
    """
    stands = not changes.injects and record.stands_in(genuine(pod, seal))
    decision = pod.annotations[keys.DECISION] if stands else record.to_json(pod.namespace, pod.name, seal)
    labels = {keys.CHOSEN_CLASS: record.label} if record.classes else {}
    annotations = {keys.CHOSEN_CLASS: ",".join(record.classes)} if record.classes else {}
    return _stripped(pod, replace(changes, labels=labels, annotations={**annotations, keys.DECISION: decision}))


def _stripped(pod: Pod, changes: Mutation) -> Mutation:
    """Remove what only Berth may write and the pod brought along, and leave out what stands on the pod already."""
    return replace(
        changes,
        labels=_others(changes.labels, pod.labels),
        annotations=_others(changes.annotations, pod.annotations),
        stripped_labels=keys.OURS_ON_PODS & pod.labels.keys() - changes.labels.keys(),
        stripped_annotations=keys.OURS_ON_PODS & pod.annotations.keys() - changes.annotations.keys(),
    )


def _others(wanted: Mapping[str, str], present: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in wanted.items() if present.get(key) != value}


_IN_PLACE = (
    "this pod is left as it is, because its platform replaces pods that differ from its own rendering when it updates "
    f"them in place; name a class (annotation {keys.REQUESTED_CLASS}) or a profile ({keys.PROFILE}) to have one anyway"
)


def _unrecognised(asked: ClassRequest) -> tuple[str, ...]:
    """Speak up where the pod itself asks for a class; a profile may well match routers and proxies."""
    if not asked.layer.explicit:
        return ()
    return (f"no container was recognised as running a model: name it with annotation {keys.CONTAINER}",)


def _lost(choice: Choice) -> tuple[str, ...]:
    """Tell which arguments cannot reach their engine."""
    return tuple(
        f"container {each.container}: {' '.join(each.lost)} cannot be appended to its command; use env in the profile"
        for each in choice.mutations
        if each.lost
    )
