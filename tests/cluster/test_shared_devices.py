"""The account of devices: laws about any history of pods that come, go, change and are seen twice."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from cluster.account import Account
from placement.inventory import NodeInventory
from placement.keys import DEVICES
from placement.pods import Container, Pod
from placement.shares import SHARES, devices_for, devices_text, hold_for, left_by_device

NODE = NodeInventory("n", allocatable={SHARES: 3000})
UIDS = ("u1", "u2", "u3", "u4", "u5", "u6")
AMOUNTS = (100, 300, 500, 700, 1000, 2000)


def share_pod(uid: str, amount: int, devices: str = "", node: str = "n") -> Pod:
    """Return a pod that is bound with these devices."""
    annotations = {DEVICES: devices} if devices else {}
    container = Container("c", limits={SHARES: str(amount)})
    return Pod("ml", uid, uid, annotations=annotations, containers=(container,), node=node)


def left(account: Account) -> tuple[int, ...]:
    """Return what is left of the node's devices."""
    return left_by_device(account.inventory.nodes["n"])


acts = st.sampled_from(["place", "see", "leave", "forget", "see again", "finish", "node"])
histories = st.lists(st.tuples(acts, st.sampled_from(UIDS), st.sampled_from(AMOUNTS)), max_size=60)


class World:
    """An account, and what is true of the pods that were placed by it."""

    def __init__(self) -> None:
        self.account = Account()
        self.account.apply_node(NODE)
        self.placed: dict[str, Pod] = {}
        self.seen: set[str] = set()

    def take(self, act: str, uid: str, amount: int) -> None:
        """Let something happen to a pod."""
        match act:
            case "place" if uid not in self.placed:
                self._place(uid, amount)
            case "see" | "see again" if uid in self.placed:
                self.account.apply_pod(self.placed[uid])
                self.seen.add(uid)
            case "forget" if uid in self.placed and uid not in self.seen:
                self.account.forget(uid)
                del self.placed[uid]
            case "leave" if uid in self.placed:
                self.account.remove_pod(uid)
                self._drop(uid)
            case "finish" if uid in self.placed:
                self.account.apply_pod(replace(self.placed[uid], is_finished=True))
                self._drop(uid)
            case "node":
                self.account.remove_node("n")
                self.account.apply_node(NODE)

    def _place(self, uid: str, amount: int) -> None:
        devices = devices_for(amount, left(self.account))
        if devices:
            self.account.assume(uid, hold_for("n", {SHARES: amount}, devices))
            self.placed[uid] = share_pod(uid, amount, devices_text(devices))

    def _drop(self, uid: str) -> None:
        del self.placed[uid]
        self.seen.discard(uid)


@given(histories)
def test_no_device_is_ever_overfilled(history: list[tuple[str, str, int]]) -> None:
    """Whatever comes and goes in whichever order, and however often it is told."""
    world = World()
    for step in history:
        world.take(*step)
        assert all(0 <= each <= 1000 for each in left(world.account))
        assert sum(left(world.account)) == 3000 - sum(each.requests[SHARES] for each in world.placed.values())


@given(histories)
def test_an_account_that_begins_anew_knows_the_same(history: list[tuple[str, str, int]]) -> None:
    """The annotations of bound pods are all that there is to know."""
    world = World()
    for step in history:
        world.take(*step)
    anew = Account()
    for pod in world.placed.values():
        anew.apply_pod(pod)
    anew.apply_node(NODE)

    assert left(anew) == left(world.account)


def test_devices_that_are_told_later_replace_the_unknown_ones() -> None:
    """A node with a pod that somebody else bound is full until somebody says which devices it has."""
    account = Account()
    account.apply_node(NODE)
    account.apply_pod(share_pod("u", 300))
    assert left(account) == (0, 0, 0)

    account.apply_pod(share_pod("u", 300, "1"))
    assert left(account) == (1000, 700, 1000)
    account.apply_pod(share_pod("u", 300, "1,2"))
    assert left(account) == (0, 0, 0)
    account.remove_pod("u")
    assert left(account) == (1000, 1000, 1000)


def test_a_node_with_more_held_than_it_has_is_full() -> None:
    """Other binders, and nodes that lost a device: nothing fits until it is true again."""
    account = Account()
    account.apply_node(NODE)
    for uid in ("u1", "u2"):
        account.apply_pod(share_pod(uid, 700, "0"))

    assert left(account) == (0, 0, 0)
    account.apply_node(replace(NODE, allocatable={SHARES: 1000}))
    assert left(account) == (0,)
    account.remove_pod("u1")
    assert left(account) == (300,)
