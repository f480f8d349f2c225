"""Lists that are read while pods are bound and deleted: what is held then is neither lost nor kept for ever."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from cluster.account import Account, hold_of
from cluster.api import Api
from cluster.custom_objects import CustomObject
from cluster.kinds import RESOURCES, Kind
from cluster.observers import SILENT
from cluster.reflector import Reflector
from cluster.roster import PodRoster
from cluster.stores import PodStore
from placement.inventory import NodeInventory
from placement.pods import Container, Pod
from tests.cluster.recorders import QUICK, Shelf, reflecting, until
from tests.cluster.scripted_server import ScriptedServer, listing, refusal, thing

GPU = "nvidia.com/gpu"
History = list[tuple[str, str]]

UIDS = ("u1", "u2", "u3", "u4")


def bound_pod(uid: str) -> Pod:
    """Return a pod that is bound."""
    return Pod("ml", uid, uid, containers=(Container("c", limits={GPU: "1"}),), node="n")


class Cluster:
    """Pods as the API server has them, what it has told of them, and an account that is behind."""

    def __init__(self) -> None:
        self.account = Account()
        self.account.apply_node(NodeInventory("n", allocatable={GPU: 8, "pods": 110}))
        self.store = PodStore(self.account, PodRoster(), SILENT)
        self.pods: dict[str, Pod] = {}
        self.untold: list[tuple[str, Pod]] = []

    def take(self, act: str, uid: str) -> None:
        """Let a pod be bound by us, or be deleted."""
        pod = bound_pod(uid)
        if act == "bind":
            self.account.assume(uid, hold_of(pod))
            self.pods[uid] = pod
        elif self.pods.pop(uid, None) is None:
            return
        self.untold.append((act, pod))

    def watch(self) -> None:
        """Hear of what happened."""
        for act, pod in self.untold:
            (self.store.apply if act == "bind" else self.store.remove)(pod)
        self.untold.clear()

    @property
    def held(self) -> set[str]:
        """Of which pods something is held."""
        return {uid for uid in UIDS if self.account.place_of(uid)}


acts = st.lists(st.tuples(st.sampled_from(["bind", "delete"]), st.sampled_from(UIDS)), max_size=8)


def once(histories: Iterable[History]) -> list[History]:
    """Return the histories without what binds a pod a second time."""
    known: set[str] = set()
    kept: list[History] = []
    for history in histories:
        kept.append([])
        for act, uid in history:
            if act == "delete" or uid not in known:
                kept[-1].append((act, uid))
            if act == "bind":
                known.add(uid)
    return kept


def relist(cluster: Cluster, before: History, after: History) -> None:
    """Read a list: some things happen before the server makes its snapshot, others before it was read."""
    cluster.store.begin_list()
    live(cluster, before)
    snapshot = list(cluster.pods.values())
    cluster.untold.clear()
    live(cluster, after)
    for pod in snapshot:
        cluster.store.apply(pod)
    cluster.store.retain({pod.uid for pod in snapshot})


def live(cluster: Cluster, history: History) -> None:
    """Let things happen."""
    for step in history:
        cluster.take(*step)
        assert cluster.held >= cluster.pods.keys()


@given(st.tuples(acts, acts, acts, acts, acts))
def test_a_bound_pod_is_held_whenever_a_list_is_read(histories: tuple[History, ...]) -> None:
    """At every moment, whatever happens before and during the list; another list and its watch leave nothing else."""
    watched, missed, before, after, later = once(histories)
    cluster = Cluster()
    live(cluster, watched)
    cluster.watch()
    live(cluster, missed)

    relist(cluster, before, after)

    assert cluster.held >= cluster.pods.keys()
    cluster.watch()
    live(cluster, later)
    cluster.watch()
    assert cluster.held >= cluster.pods.keys()
    relist(cluster, [], [])
    assert cluster.held == cluster.pods.keys()
    assert cluster.account.assumed == {}


@given(st.tuples(acts, acts, acts))
def test_what_left_before_a_list_began_is_held_no_longer_after_it(histories: tuple[History, ...]) -> None:
    """Nobody tells of pods that come and go while no watch runs, except the list that they are not in."""
    watched, missed, after = once(histories)
    cluster = Cluster()
    live(cluster, watched)
    cluster.watch()
    live(cluster, missed)

    relist(cluster, [], after)
    cluster.watch()

    assert cluster.held == cluster.pods.keys()


async def test_a_pod_in_flight_outlives_the_list_that_was_read_meanwhile(server: ScriptedServer, api: Api) -> None:
    """One that was in flight before, and is not in the list, is gone."""
    account = Account()
    store = PodStore(account, PodRoster(), SILENT)
    reflector = Reflector(api, RESOURCES[Kind.PODS], store, pacing=QUICK)
    account.assume("old", hold_of(bound_pod("old")))

    async def last_page(request: web.Request) -> web.StreamResponse:
        account.assume("young", hold_of(bound_pod("young")))
        return await listing(version="7")(request)

    server.script = [listing(version="7", more="t1"), last_page]
    await reflector._list()  # noqa: SLF001 - the list alone, without the watch after it.

    assert account.assumed.keys() == {"young"}


class Diary(Shelf):
    """A shelf that notes when lists begin and end."""

    def __init__(self) -> None:
        super().__init__()
        self.acts: list[str] = []

    def begin_list(self) -> None:
        """Note the beginning."""
        self.acts.append("begin")

    def apply(self, seen: CustomObject) -> None:
        """Note an object."""
        self.acts.append(seen.name)
        super().apply(seen)

    def retain(self, keys: AbstractSet[str]) -> None:
        """Note the end."""
        self.acts.append("retain")
        super().retain(keys)


async def test_a_sink_is_told_when_a_list_begins(server: ScriptedServer, api: Api) -> None:
    """Before anything is asked; one that fails between its pages begins again."""
    diary = Diary()
    server.script = [
        listing(thing("a"), version="7", more="t1"),
        refusal(410, "Expired"),
        listing(thing("b"), version="9"),
    ]

    async with reflecting(api, diary):
        await until(lambda: "retain" in diary.acts)

    assert diary.acts == ["begin", "a", "begin", "b", "retain"]
