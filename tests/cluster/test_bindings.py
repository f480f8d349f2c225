"""Bindings on a real API server: what it copies, what it refuses, and with which words."""

import json
from itertools import count

import pytest

from cluster.api import Api, ApiError
from cluster.bindings import bind, fetch
from placement.keys import DEVICES, PLACEMENT
from placement.pods import Pod
from sandbox import ControlPlane

NUMBERS = count()
TEXTS = {DEVICES: "3", PLACEMENT: '{"node": "n1"}'}


async def waiting_pod(api: Api) -> Pod:
    """Create a pod that nobody schedules."""
    name = f"bound-{next(NUMBERS)}"
    body = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "annotations": {"mine": "stays"}},
        "spec": {"schedulerName": "nobody", "containers": [{"name": "c", "image": "i"}]},
    }
    uid = json.loads(await api.create("/api/v1/namespaces/default/pods", body))["metadata"]["uid"]
    return Pod("default", name, uid)


@pytest.fixture(scope="module", autouse=True)
def nodes(control_plane: ControlPlane) -> None:
    """Two nodes to bind to; the API server does not look whether they are there."""
    control_plane.add_nodes(
        [{"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}} for name in ("binding-1", "binding-2")]
    )


async def test_annotations_of_a_binding_stand_on_the_pod_the_moment_it_is_bound(real_api: Api) -> None:
    """No version of the pod has a node without them, and its own annotations stay."""
    pod = await waiting_pod(real_api)
    version = json.loads(await real_api.get(f"/api/v1/namespaces/default/pods/{pod.name}"))["metadata"][
        "resourceVersion"
    ]

    await bind(real_api, pod, "binding-1", TEXTS)

    query = {"watch": "1", "resourceVersion": version, "fieldSelector": f"metadata.name={pod.name}"}
    async for line in real_api.stream("/api/v1/namespaces/default/pods", query):
        seen = json.loads(line)["object"]
        if seen["spec"].get("nodeName"):
            break
    assert seen["spec"]["nodeName"] == "binding-1"
    assert seen["metadata"]["annotations"] == {"mine": "stays", **TEXTS}
    assert (await fetch(real_api, pod)).node == "binding-1"


async def test_a_second_binding_is_refused_and_changes_nothing(real_api: Api) -> None:
    """To the same node as to another one: 409, and the first one's annotations stay."""
    pod = await waiting_pod(real_api)
    await bind(real_api, pod, "binding-1", TEXTS)

    for node in ("binding-1", "binding-2"):
        with pytest.raises(ApiError) as refused:
            await bind(real_api, pod, node, {DEVICES: "0"})
        assert refused.value.status == 409

    bound = await fetch(real_api, pod)
    assert (bound.node, bound.annotations[DEVICES]) == ("binding-1", "3")


async def test_a_pod_of_the_same_name_and_another_uid_is_not_bound(real_api: Api) -> None:
    """StatefulSets make pods of one name one after the other."""
    pod = await waiting_pod(real_api)

    with pytest.raises(ApiError) as refused:
        await bind(real_api, Pod(pod.namespace, pod.name, "00000000-0000-0000-0000-000000000000"), "binding-1", TEXTS)

    assert refused.value.status == 409
    assert (await fetch(real_api, pod)).node == ""


async def test_a_pod_that_is_gone_is_not_bound(real_api: Api) -> None:
    """404 from both."""
    gone = Pod("default", "gone", "00000000-0000-0000-0000-000000000000")

    for call in (bind(real_api, gone, "binding-1", TEXTS), fetch(real_api, gone)):
        with pytest.raises(ApiError) as refused:
            await call
        assert refused.value.status == 404
