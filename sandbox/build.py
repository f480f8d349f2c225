"""What is built: the control plane, and the tools that tests, benchmarks and manifests want beside it."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from sandbox.compiling import Build, Tool
from sandbox.toolchain import choose_go, version_numbers

MODULES = Path(__file__).parent

# Which control plane is meant: the newest supported one, unless this variable of the environment names another.
KUBERNETES = "BERTH_SANDBOX_KUBERNETES"
NEWEST = "1.37"
CONTROL_PLANES = {NEWEST: "controlplane", "1.34": "controlplane-1.34"}

# What kwok does with nodes and pods is told by files of its module; these make bound pods run at once.
STAGES = ("kustomize/stage/node/fast/node-initialize.yaml", "kustomize/stage/pod/fast/pod-*.yaml")

PACKAGES = {
    "etcd": "go.etcd.io/etcd/server/v3",
    "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
    "kube-scheduler": "k8s.io/kubernetes/cmd/kube-scheduler",
    "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
    "kubectl": "k8s.io/kubernetes/cmd/kubectl",
}
KWOK = Tool("kwok", "kwok", "sigs.k8s.io/kwok/cmd/kwok", files=STAGES)

# Each of these is a build of its own, so that a control plane that is built stays the one that it is.
HELM = Tool("helm", "helm", "helm.sh/helm/v4/cmd/helm")
# Without service discovery, promtool needs no SDK of any cloud.
PROMTOOL = Tool("promtool", "promtool", "github.com/prometheus/prometheus/cmd/promtool", tags="remove_all_sd")
# Karpenter with its kwok provider, whose instances are nodes that kwok plays; its CRDs are files of its module.
KARPENTER = Tool(
    "karpenter", "karpenter", "sigs.k8s.io/karpenter/kwok", files=("pkg/apis/crds/*.yaml", "kwok/apis/crds/*.yaml")
)
# cert-manager's module has no program; ours runs the controllers that a serving certificate needs.
CERT_MANAGER = Tool(
    "cert-manager",
    "cert-manager",
    "berth.ome.io/sandbox/cert-manager",
    files=("deploy/crds/*.yaml",),
    files_of="github.com/cert-manager/cert-manager/pkg/controller",
)
# With the minutes that each takes on two cores.
EXTRAS = {KARPENTER: 7, HELM: 7, PROMTOOL: 5, CERT_MANAGER: 11}


class NotBuiltError(Exception):
    """The programs of a build are not in the cache."""

    def __init__(self, build: Build, version: str = NEWEST) -> None:
        named = "" if version == NEWEST else f" {KUBERNETES}={version}"
        super().__init__(
            f"{build.folder} is not there: run `make controlplane{named}` (about {build.minutes} minutes on two cores, "
            "once)"
        )


class UnknownVersionError(Exception):
    """There is no control plane of this version here: the message has those that there are."""

    def __init__(self, version: str) -> None:
        super().__init__(f"{KUBERNETES}={version}: there is {' and '.join(CONTROL_PLANES)}, nothing else")


def kubernetes_version(environment: Mapping[str, str]) -> str:
    """The minor version of Kubernetes that an environment asks for, as in 1.37. Raises UnknownVersionError."""
    version = environment.get(KUBERNETES) or NEWEST
    if version not in CONTROL_PLANES:
        raise UnknownVersionError(version)
    return version


def planned_build(environment: Mapping[str, str], modules: Path = MODULES) -> Build:
    """The build of this checkout's control plane for the user of an environment. Raises UnknownVersionError."""
    module = CONTROL_PLANES[kubernetes_version(environment)]
    tools = (*(Tool(name, module, package) for name, package in PACKAGES.items()), KWOK)
    return _plan("control plane", tools, environment, modules, minutes=12)


def planned_extra(tool: Tool, environment: Mapping[str, str], modules: Path = MODULES) -> Build:
    """The build of one of this checkout's `EXTRAS`."""
    return _plan(tool.name, (tool,), environment, modules, EXTRAS[tool])


def tools_folder() -> Path:
    """The folder with the control plane's programs. Raises NotBuiltError and UnknownVersionError."""
    return _built(planned_build(os.environ), kubernetes_version(os.environ))


def autoscaler_folder() -> Path:
    """The folder with Karpenter and its CRDs. Raises NotBuiltError."""
    return _built(planned_extra(KARPENTER, os.environ))


def helm_folder() -> Path:
    """The folder with Helm. Raises NotBuiltError."""
    return _built(planned_extra(HELM, os.environ))


def promtool_folder() -> Path:
    """The folder with promtool. Raises NotBuiltError."""
    return _built(planned_extra(PROMTOOL, os.environ))


def cert_manager_folder() -> Path:
    """The folder with cert-manager and its CRDs. Raises NotBuiltError."""
    return _built(planned_extra(CERT_MANAGER, os.environ))


def _built(build: Build, version: str = NEWEST) -> Path:
    if not build.folder.exists():
        raise NotBuiltError(build, version)
    return build.folder


def _plan(name: str, tools: tuple[Tool, ...], environment: Mapping[str, str], modules: Path, minutes: int) -> Build:
    cache = Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "berth"
    minimum = max((_go_line(modules / tool.module / "go.mod") for tool in tools), key=version_numbers)
    return Build(name, tools, modules, cache, choose_go(minimum, cache, environment.get("PATH", "")), minutes)


def _go_line(go_mod: Path) -> str:
    found = re.search(r"^go (\S+)$", go_mod.read_text(), re.MULTILINE)
    return found[1] if found else "0"
