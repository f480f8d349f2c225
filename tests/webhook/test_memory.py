import json
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.objects import MalformedObject, decode_pod, read_pod
from placement.admission import World
from placement.allowances import Allowances, Quota
from placement.asking.class_requirements import ClassRequirements
from placement.asking.configurations import Configuration
from placement.asking.profiles import OnNoMatch, Profile
from placement.asking.roster import Roster
from placement.choosing.records import unkeyed
from placement.inventory import Hold, Inventory
from placement.keys import REQUESTED_CLASS
from placement.label_selectors import LabelSelector
from placement.queueing.flavors import Flavor
from placement.queueing.queues import QUEUE_NAME, ClusterQueue, LocalQueue, Queueing, ResourceGroup
from placement.scaling.node_pools import NodePool
from placement.scaling.supply import NodeSupply
from tests.builders import INVENTORY, NVIDIA, PRODUCT, world
from webhook.judging import judged
from webhook.memory import Memory

LABELS = {"team": "a"}
LWS = "leaderworkerset.sigs.k8s.io"
PROFILES = (
    Profile(
        "llm",
        LabelSelector({"app": "llm"}),
        preferred=("l4",),
        configurations=(Configuration("l4", args=("--enforce-eager",)),),
    ),
    Profile("open", LabelSelector({"app": "open"}), requirements=ClassRequirements(frozenset({"l4", "t4"}))),
    Profile(
        "huge",
        LabelSelector({"app": "huge"}),
        requirements=ClassRequirements(memory_gib=999),
        on_no_match=OnNoMatch.DENY,
    ),
)
HELD = Inventory({**INVENTORY.nodes, "l4-0": INVENTORY.nodes["l4-0"].hold(Hold("l4-0", {NVIDIA: 4}))})
QUEUEING = Queueing(
    {"h100": Flavor("h100", {PRODUCT: "H100"})},
    {"q": ClusterQueue("q", (ResourceGroup(frozenset({NVIDIA}), ("h100",)),))},
    {("ml", "team"): LocalQueue("ml", "team", "q")},
)
WORLDS = (
    world(*PROFILES, scheduler_name="berth-scheduler"),
    world(*PROFILES, inventory=HELD),
    world(*PROFILES, roster=Roster(pending={"l4": {NVIDIA: 4}})),
    world(*PROFILES, allowances=Allowances((Quota("q", {f"requests.{NVIDIA}": 0}),))),
    world(*PROFILES[1:]),
    world(*PROFILES, inventory=HELD, supply=NodeSupply((NodePool("gpu", labels={PRODUCT: "T4"}),))),
    world(*PROFILES, roster=Roster(groups={("ml", f"{LWS}/group-key", "k"): "t4"})),
    world(*PROFILES, queueing=QUEUEING),
)


def _pod(app: str, name: str, **metadata: Any) -> msgspec.Raw:
    labels = {"app": app, **metadata.pop("labels", {})}
    resources = {"limits": {NVIDIA: metadata.pop("gpus")}} if "gpus" in metadata else {}
    engine = {"name": "engine", "image": "vllm/vllm-openai:v0.33.0", "args": ["--model", "m"], "resources": resources}
    content = {"metadata": {"name": name, "labels": labels, **metadata}, "spec": {"containers": [engine]}}
    return msgspec.Raw(json.dumps(content).encode())


MAKERS = (
    lambda name: _pod("llm", name),
    lambda name: _pod("open", name),
    lambda name: _pod("huge", name),
    lambda name: _pod("other", name),
    lambda name: _pod("other", name, annotations={REQUESTED_CLASS: "h100"}),
    lambda name: _pod("llm", name, labels={f"{LWS}/name": "s", f"{LWS}/group-key": "k"}),
    lambda name: _pod("llm", name, labels={QUEUE_NAME: "team"}, gpus="1"),
)
questions = st.lists(
    st.tuples(st.sampled_from(MAKERS), st.sampled_from(["a", "b", "c"]), st.sampled_from(WORLDS)), max_size=12
)


@given(questions)
def test_what_is_remembered_never_changes_an_answer(asked: list[tuple[Any, str, World]]) -> None:
    """Whatever pods came before, and whatever has changed since, the answer is that of a newcomer."""
    memory = Memory()
    for make, name, circumstances in asked:
        raw = make(name)
        remembered = memory.judged(raw, read_pod(raw), "ml", LABELS, circumstances)
        anew = judged(raw, decode_pod(raw, "ml"), LABELS, circumstances)

        assert remembered.patch == anew.patch
        assert remembered.name == anew.name
        assert remembered.admission.warnings == anew.admission.warnings
        assert remembered.admission.denial == anew.admission.denial
        assert remembered.admission.classes == anew.admission.classes


def test_each_pod_gets_a_seal_of_its_own() -> None:
    """A decision that was copied from another replica is not one of Berth's."""
    memory, circumstances = Memory(), replace(WORLDS[0], seal=unkeyed)
    decisions = [
        str(memory.judged(raw, read_pod(raw), "ml", LABELS, circumstances).patch)
        for raw in (_pod("llm", "a"), _pod("llm", "b"))
    ]

    assert decisions[0] != decisions[1]


def test_what_cannot_be_understood_is_not_remembered_as_something_else() -> None:
    """A pod with a broken quantity is told so, every time."""
    content = json.loads(bytes(_pod("llm", "a")))
    content["spec"]["containers"][0]["resources"] = {"limits": {NVIDIA: "many"}}
    raw, memory = msgspec.Raw(json.dumps(content).encode()), Memory()

    for _ in range(2):
        with pytest.raises(MalformedObject, match="many"):
            memory.judged(raw, read_pod(raw), "ml", LABELS, WORLDS[0])
