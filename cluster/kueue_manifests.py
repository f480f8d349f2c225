"""What Berth writes to keep classes and Kueue's flavors in step, as JSON of the API."""

from collections.abc import Mapping
from typing import Any

from cluster.class_manifests import manifest
from placement.discovering.readings import DiscoveredClass
from placement.keys import AUTO_DISCOVERED, CHOSEN_CLASS, OF_FLAVOR

# On flavors that Berth made, and its name there.
MANAGED_BY, BERTH = "app.kubernetes.io/managed-by", "berth"

Json = dict[str, Any]


def class_manifest(discovered: DiscoveredClass) -> Json:
    """Return the AcceleratorClass that is made of the flavor which it names."""
    written, name = manifest(discovered), discovered.accelerator_class.kueue_flavor
    marks = {"name": discovered.name, "labels": {AUTO_DISCOVERED: "true"}, "annotations": {OF_FLAVOR: name}}
    return {**written, "metadata": marks, "spec": {**written["spec"], "integration": {"kueueResourceFlavor": name}}}


def flavor_manifest(name: str, labels: Mapping[str, str], of_class: str, path: str) -> Json:
    """Return the ResourceFlavor that is made of a class, in the version of a path; tolerations are its admin's."""
    version = path.split("/")[3]
    return {
        "apiVersion": f"kueue.x-k8s.io/{version}",
        "kind": "ResourceFlavor",
        "metadata": {"name": name, "labels": {MANAGED_BY: BERTH}, "annotations": {CHOSEN_CLASS: of_class}},
        "spec": {"nodeLabels": dict(labels)},
    }
