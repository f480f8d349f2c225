"""What a preview is judged against: objects in files, or the current cluster as far as it can be read."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import web
from aiohttp.test_utils import TestServer

from berth.cli import main
from berth.preview.errand import Told, Wish, answer
from sandbox import ControlPlane
from tests.cluster.scripted_server import write_kubeconfig

ROOT = Path(__file__).parents[2]
NODES, EXAMPLES = ROOT / "docs/preview/nodes.yaml", ROOT / "manifests/examples"
CLASS = "{apiVersion: ome.io/v1beta1, kind: AcceleratorClass, metadata: {name: NAME}, spec: SPEC}"
T4 = CLASS.replace("NAME", "t4").replace(
    "SPEC", "{vendor: nvidia, discovery: {nodeSelector: {nvidia.com/gpu.product: Tesla-T4}}}"
)
L4 = T4.replace("name: t4", "name: l4").replace("Tesla-T4", "NVIDIA-L4")
POD = """
apiVersion: v1
kind: Pod
metadata: {name: llama, namespace: ml, annotations: {ANNOTATION}}
spec:
  containers:
  - {name: vllm, image: vllm/vllm-openai, args: [--model=org/m-8B], resources: {limits: {nvidia.com/gpu: 2}}}
"""
NAMED = POD.replace("ANNOTATION", "ome.io/accelerator-class: t4")


def _file(folder: Path, name: str, *documents: str) -> str:
    (folder / name).write_text("\n---\n".join(documents))
    return str(folder / name)


def test_objects_beside_the_pods_are_part_of_the_cluster(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder of classes, and nodes in the same file as the pod."""
    _file(tmp_path, "classes.yaml", T4, L4)
    pods = _file(tmp_path, "pods.yml", NODES.read_text(), NAMED)
    classes = tmp_path / "classes"
    classes.mkdir()
    (tmp_path / "classes.yaml").rename(classes / "classes.yaml")

    assert main(["preview", "-f", pods, "--cluster", str(classes), "-o", "json"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)
    assert (entry["classes"], entry["reason"]) == (
        ["t4"],
        "named by the pod; asked by annotation ome.io/accelerator-class",
    )


def test_pods_of_the_cluster_hold_what_they_have(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With three of four devices held, the class without room comes last."""
    held = NAMED.replace("2", "3").replace("name: llama", "name: NAME").replace("spec:", "spec:\n  nodeName: NODE")
    holder = held.replace("NAME", "a").replace("NODE", "t4-1")
    profile = "{apiVersion: berth.ome.io/v1alpha1, kind: AcceleratorProfile, metadata: {name: p}, spec: SPEC}".replace(
        "SPEC", "{podSelector: {}, acceleratorRequirements: {preferredClasses: [t4]}}"
    )
    pods = _file(tmp_path, "pods.yaml", POD.replace("ANNOTATION", ""))
    idle = _file(tmp_path, "idle.yaml", T4, L4, profile, NODES.read_text())
    busy = _file(tmp_path, "busy.yaml", holder)

    assert main(["preview", "-f", pods, "--cluster", idle, "-o", "json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["classes"] == ["t4"]
    assert main(["preview", "-f", pods, "--cluster", idle, busy, "-o", "json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["classes"] == ["l4"]


def test_what_is_wrong_in_the_clusters_files_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Object, field and what to write, one line each; the rest counts."""
    odd = CLASS.replace("NAME", "odd").replace(
        "SPEC", "{discovery: {nodeSelector: {a: b}}, capabilities: {memoryGB: much}}"
    )
    node = "{apiVersion: v1, kind: Node, metadata: {name: n}, status: {allocatable: {cpu: lots}}}"
    service = "{apiVersion: v1, kind: Service, metadata: {name: web}}"
    nameless = "{apiVersion: v1, kind: Node}"
    cluster = _file(tmp_path, "cluster.yaml", T4, odd, node, service, nameless, NODES.read_text())
    pods = _file(tmp_path, "pods.yaml", NAMED)

    assert main(["preview", "-f", pods, "--cluster", cluster, "-o", "json"]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out)[0]["classes"] == ["t4"]
    quantity, *lines, problem = told.err.splitlines()
    assert quantity.startswith(f"{cluster}: Node n: status.allocatable[cpu]: 'lots' is no quantity: write a number")
    assert lines == [
        f"{cluster}: Service web is nothing that Berth reads of a cluster",
        f"{cluster}: Node: metadata: is missing",
    ]
    assert problem.startswith("AcceleratorClass odd: spec.capabilities.memoryGB")


def test_without_a_cluster_pods_are_understood_all_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line says that there is none, whether no kubeconfig or no server is there."""
    pods = _file(tmp_path, "pods.yaml", NAMED)
    dead = write_kubeconfig(tmp_path / "config", "http://127.0.0.1:1", {})

    for kubeconfig, said in (("/no/such/file", "does not exist"), (str(dead), "the cluster cannot be read")):
        assert main(["preview", "-f", pods, "-o", "json", "--kubeconfig", kubeconfig]) == 0
        told = capsys.readouterr()
        (entry,) = json.loads(told.out)
        assert (entry["engine"], entry["model"], entry["classes"]) == ("vllm", "org/m-8B", [])
        assert told.err.count("\n") == 1
        assert said in told.err
        assert told.err.endswith("; judged against an empty cluster\n")


@asynccontextmanager
async def _serving(objects: dict[str, list[Any]], forbidden: frozenset[str]) -> AsyncIterator[str]:
    """Serve lists by the last part of their path; the forbidden ones are refused."""

    async def listed(request: web.Request) -> web.StreamResponse:
        name = request.path.rpartition("/")[2]
        if name in forbidden:
            return web.json_response({"reason": "Forbidden", "message": f"may not list {name}"}, status=403)
        if "watch" in request.query:
            return web.Response(body=b"")
        return web.json_response({"metadata": {"resourceVersion": "1"}, "items": objects.get(name, [])})

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", listed)
    async with TestServer(application) as server:
        yield str(server.make_url("/")).rstrip("/")


async def _answer(folder: Path, url: str) -> Told:
    kubeconfig = write_kubeconfig(folder / "config", url, {})
    return await answer(Wish([Path(_file(folder, "pods.yaml", NAMED))], [], "default", "json", kubeconfig, None))


async def test_what_a_user_may_not_list_is_as_if_there_were_none_of_it(tmp_path: Path) -> None:
    """Classes and nodes of the cluster count; what is missing is said."""
    objects = {"nodes": list(yaml.safe_load_all(NODES.read_text())), "acceleratorclasses": [yaml.safe_load(T4)]}
    async with _serving(objects, frozenset({"resourcequotas"})) as url:
        told = await _answer(tmp_path, url)

    assert json.loads(told.answer)[0]["classes"] == ["t4"]
    (note,) = told.notes
    assert note == (
        "the cluster's resource quotas cannot be read (403 Forbidden: may not list resourcequotas); "
        "judged as if there were none"
    )


async def test_a_real_cluster_is_judged_as_it_is(control_plane: ControlPlane) -> None:
    """Nodes, classes and profile come from the API server; what is in the files is as well."""
    files = [each for name in ("classes", "profile") for each in ("--filename", str(EXAMPLES / f"{name}.yaml"))]
    control_plane.kubectl("apply", *files)
    wish = Wish([EXAMPLES / "deployment.yaml"], [], "default", "json", Path(control_plane.kubeconfig), None)
    told = await answer(wish)
    control_plane.kubectl("delete", *files)
    (entry,) = json.loads(told.answer)

    assert entry["classes"] == ["nvidia-l4"]
    assert told.notes == ()
