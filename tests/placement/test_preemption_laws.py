"""The laws that every answer about a preemption obeys."""

from itertools import combinations

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from placement.inventory import NodeInventory
from placement.scheduling.fit import accelerator_rejection
from placement.scheduling.preemption import Offer, suffices, without
from placement.shares import left_by_device
from tests.placement.clusters import asking, gpu_node
from tests.placement.tenants import PRIORITY, Full, asking_share, full, shared

few = settings(max_examples=60)


@st.composite
def shared_nodes(draw: st.DrawFn) -> Full:
    """Draw nodes whose devices are shared by pods of several priorities."""
    devices = {f"n{index}": draw(st.integers(1, 3)) for index in range(draw(st.integers(1, 3)))}
    pods = dict[str, tuple[str, int, tuple[int, ...], int]]()
    for node, count in devices.items():
        for device in range(count):
            left = 1000
            while left > 0 and draw(st.booleans()):
                amount = draw(st.sampled_from([each for each in (100, 300, 500, 700, 1000) if each <= left] or [left]))
                left -= amount
                pods[f"{node}-{device}-{left}"] = (
                    node,
                    amount,
                    (device,),
                    draw(st.sampled_from([0, 0, 100, PRIORITY])),
                )
    return shared(devices, **pods)


def offers_of(draw: st.DataObject, cluster: Full) -> list[Offer]:
    """Draw what kube-scheduler may offer: any less important pods of some nodes, in their order."""
    offers = []
    for node in draw.draw(st.lists(st.sampled_from(sorted(cluster.inventory.nodes)), unique=True)):
        tenants = sorted(cluster.lower([node]), key=lambda each: -each.priority)
        chosen = draw.draw(st.sets(st.sampled_from([each.uid for each in tenants]))) if tenants else set()
        violations = draw.draw(st.integers(0, 1))
        offers.append(Offer(node, tuple(each for each in tenants if each.uid in chosen), violations))
    return offers


@few
@given(st.data(), shared_nodes(), st.sampled_from([100, 400, 700, 1000, 2000]))
def test_laws_of_shares(data: st.DataObject, cluster: Full, amount: int) -> None:
    """Nobody unknown, important or needless leaves, the pod fits then, and the order of what is offered is nothing."""
    asked, offers = asking_share(amount), offers_of(data, cluster)
    assume(not any(suffices(asked, cluster.inventory.nodes[each.node], ()) for each in offers if not each.victims))

    found = cluster.cheapest(asked, *offers)

    assert found == cluster.cheapest(asked, *data.draw(st.permutations(offers)))
    assert found == cluster.cheapest(asked, *offers)
    if found is None:
        assert not any(suffices(asked, cluster.inventory.nodes[each.node], each.victims) for each in offers)
        assert not any(suffices(asked, _empty(cluster, each.node), ()) for each in offers)
        return
    offer = found.offer
    sent = next(each for each in offers if each.node == offer.node)
    node = cluster.inventory.nodes[offer.node]
    assert offer.victims
    assert offer.pdb_violations == sent.pdb_violations
    assert {each.uid for each in offer.victims} <= {each.uid for each in cluster.lower([offer.node])}
    assert [each.priority for each in offer.victims] == sorted((each.priority for each in offer.victims), reverse=True)
    left = left_by_device(without(node, offer.victims))
    assert len(found.devices) == max(amount // 1000, 1)
    assert all(left[device] >= min(amount, 1000) for device in found.devices)
    if offer.victims != sent.victims:
        others = combinations(offer.victims, len(offer.victims) - 1)
        assert not any(suffices(asked, node, each) for each in others)


def _empty(cluster: Full, node: str) -> NodeInventory:
    return without(cluster.inventory.nodes[node], cluster.lower([node]))


@few
@given(st.data(), st.lists(st.tuples(st.integers(1, 4), st.sampled_from([0, 100])), min_size=1, max_size=6))
def test_laws_of_whole_devices(data: st.DataObject, pods: list[tuple[int, int]]) -> None:
    """What is chosen is an offer as it is, after which the pod fits."""
    nodes = [f"n{index}" for index in range(3)]
    placed = {f"p{number}": (data.draw(st.sampled_from(nodes)), *pod) for number, pod in enumerate(pods)}
    cluster = full(*(gpu_node(name, 24) for name in nodes), **placed)
    offers = [each for each in offers_of(data, cluster) if each.victims]
    asked = asking(data.draw(st.integers(1, 24)))

    found = cluster.cheapest(asked, *offers)

    assert found == cluster.cheapest(asked, *data.draw(st.permutations(offers)))
    fitting = [each for each in offers if suffices(asked, cluster.inventory.nodes[each.node], each.victims)]
    assert (found is None) == (not fitting)
    if found:
        after = without(cluster.inventory.nodes[found.offer.node], found.offer.victims)
        assert found.offer in fitting
        assert accelerator_rejection(asked, after) is None
        assert found.offer.pdb_violations == min(each.pdb_violations for each in fitting)
