"""Shares: accelerators that Berth divides, in thousandths of a device, and the account of each device by its number.

A pod asks for less than one device (1 to 999) or for whole ones (1000, 2000, …) under one resource name; the API server
and kube-scheduler know the sum of a node alone. What each device holds stands in the same amounts as everything else of
a node, under a name of its own: `berth.ome.io/gpu-milli/3`.
"""

from collections.abc import Iterable, Mapping, Sequence

from placement.devices import is_whole_device
from placement.inventory import Amounts, Hold, NodeInventory
from placement.pods import Pod

SHARES = "berth.ome.io/gpu-milli"
PER_DEVICE = 1000

# No node has more devices; a larger number is a mistake of who wrote it, and would be a list of that length here.
MAX_DEVICES = 1024
_MAX_DIGITS = 6

# What a pod holds whose devices are not known: it counts against every device of its node.
UNKNOWN_DEVICE = f"{SHARES}/?"


def divided(amount: int) -> tuple[int, int] | None:
    """Return how many devices an amount takes, and how much of each; None for what is more than one but not whole."""
    if 0 < amount < PER_DEVICE:
        return 1, amount
    return (amount // PER_DEVICE, PER_DEVICE) if amount > 0 and amount % PER_DEVICE == 0 else None


def asks_for_shares(pod: Pod) -> bool:
    """Tell whether some container asks for shares."""
    return any(SHARES in each.limits or SHARES in each.requests for each in (*pod.containers, *pod.init_containers))


def misasked(pod: Pod) -> tuple[str, ...]:
    """Return a warning where a pod asks for an amount that no node can give."""
    amount = pod.requests.get(SHARES, 0) if asks_for_shares(pod) else 0
    if amount <= 0 or divided(amount):
        return ()
    rule = f"less than {PER_DEVICE} is a part of one device, a multiple of {PER_DEVICE} are whole ones"
    return (f"this pod asks for {amount} {SHARES} and will wait for ever: {rule}; amounts of containers are added",)


def device_amounts(requests: Mapping[str, int], devices: Sequence[int]) -> Mapping[str, int]:
    """Return the amounts of each device that a pod with these requests holds; of unknown ones where none are named."""
    amount = requests.get(SHARES, 0)
    if not amount:
        return {}
    parts = divided(amount)
    if not parts or len(set(devices)) != parts[0]:
        return {UNKNOWN_DEVICE: PER_DEVICE if not parts or parts[0] > 1 else parts[1]}
    return {f"{SHARES}/{device}": parts[1] for device in devices}


def device_count(node: NodeInventory) -> int:
    """Return how many devices a node offers in shares."""
    return min(max(node.allocatable.get(SHARES, 0), 0) // PER_DEVICE, MAX_DEVICES)


def left_by_device(node: NodeInventory) -> tuple[int, ...]:
    """Return what is left of each device, in thousandths, pods in flight counted; below zero where overfilled.

    What is in flight to devices that the node does not have counts against every one that it has. Where somebody else
    gives devices away, as a whole or in shares, nothing is left.
    """
    if is_closed(node):
        return (0,) * device_count(node)
    names = [f"{SHARES}/{device}" for device in range(device_count(node))]
    astray = sum(_taken(node, name) for name in _device_names(node) - set(names))
    return tuple(PER_DEVICE - astray - _taken(node, name) for name in names)


def untold(nodes: Iterable[NodeInventory]) -> int:
    """Count the nodes with bound pods that have shares and do not say of which devices, or of too many or too few."""
    return sum(UNKNOWN_DEVICE in node.held for node in nodes)


def is_closed(node: NodeInventory) -> bool:
    """Tell whether nothing may be given away, whatever seems to be left: somebody else does so too."""
    return gives_whole_devices(node) or is_promised_twice(node)


def is_promised_twice(node: NodeInventory) -> bool:
    """Tell whether bound pods have more of a device than it is, or of devices that nobody tells or the node lacks."""
    names = {f"{SHARES}/{device}" for device in range(device_count(node))}
    return any(
        name not in names or amount > PER_DEVICE for name, amount in node.held.items() if name.startswith(f"{SHARES}/")
    )


def gives_whole_devices(node: NodeInventory) -> bool:
    """Tell whether a device plugin gives, or has given, the node's devices away as a whole."""
    counts = (*node.allocatable.items(), *node.held.items())
    return any(count > 0 and is_whole_device(name) for name, count in counts)


def devices_for(amount: int, left: Sequence[int]) -> tuple[int, ...]:
    """Return the devices that an amount takes of what is left of each, or none where it does not fit.

    A share takes the tightest; whole devices, and equals, are taken in their order.
    """
    parts = divided(amount)
    if parts is None:
        return ()
    count, part = parts
    enough = sorted((each, device) for device, each in enumerate(left) if each >= part)
    return tuple(sorted(device for _, device in enough[:count])) if len(enough) >= count else ()


def held_devices(hold: Hold) -> tuple[int, ...]:
    """Return the devices that a hold takes shares of, in order; none where they are not known."""
    prefix = f"{SHARES}/"
    numbers = (
        name.removeprefix(prefix) for name in hold.requests if name.startswith(prefix) and name != UNKNOWN_DEVICE
    )
    return tuple(sorted(map(int, numbers)))


def hold_for(node: str, requests: Amounts, devices: Sequence[int], owner: str = "", priority: int = 0) -> Hold:
    """Return what a pod with these requests takes on a node, of these devices where it asks for shares."""
    shares = device_amounts(requests, devices)
    return Hold(node, {**requests, **shares} if shares else requests, owner, priority)


def devices_of(text: str) -> tuple[int, ...]:
    """Return the device numbers of a text such as `0,3`; none where it is anything else."""
    words = text.split(",")
    is_list = all(word.isascii() and word.isdigit() and len(word) <= _MAX_DIGITS for word in words)
    return tuple(map(int, words)) if is_list else ()


def devices_text(devices: Iterable[int]) -> str:
    """Return device numbers as a text, in the form that container runtimes read."""
    return ",".join(str(device) for device in devices)


def _device_names(node: NodeInventory) -> set[str]:
    return {name for held in (node.held, node.assumed) for name in held if name.startswith(f"{SHARES}/")}


def _taken(node: NodeInventory, name: str) -> int:
    return node.held.get(name, 0) + node.assumed.get(name, 0)
