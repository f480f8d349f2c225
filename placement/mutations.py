"""What changes on a pod at admission, as values: additions only, in the words of the domain."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from placement.pods import EnvVar
from placement.recognising.command_lines.words import Fields
from placement.selection import Term
from placement.taints import Toleration


@dataclass(frozen=True, slots=True)
class EnvAddition:
    """A variable to put at a position of the container's list as it is then."""

    position: int
    variable: EnvVar


@dataclass(frozen=True, slots=True)
class ContainerMutation:
    """What changes on one container; requests and limits are quantities that replace or join the container's.

    `args` go behind the container's own. `replaced_env` takes the place of variables that are there, before `env` is
    inserted; `rewritten_command` and `rewritten_args` are lists as they will stand before `args`, None leaves them.
    `lost` are flags that cannot reach the engine: they change nothing, and their author is told.
    """

    container: str
    env: tuple[EnvAddition, ...] = ()
    args: tuple[str, ...] = ()
    requests: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, str] = field(default_factory=dict)
    replaced_env: tuple[EnvAddition, ...] = ()
    rewritten_command: Fields | None = None
    rewritten_args: Fields | None = None
    lost: Fields = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing changes."""
        rewritten = (self.rewritten_command, self.rewritten_args)
        return not (self.env or self.args or self.requests or self.limits or self.replaced_env or any(rewritten))


@dataclass(frozen=True, slots=True)
class Mutation:
    """What is added to a pod. `terms` are all required node selector terms as they will stand, None leaves them.

    What is stripped are keys that only Berth may write, and that the pod brought along.
    """

    node_selector: Mapping[str, str] = field(default_factory=dict)
    terms: tuple[Term, ...] | None = None
    tolerations: tuple[Toleration, ...] = ()
    containers: tuple[ContainerMutation, ...] = ()
    scheduler_name: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    stripped_labels: frozenset[str] = frozenset()
    stripped_annotations: frozenset[str] = frozenset()

    @property
    def injects(self) -> bool:
        """Whether anything but labels and annotations changes."""
        spec = (self.node_selector, self.terms, self.tolerations, self.scheduler_name)
        return any(spec) or any(not each.is_empty for each in self.containers)

    @property
    def is_empty(self) -> bool:
        """Whether nothing changes at all."""
        metadata = (self.labels, self.annotations, self.stripped_labels, self.stripped_annotations)
        return not self.injects and not any(metadata)


NOTHING = Mutation()
