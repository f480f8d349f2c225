"""`berth explain NAMESPACE/NAME`: a pod's story, with a kubectl user's rights."""

import argparse
from pathlib import Path

EPILOG = """\
Needs what `kubectl describe pod` needs: to get the pod and to list events in its namespace.

example:
  berth explain my-team/llama-0"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Take the pod and, where it is not the usual one, the kubeconfig."""
    parser.description = "Tell why a pod got its accelerator class and its node, or why it waits."
    parser.epilog = EPILOG
    parser.add_argument("pod", metavar="NAMESPACE/NAME", type=_pod)
    parser.add_argument("--kubeconfig", type=Path, help="kubeconfig file; without it the usual one")
    parser.set_defaults(run=_run)


def _pod(text: str) -> tuple[str, str]:
    namespace, slash, name = text.rpartition("/")
    if not slash or not namespace or not name or "/" in namespace:
        raise argparse.ArgumentTypeError(f"found {text!r}, allowed: NAMESPACE/NAME, such as default/llama-0")
    return namespace, name


def _run(arguments: argparse.Namespace) -> int:
    from berth import errands

    return errands.run(_lines(arguments.kubeconfig, *arguments.pod))


async def _lines(kubeconfig: Path | None, namespace: str, name: str) -> list[str]:
    from berth.story import story
    from cluster.api import Api

    async with Api.connect(kubeconfig) as api:
        path = f"/api/v1/namespaces/{namespace}"
        pod = await api.get(f"{path}/pods/{name}")
        about = f"involvedObject.kind=Pod,involvedObject.name={name}"
        return story(pod, await api.get(f"{path}/events", {"fieldSelector": about}))
