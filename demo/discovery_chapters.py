"""The chapter about discovery: classes that nobody wrote, and what stays a person's."""

import json
from typing import Any

from demo.stage import PRODUCT, Stage

Json = dict[str, Any]

CLASSES = "/apis/ome.io/v1beta1/acceleratorclasses"
HARDWARE = {
    "amd-mi300x",
    "intel-max-1550",
    "nvidia-a10-shared",
    "nvidia-a100-sxm4-40gb",
    "nvidia-a100-sxm4-40gb-mig-1g.5gb",
    "nvidia-a100-sxm4-40gb-mig-3g.20gb",
    "nvidia-a100-sxm4-80gb",
    "nvidia-h100-80gb-hbm3",
    "nvidia-l4",
    "nvidia-t4",
}
A100, OLD_NAME = "nvidia-a100-sxm4-80gb", "A100-SXM4-80GB"


def discovered(stage: Stage) -> None:
    """Classes are there because the nodes are."""
    stage.chapter("Classes are there because the nodes are: nobody wrote any")
    stage.say("the nodes carry their vendors' labels alone: NVIDIA whole, in MIG slices and time-sliced, AMD, Intel")
    classes = stage.plane.wait(lambda: _counted(stage), 20, "every class has its numbers") or {}
    stage.show(*stage.plane.kubectl("get", "acceleratorclasses").strip().splitlines())
    stage.claim(f"{len(classes)} classes, one for each kind of hardware in each form", holds=classes.keys() == HARDWARE)
    _tells_what_is_proven(classes, stage)
    _keeps_what_a_person_wrote(stage)


def _tells_what_is_proven(classes: dict[str, Json], stage: Stage) -> None:
    h100 = classes["nvidia-h100-80gb-hbm3"]["capabilities"]
    stage.claim(
        f"H100: its label says 81559 MiB, the class {h100['memoryGB']}; features: {', '.join(h100['features'])}",
        holds=h100["memoryGB"] == "80Gi" and {"fp8", "nvlink"} <= {*h100["features"]},
    )
    (slices,) = classes["nvidia-a100-sxm4-40gb-mig-3g.20gb"]["resources"]
    stage.claim(f"a MIG slice is asked for as {slices['name']}", holds=slices["name"] == "nvidia.com/mig-3g.20gb")
    stage.claim(
        "the time-sliced A10 promises no memory, because its replicas share it",
        holds="memoryGB" not in classes["nvidia-a10-shared"]["capabilities"],
    )


def _keeps_what_a_person_wrote(stage: Stage) -> None:
    """A price is written into a class, and then its hardware shows another name."""
    price = {"spec": {"cost": {"perHour": "3.40"}}}
    printed = stage.plane.kubectl("patch", "acceleratorclass", A100, "--type=merge", "-p", json.dumps(price))
    stage.show(printed.strip())
    stage.plane.add_nodes([_older_driver(stage)])
    stage.say(f"a node joins whose older driver calls the same hardware {OLD_NAME}")
    spec = stage.plane.wait(lambda: _selecting(stage, OLD_NAME), 20, "the class selects the node") or {}
    stage.claim("the class selects both names, and the price stands", holds=spec["cost"] == price["spec"]["cost"])


def _counted(stage: Stage) -> dict[str, Json]:
    """Return the specs of the discovered classes once all are there and were counted."""
    found = {
        each["metadata"]["name"]: each
        for each in stage.plane.api.get(f"{CLASSES}?labelSelector=ome.io/auto-discovered%3Dtrue")["items"]
    }
    is_complete = found.keys() >= HARDWARE and all(
        each.get("status", {}).get("totalAccelerators") for each in found.values()
    )
    return {name: each["spec"] for name, each in found.items()} if is_complete else {}


def _older_driver(stage: Stage) -> Json:
    node = stage.plane.api.get("/api/v1/nodes/a100-0")
    labels = {**node["metadata"]["labels"], PRODUCT: OLD_NAME, "kubernetes.io/hostname": "a100-2"}
    amounts = {part: node["status"][part] for part in ("capacity", "allocatable", "conditions")}
    metadata = {"name": "a100-2", "labels": labels, "annotations": {"kwok.x-k8s.io/node": "fake"}}
    return {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "spec": node["spec"], "status": amounts}


def _selecting(stage: Stage, product: str) -> Json:
    spec: Json = stage.plane.api.get(f"{CLASSES}/{A100}")["spec"]
    return spec if f'"{product}"' in json.dumps(spec["discovery"]) else {}
