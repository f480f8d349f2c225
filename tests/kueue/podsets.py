"""What Kueue does to a pod that it admits, as pkg/podset of kubernetes-sigs/kueue does it."""

from typing import Any

Json = dict[str, Any]


class InvalidPodSetUpdate(Exception):  # noqa: N818 - the name that Kueue gives it.
    """A flavor says something else than the pod: Kueue never starts such a pod."""


def merged(pod: Json, flavor: Json) -> Json:
    """Return a pod as it starts on a flavor; raises InvalidPodSetUpdate."""
    spec, wanted = pod["spec"], flavor["spec"]
    selector, labels = spec.get("nodeSelector") or {}, wanted.get("nodeLabels") or {}
    clashes = [key for key, value in labels.items() if selector.get(key, value) != value]
    if clashes:
        raise InvalidPodSetUpdate(f"conflict for nodeSelector: {', '.join(clashes)}")
    tolerations = list(spec.get("tolerations") or ())
    tolerations += [each for each in wanted.get("tolerations") or () if each not in tolerations]
    return {**pod, "spec": {**spec, "nodeSelector": {**labels, **selector}, "tolerations": tolerations}}


def admits(pod: Json, labels: dict[str, str]) -> bool:
    """Tell whether a node with these labels is one to which a pod may go, by nodeSelector and In expressions alone."""
    spec = pod["spec"]
    required = ((spec.get("affinity") or {}).get("nodeAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    ) or {}
    terms = required.get("nodeSelectorTerms") or [{"matchExpressions": []}]
    selected = all(labels.get(key) == value for key, value in (spec.get("nodeSelector") or {}).items())
    return selected and any(
        all(labels.get(each["key"]) in each["values"] for each in term.get("matchExpressions") or ()) for term in terms
    )
