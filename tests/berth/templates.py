"""Pods and templates of objects, as tests of the preview write them."""

from pathlib import Path

import yaml

from berth.preview.documents import Document
from berth.preview.templates import PodSource, pod_sources

SPEC = "{spec: {containers: [{name: main, image: i}]}}"
LWS = "leaderworkerset.sigs.k8s.io"
KTHENA = "modelserving.volcano.sh"
RBG = "rbg.workloads.x-k8s.io"
RAY = "ray.io"


def sources(kind: str, content: str, group: str = "x.io/v1") -> list[PodSource]:
    """Return the pods of an object of that kind, whose further fields are given as YAML in braces."""
    fields = yaml.safe_load("{" + content.replace("TEMPLATE", SPEC) + "}")
    written = {"apiVersion": group, "kind": kind, "metadata": {"name": "it"}, **fields}
    return list(pod_sources(Document(Path("f.yaml"), written), "ml"))


def labels(source: PodSource) -> dict[str, str]:
    """Return a pod's labels."""
    found: dict[str, str] = source.pod["metadata"].get("labels", {})
    return found


def env(source: PodSource) -> dict[str, str]:
    """Return the variables of a pod's first container, in order."""
    return {each["name"]: each["value"] for each in source.pod["spec"]["containers"][0].get("env", [])}
