"""The setting `exhausted`: whether kube-scheduler may evict pods where Berth alone says no."""

import json

from extender.desk import Desk
from tests.builders import H100, MI300X, node
from tests.extender.known import args, bound, desk_of, known


def _failed(desk: Desk) -> tuple[set[str], set[str]]:
    answer = json.loads(desk.filter(args(["amd", "full"])).body)
    return set(answer["FailedNodes"]), set(answer["FailedAndUnresolvableNodes"])


def test_up_to_1_37_eviction_resolves_no_rejection() -> None:
    """There kube-scheduler takes a node that fails an extender alone, and needs no victims, for an error."""
    cluster = known(node("full", H100), node("amd", MI300X))
    cluster.account.apply_pod(bound("full", 8))

    assert _failed(desk_of(cluster)) == (set(), {"amd", "full"})


def test_from_1_38_eviction_resolves_what_others_hold_and_no_wrong_hardware() -> None:
    """Each node stands in one list, or kube-scheduler would believe the stricter."""
    cluster = known(node("full", H100), node("amd", MI300X))
    cluster.account.apply_pod(bound("full", 8))

    assert _failed(desk_of(cluster, is_resolvable=True)) == ({"full"}, {"amd"})
