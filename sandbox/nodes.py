"""Fake nodes, read from a file that describes them by group."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

NODES_FILE = Path(__file__).with_name("nodes.yaml")


class NodesFileError(ValueError):
    """A file of fake nodes cannot be read: the message says where and what is expected there."""

    def __init__(self, path: Path, trouble: str) -> None:
        super().__init__(f"{path}: {trouble}")


@dataclass(frozen=True, slots=True)
class NodeGroup:
    """Nodes of one kind: capacity and allocatable are quantities per resource name, taints read `key=value:effect`."""

    name: str
    count: int
    zones: tuple[str, ...]
    instance_type: str
    capacity: Mapping[str, str]
    allocatable: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: tuple[str, ...] = ()


def load_nodes(path: Path = NODES_FILE) -> list[dict[str, Any]]:
    """Node objects of the API, ready to be posted, in the order of the file.

    Raises NodesFileError for a group that lacks a field, has an unknown one, or has an unreadable taint.
    """
    content = yaml.safe_load(path.read_text())
    try:
        region, groups = content["region"], content["groups"]
        return [node for entry in groups for node in _nodes_of(_group(entry), region)]
    except KeyError as missing:
        raise NodesFileError(path, f"the key {missing} is missing") from None
    except ValueError as wrong:
        raise NodesFileError(path, str(wrong)) from None


def _group(entry: Mapping[str, Any]) -> NodeGroup:
    known = [each.name for each in fields(NodeGroup)]
    unknown = sorted(entry.keys() - set(known))
    missing = sorted({"name", "count", "zones", "instance_type", "capacity"} - entry.keys())
    if unknown or missing:
        trouble = f"group {entry.get('name', '?')!r}: unknown {unknown}, missing {missing}; known fields are {known}"
        raise ValueError(trouble)
    return NodeGroup(**entry)


def _nodes_of(group: NodeGroup, region: str) -> Iterator[dict[str, Any]]:
    for index in range(group.count):
        yield _node(group, f"{group.name}-{index}", region, group.zones[index % len(group.zones)])


def _node(group: NodeGroup, name: str, region: str, zone: str) -> dict[str, Any]:
    own_labels = {
        "kubernetes.io/hostname": name,
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/os": "linux",
        "node.kubernetes.io/instance-type": group.instance_type,
        "topology.kubernetes.io/region": region,
        "topology.kubernetes.io/zone": zone,
    }
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {**own_labels, **group.labels},
            "annotations": {"kwok.x-k8s.io/node": "fake"},
        },
        "spec": {"taints": [_taint(text) for text in group.taints]},
        "status": {
            "capacity": dict(group.capacity),
            "allocatable": {**group.capacity, **group.allocatable},
            "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}],
        },
    }


def _taint(text: str) -> dict[str, str]:
    key_and_value, _, effect = text.rpartition(":")
    key, _, value = key_and_value.partition("=")
    if not key or effect not in {"NoSchedule", "PreferNoSchedule", "NoExecute"}:
        trouble = f"taint {text!r} does not read key=value:effect with effect NoSchedule, PreferNoSchedule or NoExecute"
        raise ValueError(trouble)
    return {"key": key, "value": value, "effect": effect}
