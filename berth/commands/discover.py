"""`berth discover`: the accelerator classes that the controller would make of nodes, without making them."""

import argparse
from pathlib import Path

from berth.answers import add_files, told

EPILOG = """\
Reads the nodes of the current cluster (and its classes, as far as it may), or those in the files that --cluster names:
YAML or JSON, a folder of such files, or `-` for standard input. Classes are printed, what is unclear about nodes and
why a class is not made goes to standard error. docs/discovery.md tells which labels count.

examples:
  berth discover
  berth discover -o table
  kubectl get nodes -o json | berth discover --cluster - > classes.yaml"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Take the cluster and the form of the answer."""
    parser.description = "Tell which accelerator classes the controller would make of the nodes that there are."
    parser.epilog = EPILOG
    add = parser.add_argument
    add_files(parser, "--cluster", default=[], help="files with nodes, and perhaps classes")
    add("-o", "--output", choices=("yaml", "json", "table"), default="yaml", help="form of the answer (%(default)s)")
    add("--kubeconfig", type=Path, help="kubeconfig file; without it the usual one")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from berth import discovery

    wish = discovery.Wish(arguments.cluster, arguments.output, arguments.kubeconfig)
    answer = told(discovery.answer(wish), *discovery.REFUSALS)
    if answer is None:
        return 1
    print(answer.answer, end="")
    return 0
