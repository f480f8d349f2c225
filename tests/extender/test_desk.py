"""The journey of a question: which nodes pass, how they score, and what is in flight afterwards."""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extender.desk import Desk, Outcome
from extender.settings import Mode
from extender.wire import WireError
from placement.accelerators import Catalog
from placement.asking.profiles import Profile
from placement.inventory import NodeInventory
from placement.keys import ZONE
from placement.label_selectors import LabelSelector
from placement.requirements import Spread
from tests.builders import AMD, H100, L4, MI300X, NVIDIA, accelerator_class, node
from tests.extender.known import args, bound, desk_of, known, pod_json

WISH = {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "preference": {}}]}}


def filtered(desk: Desk, names: list[str], pod: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the answer to a filter question as JSON."""
    content: dict[str, Any] = json.loads(desk.filter(args(names, pod)).body)
    return content


def test_the_best_node_passes_alone() -> None:
    """What the scheduler does with every further one costs more than everything else."""
    cluster = known(node("idle", H100), node("started", H100))
    cluster.account.apply_pod(bound("started", 4))

    answer = filtered(desk_of(cluster), ["idle", "started"])

    assert answer["NodeNames"] == ["started"]
    assert answer["FailedNodes"] == answer["FailedAndUnresolvableNodes"] == {}


def test_rejected_nodes_have_their_reason_on_the_wire_where_nothing_fits() -> None:
    """Beside a winner kube-scheduler does not read them; the decision has them in any case."""
    cluster = known(node("full", H100), node("free", H100), node("free-too", H100), node("amd", MI300X))
    cluster.account.apply_pod(bound("full", 8))

    answer = desk_of(cluster).filter(args(["full", "free", "free-too", "amd"]))
    with_winner, without = json.loads(answer.body), filtered(desk_of(cluster), ["full", "amd"])

    reasons = {
        "full": "berth: node(s) with too few free nvidia.com/gpu",
        "amd": "berth: node(s) without nvidia.com/gpu",
    }
    assert answer.decided
    assert {each.subject: f"berth: {each.reason}" for each in answer.decided.decision.rejections} == reasons
    assert without["FailedAndUnresolvableNodes"] == reasons
    assert with_winner["FailedAndUnresolvableNodes"] == with_winner["FailedNodes"] == {}
    assert with_winner["NodeNames"] == ["free"]
    assert without["NodeNames"] == []
    assert without["Error"] == ""


def test_pods_of_any_vendor_are_placed() -> None:
    """Which resources are accelerators is what the classes say."""
    cluster = known(node("h100", H100), node("amd", MI300X))

    assert filtered(desk_of(cluster), ["amd"], pod_json(resource=AMD))["NodeNames"] == ["amd"]


def test_classes_may_overlap_on_a_node() -> None:
    """A class is a view on nodes: what is free there is counted once."""
    big = accelerator_class("big", {**H100.selection.labels}, NVIDIA, 40, 1.0)
    cluster = known(node("h100", H100, 2), catalog=Catalog({"h100": H100, "big": big}))
    cluster.account.apply_pod(bound("h100", 1))

    assert cluster.inventory.nodes["h100"].classes == ("big", "h100")
    assert filtered(desk_of(cluster), ["h100"], pod_json(count=1))["NodeNames"] == ["h100"]
    assert filtered(desk_of(cluster), ["h100"], pod_json(count=2))["NodeNames"] == []


@pytest.mark.parametrize("pod", [pod_json(count=0), pod_json(resource="example.com/fpga")])
def test_a_pod_without_known_accelerators_runs_beside_them_while_there_is_room(pod: dict[str, Any]) -> None:
    """It would strand accelerators; among nodes without any the scheduler chooses as it likes."""
    desk = desk_of(known(node("h100", H100), node("plain")))

    answer = desk.filter(args(["h100", "plain", "new"], pod))

    assert (answer.outcome, answer.decided) == (Outcome.OTHER_POD, None)
    assert json.loads(answer.body)["NodeNames"] == ["plain", "new"]
    reason = "berth: node(s) kept for pods that ask for accelerators"
    assert json.loads(answer.body)["FailedAndUnresolvableNodes"] == {"h100": reason}
    assert json.loads(desk.prioritize(args(["h100"], pod)).body) == []


def test_a_pod_without_accelerators_goes_where_it_strands_least_when_all_nodes_have_some() -> None:
    """Beside a full node's devices cpu is worth nothing to anybody else."""
    cluster = known(node("full", H100), node("idle", H100))
    cluster.account.apply_pod(bound("full", 8))

    assert filtered(desk_of(cluster), ["idle", "full"], pod_json(count=0))["NodeNames"] == ["full"]


def test_pods_without_accelerators_are_left_alone_where_the_operator_wants_it() -> None:
    """The setting `other_pods: anywhere`; wishes of the pod's own do the same."""
    cluster = known(node("h100", H100), node("plain"))
    desk = desk_of(cluster, others_anywhere=True)

    assert filtered(desk, ["h100", "plain"], pod_json(count=0))["NodeNames"] == ["h100", "plain"]
    assert filtered(desk_of(cluster), ["h100", "plain"], pod_json(count=0, affinity=WISH))["NodeNames"] == [
        "h100",
        "plain",
    ]


def test_before_the_cluster_is_known_an_error_says_so() -> None:
    """Rather than wrong nodes: kube-scheduler goes on without an extender that is ignorable, and asks others again."""
    cluster = known(node("full", H100), is_synced=False)
    cluster.account.apply_pod(bound("full", 8))

    answer = desk_of(cluster).filter(args(["full"]))

    assert answer.outcome is Outcome.NOT_SYNCED
    assert json.loads(answer.body)["NodeNames"] is None
    assert json.loads(answer.body)["Error"].startswith("berth: ")


def test_every_node_passes_without_scores_in_passthrough() -> None:
    """The operator's way to take Berth out of the decision while everything runs."""
    cluster = known(node("full", H100))
    cluster.account.apply_pod(bound("full", 8))
    desk = desk_of(cluster, mode=Mode.PASSTHROUGH)

    assert desk.filter(args(["full"])).outcome is Outcome.PASSTHROUGH
    assert filtered(desk, ["full"])["NodeNames"] == ["full"]
    assert json.loads(desk.prioritize(args(["full"])).body) == []
    assert not cluster.account.assumed


def test_a_node_that_is_new_to_us_passes() -> None:
    """The scheduler saw it first."""
    assert filtered(desk_of(known()), ["new"])["NodeNames"] == ["new"]


def test_two_pods_in_flight_do_not_count_on_the_same_last_devices() -> None:
    """The first is not bound yet when the second is asked about."""
    cluster = known(node("a", H100, 2), node("b", H100, 8))
    desk = desk_of(cluster)

    first = filtered(desk, ["a", "b"], pod_json("u1", 2))["NodeNames"]
    second = filtered(desk, ["a", "b"], pod_json("u2", 2))["NodeNames"]

    assert (first, second) == (["a"], ["b"])
    assert set(cluster.account.assumed) == {"u1", "u2"}


def test_a_pod_does_not_count_against_itself_when_it_is_asked_about_again() -> None:
    """Gang cycles and retries ask many times; the last question alone counts."""
    cluster = known(node("a", H100, 2), node("b", H100, 8))
    desk = desk_of(cluster)

    for _ in range(3):
        assert filtered(desk, ["a", "b"], pod_json("u1", 2))["NodeNames"] == ["a"]
    assert cluster.inventory.nodes["a"].assumed[NVIDIA] == 2


def test_a_pod_that_fits_nowhere_is_in_flight_no_longer() -> None:
    """Its earlier answer is worth nothing."""
    cluster = known(node("a", H100, 2))
    desk = desk_of(cluster)
    filtered(desk, ["a"])
    cluster.account.apply_pod(bound("a", 2))

    filtered(desk, ["a"])

    assert not cluster.account.assumed


def test_a_pod_in_flight_holds_until_it_is_seen_bound() -> None:
    """From then on the account has it itself."""
    cluster = known(node("a", H100, 2))
    filtered(desk_of(cluster), ["a"])

    cluster.account.apply_pod(bound("a", 1, uid="u1"))

    assert not cluster.account.assumed
    assert cluster.inventory.nodes["a"].expected_free(NVIDIA) == 1


def test_a_pod_with_wishes_of_its_own_gets_all_nodes_that_fit() -> None:
    """Preferred affinities count only where the scheduler still has a choice; and nobody knows what it will choose."""
    cluster = known(node("idle", H100), node("started", H100))
    cluster.account.apply_pod(bound("started", 4))
    desk = desk_of(cluster)

    assert sorted(filtered(desk, ["started", "idle"], pod_json(affinity=WISH))["NodeNames"]) == ["idle", "started"]
    assert not cluster.account.assumed


def test_all_nodes_that_fit_pass_where_another_extender_runs_after_berth() -> None:
    """The setting `answer: all`; a single one is still known to be the choice."""
    cluster = known(node("a", H100), node("b", H100))
    desk = desk_of(cluster, answers_all=True)

    assert sorted(filtered(desk, ["b", "a"])["NodeNames"]) == ["a", "b"]
    assert not cluster.account.assumed
    assert filtered(desk, ["b"])["NodeNames"] == ["b"]
    assert cluster.account.assumed["u1"].node == "b"


def test_replicas_spread_as_the_profile_of_the_pod_says() -> None:
    """Of two nodes of one zone and one of another: `node` takes the first empty one, `zone` the other zone."""
    nodes = [_in_zone(node("a", H100), "z1"), _in_zone(node("b", H100), "z1"), _in_zone(node("c", H100), "z2")]
    profile = Profile("chat", LabelSelector({"app": "chat"}), LabelSelector({"team": "ml"}), spread=Spread.ZONE)
    pod = pod_json(owner="rs-1")

    by_zone = known(*nodes, profiles=(profile,), labels={"ml": {"team": "ml"}})
    elsewhere = known(*nodes, profiles=(profile,))
    for cluster in (by_zone, elsewhere):
        cluster.account.apply_pod(bound("a", 8, owner="rs-1"))

    assert filtered(desk_of(by_zone), ["a", "b", "c"], pod)["NodeNames"] == ["c"]
    assert filtered(desk_of(elsewhere), ["a", "b", "c"], pod)["NodeNames"] == ["b"]


def test_the_decision_tells_what_was_asked_and_every_verdict() -> None:
    """Observers hear all of it, whatever the scheduler was told."""
    cluster = known(node("a", H100), node("b", H100), node("amd", MI300X))

    decided = desk_of(cluster).filter(args(["a", "b", "amd"])).decided

    assert decided is not None
    assert decided.asked.accelerators == {NVIDIA: 1}
    assert [each.node for each in decided.decision.candidates] == ["a", "b"]
    assert [each.subject for each in decided.decision.rejections] == ["amd"]


def test_a_small_pod_goes_to_small_hardware_that_a_large_one_could_not_use() -> None:
    """With a choice of classes left open, the node decides."""
    assert filtered(desk_of(known(node("h100", H100), node("l4", L4, 1))), ["h100", "l4"])["NodeNames"] == ["l4"]


RECORDED = Path(__file__).parent / "recorded"
STRANGE = st.sampled_from([None, True, -1, 1.5, 2**70, "", "x", "\u0000", [], [None], {}, {"": None}, {"metadata": 3}])


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the path of everything inside a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield (*path, key)
        yield from places(each, (*path, key))


@given(st.data(), STRANGE)
def test_whatever_stands_in_a_field_is_answered_or_refused(data: st.DataObject, strange: Any) -> None:
    """Nothing else escapes, so nothing ends the program."""
    content = json.loads((RECORDED / "wishes-filter.json").read_bytes())
    *path, last = data.draw(st.sampled_from(list(places(content))))
    reduce(getitem, path, content)[last] = strange

    desk = desk_of(known(node("l4-0", L4), node("h100-0", H100)))
    with suppress(WireError):
        assert desk.filter(json.dumps(content).encode()).body


def _in_zone(inventory: NodeInventory, zone: str) -> NodeInventory:
    return replace(inventory, labels={**inventory.labels, ZONE: zone})
