"""`berth preview -f FILE…`: what the webhook would do with pods and pod templates, without creating them."""

import argparse
from pathlib import Path

from berth.answers import add_files, told

EPILOG = """\
A FILE is YAML or JSON, a folder of such files, or `-` for standard input. Pods are judged against the current cluster
(needs to list nodes, pods, namespaces and classes), or against the objects that --cluster names, without a cluster:
nodes, pods, namespaces, quotas, limit ranges, classes, profiles, OME's objects. Those among the files of -f count, too.
Without any cluster it still says what runs in the pods.

examples:
  berth preview -f deployment.yaml
  helm template my-chart | berth preview -n ml -f - -o json
  berth preview -f deployment.yaml --cluster nodes.yaml classes.yaml profile.yaml"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Take the files, the cluster to judge against, and the form of the answer."""
    parser.description = "Tell what the webhook would do with each pod and pod template in files: class, reasons, diff."
    parser.epilog = EPILOG
    add = parser.add_argument
    add_files(parser, "-f", "--filename", dest="files", required=True, help="files with pods or templates")
    add_files(parser, "--cluster", default=[], help="files with the objects of a cluster")
    add("-n", "--namespace", default="default", help="namespace of objects that state none (%(default)s)")
    add("-o", "--output", choices=("text", "yaml", "json"), default="text", help="form of the answer (%(default)s)")
    add("--kubeconfig", type=Path, help="kubeconfig file; without it the usual one")
    add("--scheduler-name", help="the webhook's setting scheduler_name; without it schedulerName stays as it is")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from berth.preview.documents import UnreadableFileError
    from berth.preview.errand import Wish, answer

    wish = Wish(**{name: value for name, value in vars(arguments).items() if name != "run"})
    previewed = told(answer(wish), UnreadableFileError)
    if previewed is None:
        return 1
    print(previewed.answer, end="")
    return 0
