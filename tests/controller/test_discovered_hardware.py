"""What the nodes show, read from those that changed."""

from hypothesis import given
from hypothesis import strategies as st

from controller.discovering.hardware import Hardware
from placement.inventory import Inventory, NodeInventory
from tests.controller.hardware_cluster import GPU, labels_of

PRODUCTS = ("NVIDIA-L4", "Tesla-T4", "T4", "Fancy-Card", "")
nodes = st.builds(
    lambda name, product, memory: NodeInventory(
        name, labels=labels_of(product, memory) if product else {}, allocatable={GPU: 8}
    ),
    st.sampled_from(["n1", "n2", "n3", "n4"]),
    st.sampled_from(PRODUCTS),
    st.sampled_from(["15360", "23034"]),
)
inventories = st.lists(nodes, max_size=4).map(lambda some: Inventory({each.name: each for each in some}))


def follow(hardware: Hardware, inventory: Inventory) -> set[str]:
    """Have hardware follow an inventory, and return the classes of which there is something new."""
    return hardware.read(hardware.changes(inventory)) | hardware.settle()


@given(st.lists(inventories, min_size=1, max_size=5))
def test_what_is_known_depends_on_the_nodes_and_not_on_their_past(history: list[Inventory]) -> None:
    """Classes, their nodes and the problems are those of somebody who sees the nodes for the first time."""
    hardware, fresh = Hardware(), Hardware()
    for each in history:
        follow(hardware, each)
    follow(fresh, history[-1])

    assert hardware.classes == fresh.classes
    assert hardware.problems == fresh.problems
    assert all(hardware.count(name) == fresh.count(name) for name in fresh.classes)


def test_only_what_is_new_is_told() -> None:
    """Nothing of nodes that are as they were; a second node of a kind is no reason to make classes anew."""
    hardware = Hardware()
    one = NodeInventory("n1", labels=labels_of("NVIDIA-L4"), allocatable={GPU: 8})
    two = NodeInventory("n2", labels=labels_of("NVIDIA-L4"), allocatable={GPU: 8})

    assert follow(hardware, Inventory({"n1": one})) == {"nvidia-l4"}
    assert follow(hardware, Inventory({"n1": one})) == set()
    made = hardware.classes
    assert follow(hardware, Inventory({"n1": one, "n2": two})) == {"nvidia-l4"}
    assert hardware.classes is made
    assert follow(hardware, Inventory({})) == {"nvidia-l4"}
    assert hardware.classes == {}
