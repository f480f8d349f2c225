"""A Kubernetes control plane without containers, with fake accelerator nodes, for the demo, tests and benchmarks."""

from sandbox.build import NotBuiltError
from sandbox.components import Component, ComponentDiedError
from sandbox.control_plane import ControlPlane, KubectlError, TimedOutError
from sandbox.endpoint import ApiError, Endpoint
from sandbox.nodes import load_nodes

__all__ = [
    "ApiError",
    "Component",
    "ComponentDiedError",
    "ControlPlane",
    "Endpoint",
    "KubectlError",
    "NotBuiltError",
    "TimedOutError",
    "load_nodes",
]
