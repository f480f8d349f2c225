"""`berth lint FILE…`: what the webhook would say against classes and profiles, without creating them."""

import argparse
from pathlib import Path

from berth.answers import add_files, told

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
    add_files(parser, "--cluster", default=[], help="files with the objects of a cluster")
    add("--kubeconfig", type=Path, help="kubeconfig file; without it the usual one")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from berth.lint import lint
    from berth.preview.documents import UnreadableFileError

    answer = told(lint(arguments.files, arguments.cluster, arguments.kubeconfig), UnreadableFileError)
    if answer is None:
        return 1
    print("\n".join(answer.lines))
    return 1 if answer.is_refused else 0
