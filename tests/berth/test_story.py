"""The story that `berth explain` tells, by table: a pod and its events in, plain lines out."""

import json
from typing import Any

import pytest

from berth.story import story

DECISION = {
    "class": "nvidia-h100-80gb",
    "why": "preferred class 1 of 2",
    "source": "AcceleratorProfile llm",
    "rejected": [{"class": "nvidia-l4", "why": "has 24 GiB of memory, 40 needed"}],
    "omitted": 3,
    "injected": {
        "nodeSelector": {"nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3"},
        "tolerations": ["nvidia.com/gpu"],
        "containers": {
            "main": {
                "env": ["VLLM_LOGGING_LEVEL"],
                "args": ["--max-model-len=8192"],
                "resources": {"nvidia.com/gpu": "1"},
            }
        },
    },
    "digest": "0123456789ab",
}
PLACEMENT = {
    "node": "h100-2",
    "score": {"replicas": 1, "cost": 0.35, "stranded": 0.25},
    "runnersUp": [{"node": "h100-1", "score": {"replicas": 0, "cost": 0.5}}],
    "rejected": {"node(s) without nvidia.com/gpu": 2, "node(s) with too few free nvidia.com/gpu": 3},
}
CLASS_LINES = [
    "Class: nvidia-h100-80gb",
    "  asked by: AcceleratorProfile llm",
    "  why: preferred class 1 of 2",
    "  not nvidia-l4: has 24 GiB of memory, 40 needed",
    "  and not 3 more, for which the annotation had no room",
    "Injected:",
    "  nodeSelector: nvidia.com/gpu.product=NVIDIA-H100-80GB-HBM3",
    "  tolerations: nvidia.com/gpu",
    "  containers:",
    "    main:",
    "      env: VLLM_LOGGING_LEVEL",
    "      args: --max-model-len=8192",
    "      resources: nvidia.com/gpu=1",
]
WAITING = [
    {"type": "PodScheduled", "status": "False", "message": "0/9 nodes are available: 9 Insufficient nvidia.com/gpu."}
]


def told(
    *,
    annotations: dict[str, Any] | None = None,
    labels: dict[str, str] | None = None,
    node: str = "",
    conditions: list[dict[str, str]] | None = None,
    events: list[dict[str, Any]] | None = None,
) -> list[str]:
    """Return the story of pod team/llama; annotations of ours that are no text are written as JSON."""
    written = {key: each if isinstance(each, str) else json.dumps(each) for key, each in (annotations or {}).items()}
    pod = {
        "metadata": {"namespace": "team", "name": "llama", "uid": "u1", "labels": labels, "annotations": written},
        "spec": {"nodeName": node, "containers": []},
        "status": {"phase": "Running" if node else "Pending", "conditions": conditions},
    }
    return story(json.dumps(pod).encode(), json.dumps({"items": events or []}).encode())


def event(message: str, seen_at: str, uid: str = "u1", reason: str = "NoAccelerator") -> dict[str, Any]:
    """Return an event as the API server shows it."""
    return {
        "involvedObject": {"kind": "Pod", "uid": uid},
        "reason": reason,
        "message": message,
        "eventTime": seen_at,
        "lastTimestamp": None,
    }


def test_a_placed_pod_tells_its_class_what_was_injected_and_its_node() -> None:
    """Both annotations become a story that can be read without knowing their keys."""
    annotations = {"berth.ome.io/decision": DECISION, "berth.ome.io/placement": PLACEMENT}

    assert told(annotations=annotations, node="h100-2") == [
        "Pod team/llama (Running)",
        *CLASS_LINES,
        "Node: h100-2",
        "  why: replicas of the same owner there 1, cost +0.35, of it stranded accelerators +0.25",
        "  next best: h100-1 (cost +0.5)",
        "  not possible: 3 node(s) with too few free nvidia.com/gpu, 2 node(s) without nvidia.com/gpu",
    ]


def test_a_pod_with_shares_tells_of_which_devices() -> None:
    """As its container sees them."""
    lines = told(annotations={"berth.ome.io/placement": PLACEMENT, "berth.ome.io/devices": "0,3"}, node="h100-2")

    assert lines[lines.index("Node: h100-2") + 1] == "  shares of devices: 0,3"


def test_a_waiting_pod_tells_why_in_the_schedulers_words_and_in_the_latest_of_ours() -> None:
    """Of our events the latest about this very pod counts, not one of a predecessor of the same name."""
    events = [
        event("needs 8 accelerators on one node, 4 are free at most", "2026-05-04T12:00:02.000000Z"),
        event("older", "2026-05-04T12:00:01.000000Z"),
        event("of a predecessor", "2026-05-04T12:00:03.000000Z", uid="u0"),
        event("of others", "2026-05-04T12:00:03.000000Z", reason="FailedScheduling"),
    ]
    lines = told(annotations={"berth.ome.io/decision": DECISION}, conditions=WAITING, events=events)

    assert lines[len(CLASS_LINES) + 1 :] == [
        "Node: none yet",
        "  kube-scheduler says: 0/9 nodes are available: 9 Insufficient nvidia.com/gpu.",
        "  Berth says: needs 8 accelerators on one node, 4 are free at most",
    ]


def test_a_pod_that_no_scheduler_has_seen_says_so() -> None:
    """Without a condition there is nothing to quote."""
    assert told()[-2:] == ["Node: none yet", "  kube-scheduler says: nothing so far"]


def test_alternatives_that_are_left_open_are_all_named() -> None:
    """An open choice names its classes in their order."""
    lines = told(annotations={"berth.ome.io/decision": {"classes": ["h100", "a100"], "warnings": ["no args"]}})

    assert lines[1:4] == ["Class: h100 or a100", "Injected: nothing", "Warning: no args"]


@pytest.mark.parametrize(
    ("labels", "annotations", "reason"),
    [
        ({"berth.ome.io/injection": "false"}, {}, "  It opted out with the label berth.ome.io/injection=false"),
        (
            None,
            {},
            "  - namespace team has no label berth.ome.io/injection=enforce: kubectl get namespace team --show-labels",
        ),
        (
            None,
            {},
            "  - nothing asks for a class: no annotation ome.io/accelerator-class, no AcceleratorProfile that matches",
        ),
        (
            None,
            {"ome.io/accelerator-class": "h100"},
            "  - it asks for class h100, but no container was recognised as running a model",
        ),
    ],
)
def test_an_untouched_pod_says_why_that_may_be(
    labels: dict[str, str] | None, annotations: dict[str, str], reason: str
) -> None:
    """Whoever expected something finds what to look at."""
    lines = told(labels=labels, annotations=annotations)

    assert lines[1] == "Class: none; Berth did not touch this pod"
    assert reason in lines


def test_a_node_that_berth_did_not_choose_is_named_as_such() -> None:
    """A bound pod without our annotation does not claim to be placed by us."""
    lines = told(node="cpu-1")

    assert lines[-3] == "Node: cpu-1"
    assert lines[-2].startswith("  why: kube-scheduler's own choice; ")


@pytest.mark.parametrize(("chosen", "words"), [("h100-1", "h100-1"), (None, "none fitted")])
def test_a_node_that_is_not_the_chosen_one_is_said_to_be_another_binders(chosen: str | None, words: str) -> None:
    """Two schedulers on the same nodes show in the story of a pod."""
    lines = told(annotations={"berth.ome.io/placement": {**PLACEMENT, "chosen": chosen}}, node="h100-2")

    assert f"  not the node that Berth chose last ({words}): somebody else bound the pod" in lines


@pytest.mark.parametrize("text", ["", "no JSON", "[]", '{"class": 1}'])
def test_an_annotation_that_somebody_broke_is_said_to_be_broken(text: str) -> None:
    """Annotations are text that people edit; the rest of the story is still told."""
    broken = {"berth.ome.io/decision": text, "berth.ome.io/placement": '{"score": 1}'}
    lines = told(annotations=broken, node="h100-2")

    assert lines[1].startswith("Class: unknown, its annotation berth.ome.io/decision cannot be read: ")
    assert lines[-1].startswith("  why: unknown, its annotation berth.ome.io/placement cannot be read: ")


def test_nodes_that_ranked_last_because_pods_failed_there_are_named() -> None:
    """In general, and where a runner-up is one of them."""
    sick = {"node": "h100-3", "score": {"sick": 1, "cost": 0}}
    placement = {**PLACEMENT, "runnersUp": [sick], "sick": ["a100-7", "h100-3"]}
    lines = told(annotations={"berth.ome.io/placement": placement}, node="h100-2")

    assert "  next best: h100-3 (pods failed there lately)" in lines
    assert "  ranked last, because pods failed there lately: a100-7, h100-3" in lines
