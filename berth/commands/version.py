"""`berth version`."""

import argparse
import os
import platform

from berth.build import build_of


def configure(parser: argparse.ArgumentParser) -> None:
    """Print which build of Berth this is, and on which Python it runs."""
    parser.description = "Print the version of Berth, the revision of its source, and the version of Python."
    parser.set_defaults(run=_run)


def _run(_arguments: argparse.Namespace) -> int:
    build = build_of(os.environ)
    print(f"berth {build.version} (revision {build.revision}, Python {platform.python_version()})")
    return 0
