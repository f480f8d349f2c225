"""`berth lint FILE…`: what the webhook would say against classes and profiles, without creating them."""

import argparse
from pathlib import Path

EPILOG = """\
A FILE is YAML or JSON, a folder of such files, or `-` for standard input; what is neither class nor profile is part of
the cluster. Those of all files are judged together, beside the current cluster, or beside the objects that --cluster
names. The definitions' own rules are the API server's: kubectl apply --dry-run=server tries them.

examples:
  berth lint classes.yaml profiles.yaml
  kubectl kustomize overlays/prod | berth lint -
  berth lint classes.yaml --cluster nodes.yaml"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Take the files, and the cluster to judge beside."""
    parser.description = "Tell what would be refused of the classes and profiles in files, and what is hardly meant."
    parser.epilog = EPILOG
    add = parser.add_argument
    add("files", metavar="FILE", type=Path, nargs="+", help="files with classes and profiles")
    add(
        "--cluster",
        metavar="FILE",
        type=Path,
        nargs="+",
        action="extend",
        default=[],
        help="files with the objects of a cluster",
    )
    add("--kubeconfig", type=Path, help="kubeconfig file; without it the usual one")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    import asyncio
    import sys

    from berth.lint import lint
    from berth.preview.documents import UnreadableFileError

    try:
        told = asyncio.run(lint(arguments.files, arguments.cluster, arguments.kubeconfig))
    except UnreadableFileError as error:
        print(error, file=sys.stderr)
        return 1
    for note in told.notes:
        print(note, file=sys.stderr)
    print("\n".join(told.lines))
    return 1 if told.is_refused else 0
