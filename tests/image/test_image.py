"""The image holds the product and no more, is the same whenever it is built, and its programs have no privileges."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from urllib.request import urlopen

import pytest

from berth.cli import COMMANDS
from demo.installation import Installation, machine_address
from demo.stage import Stage, engine_pod
from placement.keys import PLACEMENT
from sandbox import ControlPlane, load_nodes
from tests.image.conftest import BASE, REVISION
from tests.image.images import Buildah, Image, executables

pytestmark = pytest.mark.timeout(1800)
OWN_LAYER_BYTES = 200_000_000


@pytest.fixture(scope="session")
def berth(image: Image, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The image's program, run as in a pod."""
    return executables(root, image, tmp_path_factory.mktemp("kubelet") / "executables") / "berth"


@pytest.fixture(scope="module")
def stage(berth: Path) -> Iterator[Stage]:
    """Berth installed by its manifests, with every container's program from the image."""
    with ControlPlane() as plane:
        plane.add_nodes(load_nodes())
        installation = Installation(plane, machine_address(), executables=berth.parent)
        stage = Stage(plane, installation)
        installation.apply()
        stage.apply_example("classes.yaml")
        installation.install()
        stage.namespace("ml", injection="enforce")
        yield stage


def _said(program: Path, *arguments: str) -> str:
    said = subprocess.run(
        [program, *arguments],
        check=True,
        capture_output=True,
        text=True,
        cwd=program.parent,
        env={"PATH": os.environ["PATH"]},
    )
    return said.stdout


def test_equal_sources_make_an_equal_image(buildah: Buildah, image: Image, source: Path, tmp_path: Path) -> None:
    """Whatever the times and modes of the files that a checkout has."""
    other = shutil.copytree(source, tmp_path / "source")
    for path in other.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
        os.utime(path)

    again = buildah.build(other, "localhost/berth-again", BASE=BASE, REVISION=REVISION)

    assert again.digest == image.digest


def test_the_image_tells_its_version_and_revision(berth: Path, image: Image) -> None:
    """By its command and by its label."""
    assert _said(berth, "version").startswith(f"berth {version('berth')} (revision {REVISION}, Python 3.13.")
    assert image.configuration["Labels"]["org.opencontainers.image.revision"] == REVISION


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_starts(berth: Path, command: str) -> None:
    """Its imports are all in the image."""
    assert _said(berth, command, "--help").startswith(f"usage: berth {command}")


def test_the_image_runs_as_nobody_and_holds_nothing_that_nobody_could_change(image: Image, root: Path) -> None:
    """A number, by which kubelet sees that it is not root; everything belongs to root."""
    changeable = [path for path in (root / "opt").rglob("*") if not path.is_symlink() and _is_changeable(path)]

    assert image.configuration["User"] == "65532:65532"
    assert image.configuration["Entrypoint"] == ["berth"]
    assert changeable == []


def _is_changeable(path: Path) -> bool:
    found = path.stat()
    return bool(found.st_mode & 0o022) or found.st_uid != 0 or found.st_gid != 0


def test_the_image_is_small(image: Image, root: Path) -> None:
    """Its own layer has neither what installs packages nor their tests."""
    (packages,) = (root / "opt/berth/lib").glob("python3.*/site-packages")
    names = {path.name.partition("-")[0] for path in packages.iterdir()}

    assert names.isdisjoint({"pip", "setuptools", "pytest", "tests", "sandbox", "bench", "demo"})
    assert list(packages.rglob("tests")) == []
    assert sum(image.layer_bytes[1:]) < OWN_LAYER_BYTES


def test_the_license_is_in_the_image(root: Path) -> None:
    """As it asks of whoever passes Berth on."""
    (found,) = (root / "opt/berth").rglob("berth-*.dist-info/licenses/LICENSE")

    assert found.read_text() == Path("LICENSE").read_text()


def test_the_programs_of_the_image_place_a_pod(stage: Stage) -> None:
    """Admission, scheduling and the annotation after it, by containers without a privilege or a file to write."""
    stage.create_quietly("ml", engine_pod("whole", accelerator_class="nvidia-h100-80gb"))

    node = stage.placed("ml", "whole")["spec"]["nodeName"]

    assert node.startswith("h100-")
    assert stage.annotation("ml", "whole", PLACEMENT)["node"] == node
    stage.plane.check()


@pytest.mark.parametrize("program", ["controller", "webhook", "extender"])
def test_each_program_tells_its_build(stage: Stage, program: str) -> None:
    """In its metrics, as what it was built of."""
    with urlopen(f"{stage.berth.url(program, 'health')}/metrics", timeout=5) as answer:
        lines = answer.read().decode().splitlines()

    told = next(line for line in lines if line.startswith("berth_build_info{"))
    assert f'program="{program}"' in told
    assert f'revision="{REVISION}"' in told


@pytest.mark.parametrize("program", ["controller", "webhook", "extender"])
def test_each_program_has_no_privilege(stage: Stage, program: str) -> None:
    """Nobody's user, no capability to have or to gain, no new privileges."""
    status = Path(f"/proc/{stage.berth.programs[program].pid}/status").read_text()
    told = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)

    assert told["Uid"].split() == ["65532"] * 4
    assert {int(told[name], 16) for name in ("CapPrm", "CapEff", "CapBnd", "CapInh")} == {0}
    assert told["NoNewPrivs"] == "1"
