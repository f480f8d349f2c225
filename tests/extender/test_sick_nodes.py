"""A stock kube-scheduler, and a node on which pods fail: it is used last, and later again."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from extender.sickness import FIRST_SECONDS
from sandbox import ApiError, ControlPlane
from tests.extender.lagging import asked, for_scheduler, until
from tests.extender.scheduling import A100, PODS, Cluster, Json, gpu_pod, scheduler_configuration

NAME = "sick-nodes"
HOST = "kubernetes.io/hostname"


class Ward(Cluster):
    """A cluster whose pods tell how they are, as kubelet would."""

    def placed(self, name: str, **selector: str) -> str:
        """Create a pod that asks for one of the A100s, and return its node."""
        self.create(for_scheduler(NAME, gpu_pod(name, 1, nodeSelector=A100 | selector)))
        return self.node_of(name)

    def tell(self, name: str, **status: Any) -> None:
        """Write the status of a pod."""
        patch = json.dumps({"status": status})
        self.plane.kubectl("patch", "pod", name, "--subresource=status", "--type=merge", "-p", patch)

    def rejected(self, name: str) -> str:
        """Have a pod placed and rejected by its node, which is returned."""
        node = self.placed(name)
        self.tell(name, phase="Failed", reason="UnexpectedAdmissionError", message="Allocate failed")
        return node


async def test_a_node_that_rejects_pods_is_used_last_for_ten_minutes_and_then_again(cluster: Cluster) -> None:
    """Though it is the best one; a pod that runs there heals it at once."""
    ward, now = Ward(cluster.plane), 0.0
    async with asked(cluster.plane, NAME, seconds=lambda: now) as extender:
        best = await asyncio.to_thread(ward.placed, "first")
        assert [await asyncio.to_thread(ward.rejected, f"rejected-{number}") for number in range(3)] == [best] * 3
        await until(lambda: extender.metric("sick_nodes") == 1)
        assert extender.metric("failed_pods_total", kind="admission") == 3

        other = await asyncio.to_thread(ward.placed, "elsewhere")
        told = await asyncio.to_thread(ward.placement, "elsewhere")
        assert other != best
        assert told["sick"] == [best]
        assert await asyncio.to_thread(ward.placed, "nowhere-else", **{HOST: best}) == best
        await asyncio.to_thread(ward.delete, "elsewhere")
        await until(lambda: extender.metric("holds") == 0)

        now = FIRST_SECONDS
        assert await asyncio.to_thread(ward.rejected, "rejected-again") == best
        await until(lambda: extender.metric("sick_nodes") == 1)
        await asyncio.to_thread(ward.tell, "nowhere-else", phase="Running")
        await until(lambda: extender.metric("sick_nodes") == 0)
        assert await asyncio.to_thread(ward.placed, "healed") == best


# Whatever refuses a Binding to one node: a webhook of somebody else, a policy, a volume that cannot be attached there.
REFUSAL = """
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {{name: no-bindings}}
spec:
  failurePolicy: Fail
  matchConstraints:
    resourceRules: [{{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods/binding]}}]
  validations: [{{expression: "object.target.name != '{node}'"}}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {{name: no-bindings}}
spec: {{policyName: no-bindings, validationActions: [Deny]}}
"""


def impatient(url: str) -> Json:
    """Return the configuration of a scheduler that tries again after a second."""
    return scheduler_configuration(url) | {"podInitialBackoffSeconds": 1, "podMaxBackoffSeconds": 1}


async def test_a_pod_that_cannot_be_bound_to_the_best_node_goes_elsewhere(cluster: Cluster) -> None:
    """kube-scheduler binds it, and asks about it again and again; else it would try the same node for ever."""
    ward = Ward(cluster.plane)
    async with asked(cluster.plane, NAME, impatient) as extender:
        best = await asyncio.to_thread(ward.placed, "first")
        with applied(cluster.plane, REFUSAL.format(node=best)):
            await asyncio.to_thread(cluster.plane.wait, lambda: refused(cluster, best), 20, "bindings are refused")
            other = await asyncio.to_thread(ward.placed, "unwanted")

        assert other != best
        assert extender.metric("failed_pods_total", kind="bind") >= 3
        assert extender.metric("sick_nodes") == 1


def refused(cluster: Cluster, node: str) -> bool:
    """Tell whether a Binding to the node is refused, by one of a pod that does not exist."""
    binding = {"metadata": {"name": "nobody"}, "target": {"kind": "Node", "name": node}}
    try:
        cluster.plane.api.send("POST", f"{PODS}/nobody/binding", binding)
    except ApiError as error:
        return error.status == 422
    return False


@contextmanager
def applied(plane: ControlPlane, manifest: str) -> Iterator[None]:
    """Have some objects in the cluster for a while."""
    path = plane.folder / "applied.yaml"
    path.write_text(manifest)
    plane.apply(path)
    try:
        yield
    finally:
        plane.kubectl("delete", "--ignore-not-found", "-f", str(path))
