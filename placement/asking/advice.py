"""What would help a pod that asks for more devices than a node of any class has: a smaller checkpoint of its model."""

from math import ceil

from placement.accelerators import AcceleratorClass, Catalog
from placement.asking.class_requests import ClassRequest
from placement.inventory import Inventory
from placement.recognising.command_lines.engine_commands import engine_command
from placement.recognising.model_sources import model_of
from placement.recognising.models import parameters_in_billions, quantization_in_name

# AWQ with groups of 128: 4 bits a weight, scales and zero points included, in bytes a parameter.
AWQ_BYTES = 0.53
# What weights may take of a device; the rest is for activations, graphs, and the keys and values of some sequences.
WEIGHT_SHARE = 0.7
_GIB_PER_BILLION_BYTES = 1e9 / 2**30


def advice(asked: ClassRequest, catalog: Catalog, inventory: Inventory) -> tuple[str, ...]:
    """Return a sentence about the least that a 4-bit checkpoint of the pod's model needs, where a node has that.

    Devices are a power of two, over which engines split; weights alone are reckoned, as a share of each device.
    """
    model, count = model_of(asked.pod, asked.engines[0]), max(asked.accelerators.values(), default=0)
    billions = asked.billions or (parameters_in_billions(model.name) if model else None)
    if model is None or billions is None or _is_quantized(asked, model.name):
        return ()
    meant = (each for each in catalog.classes.values() if _would_do(asked, each))
    needs = ((_devices(billions, each), _most(each, inventory), each) for each in meant)
    fitting = [(least, each.name) for least, most, each in needs if 0 < least <= most and least < count]
    if not fitting:
        return ()
    least, name = min(fitting)
    return (f"what would help: an AWQ checkpoint of {model.name} needs about {least} of {name} instead of {count}",)


def _would_do(asked: ClassRequest, candidate: AcceleratorClass) -> bool:
    """Tell whether the class is one that the pod may have, but for the number of its devices."""
    is_meant = asked.explicit in (None, candidate.name) and asked.accelerators.keys() <= candidate.resource_names
    return is_meant and asked.requirements.rejection(candidate, on_spot=asked.on_spot) is None


def _is_quantized(asked: ClassRequest, model: str) -> bool:
    return bool(engine_command(asked.engines[0]).quantization or quantization_in_name(model))


def _devices(billions: float, candidate: AcceleratorClass) -> int:
    """Return how many devices of the class hold the weights, or 0 where its memory is not known."""
    memory = candidate.capabilities.memory_gib
    if not memory:
        return 0
    weights = billions * AWQ_BYTES * _GIB_PER_BILLION_BYTES
    return 1 << (ceil(weights / (memory * WEIGHT_SHARE)) - 1).bit_length()


def _most(candidate: AcceleratorClass, inventory: Inventory) -> int:
    nodes = inventory.by_class.get(candidate.name, ())
    return max((each.allocatable.get(name, 0) for each in nodes for name in candidate.resource_names), default=0)
