"""What docs/schedulers.md says is so."""

import json
import re
import shlex
from pathlib import Path
from textwrap import dedent

import pytest
import yaml
from prometheus_client import CollectorRegistry

from berth.cli import main
from certs.mutual import EXTENDER_NAMES, LASTING
from extender.callers import CallerMetrics
from extender.settings import ExtenderSettings
from placement.keys import SCHEDULER
from sandbox import ControlPlane
from tests.docs.examples import Example, differences, examples, outcome
from tests.docs.pages import DOCS, Block, anchor, blocks, codes, headings, page, prose, rows
from tests.schedulers.configurations import HOST_FOLDER, KUBEADM, Json

# Blocks in lists are indented.
_INDENTED = re.compile(r"^( +)```.*?^\1```$", re.MULTILINE | re.DOTALL)
PAGE = _INDENTED.sub(lambda found: dedent(found[0]), page("schedulers.md"))
BLOCKS = list(blocks(PAGE))
STATIC_POD = """
apiVersion: v1
kind: Pod
metadata: {name: kube-scheduler, namespace: kube-system}
spec:
  containers:
  - {name: kube-scheduler, image: kube-scheduler}
"""


def block(beginning: str) -> Block:
    """Return the block that begins so."""
    return next(each for each in BLOCKS if each.text.startswith(beginning))


def command(beginning: str) -> list[str]:
    """Return a command of the page, as a shell splits it."""
    lines = [line.removeprefix("$ ") for each in BLOCKS if each.kind == "console" for line in each.text.splitlines()]
    return shlex.split(next(line for line in lines if line.startswith(beginning)))


@pytest.mark.parametrize("example", list(examples("schedulers.md", PAGE)), ids=str)
def test_an_example_comes_out_as_it_is_shown(example: Example, tmp_path: Path) -> None:
    """A class by hand whose pods may stand on tainted nodes."""
    (found,) = outcome(example, tmp_path)

    assert list(differences(example.expected, found)) == []


def test_every_link_leads_somewhere() -> None:
    """Files of the repository, and headings of its pages."""
    for target in re.findall(r"\]\(([^):]+)\)", prose(PAGE)):
        path, _, fragment = target.partition("#")
        file = (DOCS / path).resolve() if path else DOCS / "schedulers.md"
        assert file.exists(), target
        assert not fragment or fragment in map(anchor, headings(file.read_text())), target


def test_the_lines_for_kubeadm_bring_every_file_to_its_place(plane: ControlPlane) -> None:
    """The API server takes them in a pod, and kubeadm's form of them says the same."""
    lines = yaml.safe_load(block("spec:\n").text)["spec"]
    pod = yaml.safe_load(STATIC_POD)
    (container,) = pod["spec"]["containers"]
    container |= lines["containers"][0]
    pod["spec"]["volumes"] = lines["volumes"]
    kept = plane.api.send("POST", "/api/v1/namespaces/kube-system/pods?dryRun=All&fieldValidation=Strict", pod)
    kubeadm = yaml.safe_load(block("apiVersion: kubeadm").text)["scheduler"]

    assert mounts(kept) == {HOST_FOLDER: HOST_FOLDER}
    assert {each["mountPath"]: each["hostPath"] for each in kubeadm["extraVolumes"]} == mounts(kept)
    (argument,) = kubeadm["extraArgs"]
    assert (
        f"--{argument['name']}={argument['value']}"
        == container["command"][1]
        == f"--config={HOST_FOLDER}/scheduler.yaml"
    )
    files = {value for each in extenders() for value in each["tlsConfig"].values() if value.startswith("/")}
    assert files == {f"{HOST_FOLDER}/{name}" for name in ("tls.crt", "tls.key", "ca.crt")}


def mounts(pod: Json) -> dict[str, str]:
    """Return which folder of the host stands where."""
    paths = {each["name"]: each["hostPath"]["path"] for each in pod["spec"]["volumes"]}
    return {each["mountPath"]: paths[each["name"]] for each in pod["spec"]["containers"][0]["volumeMounts"]}


def extenders() -> list[Json]:
    """Return the entries of the example."""
    entries: list[Json] = yaml.safe_load(KUBEADM.read_text())["extenders"]
    return entries


def test_the_commands_for_the_certificates_work(
    installed: ControlPlane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The Secret that they make is what the DaemonSet mounts."""
    monkeypatch.chdir(tmp_path)
    (made,) = re.findall(r"1\. Make the certificates: `berth ([^`]+)`", PAGE)
    assert main(made.split()) == 0
    assert "next: give berth-extender/extender to the extender" in capsys.readouterr().out

    installed.kubectl(*command("kubectl create secret")[1:])

    secret = installed.get_json("secret", "berth-extender-tls", "berth-extender")
    assert (secret["type"], secret["data"].keys()) == ("kubernetes.io/tls", {"tls.crt", "tls.key", "ca.crt"})


def test_classes_that_are_made_of_tainted_nodes_tolerate_the_taint(
    plane: ControlPlane, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As the page taints them."""
    selecting, taint = command("kubectl taint")[3:]
    plane.kubectl("label", "node", "whole-0", selecting.removeprefix("--selector="))
    plane.kubectl("taint", "nodes", selecting, taint)
    try:
        node = plane.get_json("node", "whole-0")
    finally:
        plane.kubectl("taint", "nodes", selecting, f"{taint}-")
    node["metadata"]["labels"]["nvidia.com/gpu.product"] = "NVIDIA-L40S"
    (tmp_path / "node.yaml").write_text(json.dumps(node))

    assert main(["discover", "--cluster", str(tmp_path / "node.yaml")]) == 0

    tolerations = yaml.safe_load(capsys.readouterr().out)["spec"]["tolerations"]
    assert {"key": SCHEDULER, "operator": "Equal", "value": "berth-scheduler", "effect": "NoSchedule"} in tolerations


def test_pods_that_wait_for_a_scheduler_are_listed(plane: ControlPlane) -> None:
    """By a command that the API server understands."""
    assert plane.kubectl(*command("kubectl get pods")[1:]) == ""


def test_lives_and_names_are_those_of_the_certificates() -> None:
    """And the example asks under the name that is served."""
    table = {cells[0]: cells for cells in rows(PAGE, "file")}

    assert table["`authority/tls.crt`, `tls.key`"][3].startswith(f"{LASTING.authority.days // 365} years")
    assert table["`extender/tls.crt`, `tls.key`"][3] == f"{LASTING.serving.days // 365} years"
    assert {each["tlsConfig"]["serverName"] for each in extenders()} == {EXTENDER_NAMES[0]}
    assert "localhost" in EXTENDER_NAMES, "curl asks for it"


def test_metrics_of_callers_are_told() -> None:
    """All of them."""
    registry = CollectorRegistry()
    CallerMetrics(registry, lambda: 0.0)
    names = {f"{each.name}_total" if each.type == "counter" else each.name for each in registry.collect()}
    told = {code for row in rows(PAGE, "metric of the extender") for code in codes(row[0])}

    assert told == {*names, "berth_serving_certificate_expiration_timestamp_seconds"}


@pytest.mark.parametrize("address", ["0.0.0.0", "10.0.0.7", "::", "extender.ml.svc", ""])
def test_elsewhere_than_on_loopback_the_extender_does_not_start_without_certificates(
    address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It would answer everybody."""
    assert main(["extender", f"--address={address}"]) == 2
    assert "address" in capsys.readouterr().err


def test_settings_that_the_page_names_exist() -> None:
    """By their names."""
    assert {
        "metrics_address",
        "metrics_port",
        "certificate_directory",
        "exhausted",
    } <= ExtenderSettings.model_fields.keys()


def test_json_of_the_mode_is_what_curl_shows() -> None:
    """The extender writes it without spaces."""
    assert json.loads(block("$ cd /etc/kubernetes/berth").text.splitlines()[-1]) == {"mode": "active"}
