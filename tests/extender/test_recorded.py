"""Questions as a real kube-scheduler 1.37 asked them (recorded by tests/extender/record.py)."""

import json
from pathlib import Path

import pytest

from extender.wire import filter_result, parse
from placement.accelerators import AcceleratorClass, Catalog
from placement.requirements import requirements_of
from placement.selection import EVERYWHERE, Expression, Operator, Term

RECORDED = Path(__file__).parent / "recorded"
CATALOG = Catalog({name: AcceleratorClass(name, EVERYWHERE, vendor=name) for name in ("nvidia", "amd")})
QUESTIONS = sorted(path for path in RECORDED.glob("*.json") if not path.stem.endswith("-preempt"))


@pytest.mark.parametrize("path", QUESTIONS, ids=lambda path: path.stem)
def test_every_recorded_question_is_understood(path: Path) -> None:
    """Pod, uid, request and nodes are those that the scheduler sent."""
    sent = json.loads(path.read_bytes())

    question = parse(path.read_bytes())

    nodes = sent["NodeNames"] or [each["metadata"]["name"] for each in sent["Nodes"]["items"]]
    assert list(question.names) == nodes
    assert question.pod.uid == sent["Pod"]["metadata"]["uid"]
    assert question.pod.scheduler_name == "berth-scheduler"
    assert sum(requirements_of(question.pod, CATALOG).accelerators.values()) > 0


def test_wishes_and_required_affinity_are_told_apart() -> None:
    """The first let all nodes that fit pass, the second was judged by the scheduler already."""
    wishes, plain = (parse((RECORDED / f"{name}-filter.json").read_bytes()).pod for name in ("wishes", "plain"))

    assert wishes.has_soft_wishes
    assert not plain.has_soft_wishes
    product = Expression("nvidia.com/gpu.product", Operator.IN, ("NVIDIA-L4",))
    assert wishes.selection.terms == (Term((product,)),)
    assert plain.selection == EVERYWHERE


def test_whole_nodes_come_back_as_they_were_sent() -> None:
    """The scheduler replaces its own by these."""
    body = (RECORDED / "whole-nodes-filter.json").read_bytes()
    question = parse(body)

    answer = json.loads(filter_result(question, question.names, ()))

    assert answer["Nodes"]["items"] == json.loads(body)["Nodes"]["items"]
    assert answer["NodeNames"] is None
