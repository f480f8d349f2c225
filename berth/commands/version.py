"""`berth version`."""

import argparse
from importlib.metadata import version


def configure(parser: argparse.ArgumentParser) -> None:
    """Print the version of the installed package."""
    parser.description = "Print the version of Berth."
    parser.set_defaults(run=_run)


def _run(_arguments: argparse.Namespace) -> int:
    print(f"berth {version('berth')}")
    return 0
