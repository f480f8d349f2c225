"""What the doctor says of each fault, by evidence that has it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from berth.doctor.evidence import (
    Evidence,
    ManagedResource,
    Named,
    Probe,
    SchedulerConfiguration,
    SchedulerExtender,
    SchedulerProfile,
    Webhook,
    WebhookConfiguration,
)
from berth.doctor.examination import examine, verdict
from berth.doctor.findings import Level
from certs.authorities import Authorities, authorities_of, succession
from certs.issuance import names_of, serving_content
from certs.pairs import make_authority
from certs.status import Standing
from placement.accelerators import AcceleratorClass, Catalog, DeviceResource
from placement.asking.profiles import Profile
from placement.inventory import Inventory, NodeInventory
from placement.keys import INJECTION
from placement.selection import Expression, NodeSelection, Operator, Term

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
NAMES = names_of("berth-webhook", "berth-system")
AUTHORITIES = succession(authorities_of({}), NOW)
SERVING = serving_content({}, AUTHORITIES, NAMES, NOW)
L4 = AcceleratorClass("l4", NodeSelection({"gpu": "l4"}), listed_resources=(DeviceResource("nvidia.com/gpu"),))
MIG = AcceleratorClass("mig", NodeSelection({"gpu": "l4"}), listed_resources=(DeviceResource("nvidia.com/mig-1g.5gb"),))
NODE = NodeInventory("node", {"gpu": "l4"}, allocatable={"nvidia.com/gpu": 4}, classes=("l4",))
OURS = WebhookConfiguration(Named("accelerators.berth.ome.io"), [Webhook("pods", "Ignore", "IfNeeded", 3)])
KUEUE = WebhookConfiguration(Named("kueue-mutating-webhook-configuration"), [Webhook("mpod.kb.io")])
WHOLE = SchedulerExtender(
    "http://127.0.0.1:8888/scheduler",
    "filter",
    "",
    True,
    True,
    [ManagedResource("nvidia.com/gpu")],
)
SHARES = SchedulerExtender(
    "http://127.0.0.1:8888/scheduler",
    "filter",
    "bind",
    True,
    False,
    [ManagedResource("berth.ome.io/gpu-milli")],
)
SCHEDULER = SchedulerConfiguration([SchedulerProfile("berth-scheduler", 100)], [WHOLE, SHARES])
SOUND = Evidence(
    NOW,
    {"ml": {INJECTION: "enforce"}, "other": {}},
    (OURS, KUEUE),
    2,
    Standing(AUTHORITIES.content, SERVING, NAMES, {"pods": AUTHORITIES.trust}),
    Probe("ml", is_answered=True, created_at=NOW),
    Catalog({"l4": L4}),
    profiles=(Profile("any"),),
    inventory=Inventory({"node": NODE}),
    schedulers={"ConfigMap": SCHEDULER},
    placed_by={"berth-scheduler": 3},
)


def bad(evidence: Evidence) -> list[str]:
    """Return what is found that is not as it should be."""
    return [f"{each.level}: {each.what}: {each.found}" for each in examine(evidence) if each.level is not Level.OK]


def configured(change: Callable[[SchedulerConfiguration], None]) -> Evidence:
    """Return evidence of a scheduler that is configured otherwise."""
    import msgspec

    copy = msgspec.convert(msgspec.to_builtins(SCHEDULER), SchedulerConfiguration)
    change(copy)
    return replace(SOUND, schedulers={"ConfigMap": copy})


def of_extender(index: int, **changes: object) -> Evidence:
    """Return evidence of a scheduler one of whose extenders is configured otherwise."""

    def change(configuration: SchedulerConfiguration) -> None:
        for name, value in changes.items():
            setattr((configuration.extenders or [])[index], name, value)

    return configured(change)


def test_a_sound_installation_has_nothing_to_be_mended() -> None:
    """Each thing that was looked at is told, and the sum of it."""
    found = examine(SOUND)

    assert bad(SOUND) == []
    assert verdict(found) == "nothing is wrong"
    assert {each.what for each in found} >= {"clocks", "certificates", "webhook", "webhook order", "class l4"}


@pytest.mark.parametrize(
    ("evidence", "found"),
    [
        (
            replace(SOUND, probe=Probe("ml", created_at=NOW)),
            ["problem: webhook: a pod created for show in namespace ml"],
        ),
        (replace(SOUND, ready_webhooks=0), ["problem: webhook: no replica of it is ready"]),
        (
            replace(SOUND, probe=Probe("ml", refusal="403 Forbidden")),
            ["warning: webhook: it was not tried: no pod could"],
        ),
        (
            replace(SOUND, probe=Probe("ml", is_answered=True, created_at=NOW - timedelta(hours=1))),
            ["warning: clocks: the API server's clock and this machine's are 60 minutes apart"],
        ),
        (
            replace(SOUND, certificates=replace(SOUND.certificates, told={"pods": make_authority(NOW).certificate})),  # type: ignore[type-var]
            ["problem: certificates: pods does not trust who signed the serving certificate"],
        ),
        (
            replace(
                SOUND,
                certificates=Standing(
                    AUTHORITIES.content,
                    serving_content({}, Authorities(make_authority(NOW)), NAMES, NOW),
                    NAMES,
                    {},
                ),
            ),
            ["problem: certificates: serving certificate: none of the authorities signed it"],
        ),
        (replace(SOUND, configurations=(KUEUE,)), ["problem: webhook order: there is no accelerators.berth.ome.io"]),
        (
            replace(
                SOUND,
                configurations=(
                    WebhookConfiguration(Named("accelerators.berth.ome.io"), [Webhook("pods", "Fail", "Never")]),
                ),
            ),
            [
                "problem: webhook order: reinvocationPolicy is not IfNeeded",
                "warning: webhook order: failurePolicy of pods is Fail",
            ],
        ),
        (
            replace(SOUND, namespaces={"ml": {INJECTION: "enforced"}}, probe=None),
            [
                "warning: webhook: it was not tried",
                "problem: namespace ml: label berth.ome.io/injection=enforced means",
            ],
        ),
        (replace(SOUND, profiles=()), ["warning: namespace ml: no profile is for its pods"]),
        (replace(SOUND, namespaces={}), ["warning: namespaces: none has opted in"]),
        (
            replace(SOUND, inventory=Inventory()),
            ["warning: class l4: no node carries it, and nothing is known to make one"],
        ),
        (replace(SOUND, class_problems={"h100": ("spec: wrong",)}), ["problem: class h100: spec: wrong"]),
        (replace(SOUND, schedulers={}), ["problem: scheduler: no kube-scheduler's configuration in"]),
        (
            replace(SOUND, catalog=Catalog({"l4": L4, "mig": MIG})),
            [
                "warning: class mig: no node carries it",
                "problem: scheduler berth-scheduler (ConfigMap): managedResources lack nvidia.com/mig-1g.5gb",
            ],
        ),
        (
            of_extender(0, node_cache_capable=False),
            ["problem: scheduler berth-scheduler (ConfigMap): nodeCacheCapable is false"],
        ),
        (
            of_extender(0, filter_verb=""),
            ["problem: scheduler berth-scheduler (ConfigMap): the extender has no filterVerb"],
        ),
        (
            of_extender(0, ignorable=False),
            ["warning: scheduler berth-scheduler (ConfigMap): ignorable is false for whole"],
        ),
        (
            of_extender(1, ignorable=True),
            ["problem: scheduler berth-scheduler (ConfigMap): shares of devices are bound"],
        ),
        (of_extender(1, bind_verb=""), ["problem: scheduler berth-scheduler (ConfigMap): shares of devices are bound"]),
        (
            configured(lambda each: setattr(each, "profiles", [SchedulerProfile("berth-scheduler")])),
            ["warning: scheduler berth-scheduler (ConfigMap): percentageOfNodesToScore is not 100"],
        ),
        (
            replace(SOUND, placed_by={"berth-scheduler": 3, "default-scheduler": 2}),
            ["warning: schedulers: pods with accelerators were placed without Berth (2 by default-scheduler)"],
        ),
        (replace(SOUND, unseen=("pods: 403 Forbidden",)), ["warning: not seen: pods: 403 Forbidden"]),
    ],
)
def test_each_fault_is_named_with_what_to_do(evidence: Evidence, found: list[str]) -> None:
    """Nothing else is said to be wrong because of it."""
    said = bad(evidence)

    assert len(said) == len(found)
    assert all(each.startswith(begin) for each, begin in zip(said, found, strict=True)), said
    assert all(each.remedy for each in examine(evidence) if each.level is not Level.OK)


def test_a_configuration_that_sorts_before_kueues_alone_will_do() -> None:
    """The API server asks in the order of names."""
    late = WebhookConfiguration(Named("a-kueue"), []), WebhookConfiguration(Named("zz"), [])
    assert bad(replace(SOUND, configurations=(*late, OURS))) == []

    early = WebhookConfiguration(Named("kueue-mutating-webhook-configuration"), [])
    ours = WebhookConfiguration(Named("accelerators.berth.ome.io"), [Webhook("pods", "Ignore", "IfNeeded")])
    assert bad(replace(SOUND, configurations=(early, ours))) == []


def test_a_class_whose_terms_karpenter_cannot_read_is_told() -> None:
    """An autoscaler that is there and cannot help is worse than none, because everybody waits for it."""
    from placement.scaling.node_pools import NodePool
    from placement.scaling.supply import NodeSupply

    product = Term((Expression("nvidia.com/gpu.product", Operator.IN, ("NVIDIA-L4",)),))
    unreadable = AcceleratorClass("l4", NodeSelection({}, (product,)), listed_resources=L4.listed_resources)
    supply = NodeSupply(pools=(NodePool("gpu"),))

    said = bad(replace(SOUND, catalog=Catalog({"l4": unreadable}), supply=supply))

    assert any("nvidia.com/gpu.product" in each for each in said)
