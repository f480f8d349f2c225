"""Values that tests of several rooms speak of: a small world of four kinds of hardware."""

from dataclasses import replace
from typing import Any

from placement.accelerators import AcceleratorClass, Capabilities, Catalog, Cost, DeviceResource
from placement.admission import World
from placement.asking.profiles import Profile
from placement.inventory import Inventory, NodeInventory
from placement.pods import Container, Pod
from placement.selection import NodeSelection
from placement.taints import Taint

PRODUCT = "nvidia.com/gpu.product"
NVIDIA = "nvidia.com/gpu"
AMD = "amd.com/gpu"


def accelerator_class(
    name: str, labels: dict[str, str], resource: str, gib: float, price: float, **more: Any
) -> AcceleratorClass:
    """Return a class of one resource, its price in USD/h."""
    return AcceleratorClass(
        name,
        NodeSelection(labels),
        capabilities=Capabilities(gib, more.pop("compute", None), more.pop("features", frozenset())),
        listed_resources=(DeviceResource(resource),),
        cost=Cost(price),
        **more,
    )


H100 = accelerator_class("h100", {PRODUCT: "H100"}, NVIDIA, 80, 5.0, compute=(9, 0), features=frozenset({"fp8"}))
L4 = accelerator_class("l4", {PRODUCT: "L4"}, NVIDIA, 24, 0.8, compute=(8, 9), features=frozenset({"fp8"}))
T4 = accelerator_class("t4", {PRODUCT: "T4"}, NVIDIA, 16, 0.4, compute=(7, 5))
MI300X = accelerator_class("mi300x", {"amd.com/gpu.product-name": "MI300X"}, AMD, 192, 4.0)
CATALOG = Catalog({each.name: each for each in (H100, L4, T4, MI300X)})


def node(name: str, carried: AcceleratorClass | None = None, count: int = 8, **more: Any) -> NodeInventory:
    """Return an idle node with `count` devices of a class, tainted as vendors do, 64 cpu and 512 GiB."""
    inventory = NodeInventory(name, allocatable={"cpu": 64_000, "memory": 512 * 2**30, "pods": 110})
    if carried is None:
        return replace(inventory, **more)
    resource = carried.resources[0].name
    return replace(
        inventory,
        labels={**carried.selection.labels},
        taints=(Taint(resource, "present"),),
        allocatable={**inventory.allocatable, resource: count},
        classes=(carried.name,),
        offers=frozenset({resource}),
        **more,
    )


def inventory(*nodes: NodeInventory) -> Inventory:
    """Return an inventory of these nodes."""
    return Inventory({each.name: each for each in nodes})


INVENTORY = inventory(
    node("h100-0", H100), node("l4-0", L4, 4), node("t4-0", T4, 2), node("mi300x-0", MI300X), node("cpu-0")
)


def world(*profiles: Profile, **more: Any) -> World:
    """Return the small world with these profiles."""
    parts: dict[str, Any] = {"catalog": CATALOG, "profiles": profiles, "inventory": INVENTORY}
    return World(**(parts | more))


def pod(*containers: Container, **more: Any) -> Pod:
    """Return a pod of namespace `ml`; without containers it runs one vLLM without resources."""
    parts: dict[str, Any] = {"namespace": "ml", "name": "p", "containers": containers or (vllm(),)}
    return Pod(**(parts | more))


def vllm(*args: str, **more: Any) -> Container:
    """Return a container that runs vLLM by an exec-form command."""
    parts: dict[str, Any] = {"name": "engine", "image": "vllm/vllm-openai:v0.23.0", "command": ("vllm", "serve", "m")}
    return Container(**(parts | {"args": args} | more))
