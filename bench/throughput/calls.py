"""How often the API server is asked, by its own count (`apiserver_request_total`)."""

from collections import Counter

from prometheus_client.parser import text_string_to_metric_families

from sandbox import ControlPlane

_FAMILY = "apiserver_request_total"

# What programs do with time and not with pods: they keep watches open, leases and discovery fresh, and are asked here.
_NOT_OF_PODS = frozenset({"leases", ""})
_READS = frozenset({"WATCH", "LIST"})

Calls = Counter[str]


def counted(plane: ControlPlane) -> Calls:
    """Return the calls so far, by verb and resource."""
    text = plane.api.read("/metrics")
    lines = "\n".join(line for line in text.splitlines() if line.startswith(_FAMILY))
    found = Counter[str]()
    for family in text_string_to_metric_families(f"# TYPE {_FAMILY} counter\n{lines}\n"):
        for sample in family.samples:
            labels = sample.labels
            if labels["resource"] not in _NOT_OF_PODS and labels["verb"] not in _READS:
                found[_name(labels)] += int(sample.value)
    return found


def _name(labels: dict[str, str]) -> str:
    part = f"/{labels['subresource']}" if labels.get("subresource") else ""
    return f"{labels['verb']} {labels['resource']}{part}"
