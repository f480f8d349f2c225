"""`berth uninstall`: Berth taken out of a cluster, and no pod left waiting for it."""

import argparse
from pathlib import Path

EPILOG = """\
With your own rights, which must be a cluster administrator's. Pods that run are left alone. Pods that wait for Berth's
scheduler are handed over: their owners make them again. Whatever stands in the way is named, and the command ends with
1; it may be interrupted, and run again, at any time.

examples:
  berth uninstall --dry-run
  berth uninstall
  berth uninstall --delete-definitions --replace-bare-pods ./pods"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Take what is to go."""
    parser.description = "Hand over the pods that wait for Berth, and then leave nothing of it in a cluster."
    parser.epilog = EPILOG
    parser.add_argument("--dry-run", action="store_true", help="change nothing, and say what would be done")
    parser.add_argument("--namespace", default="berth-system", help="namespace of Berth")
    parser.add_argument(
        "--extender-namespace", default="berth-extender", help="namespace of an extender on the hosts of a scheduler"
    )
    parser.add_argument(
        "--scheduler-name",
        type=_own_scheduler,
        default="berth-scheduler",
        help="name of Berth's own kube-scheduler, which goes with it",
    )
    parser.add_argument(
        "--delete-definitions",
        action="store_true",
        help="delete AcceleratorClass and AcceleratorProfile as well, and with them those that people wrote",
    )
    parser.add_argument(
        "--replace-bare-pods",
        type=Path,
        metavar="FOLDER",
        help="replace waiting pods that nobody would make again; each is kept in a file of this folder meanwhile",
    )
    parser.add_argument(
        "--leave-shares", action="store_true", help="let pods with shares of devices run on with what they have"
    )
    parser.add_argument(
        "--wait", type=float, default=120.0, metavar="SECONDS", help="how long pods and objects may take to end"
    )
    parser.add_argument("--kubeconfig", type=Path, help="kubeconfig file; without it the usual one")
    parser.set_defaults(run=_run)


def _own_scheduler(name: str) -> str:
    if name == "default-scheduler":
        raise argparse.ArgumentTypeError(f"{name} stays, and with it all pods that wait for it; leave this flag out")
    return name


def _run(arguments: argparse.Namespace) -> int:
    from berth import errands

    return errands.run(_lines(arguments))


async def _lines(arguments: argparse.Namespace) -> list[str]:
    from berth.errands import AmissError
    from berth.uninstall.order import Wish, steps
    from berth.uninstall.steps import Walk
    from cluster.api import Api, ApiError

    wish = Wish(
        arguments.namespace,
        arguments.extender_namespace,
        arguments.scheduler_name,
        definitions=arguments.delete_definitions,
        leave_shares=arguments.leave_shares,
        bare_pods=arguments.replace_bare_pods,
    )
    walk = Walk(lambda line: print(line, flush=True), arguments.dry_run, arguments.wait)
    async with Api.connect(arguments.kubeconfig) as api:
        walk.say(f"cluster {api.address}")
        try:
            is_through = await walk.run(steps(api, wish))
        except ApiError as error:
            again = f"{error}\nrun this again: what was done is found done"
            raise AmissError([*(f"left: {each}" for each in walk.left), again]) from error
    if walk.left:
        end = "" if is_through else "; nothing that comes later was done"
        raise AmissError([*(f"left: {each}" for each in walk.left), f"run this again when that is done{end}"])
    return ["nothing was changed" if arguments.dry_run else "nothing else of Berth is left"]
