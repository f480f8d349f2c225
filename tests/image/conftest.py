"""The image, made of this checkout on a Debian base, once for all of its tests."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.image.images import Buildah, Image, debian, missing_programs

ROOT = Path(__file__).parents[2]
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "berth"
BASE, REVISION = "localhost/debian", "0123456789ab"


@pytest.fixture(scope="session")
def buildah(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Buildah]:
    """An empty storage with the Debian base in it."""
    if os.environ.get("BERTH_SOAK") != "1":
        pytest.skip("make soak runs it: it takes five minutes")
    if os.geteuid() or missing_programs():
        pytest.skip(f"images are built as root, with {', '.join(missing_programs()) or 'all programs there'}")
    folder = tmp_path_factory.mktemp("buildah")
    tool = Buildah(folder)
    tool.build(debian(CACHE), BASE)
    yield tool
    tool.close()
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the files that git knows or would take."""
    into = tmp_path_factory.mktemp("source")
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    for name in (each for each in names if (ROOT / each).is_file()):
        (into / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, into / name)
    return into


@pytest.fixture(scope="session")
def image(buildah: Buildah, source: Path) -> Image:
    """The image of this checkout."""
    return buildah.build(source, "localhost/berth", BASE=BASE, REVISION=REVISION)


@pytest.fixture(scope="session")
def root(buildah: Buildah, image: Image) -> Path:
    """A root file system of the image."""
    return buildah.mount(image)
