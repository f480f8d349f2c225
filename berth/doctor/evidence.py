"""What the doctor goes by: the cluster as it was read once. None and empty stand for what could not be seen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from certs.status import Standing
from placement.accelerators import Catalog
from placement.asking.profiles import Profile
from placement.inventory import Inventory
from placement.scaling.supply import NodeSupply


class Webhook(msgspec.Struct, rename="camel"):
    """One webhook of a configuration."""

    name: str
    failure_policy: str = "Fail"
    reinvocation_policy: str = "Never"
    timeout_seconds: int = 10


class Named(msgspec.Struct):
    """The name of an object."""

    name: str


class WebhookConfiguration(msgspec.Struct):
    """A MutatingWebhookConfiguration."""

    metadata: Named
    webhooks: list[Webhook] | None = None


class ManagedResource(msgspec.Struct):
    """A resource about whose pods an extender is asked."""

    name: str


class Tls(msgspec.Struct, rename="camel"):
    """By what a kube-scheduler knows an extender, and what it shows itself: files on its host, or Base64."""

    insecure: bool = False
    server_name: str = ""
    cert_file: str = ""
    cert_data: str = ""
    ca_file: str = ""
    ca_data: str = ""


class SchedulerExtender(msgspec.Struct, rename="camel"):
    """An extender in a kube-scheduler's configuration."""

    url_prefix: str = msgspec.field(name="urlPrefix", default="")
    filter_verb: str = ""
    bind_verb: str = ""
    node_cache_capable: bool = False
    ignorable: bool = False
    managed_resources: list[ManagedResource] | None = None
    enable_https: bool = msgspec.field(name="enableHTTPS", default=False)
    tls_config: Tls | None = None

    @property
    def resources(self) -> frozenset[str]:
        """The resources about whose pods it is asked; none: about every pod."""
        return frozenset(each.name for each in self.managed_resources or ())


class SchedulerProfile(msgspec.Struct, rename="camel"):
    """A profile in a kube-scheduler's configuration."""

    scheduler_name: str = "default-scheduler"
    percentage_of_nodes_to_score: int | None = None


class SchedulerConfiguration(msgspec.Struct, rename="camel"):
    """A KubeSchedulerConfiguration, as far as it concerns an extender."""

    profiles: list[SchedulerProfile] | None = None
    extenders: list[SchedulerExtender] | None = None
    percentage_of_nodes_to_score: int | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its schedulers."""
        return tuple(each.scheduler_name for each in self.profiles or [SchedulerProfile()])

    @property
    def percentages(self) -> frozenset[int]:
        """Up to which part of the nodes its schedulers look; 0 means that they adapt it to the cluster."""
        usual = self.percentage_of_nodes_to_score or 0
        own = (each.percentage_of_nodes_to_score for each in self.profiles or [SchedulerProfile()])
        return frozenset(usual if each is None else each for each in own)


@dataclass(frozen=True, slots=True)
class Replicas:
    """How many replicas of a program are wanted, and how many are ready; None where nobody counts them."""

    namespace: str
    wanted: int
    ready: int | None


@dataclass(frozen=True, slots=True)
class Programs:
    """Replicas of Berth's programs and minor versions of the kube-schedulers among them, by kind and name.

    `server_minor` is the API server's; None where it is no number.
    """

    replicas: Mapping[str, Replicas] = field(default_factory=dict)
    scheduler_minors: Mapping[str, int] = field(default_factory=dict)
    server_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Probe:
    """A pod that was created for show: in which namespace, whether Berth answered, or why it could not be created.

    `created_at` is the API server's time.
    """

    namespace: str
    is_answered: bool = False
    refusal: str = ""
    created_at: datetime | None = None


@dataclass(frozen=True)
class Evidence:
    """The cluster as it was read at `now`.

    `extender_certificates` are
    those of kube-scheduler and an extender on the host's network, as PEM, by where they stand.
    `schedulers` are configurations by where they stand, `placed_by` counts running pods with accelerators per
    scheduler, `unseen` names what could not be read and why. `configuration` is the name of Berth's webhook
    configurations, `namespace` is Berth's own.
    """

    now: datetime
    namespaces: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    configurations: tuple[WebhookConfiguration, ...] | None = None
    ready_webhooks: int | None = None
    certificates: Standing | None = None
    probe: Probe | None = None
    catalog: Catalog = field(default_factory=Catalog)
    class_problems: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    profiles: tuple[Profile, ...] = ()
    profile_problems: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    inventory: Inventory = field(default_factory=Inventory)
    supply: NodeSupply = field(default_factory=NodeSupply)
    schedulers: Mapping[str, SchedulerConfiguration] | None = None
    placed_by: Mapping[str, int] = field(default_factory=dict)
    programs: Programs | None = None
    is_validating: bool | None = None
    extender_certificates: Mapping[str, bytes] = field(default_factory=dict)
    unseen: tuple[str, ...] = ()
    configuration: str = "accelerators.berth.ome.io"
    namespace: str = "berth-system"
