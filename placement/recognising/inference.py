"""Everything that a pod tells about the inference it does, as one value."""

from dataclasses import dataclass

from placement.accelerators import Catalog
from placement.pods import Container, Pod
from placement.recognising.command_lines.engine_commands import EngineCommand, engine_command
from placement.recognising.model_sources import ModelName, model_of
from placement.recognising.models import quantization_in_name, short_quantization
from placement.recognising.platforms import Group, group_of, group_size, is_follower, platforms_of
from placement.recognising.recognition import engine_containers, whole_devices


@dataclass(frozen=True, slots=True)
class Inference:
    """What a pod runs: its engine containers, the command of the first that serves a model, the model, its group.

    `follows`: it takes the class of a leader. `merges`: its platform injects a class by itself. `devices` are whole
    accelerators that this pod asks for: 0 where it asks for none, None where it asks for parts, shares or by a claim.
    `pods` is how many pods hold this copy of the model together, where the platform tells.
    """

    containers: tuple[Container, ...]
    command: EngineCommand
    platforms: tuple[str, ...] = ()
    model: ModelName | None = None
    group: Group | None = None
    follows: bool = False
    merges: bool = False
    devices: int | None = 0
    pods: int | None = None

    @property
    def tensor_parallel(self) -> int | None:
        """Over how many devices each layer is split; an engine that fills what it sees splits over all of them."""
        if self.command.fills_devices and self.command.tensor_parallel is None:
            return self.devices or None
        return self.command.tensor_parallel

    @property
    def group_devices(self) -> int | None:
        """How many accelerators the pods of one copy of the model ask for together, or None where that is not known."""
        if not self.devices:
            return self.devices
        if self._stands_alone:
            return self.devices
        world = self.command.world_size
        if self.pods is None and world is None:
            return None
        return max(self.devices * (self.pods or self.command.nodes or 1), world or 0)

    @property
    def _stands_alone(self) -> bool:
        """Whether nothing speaks of other pods; a wider split over a TPU counts its cores."""
        in_group = self.group is not None or self.pods is not None or self.follows
        command = self.command
        has_all_copies = command.data_parallel_local in (None, command.data_parallel)
        is_one_node = command.nodes == 1 and command.pipeline_parallel in (None, 1) and has_all_copies
        return not in_group and (is_one_node or not command.engine)

    @property
    def quantization(self) -> str | None:
        """The number format of the weights: the method that the author gave, what the names tell, or the plain type."""
        if self.command.quantization:
            return short_quantization(self.command.quantization)
        names = (self.command.model or "", self.model.name if self.model else "")
        told = next((found for name in names if (found := quantization_in_name(name))), None)
        dtype = self.command.dtype
        return told or (short_quantization(dtype) if dtype and dtype != "auto" else None)


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
    lends = bool(command.engine) and not command.serves_model and not command.is_idle
    follows = is_follower(pod) or lends or command.follows
    return Inference(
        containers,
        command,
        tuple(each.name for each in platforms),
        model_of(pod, engine),
        group_of(pod),
        follows=follows and command.engine != "ray-head",
        merges=any(each.merges for each in platforms),
        devices=whole_devices(pod.containers, catalog),
        pods=group_size(pod),
    )
