"""`berth preview` as a user types it: what it reads, what it says, how it ends."""

import csv
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from berth.cli import main

EXAMPLES = Path(__file__).parents[2] / "manifests/examples"
CLUSTER = [Path(__file__).parents[2] / "docs/preview/nodes.yaml", EXAMPLES / "classes.yaml", EXAMPLES / "profile.yaml"]
BERTH = str(Path(sys.executable).with_name("berth"))
NOWHERE = ("--kubeconfig", "/no/such/file")
POD = """\
apiVersion: v1
kind: Pod
metadata: {name: llama, namespace: ml}
spec:
  containers:
  - name: vllm
    image: vllm/vllm-openai
    command: [vllm, serve, org/model-8B]
    resources: {limits: {nvidia.com/gpu: 1}}
"""
Ran = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def previewed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Ran:
    """Return a function that previews texts, each in a file of its own, against the example cluster."""

    def run(*texts: str, cluster: str = "kind: List\nitems: []\n", flags: tuple[str, ...] = ()) -> list[dict[str, Any]]:
        files = [_written(tmp_path / f"{index}.yaml", text) for index, text in enumerate(texts)]
        more = _written(tmp_path / "cluster.yaml", cluster)
        assert main(["preview", "-f", *files, "--cluster", *map(str, CLUSTER), more, "-o", "json", *flags]) == 0
        entries: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
        return entries

    return run


def _written(file: Path, text: str) -> str:
    file.write_text(text)
    return str(file)


def _number(text: str) -> int | None:
    return int(text) if text.isdigit() else None


def _facts(entry: dict[str, Any]) -> dict[str, Any]:
    parallel = entry["parallel"]
    names = ("inference", "follows", "engine", "model", "gpus", "groupGpus", "groupKey", "quantization", "maxLength")
    return {name: entry[name] for name in names} | {"tp": parallel["tp"], "pp": parallel["pp"]}


def _expected(row: dict[str, str]) -> dict[str, Any]:
    return {
        "inference": row["inject"] != "no",
        "follows": row["inject"] == "follow",
        "engine": row["engine"] or None,
        "model": row["model"] or None,
        "gpus": _number(row["gpus_in_pod"]),
        "groupGpus": _number(row["gpus_in_group"]),
        "groupKey": row["group_key"] or None,
        "quantization": row["quant_or_dtype"].removesuffix(" (name)") or None,
        "maxLength": _number(row["max_len"]),
        "tp": _number(row["tp"]),
        "pp": _number(row["pp"]),
    }


def test_example_pods_are_what_their_authors_mean(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every fact of the table comes out without any cluster, in the order of the files."""
    rows = list(csv.DictReader((shared / "pods/EXPECT.csv").read_text().splitlines()))
    files = dict.fromkeys(str(shared / "pods" / row["file"]) for row in rows)

    assert main(["preview", "-f", *files, "-o", "json", *NOWHERE]) == 0
    entries = json.loads(capsys.readouterr().out)
    assert [_facts(each) for each in entries] == [_expected(each) for each in rows]
    assert {each["kind"] for each in entries} == {"Pod"}


def test_a_deployment_is_judged_as_its_pods_will_be(capsys: pytest.CaptureFixture[str]) -> None:
    """Class, reasons, patch and patched pod come from nodes, classes and profile in files."""
    flags = ["--cluster", *map(str, CLUSTER), "-o", "json"]
    assert main(["preview", "-f", str(EXAMPLES / "deployment.yaml"), *flags]) == 0
    (entry,) = json.loads(capsys.readouterr().out)

    assert (entry["kind"], entry["namespace"], entry["name"]) == ("Deployment", "inference", "llama-3-8b")
    assert (entry["template"], entry["classes"]) == ("spec.template", ["nvidia-l4"])
    assert entry["reason"] == "preferred class 1 of 1; asked by profile vllm"
    assert {"class": "nvidia-h100-80gb", "reason": "no node carries it"} in entry["rejected"]
    assert sorted(entry["considered"]) == sorted(["nvidia-l4", *(each["class"] for each in entry["rejected"])])
    assert {each["op"] for each in entry["patch"]} == {"add"}
    assert entry["pod"]["spec"]["nodeSelector"] == {"nvidia.com/gpu.product": "NVIDIA-L4"}
    assert entry["pod"]["spec"]["containers"][0]["args"][-1] == "--quantization=fp8"
    assert entry["warnings"] == []


def test_a_preview_in_yaml_says_what_the_one_in_json_says(previewed: Ran, capsys: pytest.CaptureFixture[str]) -> None:
    """The same list, entry by entry."""
    entries = previewed(POD)
    flags = ["--cluster", *map(str, CLUSTER), "-o", "yaml"]
    assert main(["preview", "-f", str(EXAMPLES / "deployment.yaml"), *flags]) == 0
    (entry,) = yaml.safe_load(capsys.readouterr().out)

    assert list(entry) == list(entries[0])


def test_fields_that_are_not_known_are_null(previewed: Ran) -> None:
    """A pod that runs no model has no engine, model, group or confidence; its accelerators are counted."""
    (entry,) = previewed(POD.replace("vllm/vllm-openai", "trainer").replace("[vllm, serve, org/model-8B]", "[sleep]"))
    (cpu,) = previewed("{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: c, image: i}]}}")

    assert (entry["gpus"], cpu["gpus"]) == (1, 0)
    assert (cpu["inference"], cpu["reason"]) == (False, "no container runs a model")
    assert [cpu[name] for name in ("engine", "model", "groupKey", "groupGpus", "confidence")] == [None] * 5
    assert cpu["parallel"] == {"tp": None, "pp": None, "dp": None}
    assert (cpu["containers"], cpu["classes"], cpu["patch"]) == ([], [], [])


def test_workers_follow_their_leader_within_the_files(previewed: Ran) -> None:
    """One class for the group, and what is not the leader's to say is null."""
    worker = POD.replace("vllm, serve, org/model-8B", "sh, -c, 'ray start --address=$LWS_LEADER_ADDRESS:6379 --block'")
    leads, follows = (yaml.safe_load(each) for each in (POD, worker))
    leads["metadata"]["annotations"] = {"ome.io/accelerator-class": "nvidia-t4"}
    parts = {
        "leaderTemplate": {"metadata": leads["metadata"], "spec": leads["spec"]},
        "workerTemplate": {"spec": follows["spec"]},
    }
    written = {"apiVersion": "leaderworkerset.x-k8s.io/v1", "kind": "LeaderWorkerSet", "metadata": {"name": "vllm"}}
    leader, follower = previewed(json.dumps({**written, "spec": {"leaderWorkerTemplate": {"size": 2, **parts}}}))

    assert (leader["follows"], leader["engine"], leader["groupGpus"]) == (False, "vllm", 2)
    assert (follower["follows"], follower["engine"], follower["groupGpus"]) == (True, "ray-worker", 2)
    assert (follower["model"], follower["parallel"]) == (None, {"tp": None, "pp": None, "dp": None})
    assert leader["groupKey"] == follower["groupKey"] == "leaderworkerset.sigs.k8s.io/group-key"
    assert leader["classes"] == follower["classes"] == ["nvidia-t4"]
    assert follower["reason"].startswith("the class of its group")


@pytest.mark.parametrize(
    ("labels", "warning"),
    [
        ("berth.ome.io/injection: warn", "namespace ml is in mode warn: its pods are not changed"),
        ("berth.ome.io/injection: audit", "namespace ml is in mode audit: its pods are not changed"),
        ("a: b", "Berth is not called for pods of namespace ml: it has no label berth.ome.io/injection=enforce"),
    ],
)
def test_a_namespace_that_did_not_opt_in_is_told_beside_what_would_happen(
    previewed: Ran, labels: str, warning: str
) -> None:
    """The namespace's object may stand in the cluster's files or beside the pod."""
    namespace = f"{{apiVersion: v1, kind: Namespace, metadata: {{name: ml, labels: {{{labels}}}}}}}"
    named = POD.replace("namespace: ml", "namespace: ml, annotations: {ome.io/accelerator-class: nvidia-t4}")
    (beside,) = previewed(f"{named}---\n{namespace}")
    (apart,) = previewed(named, cluster=namespace)

    assert beside == apart
    assert (beside["warnings"], beside["classes"]) == ([warning], ["nvidia-t4"])
    assert beside["patch"]


def test_pods_that_the_webhook_never_sees_are_told(previewed: Ran) -> None:
    """System namespaces, and pods that opted out."""
    (system,) = previewed(POD.replace("ml", "kube-system"))
    (out,) = previewed(POD.replace("namespace: ml", 'labels: {berth.ome.io/injection: "false"}'))

    assert system["warnings"] == ["Berth is never called for pods of namespace kube-system"]
    assert (out["reason"], out["patch"]) == ("the pod opted out with label berth.ome.io/injection=false", [])


def test_a_class_that_will_not_do_is_said_with_its_reason(previewed: Ran) -> None:
    """The pod stays as it is, but for the record of why."""
    (entry,) = previewed(POD.replace("namespace: ml", "annotations: {ome.io/accelerator-class: nvidia-h100-80gb}"))

    assert entry["classes"] == []
    assert entry["reason"] == "no class will do; asked by annotation ome.io/accelerator-class"
    assert entry["rejected"] == [{"class": "nvidia-h100-80gb", "reason": "no node carries it"}]
    assert "spec" not in {each["path"].split("/")[1] for each in entry["patch"]}


def test_a_profile_that_refuses_pods_is_told(previewed: Ran) -> None:
    """Whoever applies the file would read this."""
    profile = yaml.safe_load((EXAMPLES / "profile.yaml").read_text())
    profile["spec"] |= {"onNoMatch": "Deny", "acceleratorRequirements": {"supportedClasses": ["nvidia-h100-80gb"]}}
    labels = "labels: {app.kubernetes.io/component: inference-engine}"
    (entry,) = previewed(POD.replace("namespace: ml", labels), cluster=yaml.dump(profile))

    assert entry["warnings"][0].startswith("this pod would be denied: no accelerator class will do for this pod")


def test_a_pod_that_cannot_be_read_is_an_entry_with_a_warning(previewed: Ran) -> None:
    """As the webhook answers; the pods beside it are judged."""
    broken, whole = previewed(POD.replace("nvidia.com/gpu: 1", "nvidia.com/gpu: many"), POD)

    assert broken["warnings"] == [broken["reason"]]
    assert broken["reason"].startswith("Berth does not understand this pod: spec.containers[0].resources.limits")
    assert (broken["inference"], broken["gpus"], broken["patch"]) == (False, None, [])
    assert whole["engine"] == "vllm"


def test_files_folders_lists_and_standard_input_are_read_in_order(tmp_path: Path) -> None:
    """YAML of several documents, JSON, Lists; of a folder what ends like one of these."""
    pods = {name: yaml.safe_load(POD) | {"metadata": {"name": name}} for name in "abcdefg"}
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "2.json").write_text(json.dumps(pods["b"]))
    (folder / "1.yml").write_text(f"---\n---\n{yaml.dump(pods['a'])}")
    (folder / "notes.txt").write_text("not: [read")
    listed = _written(tmp_path / "list.yaml", yaml.dump({"kind": "List", "items": [pods["c"], pods["d"]]}))
    several = _written(tmp_path / "several.yaml", yaml.dump_all([pods["f"], pods["g"]]))
    command = [BERTH, "preview", "-f", str(folder), listed, "-f", "-", several, "-o", "json", "-n", "x", *NOWHERE]
    outcome = subprocess.run(command, input=yaml.dump(pods["e"]), capture_output=True, text=True, check=True)

    entries = json.loads(outcome.stdout)
    assert "".join(each["name"] for each in entries) == "abcdefg"
    assert {each["namespace"] for each in entries} == {"x"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kind: Pod\nmetadata: {name: [a\n", ":3: did not find expected ',' or ']'"),
        ("kind: Pod\n---\n\tkind: Pod\n", ":3: found character that cannot start any token"),
        ("kind: Pod\n---\n- a\n", ":3: found ['a'], allowed: an object with apiVersion and kind"),
        ("metadata: {name: a}\n", ":1: found {'metadata': {'name': 'a'}}, allowed: an object with apiVersion and kind"),
        ("kind: Pod\nspec: !secret x\n", ":2: could not determine a constructor for the tag '!secret'"),
        ("kind: Pod\nspec: &a [*a]\n", ":1: cannot be written as JSON: "),
        ("{kind: Pod, spec: " + "{a: " * 5000 + "}" * 5001, ": is nested too deeply"),
        (
            '{"kind": "Pod", "spec": ' + '{"a": ' * 500 + "1" + "}" * 501,
            ":1: is nested too deeply, allowed: 100 levels",
        ),
        ("kind: \xff\x00", ": "),
        ("kind: List\nitems: [3]\n", ":1: found 3, allowed: an object with apiVersion and kind"),
    ],
)
def test_a_broken_file_stops_everything_with_one_line(
    text: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """File, line and what is wrong; nothing is printed of what could be read."""
    good, broken = _written(tmp_path / "good.yaml", POD), _written(tmp_path / "broken.yaml", text)
    code = main(["preview", "-f", good, broken, *NOWHERE])
    told = capsys.readouterr()

    assert (code, told.out, told.err.count("\n")) == (1, "", 1)
    assert told.err.startswith(f"{broken}{said}")


def test_files_that_are_not_there_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A missing file, and a folder with nothing in it that could be read."""
    assert main(["preview", "-f", str(tmp_path / "none.yaml")]) == 1
    assert main(["preview", "-f", str(tmp_path)]) == 1
    assert capsys.readouterr().err.splitlines() == [
        f"{tmp_path}/none.yaml: No such file or directory",
        f"{tmp_path}: holds no file that ends in .json, .yaml, .yml",
    ]


def test_objects_without_pods_are_passed_over_with_a_word(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A chart has services and more; the exit code tells of failures alone."""
    file = _written(tmp_path / "chart.yaml", f"{{apiVersion: v1, kind: Service, metadata: {{name: web}}}}\n---\n{POD}")
    code = main(["preview", "-f", file, "-o", "json", "--cluster", *map(str, CLUSTER)])
    told = capsys.readouterr()

    assert (code, told.err) == (0, f"{file}: Service web has no pod template\n")
    assert [each["name"] for each in json.loads(told.out)] == ["llama"]


@pytest.mark.parametrize("arguments", [[], ["-f"], ["-f", "x", "-o", "xml"]])
def test_a_wrong_command_line_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """As with every command."""
    with pytest.raises(SystemExit) as ended:
        main(["preview", *arguments])

    assert ended.value.code == 2
    assert "usage: berth preview" in capsys.readouterr().err
