"""Everything that a pod tells about the inference it does, as one value."""

from collections.abc import Iterable
from dataclasses import dataclass

from placement.accelerators import Catalog
from placement.command_lines.engine_commands import EngineCommand, engine_command
from placement.model_sources import ModelName, model_of
from placement.models import quantization_in_name, short_quantization
from placement.platforms import Group, group_of, is_follower, platforms_of
from placement.pods import Container, Pod
from placement.recognition import engine_containers

# Whole devices under the names of their vendors' device plugins, which a catalog need not know.
_WHOLE_DEVICES = frozenset(
    {
        "nvidia.com/gpu",
        "amd.com/gpu",
        "gpu.intel.com/i915",
        "gpu.intel.com/xe",
        "habana.ai/gaudi",
        "aws.amazon.com/neuron",
        "google.com/tpu",
    }
)


@dataclass(frozen=True, slots=True)
class Inference:
    """What a pod runs: its engine containers, the command of the first that serves a model, the model, its group.

    `follows`: it takes the class of a leader. `merges`: its platform injects a class by itself. `devices` are whole
    accelerators that this pod asks for, or None where it asks for none or for parts; `group_devices` those of all pods
    that serve this copy of the model together.
    """

    containers: tuple[Container, ...]
    command: EngineCommand
    platforms: tuple[str, ...] = ()
    model: ModelName | None = None
    group: Group | None = None
    follows: bool = False
    merges: bool = False
    devices: int | None = None

    @property
    def tensor_parallel(self) -> int | None:
        """Over how many devices each layer is split; an engine that fills what it sees splits over all of them."""
        return self.devices if self.command.fills_devices and not self._is_split else self.command.tensor_parallel

    @property
    def group_devices(self) -> int | None:
        """How many accelerators the pods of one copy of the model hold together."""
        if self.devices is None:
            return None
        size = (self.group.size if self.group else None) or self.command.nodes or 1
        return max(self.devices * size, self.command.world_size or 0)

    @property
    def quantization(self) -> str | None:
        """The number format of the weights: what the author gave, or else what the model's name tells."""
        given = self.command.quantization or self.command.dtype
        if given and given != "auto":
            return short_quantization(given)
        return quantization_in_name(self.model.name) if self.model else None

    @property
    def _is_split(self) -> bool:
        return self.command.tensor_parallel is not None


def inference_of(
    pod: Pod, catalog: Catalog, named: frozenset[str] = frozenset(), *, is_meant: bool = False
) -> Inference | None:
    """Return what a pod runs, or None where it runs no model."""
    containers = engine_containers(pod, catalog, named, is_meant=is_meant)
    if not containers:
        return None
    engine = next((each for each in containers if engine_command(each).serves_model), containers[0])
    command = engine_command(engine)
    platforms = platforms_of(pod)
    follows = is_follower(pod) or (bool(command.engine) and not command.serves_model and not command.is_idle)
    return Inference(
        containers,
        command,
        tuple(each.name for each in platforms),
        model_of(pod, engine),
        group_of(pod),
        follows=follows and command.engine != "ray-head",
        merges=any(each.merges for each in platforms),
        devices=_devices(containers, catalog),
    )


def _devices(containers: Iterable[Container], catalog: Catalog) -> int | None:
    """Return how many whole accelerators the containers ask for, or None where they ask for parts, or for nothing."""
    parts = {each.name for known in catalog.classes.values() for each in known.resources if each.divisible}
    whole = (catalog.resource_names | _WHOLE_DEVICES) - parts
    counts = [count for each in containers for name, count in each.asked.items() if name in whole]
    return sum(counts) or None
