"""Shares: accelerators that Berth divides, in thousandths of a device, and the account of each device by its number.

A pod asks for less than one device (1 to 999) or for whole ones (1000, 2000, …) under one resource name; the API server
and kube-scheduler know the sum of a node alone. What each device holds stands in the same amounts as everything else of
a node, under a name of its own: `berth.ome.io/gpu-milli/3`.
"""

from collections.abc import Iterable, Mapping, Sequence

from placement.inventory import NodeInventory

SHARES = "berth.ome.io/gpu-milli"
PER_DEVICE = 1000

# What a pod holds whose devices are not known: it counts against every device of its node.
UNKNOWN_DEVICE = f"{SHARES}/?"


def divided(amount: int) -> tuple[int, int] | None:
    """Return how many devices an amount takes, and how much of each; None for what is more than one but not whole."""
    if 0 < amount < PER_DEVICE:
        return 1, amount
    return (amount // PER_DEVICE, PER_DEVICE) if amount > 0 and amount % PER_DEVICE == 0 else None


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
    return max(node.allocatable.get(SHARES, 0), 0) // PER_DEVICE


def left_by_device(node: NodeInventory) -> tuple[int, ...]:
    """Return what is left of each device, in thousandths, pods in flight counted; below zero where overfilled."""
    return tuple(_left(node, f"{SHARES}/{device}") for device in range(device_count(node)))


def devices_of(text: str) -> tuple[int, ...]:
    """Return the device numbers of a text such as `0,3`; none where it is anything else."""
    words = text.split(",")
    return tuple(int(word) for word in words) if all(word.isascii() and word.isdigit() for word in words) else ()


def devices_text(devices: Iterable[int]) -> str:
    """Return device numbers as a text, in the form that container runtimes read."""
    return ",".join(str(device) for device in devices)


def _left(node: NodeInventory, name: str) -> int:
    taken = sum(held.get(each, 0) for held in (node.held, node.assumed) for each in (name, UNKNOWN_DEVICE))
    return PER_DEVICE - taken
