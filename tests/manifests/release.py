"""Berth installed by Helm on a sandbox, each shipped container run as a process."""

from pathlib import Path

from demo.installation import NAMESPACE, Installation
from tests.manifests.helm import CHART, helm

RELEASE = ("berth", f"--namespace={NAMESPACE}")


class Release(Installation):
    """An installation by the chart in place of the kustomize base."""

    def apply(self) -> None:
        """Install the chart into a namespace that keeps the restricted Pod Security Standard."""
        self.install_chart(CHART)

    def install_chart(self, chart: Path, *flags: str) -> None:
        """Install a chart. Raises HelmError."""
        labels = "{pod-security.kubernetes.io/enforce: restricted}"
        self.plane.apply(f"{{apiVersion: v1, kind: Namespace, metadata: {{name: {NAMESPACE}, labels: {labels}}}}}")
        self.helm("install", *RELEASE, str(chart), *flags)
        self.plane.kubectl("wait", "--for=condition=Established", "--timeout=30s", "customresourcedefinition", "--all")

    def upgrade(self, *flags: str) -> None:
        """Upgrade the release to the chart as it is. Raises HelmError."""
        self.helm("upgrade", *RELEASE, str(CHART), *flags)

    def uninstall(self) -> None:
        """Uninstall the release. Raises HelmError."""
        self.helm("uninstall", *RELEASE)

    def helm(self, *arguments: str) -> str:
        """Return what helm prints about this cluster. Raises HelmError."""
        return helm(*arguments, kubeconfig=self.plane.kubeconfig)
