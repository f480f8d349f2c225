"""Discovered classes as JSON of the API, in the union of both dialects."""

from typing import Any

from placement.accelerators import Capabilities, DeviceResource, Figure
from placement.discovering.memory import MIB_PER_GIB
from placement.discovering.readings import DiscoveredClass
from placement.keys import AUTO_DISCOVERED
from placement.selection import Expression, NodeSelection, Term
from placement.taints import Toleration

Json = dict[str, Any]

_RATES = {
    Figure.FP32: "fp32TFLOPS",
    Figure.FP16: "fp16TFLOPS",
    Figure.FP8: "fp8TFLOPS",
    Figure.INT8: "int8TOPS",
    Figure.INT4: "int4TOPS",
}


def manifest(discovered: DiscoveredClass) -> Json:
    """Return the AcceleratorClass, which reads back (cluster.custom_objects) as the same domain value."""
    mine = discovered.accelerator_class
    return {
        "apiVersion": "ome.io/v1beta1",
        "kind": "AcceleratorClass",
        "metadata": {"name": mine.name, "labels": {AUTO_DISCOVERED: "true"}},
        "spec": {
            **_stated(vendor=mine.vendor, family=mine.family, model=discovered.model),
            "discovery": _discovery(discovered),
            # Even where nothing is known: OME's definition requires it, and Berth's adds it.
            "capabilities": _capabilities(mine.capabilities),
            **_stated(
                resources=[_resource(each) for each in mine.listed_resources],
                tolerations=[_toleration(each) for each in mine.listed_tolerations],
            ),
        },
    }


def _discovery(discovered: DiscoveredClass) -> Json:
    return _stated(
        **_selection(discovered.accelerator_class.selection),
        pciVendorID=discovered.pci_vendor,
        deviceIDs=list(discovered.pci_devices),
    )


def _selection(selection: NodeSelection) -> Json:
    return {"nodeSelector": dict(selection.labels), "nodeSelectorTerms": [_term(each) for each in selection.terms]}


def _term(term: Term) -> Json:
    return {"matchExpressions": [_expression(each) for each in term.expressions]}


def _expression(expression: Expression) -> Json:
    return _stated(key=expression.key, operator=expression.operator.value, values=list(expression.values))


def _capabilities(capabilities: Capabilities) -> Json:
    figures, capability = capabilities.figures, capabilities.compute_capability
    bandwidth = figures.get(Figure.BANDWIDTH)
    return _stated(
        memoryGB="" if capabilities.memory_gib is None else _memory(capabilities.memory_gib),
        computeCapability=".".join(map(str, capability or ())),
        memoryBandwidthGBps="" if bandwidth is None else f"{_number(bandwidth)}",
        features=sorted(capabilities.features),
        performance={field: _number(figures[figure]) for figure, field in _RATES.items() if figure in figures},
    )


def _memory(gib: float) -> str:
    """Return a size as a quantity, in MiB where it is no whole number of GiB."""
    return f"{int(gib)}Gi" if gib == int(gib) else f"{_number(gib * MIB_PER_GIB)}Mi"


def _number(value: float) -> int | float:
    """Return a number as people write it."""
    return int(value) if value == int(value) else value


def _resource(resource: DeviceResource) -> Json:
    # A quantity of 1 too: the API server adds it, and what it adds would look like what a person wrote.
    stated = {"name": resource.name, "quantity": str(resource.quantity)}
    return stated | ({"divisible": True} if resource.divisible else {})


def _toleration(toleration: Toleration) -> Json:
    seconds = {} if toleration.seconds is None else {"tolerationSeconds": toleration.seconds}
    stated = _stated(key=toleration.key, operator=toleration.operator, value=toleration.value, effect=toleration.effect)
    return stated | seconds


def _stated(**fields: Any) -> Json:
    """Return what is said, without fields that say nothing."""
    return {name: value for name, value in fields.items() if value not in ("", [], {})}
