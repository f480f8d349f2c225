"""The auditor finds what it is there to find."""

from typing import Any

from tests.chaos.auditor import DEVICES, GPU, MILLI, Audit

Json = dict[str, Any]


def pod(name: str, node: str, amounts: Json, devices: str = "", phase: str = "Running") -> Json:
    """Return a pod as the API server has it."""
    metadata = {"name": name, "annotations": {DEVICES: devices} if devices else {}}
    spec = {"nodeName": node, "containers": [{"resources": {"requests": amounts}}]}
    return {"metadata": metadata, "spec": spec, "status": {"phase": phase}}


def audit(*pods: Json) -> Audit:
    """Return an audit of two nodes."""
    offered = {"whole": {GPU: "8"}, "shared": {MILLI: "2k"}}
    return Audit({name: {"status": {"allocatable": each}} for name, each in offered.items()}, pods)


def test_what_is_held_twice_is_found() -> None:
    """By node, by device, and where a pod says too little, or of devices that there are not."""
    assert audit(pod("a", "whole", {GPU: "8"}), pod("b", "shared", {MILLI: "2k"}, "0,1")).troubles() == []
    assert audit(pod("a", "whole", {GPU: "8"}), pod("b", "whole", {GPU: "1"})).troubles() == [f"whole: 9 {GPU} of 8"]
    twice = audit(pod("a", "shared", {MILLI: "600"}, "0"), pod("b", "shared", {MILLI: "600"}, "0"))
    assert twice.troubles() == ["shared: 1200 of device 0: ['a', 'b']"]
    assert audit(pod("a", "shared", {MILLI: "600"}, "2")).troubles() == ["shared: 600 of device 2: ['a']"]
    assert audit(pod("a", "shared", {MILLI: "600"})).troubles() == ["a: 600 of devices []"]


def test_finished_pods_hold_nothing() -> None:
    """Their devices are free."""
    assert audit(pod("a", "whole", {GPU: "8"}, phase="Succeeded"), pod("b", "whole", {GPU: "8"})).troubles() == []
