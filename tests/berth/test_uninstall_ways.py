"""Whichever way Berth was installed, nothing of it is left."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.installation import NAMESPACE
from sandbox import ControlPlane
from tests.berth.uninstalling import Uninstallation, exists, traces
from tests.manifests.helm import CHART, helm

ROOT = Path(__file__).parents[2]
RELEASE = "/api/v1/secrets/berth-system/sh.helm.release.v1.berth.v1"

pytestmark = pytest.mark.skipif(
    os.environ.get("BERTH_SOAK") != "1",
    reason="make soak runs it: a control plane more, and test_uninstall has the rest",
)


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    """A control plane on which nothing of Berth runs."""
    with ControlPlane(controller_manager=True, kwok=False) as started:
        yield started


def test_what_helm_installed(plane: ControlPlane) -> None:
    """Helm has its record alone, and forgets it; the namespace was made by somebody else."""
    plane.kubectl("create", "namespace", NAMESPACE)
    helm("install", "berth", str(CHART), f"--namespace={NAMESPACE}", kubeconfig=plane.kubeconfig)
    plane.wait(
        lambda: exists(plane, "pods", "--selector=app.kubernetes.io/component=webhook", f"--namespace={NAMESPACE}"),
        30,
        "pods are made",
    )
    code, said = Uninstallation(plane).run("--delete-definitions")

    assert code == 0, said
    assert f"kept: Helm's record of berth: helm uninstall berth --namespace {NAMESPACE}" in said
    assert [each for each in traces(plane) if not is_of_namespace(each)] == [RELEASE]
    helm("uninstall", "berth", f"--namespace={NAMESPACE}", kubeconfig=plane.kubeconfig)
    plane.kubectl("delete", "namespace", NAMESPACE)
    assert traces(plane) == []


def is_of_namespace(path: str) -> bool:
    """Tell whether an object is the namespace, or one that every namespace has."""
    return (
        path.endswith((f"/namespaces//{NAMESPACE}", f"/{NAMESPACE}/default", "/kube-root-ca.crt")) or "/events/" in path
    )


@pytest.mark.parametrize("overlay", ["existing-scheduler", "high-availability", "fail"])
def test_what_kustomize_installed(overlay: str, plane: ControlPlane) -> None:
    """Both namespaces too, where the extender has one of its own; definitions stay where nobody asks for more."""
    plane.kubectl("apply", "--server-side", "-k", str(ROOT / "manifests/overlays" / overlay))
    code, said = Uninstallation(plane).run()

    assert code == 0, said
    definitions = {"acceleratorclasses.ome.io", "acceleratorprofiles.berth.ome.io"}
    served = {"v1alpha1.berth.ome.io"}  # the API server's own object about the version of a definition
    assert {each.rpartition("/")[2] for each in traces(plane)} == definitions | served
    code, said = Uninstallation(plane).run("--delete-definitions")
    assert (code, traces(plane)) == (0, []), said
