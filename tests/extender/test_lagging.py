"""An extender in this process, asked by a real kube-scheduler: its connections, and a watch that lags behind."""

import asyncio

from tests.extender.lagging import QUIET_SECONDS, asked, for_scheduler, until
from tests.extender.scheduling import H100, Cluster, gpu_pod

ONE_NODE = H100 | {"kubernetes.io/hostname": "h100-0"}


async def test_many_questions_of_kube_scheduler_come_over_one_connection(cluster: Cluster) -> None:
    """A connection for each would cost more than the answer."""
    async with asked(cluster.plane, "one-connection") as extender:
        for index in range(20):
            pod = for_scheduler("one-connection", gpu_pod(f"counted-{index}", 1, nodeSelector=H100))
            await asyncio.to_thread(cluster.create, pod)
        for index in range(20):
            await asyncio.to_thread(cluster.node_of, f"counted-{index}")

    assert len(extender.peers) >= 20
    assert len(set(extender.peers)) == 1


async def test_a_pod_that_was_refused_because_the_account_lagged_is_tried_again_at_once(cluster: Cluster) -> None:
    """kube-scheduler saw the deletion before we did; without the touch of the node the pod would wait five minutes."""
    async with asked(cluster.plane, "lagging") as extender:
        await asyncio.to_thread(cluster.create, for_scheduler("lagging", gpu_pod("first", 8, nodeSelector=ONE_NODE)))
        await asyncio.to_thread(cluster.node_of, "first")
        await until(lambda: extender.metric("holds") == 0)
        extender.gates["pods"].clear()
        await asyncio.to_thread(cluster.delete, "first")
        await asyncio.to_thread(cluster.create, for_scheduler("lagging", gpu_pod("second", 8, nodeSelector=ONE_NODE)))
        message = await asyncio.to_thread(cluster.refusal, "second")
        assert "1 berth: node(s) with too few free nvidia.com/gpu" in message
        await asyncio.sleep(QUIET_SECONDS)

        extender.gates["pods"].set()

        assert await asyncio.to_thread(cluster.node_of, "second") == "h100-0"
        await until(lambda: extender.metric("touches_total", outcome="written") == 1)
        assert extender.metric("decisions_total", verdict="exhausted") >= 1
