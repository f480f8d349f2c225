"""What an account may live through, and what is left at the end of it."""

from collections.abc import Iterable
from dataclasses import replace

from hypothesis import strategies as st

from cluster.account import Account
from placement.accelerators import AcceleratorClass, Catalog
from placement.inventory import Hold, NodeInventory
from placement.pods import Container, Pod
from placement.selection import NodeSelection

GPU = "nvidia.com/gpu"
NODES = ("n1", "n2", "n3")
UIDS = ("u1", "u2", "u3", "u4")
H100 = AcceleratorClass("h100", NodeSelection({"gpu": "h100"}), "nvidia")
ANY_GPU = AcceleratorClass("any-gpu", NodeSelection({"gpu": "h100"}), "amd")
T4 = AcceleratorClass("any-gpu", NodeSelection({"gpu": "t4"}), "nvidia")
CATALOGS = (
    Catalog(),
    Catalog({"h100": H100}),
    Catalog({"h100": H100, "any-gpu": ANY_GPU}),
    Catalog({"h100": replace(H100, vendor="amd"), "any-gpu": T4}),
)


def node(name: str, devices: int = 8, label: str = "h100") -> NodeInventory:
    """Return a node as it describes itself."""
    return NodeInventory(name, labels={"gpu": label}, allocatable={GPU: devices, "pods": 110})


def pod(uid: str, where: str = "", devices: int = 1, owner: str = "", *, is_finished: bool = False) -> Pod:
    """Return a pod; without a node it waits."""
    container = Container("c", requests={GPU: str(devices), "cpu": "0"})
    return Pod("ai", uid, uid, containers=(container,), owner=owner, node=where, is_finished=is_finished)


def account_of(nodes: Iterable[NodeInventory], pods: Iterable[Pod], catalog: Catalog = CATALOGS[1]) -> Account:
    """Return an account that has seen exactly these."""
    account = Account()
    account.use(catalog)
    for each in nodes:
        account.apply_node(each)
    for one in pods:
        account.apply_pod(one)
    return account


nodes = st.builds(node, st.sampled_from(NODES), st.integers(0, 8), st.sampled_from(["h100", "t4"]))
pods = st.builds(
    pod,
    st.sampled_from(UIDS),
    st.sampled_from(["", *NODES, "unknown"]),
    st.integers(0, 8),
    st.sampled_from(["", "rs1", "rs2"]),
    is_finished=st.booleans(),
)
holds = st.builds(
    Hold, st.sampled_from(NODES), st.just({GPU: 1, "pods": 1}) | st.just({GPU: 4}), st.sampled_from(["", "rs1"])
)
removals = st.sampled_from([("node", name) for name in NODES] + [("pod", uid) for uid in UIDS])
assumptions = st.tuples(st.sampled_from(UIDS), holds)
steps = st.lists(nodes | pods | removals | assumptions | st.sampled_from(CATALOGS), max_size=40)


class Final:
    """What is left of a history: the objects that exist at its end."""

    def __init__(self) -> None:
        self.nodes: dict[str, NodeInventory] = {}
        self.pods: dict[str, Pod] = {}
        self.catalog = Catalog()

    def take(self, step: object) -> None:
        """Take one step."""
        match step:
            case NodeInventory(name=name):
                self.nodes[name] = step
            case Pod(uid=uid):
                self.pods[uid] = step
            case ("node", str(key)):
                self.nodes.pop(key, None)
            case ("pod", str(key)):
                self.pods.pop(key, None)
            case Catalog():
                self.catalog = step
            case _:
                pass


def apply(account: Account, step: object) -> None:
    """Take one step on an account."""
    match step:
        case NodeInventory():
            account.apply_node(step)
        case Pod():
            account.apply_pod(step)
        case ("node", str(name)):
            account.remove_node(name)
        case ("pod", str(uid)):
            account.remove_pod(uid)
        case Catalog():
            account.use(step)
        case (str(uid), Hold() as hold):
            account.assume(uid, hold)
        case _:
            raise AssertionError(step)


def played(history: Iterable[object]) -> Account:
    """Return an account that lived through a history."""
    account = Account()
    for step in history:
        apply(account, step)
    return account
