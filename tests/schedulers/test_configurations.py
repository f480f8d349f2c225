"""Every kube-scheduler configuration that is shipped or shown is loaded by a real kube-scheduler."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from certs.mutual import ensure
from sandbox.build import tools_folder
from tests.docs.pages import ROOT
from tests.schedulers.configurations import (
    HOST_FOLDER,
    KUBEADM,
    SHIPPED,
    Json,
    loaded,
    on_this_machine,
    shown,
    written_kubeconfig,
)

CONFIGURATIONS = dict(shown())


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a host of a control plane has of certificates."""
    made = tmp_path_factory.mktemp("certificates")
    ensure(made, datetime.now(UTC))
    return made


def kube_schedulers() -> list[Path]:
    """Return the kube-schedulers that are built here: the oldest and the newest supported where soak was made."""
    folders = {tools_folder(), *tools_folder().parent.glob("controlplane-*")}
    return sorted(each / "kube-scheduler" for each in folders if (each / "kube-scheduler").exists())


@pytest.mark.parametrize("place", CONFIGURATIONS)
def test_every_configuration_is_loaded(place: str, certificates: Path, tmp_path: Path) -> None:
    """Strictly: a field that it does not know, or a file that is not there, ends a kube-scheduler."""
    kubeconfig = written_kubeconfig(tmp_path)
    text = on_this_machine(CONFIGURATIONS[place], certificates, kubeconfig)
    if "kubeconfig:" not in text:
        text = text.replace("clientConnection:", f"clientConnection:\n  kubeconfig: {kubeconfig}")
    for each in kube_schedulers():
        content, complaint = loaded(each, text, tmp_path)

        assert complaint == ""
        assert [one["schedulerName"] for one in content["profiles"]]
        assert [one["nodeCacheCapable"] for one in content["extenders"]] == [True, True]


def test_shipped_and_shown_ones_are_found() -> None:
    """So that the test above is about something."""
    assert tools_folder() / "kube-scheduler" in kube_schedulers()
    assert {str(SHIPPED.relative_to(ROOT)), str(KUBEADM.relative_to(ROOT))} <= CONFIGURATIONS.keys()


@pytest.mark.parametrize(
    ("right", "wrong", "complaint"),
    [
        ("enableHTTPS: true", "enableHttps: true", "extenders[0].enableHttps"),
        (f"{HOST_FOLDER}/tls.key", f"{HOST_FOLDER}/none.key", "no such file or directory"),
        ("bindVerb: bind", "bindVerb: bind\n    weight: 0", "already set"),
    ],
)
def test_kube_scheduler_tells_what_is_wrong(
    certificates: Path, tmp_path: Path, right: str, wrong: str, complaint: str
) -> None:
    """So that loading says something."""
    text = on_this_machine(KUBEADM.read_text().replace(right, wrong, 1), certificates, written_kubeconfig(tmp_path))

    assert complaint in loaded(tools_folder() / "kube-scheduler", text, tmp_path)[1]


def test_kubeadms_own_flags_do_no_harm_beside_it(certificates: Path, tmp_path: Path) -> None:
    """Its static pod keeps those that it has."""
    kubeconfig = written_kubeconfig(tmp_path)
    text = on_this_machine(KUBEADM.read_text(), certificates, kubeconfig)
    same = ("authentication-kubeconfig", "authorization-kubeconfig", "kubeconfig")
    flags = [*(f"--{each}={kubeconfig}" for each in same), "--bind-address=127.0.0.1", "--leader-elect=true"]

    content, complaint = loaded(tools_folder() / "kube-scheduler", text, tmp_path, flags)

    assert complaint == ""
    assert content["leaderElection"]["leaderElect"]


def test_the_example_for_kubeadm_asks_as_the_shipped_one_does() -> None:
    """Its entries and Berth's profile differ in nothing but the way, and the profile of all others is untouched."""
    example, shipped = (yaml.safe_load(each.read_text()) for each in (KUBEADM, SHIPPED))
    others, ours = example["profiles"]

    assert others == {"schedulerName": "default-scheduler"}
    assert [ours] == shipped["profiles"]
    assert [without_way(each) for each in example["extenders"]] == [without_way(each) for each in shipped["extenders"]]


def without_way(extender: Json) -> Json:
    """Return an entry without its address."""
    return {key: value for key, value in extender.items() if key not in ("urlPrefix", "enableHTTPS", "tlsConfig")}
