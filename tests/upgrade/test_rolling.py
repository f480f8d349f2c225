"""An upgrade while pods come: every program is replaced as its Deployment does it, and nobody notices.

The older version is the tree of UPGRADE_FROM (a name that git knows), else of the newest tag of another version. Where
there is none, it is the definitions of the newest release under the programs of this tree.
"""

import itertools
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from demo.installation import NAMESPACE, Installation, machine_address
from placement.keys import CHOSEN_CLASS, INJECTION, REQUESTED_CLASS, SHARED
from sandbox import Component, ControlPlane
from tests.beside import beside
from tests.chaos.auditor import GPU, MILLI, UNANSWERED, Audit, differences
from tests.chaos.cluster import node
from tests.extender.scheduling import PODS
from tests.upgrade.releases import ROOT, present_version, releases
from tests.webhook.hardware import H100
from tests.webhook.real import add_namespace, await_answers

# As many as there is room for.
WHOLE, SHARES = 200, 200
# The webhook's preStop: API servers still send to a pod that is to end.
FAREWELL_SECONDS = 5.0

Json = dict[str, Any]


@dataclass
class Load:
    """Pods that are created all the time; `failures` are creations that failed, `slipped` who was not treated."""

    plane: ControlPlane
    created: int = 0
    failures: list[str] = field(default_factory=list)
    slipped: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    def create(self, over: threading.Event) -> None:
        """Create whole and shared pods in turn."""
        for each in itertools.islice(pods(), WHOLE + SHARES):
            if over.wait(0.1):
                return
            self._create(each)

    def audit(self, over: threading.Event) -> None:
        """Look again and again whether something is held twice."""
        while not over.wait(0.5):
            self.troubles += Audit.of(self.plane.api).troubles()

    def _create(self, pod: Json) -> None:
        try:
            created = self.plane.api.send("POST", PODS, pod)
        except UNANSWERED as error:
            self.failures.append(str(error))
            return
        self.created += 1
        is_whole = REQUESTED_CLASS in pod["metadata"]["annotations"]
        if is_whole and CHOSEN_CLASS not in created["metadata"]["annotations"]:
            self.slipped.append(created["metadata"]["name"])


def pods() -> Iterator[Json]:
    """Yield pods of one GPU and of a quarter of a device, in turn."""
    for number in itertools.count():
        yield pod(f"whole-{number}", {GPU: "1"}, {"annotations": {REQUESTED_CLASS: H100.name}})
        yield pod(f"share-{number}", {MILLI: "250"}, {"annotations": {}}, schedulerName="berth-scheduler")


def pod(name: str, amounts: Json, metadata: Json, **spec: Any) -> Json:
    """Return a pod."""
    limits = {"cpu": "100m", "memory": "64Mi", **amounts}
    container = {"name": "engine", "image": "vllm/vllm-openai", "resources": {"limits": limits}}
    return {"metadata": {"name": name, **metadata}, "spec": {"containers": [container], **spec}}


@dataclass(frozen=True, slots=True)
class Older:
    """An older version: its manifests, and the folder of its command."""

    base: Path
    executables: Path


@pytest.fixture
def older(tmp_path: Path) -> Older | None:
    """The version before, None where git knows of none."""
    tags = git("tag", "--list", "v*", "--sort=-version:refname").split() if (ROOT / ".git").exists() else []
    wanted = os.environ.get("UPGRADE_FROM") or next((each for each in tags if each != f"v{present_version()}"), "")
    if not wanted:
        return None
    archive = tmp_path / "older.tar"
    git("archive", f"--output={archive}", wanted)
    shutil.unpack_archive(archive, tmp_path / "older", filter="data")
    command = tmp_path / "bin" / "berth"
    command.parent.mkdir()
    lines = ("import sys", f"sys.path.insert(0, {str(tmp_path / 'older')!r})", "from berth.cli import main")
    command.write_text("\n".join((f"#!{sys.executable}", *lines, "sys.exit(main())", "")))
    command.chmod(0o755)
    return Older(tmp_path / "older" / "manifests/base", command.parent)


def git(*arguments: str) -> str:
    """Return what git says."""
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def berth(older: Older | None) -> Iterator[Installation]:
    """Berth in the version before, as it is upgraded: what is started from now on is of this tree."""
    with ControlPlane(kwok=False) as plane:
        shared = [node(f"shared-{number}", {}) for number in range(SHARES // 16)]
        for each in shared:
            each["metadata"]["labels"] = {SHARED: "4"}
        plane.add_nodes([*H100.nodes(WHOLE // 8), *shared])
        berth = Installation(plane, machine_address())
        executables = berth.executables
        if older:
            berth.executables = older.executables
            plane.kubectl("apply", "--server-side", "-k", str(older.base))
            plane.kubectl("wait", "--for=condition=Established", "--timeout=30s", "crd/acceleratorclasses.ome.io")
        else:
            berth.apply()
            plane.apply(json.dumps({"apiVersion": "v1", "kind": "List", "items": releases()[-1].definitions}))
        plane.apply(json.dumps(H100.as_class))
        plane.kubectl("label", "namespace", "default", f"{INJECTION}=enforce")
        add_namespace(plane)
        for start in (berth.start_controller, berth.start_webhook, berth.start_extender, berth.start_scheduler):
            start()
        await_answers(plane)
        berth.executables = executables
        yield berth


def replace(berth: Installation, start: Callable[[], None], *names: str) -> None:
    """Start a replica of a program, and let the older one end once the new one is ready."""
    old: list[Component] = [berth.programs[each] for each in names]
    start()
    time.sleep(FAREWELL_SECONDS if names == ("webhook",) else 0)
    ending = [threading.Thread(target=each.stop) for each in old]
    for each in ending:
        each.start()
    for each in ending:
        each.join()


def holder(plane: ControlPlane, lease: str) -> str:
    """Return who holds a Lease."""
    return str(plane.get_json("lease", lease, NAMESPACE)["spec"].get("holderIdentity", ""))


def is_led_by_another(plane: ControlPlane, lease: str, old: str) -> bool:
    """Tell whether somebody else holds a Lease."""
    return holder(plane, lease) not in ("", old)


@pytest.mark.skipif(os.environ.get("BERTH_SOAK") != "1", reason="make soak runs it: it takes a minute")
@pytest.mark.timeout(300)
def test_an_upgrade_fails_no_admission_and_promises_nothing_twice(berth: Installation) -> None:
    """Definitions and rights are applied, then controller, webhook, and scheduler with extender are replaced."""
    plane, load = berth.plane, Load(berth.plane)

    def start_scheduling() -> None:
        berth.start_extender()
        berth.start_scheduler()

    with beside(load.create, load.audit):
        berth.apply()
        leading = {lease: holder(plane, lease) for lease in ("berth-controller", "berth-scheduler")}
        replace(berth, berth.start_controller, "controller")
        replace(berth, berth.start_webhook, "webhook")
        replace(berth, start_scheduling, "scheduler", "extender")
        for lease, old in leading.items():
            plane.wait(partial(is_led_by_another, plane, lease, old), 40, f"{lease} is led anew")
        before = load.created
        plane.wait(lambda: load.created > before + 20, 30, "pods come after it")

    assert (load.failures, load.slipped) == ([], [])
    plane.wait(lambda: not Audit.of(plane.api).waiting, 60, "all pods are bound")
    load.troubles += Audit.of(plane.api).troubles()
    assert load.troubles == []
    inventory = f"{berth.url('extender', 'extender')}/v1/inventory"
    plane.wait(lambda: not differences(Audit.of(plane.api), inventory), 30, "the new extender's account is true")
