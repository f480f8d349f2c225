"""`berth simulate` on clusters: how many copies fit, where, what stops the next one, what would help."""

import json
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml

from berth.cli import main
from sandbox import ControlPlane

EXAMPLES = Path(__file__).parents[2] / "manifests/examples"
GPU, SHARES = "nvidia.com/gpu", "berth.ome.io/gpu-milli"
NOBODY_ASKS = (
    "nothing asks for a class: no annotation ome.io/accelerator-class, no AcceleratorProfile "
    "and no runtime that says so"
)
Run = Callable[..., Mapping[str, Any]]


def node(name: str, devices: int = 4, product: str = "NVIDIA-L4", **spec: Any) -> str:
    """Return a node of an example class."""
    allocatable = {"cpu": "32", "memory": "128Gi", "pods": "110", GPU: str(devices)}
    return _object("Node", {"name": name, "labels": {f"{GPU}.product": product}}, spec, allocatable)


def divided_node(name: str, milli: int) -> str:
    """Return a node whose accelerators Berth divides."""
    return _object("Node", {"name": name}, {}, {"cpu": "32", "pods": "110", SHARES: str(milli)})


def pod(asked: str = GPU, count: int = 1, bound: str = "", **requests: str) -> str:
    """Return a pod that asks for accelerators, on a node or on its way."""
    container = {"name": "c", "image": "i", "resources": {"requests": requests, "limits": {asked: str(count)}}}
    name = f"on-{bound}" if bound else "p"
    return _object("Pod", {"name": name, "namespace": "ml"}, {"containers": [container], "nodeName": bound})


def _object(kind: str, metadata: Any, spec: Any, allocatable: Any = None) -> str:
    status = {"status": {"allocatable": allocatable}} if allocatable else {}
    return yaml.safe_dump({"apiVersion": "v1", "kind": kind, "metadata": metadata, "spec": spec, **status})


def simulate(folder: Path, cluster: list[str], pods: list[str], *flags: str) -> tuple[int, str, str]:
    """Run the command on objects in files, beside the example classes; return its code and what it writes."""
    (folder / "cluster.yaml").write_text("---\n".join(cluster))
    (folder / "pods.yaml").write_text("---\n".join(pods))
    files = ["--cluster", str(folder / "cluster.yaml"), str(EXAMPLES / "classes.yaml")]
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(["simulate", *files, "--pods", str(folder / "pods.yaml"), *flags])
    return code, out.getvalue(), err.getvalue()


@pytest.fixture
def simulated(tmp_path: Path) -> Run:
    """Return a function that runs the command and returns its answer in JSON."""

    def run(cluster: list[str], pods: list[str], count: int, *flags: str) -> Mapping[str, Any]:
        code, out, err = simulate(tmp_path, cluster, pods, "--count", str(count), "--json", *flags)
        assert (code, err) == (0, "")
        found: Mapping[str, Any] = json.loads(out)
        return found

    return run


def test_copies_fit_until_the_room_is_used(simulated: Run) -> None:
    """What pods of the cluster hold counts; every part of the answer, once."""
    found = simulated([node("n1"), node("n2"), pod(count=3, bound="n1")], [pod(count=2)], 8)

    assert found == {
        "pods": [
            {
                "kind": "Pod",
                "namespace": "ml",
                "name": "p",
                "template": "",
                "classes": [],
                "reason": NOBODY_ASKS,
                "count": 8,
                "fits": 2,
                "nodes": [{"node": "n2", "classes": ["nvidia-l4"], "copies": 2}],
                "stop": {
                    "classes": [],
                    "summary": f"0/2 nodes fit: 2 node(s) with too few free {GPU}",
                    "reasons": {f"node(s) with too few free {GPU}": 2},
                    "nearest": [
                        {
                            "node": "n1",
                            "reason": f"node(s) with too few free {GPU}",
                            "missing": [f"1 of 4 {GPU} free"],
                        },
                        {
                            "node": "n2",
                            "reason": f"node(s) with too few free {GPU}",
                            "missing": [f"0 of 4 {GPU} free"],
                        },
                    ],
                    "helps": [
                        f"1 node(s) have 1 of 4 {GPU} free: 2 would fit if 1 more were free there (n1)",
                        f"the largest pod that still fits asks for 1 {GPU} (n1)",
                    ],
                },
                "warnings": [],
            }
        ],
        "before": [{"resource": GPU, "size": 4, "nodes": 2, "free": 5, "largest": 4}],
        "after": [{"resource": GPU, "size": 4, "nodes": 2, "free": 1, "largest": 1}],
    }


def test_where_all_fit_nothing_stops(simulated: Run) -> None:
    """As many as were asked for are put, no more."""
    (fit,) = simulated([node("n1")], [pod()], 3)["pods"]

    assert (fit["fits"], fit["stop"]) == (3, None)


def test_templates_take_turns(simulated: Run) -> None:
    """One of each, then the next of each; of five devices the last two go to the small pods alone."""
    small, large = pod(), pod(count=2)
    (first, second) = simulated([node("n1", 5)], [small, large], 4)["pods"]

    assert (first["fits"], second["fits"]) == (3, 1)
    assert first["stop"]["summary"] == f"0/1 nodes fit: 1 node(s) with too few free {GPU}"


def test_pods_are_placed_as_the_webhook_would_admit_them(simulated: Run) -> None:
    """The profile gives its engine a class, an accelerator and a toleration; once that is full it gets the next."""
    deployment, profile = ((EXAMPLES / f"{name}.yaml").read_text() for name in ("deployment", "profile"))
    taints = [{"key": GPU, "value": "present", "effect": "NoSchedule"}]
    cluster = [
        profile,
        node("l4-1", 1, taints=taints),
        node("a100-1", 2, "NVIDIA-A100-SXM4-80GB"),
        node("t4-1", product="Tesla-T4"),
    ]
    (fit,) = simulated(cluster, [deployment], 8)["pods"]

    assert (fit["kind"], fit["template"], fit["classes"]) == ("Deployment", "spec.template", ["nvidia-l4"])
    assert fit["reason"] == "preferred class 1 of 1; asked by profile vllm"
    assert fit["nodes"] == [
        {"node": "a100-1", "classes": ["nvidia-a100-80gb"], "copies": 2},
        {"node": "l4-1", "classes": ["nvidia-l4"], "copies": 1},
    ]
    assert fit["stop"]["reasons"]["node(s) of class nvidia-t4, not selected by the pod"] == 1


def test_a_namespace_that_has_not_opted_in_gets_its_pods_as_they_are(simulated: Run) -> None:
    """The engine asks for nothing by itself; the warning says why nothing is injected."""
    deployment = (EXAMPLES / "deployment.yaml").read_text().replace("injection: enforce", "injection: audit")
    cluster = [(EXAMPLES / "profile.yaml").read_text(), node("l4-1", 1)]
    (fit,) = simulated(cluster, [deployment], 3)["pods"]

    assert fit["fits"] == 3
    assert fit["warnings"][0] == "namespace inference is in mode audit: its pods are not changed"


def test_a_pod_that_would_be_denied_fits_nowhere(simulated: Run) -> None:
    """With the words of the denial, but not where the namespace only listens."""
    deployment = (EXAMPLES / "deployment.yaml").read_text()
    profile = (EXAMPLES / "profile.yaml").read_text().replace("Admit", "Deny")
    cluster = [profile, node("t4-1", product="Tesla-T4")]
    (fit,) = simulated(cluster, [deployment], 3)["pods"]
    (heard,) = simulated(cluster, [deployment.replace("enforce", "warn")], 3)["pods"]

    assert (fit["fits"], heard["fits"]) == (0, 3)
    assert fit["stop"]["summary"].startswith("this pod would be denied: ")
    assert (fit["stop"]["reasons"], fit["stop"]["helps"]) == ({}, [])


def test_another_class_that_will_do_is_offered(simulated: Run) -> None:
    """One that waits for its preferred class stops where that is full; the other one is tried before it is told."""
    deployment = (EXAMPLES / "deployment.yaml").read_text()
    waiting = "annotations: {berth.ome.io/wait-for-preferred: 'true'}\n      labels: *labels"
    cluster = [(EXAMPLES / "profile.yaml").read_text(), node("l4-1", 1), node("a100-1", 2, "NVIDIA-A100-SXM4-80GB")]
    (fit,) = simulated(cluster, [deployment.replace("labels: *labels", waiting)], 3)["pods"]

    assert fit["fits"] == 1
    assert fit["stop"]["helps"][0] == (
        "class nvidia-a100-80gb will do as well and has room (a100-1): "
        "annotation ome.io/accelerator-class: nvidia-a100-80gb"
    )


def test_shares_are_put_on_devices(simulated: Run) -> None:
    """Each device has its own account: 0.3 are left on both, 0.6 in all, and yet no 0.4 fits."""
    cluster = [divided_node("s1", 2000)]
    found = simulated(cluster, [pod(SHARES, 700)], 3)
    (fit,) = found["pods"]

    assert fit["fits"] == 2
    assert fit["stop"]["nearest"][0]["missing"] == [f"300 of 1000 {SHARES} free on one device"]
    assert fit["stop"]["helps"][-1] == f"the largest pod that still fits asks for 300 {SHARES} (s1)"
    assert (found["before"][0]["size"], found["before"][0]["free"], found["after"][0]["free"]) == (2, 2, 0.6)


def test_accelerators_that_cannot_be_seen_are_not_counted_on(simulated: Run) -> None:
    """A node of a class that does not advertise what the class offers may have any number of them."""
    unseen = yaml.safe_load(node("n1"))
    del unseen["status"]["allocatable"][GPU]
    (fit,) = simulated([yaml.safe_dump(unseen)], [pod()], 3)["pods"]

    assert fit["fits"] == 0
    assert fit["stop"]["summary"] == "0/1 nodes fit: 1 node(s) whose accelerators cannot be seen"


def test_a_pod_that_cannot_be_understood_is_told(simulated: Run) -> None:
    """With the field and what to write; the others are placed."""
    odd, good = simulated([node("n1")], [pod(cpu="lots"), pod()], 2)["pods"]

    assert (odd["fits"], good["fits"]) == (0, 2)
    assert "'lots' is no quantity" in odd["stop"]["summary"]


def test_people_read_it_as_text(tmp_path: Path) -> None:
    """Counts first, a line for each node, then reasons, remedies and the room."""
    cluster = [node("n1"), node("n2", unschedulable=True)]
    code, out, err = simulate(tmp_path, cluster, [pod(count=3)], "--count", "2")

    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "Pod ml/p: 1 of 2 fit",
        f"  class: none ({NOBODY_ASKS})",
        "  n1     1  nvidia-l4",
        f"  stops the next one: 0/2 nodes fit: 1 node(s) cordoned, 1 node(s) with too few free {GPU}",
        "    n2: node(s) cordoned",
        f"    n1: 1 of 4 {GPU} free",
        "  would help:",
        "    1 node(s) cordoned: uncordon n2",
        f"    1 node(s) have 1 of 4 {GPU} free: 3 would fit if 2 more were free there (n1)",
        f"    the largest pod that still fits asks for 1 {GPU} (n1)",
        "",
        "room                              nodes of     nodes      free     after   largest     after",
        "nvidia.com/gpu                           4         2         8         5         4         4",
    ]


def test_without_pods_or_nodes_there_is_nothing_to_tell(tmp_path: Path) -> None:
    """Exit code 1, and what is missing; files that cannot be read end as in a preview."""
    cases = (
        (
            [node("n1")],
            ["{apiVersion: v1, kind: Service, metadata: {name: s}}"],
            "--pods: found no pod and no pod templ",
        ),
        ([pod(bound="n1")], [pod()], "--cluster: found no node, allowed: one at least"),
        (["{"], [pod()], f"{tmp_path}/cluster.yaml:2: "),
    )
    for cluster, pods, said in cases:
        code, out, err = simulate(tmp_path, cluster, pods, "--count", "1")
        assert (code, out) == (1, "")
        assert err.startswith(said)


def test_a_cluster_that_is_not_there_has_no_nodes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The reason is told below."""
    (tmp_path / "pods.yaml").write_text(pod())
    flags = ["--cluster", "current", "--kubeconfig", "/no/such/file"]

    assert main(["simulate", *flags, "--pods", str(tmp_path / "pods.yaml"), "--count", "1"]) == 1
    first, second = capsys.readouterr().err.splitlines()
    assert first == "--cluster: found no node, allowed: one at least"
    assert "/no/such/file" in second


def test_a_real_cluster_is_taken_as_it_is(
    control_plane: ControlPlane, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its nodes take copies here, and nothing is created there."""
    tolerating = yaml.safe_load(pod())
    tolerating["spec"]["tolerations"] = [{"key": GPU, "operator": "Exists"}]
    (tmp_path / "pods.yaml").write_text(yaml.safe_dump(tolerating))
    flags = ["--cluster", "current", "--kubeconfig", str(control_plane.kubeconfig), "--json"]
    before = control_plane.kubectl("get", "pods", "--all-namespaces", "--output=name")

    assert main(["simulate", *flags, "--pods", str(tmp_path / "pods.yaml"), "--count", "1000"]) == 0
    (fit,) = json.loads(capsys.readouterr().out)["pods"]
    assert 0 < fit["fits"] < 1000
    assert control_plane.kubectl("get", "pods", "--all-namespaces", "--output=name") == before
