"""Becomes a program of an image as a kubelet starts it: `unshare --mount kubelet.py ROOT [NAME=VALUE …] -- COMMAND …`.

Nobody's user, no capability, no way to more, and a read-only root file system. The program finds the volumes of the
folder in which it is started, the ServiceAccount of the kubeconfig in KUBECONFIG, and no other file of this machine.
"""

import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

_USER = 65532
_ACCOUNT = "run/secrets/kubernetes.io/serviceaccount"
_OF_THIS_MACHINE = ("PATH", "HOME", "PWD", "TMPDIR", "KUBECONFIG")
_UNPRIVILEGED = (f"--reuid={_USER}", f"--regid={_USER}", "--clear-groups", "--no-new-privs", "--bounding-set=-all")


def main() -> None:
    """Mount what the program sees, and become it; only an error returns."""
    root, *words = sys.argv[1:]
    at = words.index("--")
    given = (f"{name}={value}" for name, value in os.environ.items() if name not in _OF_THIS_MACHINE)
    environment = [*given, *words[:at], *_mount(Path(root))]
    command = [
        "chroot",
        root,
        "setpriv",
        *_UNPRIVILEGED,
        "--inh-caps=-all",
        "env",
        "-i",
        *environment,
        *words[at + 1 :],
    ]
    os.execvp(command[0], command)  # noqa: S606 - no shell between it and its signals


def _mount(root: Path) -> Iterator[str]:
    """Mount the container's files; yield what a kubelet adds to its environment."""
    pod, account = root / str(Path.cwd()).strip("/"), root / _ACCOUNT
    for folder in (pod, account):
        folder.mkdir(parents=True, exist_ok=True)
    _call("mount", "--bind", root, root)
    _call("mount", "--bind", "/dev", root / "dev")
    _call("mount", "-t", "proc", "proc", root / "proc")
    for folder in (pod, account):
        _call("mount", "-t", "tmpfs", "tmpfs", folder)
    if Path("volumes").is_dir():
        shutil.copytree("volumes", pod / "volumes")
    yield from _write_account(account)
    for folder in (pod, account):
        # As a kubelet does for a pod with an fsGroup.
        _call("chown", "--recursive", f"{_USER}:{_USER}", folder)
        _call("mount", "-o", "remount,ro", folder)
    _call("mount", "-o", "remount,ro,bind", root)


def _write_account(folder: Path) -> Iterator[str]:
    if given := os.environ.get("KUBECONFIG"):
        kubeconfig = json.loads(Path(given).read_text())
        cluster = kubeconfig["clusters"][0]["cluster"]
        (folder / "ca.crt").write_bytes(base64.b64decode(cluster["certificate-authority-data"]))
        (folder / "token").write_text(kubeconfig["users"][0]["user"]["token"])
        address = urlsplit(cluster["server"])
        yield f"KUBERNETES_SERVICE_HOST={address.hostname}"
        yield f"KUBERNETES_SERVICE_PORT={address.port}"


def _call(*command: str | Path) -> None:
    subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
