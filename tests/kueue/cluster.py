"""A control plane with Kueue's definitions, without Kueue: its objects as an admin writes them."""

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from sandbox import ApiError, ControlPlane

DEFINITIONS = Path(__file__).parent / "crds.yaml"
CLASSES = "/apis/ome.io/v1beta1/acceleratorclasses"
MERGE = "application/merge-patch+json"

Json = dict[str, Any]


class Kueue:
    """Kueue's API on a control plane, in one of its versions, and the classes beside it."""

    def __init__(self, plane: ControlPlane, version: str = "v1beta2") -> None:
        self.plane = plane
        self.version = version
        self.flavors = f"/apis/kueue.x-k8s.io/{version}/resourceflavors"

    def install(self, *served: str) -> None:
        """Apply the definitions, with all versions or with these alone."""
        definitions = list(yaml.safe_load_all(DEFINITIONS.read_text()))
        for version in (version for each in definitions for version in each["spec"]["versions"]):
            version["served"] = not served or version["name"] in served
        self.plane.apply(yaml.safe_dump_all(definitions))
        self.plane.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=20s")

    def uninstall(self) -> None:
        """Delete the definitions, and all objects with them."""
        self.plane.kubectl("delete", "-f", str(DEFINITIONS), "--wait=true")

    def flavor(self, name: str, labels: Mapping[str, str], **spec: Any) -> None:
        """Create a flavor."""
        body = {"apiVersion": f"kueue.x-k8s.io/{self.version}", "kind": "ResourceFlavor", "metadata": {"name": name}}
        self.plane.api.send("POST", self.flavors, {**body, "spec": {"nodeLabels": labels, **spec}})

    def edit_flavor(self, name: str, **spec: Any) -> None:
        """Change the spec of a flavor as kubectl edit does."""
        self.plane.api.send("PATCH", f"{self.flavors}/{name}", {"spec": spec}, MERGE)

    def delete_flavor(self, name: str) -> None:
        """Delete a flavor."""
        self.plane.api.send("DELETE", f"{self.flavors}/{name}", {})

    def found_flavor(self, name: str) -> Json:
        """Return a flavor, empty where there is none."""
        return self._found(f"{self.flavors}/{name}")

    def accelerator_class(self, name: str, labels: Mapping[str, str], flavor: str = "", **spec: Any) -> None:
        """Create a class, which may name a flavor."""
        body = {"apiVersion": "ome.io/v1beta1", "kind": "AcceleratorClass", "metadata": {"name": name}}
        integration = {"integration": {"kueueResourceFlavor": flavor}} if flavor else {}
        content = {"vendor": "nvidia", "discovery": {"nodeSelector": labels}, "capabilities": {}, **integration, **spec}
        self.plane.api.send("POST", CLASSES, {**body, "spec": content})

    def edit_class(self, name: str, **spec: Any) -> None:
        """Change the spec of a class as kubectl edit does."""
        self.plane.api.send("PATCH", f"{CLASSES}/{name}", {"spec": spec}, MERGE)

    def found_class(self, name: str) -> Json:
        """Return a class, empty where there is none."""
        return self._found(f"{CLASSES}/{name}")

    def sync(self, name: str) -> tuple[str, str]:
        """Return status and reason of a class's condition KueueFlavorInSync, empty where there is none."""
        conditions = self.found_class(name).get("status", {}).get("conditions", [])
        found: Json = next((each for each in conditions if each["type"] == "KueueFlavorInSync"), {})
        return found.get("status", ""), found.get("reason", "")

    def queues(self, namespace: str, name: str, resources: list[str], *flavors: str) -> None:
        """Create a ClusterQueue of these flavors, and a LocalQueue of the same name that leads to it."""
        quotas = [{"name": each, "nominalQuota": "100"} for each in resources]
        group = {"coveredResources": resources, "flavors": [{"name": each, "resources": quotas} for each in flavors]}
        group_version = {"apiVersion": f"kueue.x-k8s.io/{self.version}"}
        spec = {"namespaceSelector": {}, "resourceGroups": [group]}
        queue = {**group_version, "kind": "ClusterQueue", "metadata": {"name": name}, "spec": spec}
        metadata = {"name": name, "namespace": namespace}
        local = {**group_version, "kind": "LocalQueue", "metadata": metadata, "spec": {"clusterQueue": name}}
        for each in (queue, local):
            self.plane.apply(json.dumps(each))

    def _found(self, path: str) -> Json:
        with suppress(ApiError):
            return self.plane.api.get(path)
        return {}
