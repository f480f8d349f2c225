"""`berth certs`: the webhook's certificates made by hand, for installations without the controller."""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

EPILOG = """\
What is there already and will do is kept, so it is safe to run this again; a serving certificate lives 90 days.

`berth certs status` changes nothing: it shows who signs, what is served until when, and whom the webhook
configurations trust; it ends with 1 where something is wrong.

`berth certs extender` makes what kube-scheduler and an extender on the host's network show each other, for years, in
subfolders of --out: extender, kube-scheduler, and authority, which stays with you.

examples:
  berth certs status
  berth certs --namespace berth-system --service berth-webhook --secret berth-webhook-tls
  berth certs --out ./tls
  berth certs extender --out ./berth-extender"""


_ACTIONS = ("ensure", "status", "extender")


def configure(parser: argparse.ArgumentParser) -> None:
    """Take where the certificates go, and for which Service they are."""
    parser.description = "Make an authority and a serving certificate for the webhook, in Secrets or in a folder."
    parser.epilog = EPILOG
    parser.add_argument(
        "action",
        nargs="?",
        default="ensure",
        metavar="ensure | status | extender",
        help="make what is missing, or only look, or make what scheduler and extender show each other",
    )
    parser.add_argument("--namespace", default="berth-system", help="namespace of the Service and the Secrets")
    parser.add_argument("--service", default="berth-webhook", help="Service of the webhook")
    parser.add_argument("--secret", default="berth-webhook-tls", help="Secret that the webhook mounts")
    parser.add_argument("--authority-secret", default="berth-authority", help="Secret with the authority's key")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="write files here, and nothing to the cluster")
    parser.add_argument(
        "--webhook-configuration",
        default="accelerators.berth.ome.io",
        metavar="NAME",
        help="webhook configurations whose caBundle is shown",
    )
    parser.add_argument("--kubeconfig", type=Path, help="kubeconfig file; without it the usual one")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from berth import errands

    if arguments.action not in _ACTIONS:
        sys.stderr.write(f"berth certs: {arguments.action}: no such action; allowed: {' or '.join(_ACTIONS)}\n")
        return 2
    if arguments.action == "status":
        return errands.run(_status(arguments))
    if arguments.action == "extender":
        return errands.run(_mutual(arguments.out or Path("berth-extender")))
    return errands.run(_in_folder(arguments) if arguments.out else _in_secrets(arguments))


async def _in_folder(arguments: argparse.Namespace) -> list[str]:
    from certs import folders
    from certs.issuance import names_of

    out: Path = arguments.out
    written = folders.ensure(out, names_of(arguments.service, arguments.namespace), datetime.now(UTC))
    return [
        *([f"wrote {each}" for each in written] or [f"kept {out}: what is there will do"]),
        f"next: berth webhook --certificate-directory {out}",
        *_trust(f"base64 --wrap=0 {out / 'ca.crt'}"),
    ]


async def _mutual(out: Path) -> list[str]:
    from berth import errands
    from certs import folders, mutual

    try:
        written = mutual.ensure(out, datetime.now(UTC))
    except mutual.NoAuthorityError as error:
        raise errands.AmissError([str(error)]) from None
    extender, scheduler = out / mutual.EXTENDER_FOLDER, out / mutual.SCHEDULER_FOLDER
    return [
        *([f"wrote {each}" for each in written] or [f"kept {out}: what is there will do"]),
        f"next: give {extender} to the extender (certificate_directory), which reads it again when it changes,",
        f"  copy {scheduler} to each host of a kube-scheduler (tlsConfig), and restart that one: it reads it once;",
        f"  keep {out / folders.AUTHORITY_FOLDER} where neither of them is",
    ]


async def _in_secrets(arguments: argparse.Namespace) -> list[str]:
    from certs.secrets import Places, ensure
    from cluster.api import Api

    places = Places(arguments.namespace, arguments.service, arguments.secret, arguments.authority_secret)
    async with Api.connect(arguments.kubeconfig) as api:
        ensured = await ensure(api, places, datetime.now(UTC))
    secret = f"kubectl get secret {places.certificate_secret} --namespace={places.namespace}"
    return [
        *(ensured.changes or [f"kept both Secrets in {places.namespace}: what is there will do"]),
        *_trust(f"{secret} --output=jsonpath='{{.data.ca\\.crt}}'"),
    ]


async def _status(arguments: argparse.Namespace) -> list[str]:
    from berth import errands
    from certs.secrets import Places, contents
    from certs.status import Standing, report
    from cluster.api import Api
    from controller.trusting import ca_bundle

    places = Places(arguments.namespace, arguments.service, arguments.secret, arguments.authority_secret)
    async with Api.connect(arguments.kubeconfig) as api:
        authority, serving = await contents(api, places)
        told: dict[str, bytes] = {}
        for path in ca_bundle.paths(arguments.webhook_configuration):
            told |= {
                f"{path.rpartition('/v1/')[2]} {name}": each
                for name, each in (await ca_bundle.told(api, path) or {}).items()
            }
    found = report(Standing(authority, serving, places.names, told), datetime.now(UTC))
    if found.problems:
        raise errands.AmissError([*found.lines, *(f"wrong: {each}" for each in found.problems)])
    return [*found.lines, "nothing is wrong"]


def _trust(shown_by: str) -> list[str]:
    patch = """[{"op":"add","path":"/webhooks/0/clientConfig/caBundle","value":"'"$BUNDLE"'"}]"""
    return [
        "next: let the API server trust it (`berth controller` does that by itself):",
        f"  BUNDLE=$({shown_by})",
        *(
            f"  kubectl patch {kind}webhookconfiguration accelerators.berth.ome.io --type=json --patch='{patch}'"
            for kind in ("mutating", "validating")
        ),
    ]
