"""What people and programs wrote under every released version is understood by this one."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from berth.cli import main
from berth.settings import load
from berth.story import story
from cluster.account import hold_of
from cluster.custom_objects import accelerator_class, profile
from cluster.objects import decode_pod
from placement.keys import DECISION, DEVICES, PLACEMENT
from sandbox import ControlPlane
from tests.upgrade.narrowing import narrowings
from tests.upgrade.releases import PROGRAMS, ROOT, Release, present_definitions, present_version, releases, versions

Json = dict[str, Any]
EVERY = pytest.mark.parametrize("release", releases(), ids=[each.version for each in releases()])
KINDS = "acceleratorclasses,acceleratorprofiles"
PARSERS = {"AcceleratorClass": accelerator_class, "AcceleratorProfile": profile}


def test_the_present_version_is_kept() -> None:
    """Whoever raises the version keeps what it promises: python -m tests.upgrade.releases."""
    assert present_version() in [each.version for each in releases()]


@EVERY
def test_schemas_take_what_they_took(release: Release) -> None:
    """No field is gone, no limit is tighter, nothing more is required, and no version of a kind is served no longer."""
    present = present_definitions()
    found = []
    for old in release.definitions:
        name = old["metadata"]["name"]
        schemas = dict(versions(present[name]))
        for version, schema in versions(old):
            assert version in schemas, f"{name}: {version} is gone"
            found += [f"{name}{each}" for each in narrowings(schema, schemas[version])]
        for key in ("group", "scope"):
            assert old["spec"][key] == present[name]["spec"][key]
        assert old["spec"]["names"].items() <= present[name]["spec"]["names"].items()

    assert found == []


@EVERY
def test_objects_of_people_stay_valid(release: Release, control_plane: ControlPlane) -> None:
    """Stored under the old definitions, they can be read, changed and created anew under the present ones."""
    names = [f"crd/{each['metadata']['name']}" for each in release.definitions]
    control_plane.apply(json.dumps({"apiVersion": "v1", "kind": "List", "items": release.definitions}))
    control_plane.kubectl("wait", "--for=condition=Established", "--timeout=30s", *names)
    old = {"apiVersion": "v1", "kind": "List", "items": release.objects}
    control_plane.wait(lambda: applied(control_plane, old), 20, "the old objects are stored")
    stored = standing(control_plane)

    present = list(present_definitions().values())
    control_plane.apply(json.dumps({"apiVersion": "v1", "kind": "List", "items": present}))
    control_plane.kubectl("annotate", KINDS, "--all", "seen=yes")
    fresh = standing(control_plane)
    assert {name: each["spec"] for name, each in fresh.items()} == {name: each["spec"] for name, each in stored.items()}
    assert len(fresh) == len(release.objects)
    for each in fresh.values():
        PARSERS[each["kind"]](msgspec.json.encode(each))
    for found in json.loads(control_plane.kubectl("get", *names, "--output=json"))["items"]:
        assert set(found["status"]["storedVersions"]) <= {version["name"] for version in found["spec"]["versions"]}
    # Without the mercy that the API server has on fields that an update leaves as they are.
    control_plane.kubectl("delete", KINDS, "--all")
    control_plane.apply(json.dumps(old))
    control_plane.kubectl("delete", KINDS, "--all")


def applied(control_plane: ControlPlane, objects: Json) -> str:
    """Apply objects whose kind the API server may serve only in a moment; empty where it does not."""
    try:
        return control_plane.apply(json.dumps(objects))
    except Exception as error:
        if "no matches for kind" in str(error) or "could not find" in str(error):
            return ""
        raise


def standing(control_plane: ControlPlane) -> dict[tuple[str, str], Json]:
    """Return the classes and profiles as they stand, by kind and name."""
    items = json.loads(control_plane.kubectl("get", KINDS, "--output=json"))["items"]
    return {(each["kind"], each["metadata"]["name"]): each for each in items}


@EVERY
@pytest.mark.parametrize("program", PROGRAMS)
def test_settings_are_taken(program: str, release: Release) -> None:
    """Every key that a program knew is known, with the value that it had."""
    file = release.settings(program)
    settings = load(PROGRAMS[program], program, file, {}, {}).model_dump(mode="json")

    assert yaml.safe_load(file.read_text()).items() <= settings.items()


@EVERY
def test_devices_that_were_promised_stay_promised(release: Release) -> None:
    """The account counts what an older extender gave away: on which device a share stands, and whole ones."""
    holds = {each["metadata"]["name"]: hold_of(decode_pod(json.dumps(each).encode())) for each in release.pods}
    shares = next(each for each in release.pods if DEVICES in each["metadata"]["annotations"])
    devices = shares["metadata"]["annotations"][DEVICES]

    assert holds[shares["metadata"]["name"]].requests[f"berth.ome.io/gpu-milli/{devices}"] == 250
    assert any(each.requests.get("nvidia.com/gpu") == 1 for each in holds.values())


@EVERY
def test_reasons_that_were_written_are_told(release: Release) -> None:
    """`berth explain` understands what older programs wrote on pods."""
    chosen = next(each for each in release.pods if DECISION in each["metadata"]["annotations"])
    lines = "\n".join(story(json.dumps(chosen).encode(), b'{"items": []}'))

    assert json.loads(chosen["metadata"]["annotations"][PLACEMENT])["node"] in lines
    assert chosen["metadata"]["annotations"]["berth.ome.io/accelerator-class"] in lines


@pytest.mark.parametrize("program", PROGRAMS)
def test_settings_of_another_version_end_a_program_with_a_word(
    program: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, and which key of which file it does not know."""
    file = tmp_path / f"{program}.yaml"
    file.write_text("metrics_port: 8080\nretired_by_now: 3\n")

    assert main([program, "--config", str(file)]) == 2
    said = capsys.readouterr().err
    assert f"{program}.yaml: retired_by_now: unknown setting" in said, said


def test_no_replica_is_taken_away_for_one_that_is_not_ready() -> None:
    """A version that does not start, whatever the reason, stops its rollout and leaves the old replicas at work."""
    files = (ROOT / "manifests/base").rglob("deployment.yaml")
    deployments = [
        each for file in files for each in yaml.safe_load_all(file.read_text()) if each["kind"] == "Deployment"
    ]

    assert {each["metadata"]["name"] for each in deployments} == {
        "berth-webhook",
        "berth-controller",
        "berth-scheduler",
    }
    for each in deployments:
        rolling = each["spec"].get("strategy", {}).get("rollingUpdate", {})
        # By default a quarter, rounded down.
        assert rolling.get("maxUnavailable", each["spec"]["replicas"] // 4) == 0
