"""Every KubeSchedulerConfiguration that is shipped or shown, and kube-scheduler's own opinion of one."""

import json
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from certs.mutual import SCHEDULER_FOLDER
from tests.docs.pages import ROOT, blocks

Json = dict[str, Any]
KUBEADM = ROOT / "docs/examples/schedulers/kubeadm.yaml"
SHIPPED = ROOT / "manifests/base/scheduler/kube-scheduler.yaml"
HOST_FOLDER = "/etc/kubernetes/berth"
_KIND = "KubeSchedulerConfiguration"


def shown() -> Iterator[tuple[str, str]]:
    """Yield the place and the text of each: whole files, texts in ConfigMaps, and blocks of pages."""
    for file in sorted((*(ROOT / "manifests").rglob("*.yaml"), *(ROOT / "docs").rglob("*.yaml"))):
        text = file.read_text()
        if f"\nkind: {_KIND}" in text and "{{" not in text:
            yield str(file.relative_to(ROOT)), text
    for page in sorted((*(ROOT / "docs").glob("*.md"), ROOT / "README.md")):
        for each in blocks(page.read_text()):
            if f"kind: {_KIND}" in each.text:
                yield f"{page.relative_to(ROOT)}:{each.line}", each.text


def on_this_machine(text: str, certificates: Path, kubeconfig: Path) -> str:
    """Return a configuration whose files are here instead of on a host of a control plane."""
    return text.replace(HOST_FOLDER, str(certificates / SCHEDULER_FOLDER)).replace(
        "/etc/kubernetes/scheduler.conf", str(kubeconfig)
    )


def written_kubeconfig(folder: Path) -> Path:
    """Return a kubeconfig of an API server that nobody has to answer for."""
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "any", "cluster": {"server": "https://127.0.0.1:9"}}],
        "users": [{"name": "any", "user": {}}],
        "contexts": [{"name": "any", "context": {"cluster": "any", "user": "any"}}],
        "current-context": "any",
    }
    (folder / "kubeconfig").write_text(json.dumps(content))
    return folder / "kubeconfig"


def loaded(kube_scheduler: Path, text: str, folder: Path, flags: Sequence[str] = ()) -> tuple[Json, str]:
    """Return what kube-scheduler makes of a configuration, with all its defaults, or what it has against it."""
    (folder / "given.yaml").write_text(text)
    (folder / "loaded.yaml").unlink(missing_ok=True)
    files = [f"--config={folder / 'given.yaml'}", f"--write-config-to={folder / 'loaded.yaml'}"]
    command = [str(kube_scheduler), *files, "--authentication-skip-lookup", "--secure-port=0", *flags]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if ended.returncode or not (folder / "loaded.yaml").exists():
        return {}, ended.stderr
    return yaml.safe_load((folder / "loaded.yaml").read_text()), ""
