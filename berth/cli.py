"""The command line: `berth COMMAND`; a command's code is imported when it is called."""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn

from berth.hints import unknown_setting

COMMANDS = {
    "webhook": "answer the API server: choose an accelerator class for a pod, and inject what it needs",
    "extender": "answer kube-scheduler: find the node that leaves the most useful room",
    "controller": "make classes of nodes, and keep their status, Kueue's flavors and certificates true",
    "certs": "make the webhook's certificates by hand, into Secrets or a folder",
    "preview": "tell what the webhook would do with pods and pod templates in files",
    "discover": "print the accelerator classes that the controller would make of the nodes",
    "lint": "tell what speaks against classes and profiles in files",
    "simulate": "tell where the pods of a trace would go, or how many copies of pods a cluster still takes",
    "doctor": "tell what is wrong with an installation, and what to do",
    "explain": "tell why a pod got its class and its node, or why it waits",
    "uninstall": "take Berth out of a cluster, and leave no pod waiting for it",
    "version": "print the version",
}

EXAMPLES = """\
examples:
  berth webhook --kubeconfig ~/.kube/config --certificate-directory ./tls
  berth extender --config extender.yaml
  berth explain my-team/llama-0

`berth COMMAND --help` says what a command does and what can be set."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 2 for a wrong command line or setting, 1 for a failure."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    parsed = _parser(given).parse_args(given)
    try:
        return int(parsed.run(parsed))
    except KeyboardInterrupt:
        return 130


class _Parser(argparse.ArgumentParser):
    """A parser that names each flag which it does not know, and the nearest that it knows."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Return what was parsed and no rest; ends the program where there is a rest."""
        parsed, rest = super().parse_known_args(args, namespace)
        if rest:
            self._refuse([each.partition("=")[0] for each in rest if each.startswith("--")] or rest)
        return parsed, rest

    def _refuse(self, unknown: list[str]) -> NoReturn:
        known = [flag for flag in self._option_string_actions if flag.startswith("--")]
        lines = [f"{self.prog}: {each}: {unknown_setting(each, known)}\n" for each in unknown]
        self.exit(2, "".join(lines))


def _parser(given: Sequence[str]) -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = _Parser(
        prog="berth",
        description="Berth puts inference pods on the right accelerator, and says why.",
        epilog=EXAMPLES,
        formatter_class=raw,
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, summary in COMMANDS.items():
        command = commands.add_parser(name, help=summary, formatter_class=raw, allow_abbrev=False)
        if name in given[:1]:
            import_module(f"berth.commands.{name}").configure(command)
    return parser
