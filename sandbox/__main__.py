"""`python -m sandbox build` builds the control plane and every tool beside it, `up` runs the former until Ctrl-C."""

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable
from types import FrameType

from sandbox import ComponentDiedError, ControlPlane, NotBuiltError, TimedOutError, load_nodes
from sandbox.build import EXTRAS, HELM, UnknownVersionError, planned_build, planned_extra
from sandbox.compiling import BuildError, build_tools
from sandbox.toolchain import ToolchainError


def say(line: str) -> None:
    """Prints a line at once, as a pipe would hold it back."""
    print(line, flush=True)


def build() -> None:
    """Builds what is not built."""
    build_control_plane()
    for tool in EXTRAS:
        build_tools(planned_extra(tool, os.environ), say)


def build_control_plane() -> None:
    """Builds the control plane's programs alone."""
    build_tools(planned_build(os.environ), say)


def build_helm() -> None:
    """Builds Helm alone."""
    build_tools(planned_extra(HELM, os.environ), say)


def up() -> None:
    """Runs a control plane with the fake nodes until Ctrl-C or SIGTERM."""
    started = time.monotonic()
    with ControlPlane(controller_manager=True) as control_plane:
        control_plane.add_nodes(load_nodes())
        control_plane.start_stock_scheduler()
        say(f"ready in {time.monotonic() - started:.1f} s, with {len(load_nodes())} fake nodes. In another shell:")
        say(f"  export KUBECONFIG={control_plane.kubeconfig} PATH={control_plane.tools}:$PATH")
        say("  kubectl get nodes -L nvidia.com/gpu.product")
        say("Ctrl-C ends it and leaves nothing behind.")
        while True:
            control_plane.check()
            time.sleep(1.0)


def end(signum: int, _: FrameType | None) -> None:
    """Ends the program in order at SIGTERM, with the exit code that shells give to it."""
    sys.exit(128 + signum)


def main() -> int:
    """The exit code: 0, 1 with a message for trouble, 130 after Ctrl-C during a build."""
    commands: dict[str, Callable[[], None]] = {
        "build": build,
        "build-control-plane": build_control_plane,
        "build-helm": build_helm,
        "up": up,
    }
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("command", choices=commands)
    command = parser.parse_args().command
    signal.signal(signal.SIGTERM, end)
    try:
        commands[command]()
    except KeyboardInterrupt:
        return 0 if command == "up" else 128 + signal.SIGINT
    except (
        BuildError,
        ComponentDiedError,
        NotBuiltError,
        TimedOutError,
        ToolchainError,
        UnknownVersionError,
    ) as trouble:
        print(f"error: {trouble}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
