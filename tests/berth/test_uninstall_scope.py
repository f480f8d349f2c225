"""What belongs to an installation and what does not: nothing of others goes with it, on a real API server."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from berth.cli import main
from berth.uninstall.namespace import OwnNamespaces
from berth.uninstall.objects import Installed
from berth.uninstall.others import Others
from berth.uninstall.own_scheduler import OwnScheduler
from berth.uninstall.rights import NEEDED
from cluster.api import Api
from sandbox import ApiError, ControlPlane
from tests.berth.uninstalling import CONTAINER, SCHEDULER, resources, walked

BASE = Path(__file__).parents[2] / "manifests/base"
LABELS = {"app.kubernetes.io/part-of": "berth"}
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
NAMESPACES = "/api/v1/namespaces"

Json = dict[str, Any]


def namespace(plane: ControlPlane, name: str, *programs: str, labels: Json = LABELS) -> None:
    """Create a namespace with a Deployment or DaemonSet of Berth; it has itself these labels."""
    plane.api.send("POST", NAMESPACES, {"metadata": {"name": name, "labels": labels}})
    template = {"metadata": {"labels": LABELS}, "spec": {"containers": [CONTAINER]}}
    spec = {"selector": {"matchLabels": LABELS}, "template": template}
    for plural in programs:
        body = {"metadata": {"name": "berth", "labels": LABELS}, "spec": spec}
        plane.api.send("POST", f"/apis/apps/v1/namespaces/{name}/{plural}", body)


def definition(group: str, kind: str, *versions: str, **spec: Any) -> Json:
    """Return a definition of a kind; the first version is the one in which objects are stored."""
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    served = [{"name": each, "served": True, "storage": each == versions[0], "schema": schema} for each in versions]
    plural = f"{kind.lower()}s"
    named = {"kind": kind, "plural": plural, "singular": kind.lower()}
    whole = {"group": group, "names": named, "scope": "Cluster", "versions": served, **spec}
    return {"metadata": {"name": f"{plural}.{group}"}, "spec": whole}


def defined(plane: ControlPlane, manifest: Json) -> None:
    """Create a definition, and wait until its kind is served."""
    spec = manifest["spec"]
    plane.api.send("POST", DEFINITIONS, manifest)
    root = f"/apis/{spec['group']}/{spec['versions'][0]['name']}"
    name = spec["names"]["plural"]
    plane.wait(lambda: name in kinds(plane, spec["group"], root), 20, f"{name} are served")


def kinds(plane: ControlPlane, group: str, root: str) -> set[str]:
    """Return the plural names of a group's version, none where the API server does not tell of it yet."""
    if group not in {each["name"] for each in plane.api.get("/apis")["groups"]}:
        return set()
    with suppress(ApiError):
        return {each["name"] for each in plane.api.get(root)["resources"]}
    return set()


async def test_another_installation_is_not_taken_apart(plane: ControlPlane, api: Api) -> None:
    """It has the same rights and webhook configurations; who named the wrong namespace is told of the right one."""
    namespace(plane, "one", "deployments")
    _, none = await walked(Others(api, "one", "berth-extender").find)
    _, wrong = await walked(Others(api, "berth-system", "berth-extender").find)
    namespace(plane, "another", "deployments")
    namespace(plane, "hosts", "daemonsets")
    _, both = await walked(Others(api, "one", "berth-extender").find)
    _, named = await walked(Others(api, "one", "hosts").find)
    for each in ("one", "another", "hosts"):
        plane.kubectl("delete", "deployments,daemonsets", "--all", f"--namespace={each}")

    assert none == []
    assert wrong == ["namespace berth-system has no installation of Berth, and one has one: --namespace one"]
    assert both[0].startswith("namespace another has an installation of Berth too")
    assert both[1:] == ["namespace hosts has an extender of Berth: --extender-namespace hosts"]
    assert named == both[:1]


async def test_the_scheduler_is_the_one_that_pods_name(plane: ControlPlane, api: Api) -> None:
    """Pods for another one would wait for ever, and would not be looked at."""
    plane.api.send("POST", NAMESPACES, {"metadata": {"name": "set"}})
    _, before = await walked(OwnScheduler(api, "set", "other").find)
    for name in (SCHEDULER, "former"):
        data = {"webhook.yaml": f"scheduler_name: {name}"}
        plane.api.send(
            "POST", f"{NAMESPACES}/set/configmaps", {"metadata": {"name": name, "labels": LABELS}, "data": data}
        )
    _, named = await walked(OwnScheduler(api, "set", SCHEDULER).find)
    _, left = await walked(OwnScheduler(api, "set", "other").find)

    assert (before, named) == ([], [])
    assert f"the webhook hands pods to {SCHEDULER}, and not to other: --scheduler-name {SCHEDULER}" in left


def test_the_scheduler_of_everybody_stays(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever names it would have every waiting pod of the cluster deleted."""
    with pytest.raises(SystemExit) as ended:
        main(["uninstall", "--scheduler-name=default-scheduler"])

    assert ended.value.code == 2
    assert "default-scheduler stays" in capsys.readouterr().err


async def test_a_namespace_that_others_use_stays(plane: ControlPlane, api: Api) -> None:
    """Manifests that were applied into a namespace of people have marked it as Berth's own."""
    namespace(plane, "shared", "deployments")
    namespace(plane, "own", "deployments")
    theirs = {"metadata": {"name": "theirs"}, "spec": {"containers": [CONTAINER]}}
    plane.api.send("POST", f"{NAMESPACES}/shared/pods", theirs)
    said, left = await walked(OwnNamespaces(api, Installed(api, ("shared",))).find)
    alone = await OwnNamespaces(api, Installed(api, ("own",))).find()
    plane.kubectl("delete", "deployments", "--all", "--all-namespaces")

    assert left == []
    assert said == ["leave (in it: Pod theirs), without Berth's label, Namespace shared"]
    found = plane.api.get(f"{NAMESPACES}/shared")["metadata"]
    assert "deletionTimestamp" not in found
    assert "app.kubernetes.io/part-of" not in found["labels"]
    assert [each.key for each in alone.changes] == [("delete Namespace", "own")]


async def test_a_definition_that_ome_needs_stays(plane: ControlPlane, api: Api) -> None:
    """Berth defined classes before OME came, and all that OME has of them would go with the definition."""
    path = f"{DEFINITIONS}/acceleratorclasses.ome.io"
    marked = {"metadata": {"labels": LABELS}}
    plane.api.send("PATCH", path, marked, "application/merge-patch+json")
    alone = await Installed(api, ("none",)).definitions()
    defined(plane, definition("ome.io", "BaseModel", "v1beta1"))
    beside = await Installed(api, ("none",)).definitions()
    plane.kubectl("delete", "crd", "basemodels.ome.io")
    plane.api.send("PATCH", path, {"metadata": {"labels": None}}, "application/merge-patch+json")

    assert "acceleratorclasses.ome.io" in [each.subject for each in alone.changes]
    assert "acceleratorclasses.ome.io" not in [each.subject for each in beside.changes]
    assert "OME is installed" in beside.kept[0]


async def test_kinds_that_do_not_answer_are_named_and_the_rest_is_deleted(plane: ControlPlane, api: Api) -> None:
    """Such as one whose webhook for conversion is away: it may be away for ever."""
    await walked(Installed(api, ("none",)).rest)
    away = {"clientConfig": {"url": "https://127.0.0.1:1"}, "conversionReviewVersions": ["v1"]}
    conversion = {"strategy": "Webhook", "webhook": away}
    manifest = definition("broken.example.com", "Thing", "v1", "v2", preserveUnknownFields=False, conversion=conversion)
    defined(plane, manifest)
    kind = {"apiVersion": "broken.example.com/v1", "kind": "Thing", "metadata": {"name": "old", "labels": LABELS}}
    plane.api.send("POST", "/apis/broken.example.com/v1/things", kind)
    role = {"metadata": {"name": "berth-of-a-test", "labels": LABELS}, "rules": []}
    plane.api.send("POST", "/apis/rbac.authorization.k8s.io/v1/clusterroles", role)
    plane.api.send("POST", "/api/v1/nodes", {"metadata": {"name": "for-berth", "labels": LABELS}})

    found = await Installed(api, ("none",)).rest()
    plane.kubectl("delete", "crd", "things.broken.example.com", "--wait=false")
    plane.kubectl("delete", "node", "for-berth")

    assert [each.key for each in found.changes] == [("delete ClusterRole", "berth-of-a-test")]
    assert found.left == ("/apis/broken.example.com/v2/things does not answer: what of Berth stands there is not seen",)


def test_rights_to_delete_all_that_is_installed_are_asked_for(plane: ControlPlane) -> None:
    """Nobody learns at its end that it cannot be ended."""
    files = [each for each in BASE.rglob("*.yaml") if each.name not in ("kustomization.yaml", "values.yaml")]
    installed = {
        each["kind"] for file in files for each in yaml.safe_load_all(file.read_text()) if each and "kind" in each
    }
    names = {each["name"] for _, each in resources(plane) if each["kind"] in installed}
    asked = {what for verb, _, what in NEEDED if verb == "delete"}

    assert len(names) > 10
    assert names - asked == {"customresourcedefinitions"}, json.dumps(sorted(installed))
