"""The controller under churn: a process of its own beside the control plane, and what can be seen from outside."""

import json
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

from demo.installation import Installation

ACCOUNT = "system:serviceaccount:berth-system:berth-controller"

# Of every request that may write, who sent it and for what.
AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        {"level": "Metadata", "users": [ACCOUNT], "verbs": ["create", "update", "patch", "delete"]},
        {"level": "None"},
    ],
}


@dataclass(frozen=True)
class Program:
    """A running controller."""

    installation: Installation

    @property
    def resident_mib(self) -> float:
        """The memory that its process holds, in MiB."""
        lines = (self._proc / "status").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:"))

    @property
    def cpu_seconds(self) -> float:
        """The processor time that it has had."""
        fields = (self._proc / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def writes(self) -> float:
        """How many writes it says that it sent."""
        address = self.installation.url("controller", "health")
        with urlopen(f"{address}/metrics", timeout=30) as answer:  # noqa: S310 - loopback
            families = list(text_string_to_metric_families(answer.read().decode()))
        samples = (each for family in families for each in family.samples)
        return sum(each.value for each in samples if each.name == "berth_controller_writes_total")

    def audited(self) -> Counter[str]:
        """How many writes of it the API server knows, by what was written."""
        found = Counter[str]()
        for line in self.installation.plane.audit_log.read_text().splitlines():
            event = json.loads(line)
            reference = event["objectRef"]
            what = "/".join(filter(None, (reference["resource"], reference.get("subresource"))))
            found[f"{what} {event['responseStatus']['code']}"] += 1
        return found

    @property
    def _proc(self) -> Path:
        return Path(f"/proc/{self.installation.programs['controller'].pid}")
