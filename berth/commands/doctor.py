"""`berth doctor`: what is wrong with an installation, and what to do."""

import argparse
from datetime import UTC, datetime
from pathlib import Path

EPILOG = """\
Changes nothing: a pod is created for show (dry run), everything else is read. It ends with 1 where there is a problem.

examples:
  berth doctor
  berth doctor --scheduler-config /etc/kubernetes/scheduler.yaml --quiet"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Take where Berth is installed."""
    parser.description = "Look at a cluster with Berth, and say in order what is wrong and what to do."
    parser.epilog = EPILOG
    parser.add_argument("--namespace", default="berth-system", help="namespace of Berth")
    parser.add_argument(
        "--extender-namespace", default="berth-extender", help="namespace of an extender on the host's network"
    )
    parser.add_argument("--service", default="berth-webhook", help="Service of the webhook")
    parser.add_argument("--secret", default="berth-webhook-tls", help="Secret that the webhook mounts")
    parser.add_argument("--authority-secret", default="berth-authority", help="Secret with the authority's key")
    parser.add_argument(
        "--scheduler-config",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="a kube-scheduler's configuration that stands elsewhere than in a ConfigMap beside Berth; may be repeated",
    )
    parser.add_argument(
        "--webhook-configuration",
        default="accelerators.berth.ome.io",
        metavar="NAME",
        help="webhook configurations of Berth",
    )
    parser.add_argument("--quiet", action="store_true", help="leave out what is as it should be")
    parser.add_argument("--kubeconfig", type=Path, help="kubeconfig file; without it the usual one")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from berth import errands

    return errands.run(_lines(arguments))


async def _lines(arguments: argparse.Namespace) -> list[str]:
    from berth.doctor.examination import examine, verdict
    from berth.doctor.findings import Level
    from berth.doctor.gathering import Doctor
    from berth.errands import AmissError
    from certs.secrets import Places
    from cluster.api import Api

    places = Places(arguments.namespace, arguments.service, arguments.secret, arguments.authority_secret)
    async with Api.connect(arguments.kubeconfig) as api:
        evidence = await Doctor(
            api,
            places,
            tuple(arguments.scheduler_config),
            arguments.webhook_configuration,
            arguments.extender_namespace,
        ).evidence(datetime.now(UTC))
    found = examine(evidence)
    shown = [str(each) for each in found if not (arguments.quiet and each.level is Level.OK)]
    if any(each.level is Level.PROBLEM for each in found):
        raise AmissError([*shown, verdict(found)])
    return [*shown, verdict(found)]
