"""Images made and started without a daemon and without a registry: by debootstrap and buildah, in a chroot."""

import json
import os
import platform
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# The release whose Python is that of the image's ordinary base.
RELEASE = "trixie"
_PACKAGES = "python3,python3-venv,ca-certificates"
_UNPACKED_ELSEWHERE = ("./dev/*", "./proc/*", "./sys/*", "./var/cache/apt/*", "./var/lib/apt/lists/*")
# Whoever reaches packages through a proxy of their own trusts its certificate here; it does not come into the image.
_AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"


@dataclass(frozen=True, slots=True)
class Image:
    """An image by its name, with the digest of its manifest, its configuration, and the bytes of its layers."""

    name: str
    digest: str
    configuration: dict[str, Any]
    layer_bytes: tuple[int, ...]


class Buildah:
    """buildah with a storage of its own, which goes with its folder."""

    def __init__(self, folder: Path) -> None:
        self._storage: list[str | Path] = [
            "--root",
            folder / "root",
            "--runroot",
            folder / "run",
            "--storage-driver",
            "vfs",
        ]

    def build(self, source: Path, name: str, **arguments: str) -> Image:
        """Build the Dockerfile of a folder with arguments."""
        given = [f"--build-arg={key}={value}" for key, value in arguments.items()]
        trust = f"--volume={_AUTHORITIES}:{_AUTHORITIES}:ro"
        options = ["--isolation=chroot", "--no-cache", "--pull=never", "--timestamp=0", trust, *given]
        self._run("build", *options, f"--tag={name}", str(source))
        return self._inspect(name)

    def mount(self, image: Image) -> Path:
        """Return a root file system of the image, which may be changed."""
        container = self._run("from", "--pull=never", image.name)
        return Path(self._run("mount", container))

    def close(self) -> None:
        """Remove every container of its own, which also leaves their mounts."""
        self._run("rm", "--all")

    def _inspect(self, name: str) -> Image:
        told = json.loads(self._run("inspect", "--type=image", name))
        layers = json.loads(told["Manifest"])["layers"]
        sizes = tuple(each["size"] for each in layers)
        return Image(name, told["FromImageDigest"], told["OCIv1"]["config"], sizes)

    def _run(self, *words: str) -> str:
        return _output(["buildah", *self._storage, *words])


def debian(cache: Path) -> Path:
    """Return a folder whose Dockerfile is Debian with Python; it is made once into a cache, from Debian's mirror."""
    folder = cache / f"debian-{RELEASE}-{platform.machine()}"
    if not folder.exists():
        partial = folder.with_name(f"{folder.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        tree = partial / "tree"
        _output(["debootstrap", "--variant=minbase", f"--include={_PACKAGES}", RELEASE, tree])
        left_out = [f"--exclude={each}" for each in _UNPACKED_ELSEWHERE]
        _output(["tar", f"--directory={tree}", *left_out, "--create", f"--file={partial / 'tree.tar'}", "."])
        shutil.rmtree(tree)
        (partial / "Dockerfile").write_text("FROM scratch\nADD tree.tar /\n")
        partial.rename(folder)
    return folder


def executables(root: Path, image: Image, folder: Path) -> Path:
    """Write into a folder the program `berth`, which runs the image's as a kubelet would; return the folder."""
    folder.mkdir()
    words = [sys.executable, str(Path(__file__).with_name("kubelet.py")), str(root), *image.configuration["Env"]]
    program = folder / "berth"
    program.write_text(f'#!/bin/sh\nexec unshare --mount {shlex.join(words)} -- berth "$@"\n')
    program.chmod(0o755)
    return folder


def missing_programs() -> Sequence[str]:
    """Return which programs of Debian are needed here and not there."""
    return [each for each in ("buildah", "debootstrap", "setpriv", "unshare") if not shutil.which(each)]


def _output(command: Sequence[str | Path]) -> str:
    environment = {"PATH": os.environ["PATH"], "HOME": "/root"}
    outcome = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    if outcome.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}:\n{outcome.stdout[-2000:]}{outcome.stderr[-4000:]}")
    return outcome.stdout.strip()
