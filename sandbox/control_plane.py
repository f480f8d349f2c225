"""A Kubernetes control plane of real programs on loopback, gone without a trace when it is left."""

import datetime as dt
import json
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import yaml

from sandbox import command_lines
from sandbox.build import autoscaler_folder, tools_folder
from sandbox.components import Component, ComponentGroup
from sandbox.credentials import Credentials
from sandbox.endpoint import ApiError, Endpoint

READY_SECONDS = 60.0
POLL_SECONDS = 0.05
NODE_WRITERS = 16
_KWOK_NODE_CLASS = {"apiVersion": "karpenter.kwok.sh/v1alpha1", "kind": "KWOKNodeClass"}

T = TypeVar("T")


class KubectlError(Exception):
    """kubectl failed: the message has its arguments and what it said."""

    def __init__(self, arguments: Sequence[str], stderr: str) -> None:
        super().__init__(f"kubectl {' '.join(arguments)}: {stderr.strip()}")
        self.stderr = stderr


class TimedOutError(Exception):
    """What was waited for did not come about in time."""

    def __init__(self, what: str, timeout_seconds: float) -> None:
        super().__init__(f"not within {timeout_seconds:g} s: {what}")


class ControlPlane:
    """etcd, kube-apiserver and, as asked for, kube-controller-manager and kwok; schedulers are started on it.

    A context manager: ready on entry; on exit nothing of it is left, nor when its program is killed. Without
    `controller_manager` there are no ReplicaSets, no garbage collection and no default ServiceAccounts (pods are then
    admitted without one); without `kwok` a bound pod stays Pending. `apiserver_flags` are added to kube-apiserver's
    (see `command_lines.UNLIMITED_REQUESTS`); with an `audit_policy`, `audit_log` is written.

    `api` is the API server as the cluster's admin, `kubeconfig` the admin's, and `folder` holds all files and logs.
    `etcd` and `apiserver` are there to be paused, killed and restarted.
    """

    api: Endpoint
    kubeconfig: Path
    folder: Path
    etcd: Component
    apiserver: Component

    def __init__(
        self,
        *,
        controller_manager: bool = False,
        kwok: bool = True,
        apiserver_flags: Sequence[str] = (),
        audit_policy: Mapping[str, Any] | None = None,
    ) -> None:
        self.tools = tools_folder()
        self._controller_manager = controller_manager
        self._kwok = kwok
        self._apiserver_flags = apiserver_flags
        self._audit_policy = audit_policy

    def __enter__(self) -> Self:
        self._components = ComponentGroup()
        try:
            self._start()
        except BaseException:
            self._components.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._components.close()

    @property
    def url(self) -> str:
        """The API server's address."""
        return self.api.url

    @property
    def ca_path(self) -> Path:
        """The certificate of the authority behind every component's serving certificate."""
        return self.folder / command_lines.AUTHORITY

    @property
    def audit_log(self) -> Path:
        """The audit log, one JSON event a line."""
        return self.folder / command_lines.AUDIT_LOG

    def check(self) -> None:
        """Raises ComponentDiedError when a component ended that was not stopped."""
        self._components.check()

    def wait(self, predicate: Callable[[], T], timeout_seconds: float, what: str) -> T:
        """Asks until the answer is true-like, and returns it. Raises TimedOutError, or ComponentDiedError at once."""
        deadline = time.monotonic() + timeout_seconds
        while not (answer := predicate()):
            self.check()
            if time.monotonic() > deadline:
                raise TimedOutError(what, timeout_seconds)
            time.sleep(POLL_SECONDS)
        return answer

    def kubectl(self, *arguments: str, stdin: str = "", kubeconfig: Path | None = None) -> str:
        """What kubectl prints, run as admin or with the rights of a kubeconfig. Raises KubectlError."""
        outcome = subprocess.run(
            [self.tools / "kubectl", *arguments],
            input=stdin,
            env={**self._environment(), "KUBECONFIG": str(kubeconfig or self.kubeconfig)},
            check=False,
            capture_output=True,
            text=True,
        )
        if outcome.returncode:
            self.check()
            raise KubectlError(arguments, outcome.stderr)
        return outcome.stdout

    def apply(self, manifests: str | Path) -> str:
        """Applies manifests, as text or in a file, on the server's side; a field that the API lacks is refused."""
        source, stdin = (str(manifests), "") if isinstance(manifests, Path) else ("-", manifests)
        return self.kubectl("apply", "--server-side", "--validate=strict", f"--filename={source}", stdin=stdin)

    def get_json(self, kind: str, name: str, namespace: str = "default") -> dict[str, Any]:
        """An object as kubectl gets it. Raises KubectlError when it does not exist."""
        answer = self.kubectl("get", kind, name, f"--namespace={namespace}", "--output=json")
        content: dict[str, Any] = json.loads(answer)
        return content

    def add_nodes(self, nodes: Sequence[Mapping[str, Any]]) -> None:
        """Creates nodes. Raises ApiError for the first that the API server refuses."""
        with ThreadPoolExecutor(NODE_WRITERS) as writers:
            list(writers.map(lambda node: self.api.send("POST", "/api/v1/nodes", node), nodes))

    def kubeconfig_for_user(self, user: str, groups: Sequence[str] = ()) -> Path:
        """A kubeconfig by which the API server knows a user and its groups."""
        return self._credentials.user_kubeconfig(self.url, user, groups)

    def kubeconfig_for_service_account(self, namespace: str, name: str) -> Path:
        """A kubeconfig with a token of an existing ServiceAccount, such as its pods have."""
        token = self.kubectl("create", "token", name, f"--namespace={namespace}", "--duration=24h").strip()
        return self._credentials.service_account_kubeconfig(self.url, namespace, name, token)

    def start(
        self, name: str, command: Sequence[str | Path], environment: Mapping[str, str] | None = None
    ) -> Component:
        """Starts a program that ends with the control plane at the latest; it runs in `folder`, its log is there."""
        return self._components.start(name, command, {**self._environment(), **(environment or {})})

    def start_scheduler(
        self, configuration: Mapping[str, Any] | str, name: str = "kube-scheduler", kubeconfig: Path | None = None
    ) -> Component:
        """A kube-scheduler with a KubeSchedulerConfiguration (YAML or object), ready; under its own user by default.

        Its kubeconfig is filled in, and leader election is off unless the configuration speaks of it.
        """
        rights = kubeconfig or self.kubeconfig_for_user("system:kube-scheduler")
        wanted = yaml.safe_load(configuration) if isinstance(configuration, str) else configuration
        client_connection = {**wanted.get("clientConnection", {}), "kubeconfig": str(rights)}
        content = {"leaderElection": {"leaderElect": False}, **wanted, "clientConnection": client_connection}
        file = f"{name}.yaml"
        (self.folder / file).write_text(json.dumps(content))
        return self._start_serving(name, lambda port: command_lines.kube_scheduler(self.tools, port, rights, file))

    def start_stock_scheduler(self) -> Component:
        """A kube-scheduler with nothing but its default profile."""
        kind = {"apiVersion": "kubescheduler.config.k8s.io/v1", "kind": "KubeSchedulerConfiguration"}
        return self.start_scheduler(kind)

    def start_karpenter(self, instance_types: Sequence[Mapping[str, Any]]) -> Component:
        """Karpenter with its CRDs and the KWOKNodeClass `default`; NodePools are the caller's. Raises NotBuiltError.

        Its instance types are those of Karpenter's kwok provider as JSON; kwok makes the nodes run.
        """
        tools = autoscaler_folder()
        crds = [str(path) for path in sorted((tools / "karpenter-files").glob("*.yaml"))]
        self.kubectl("apply", "--server-side", *(f"--filename={path}" for path in crds))
        self.kubectl("wait", "--for=condition=Established", "--timeout=30s", *(f"--filename={path}" for path in crds))
        self.apply(json.dumps({**_KWOK_NODE_CLASS, "metadata": {"name": "default"}}))
        file = "instance-types.json"
        (self.folder / file).write_text(json.dumps(list(instance_types)))
        return self.start("karpenter", command_lines.karpenter(tools, file), {"KUBECONFIG": str(self.kubeconfig)})

    def _start(self) -> None:
        self.folder = self._components.folder
        self._credentials = Credentials(self.folder, dt.datetime.now(dt.UTC))
        self.etcd = self.start("etcd", command_lines.etcd(self.tools))
        self.apiserver = self._start_apiserver()
        self.api = self.apiserver.endpoint
        self.kubeconfig = self._credentials.admin_kubeconfig(self.url)
        if self._controller_manager:
            self._start_controller_manager()
        if self._kwok:
            self.start("kwok", command_lines.kwok(self.tools, self.kubeconfig))

    def restart_apiserver(self, pause_seconds: float = 0.0) -> None:
        """Kills kube-apiserver as a crash would, and starts it again on the same data and at the same port."""
        self.apiserver.kill()
        time.sleep(pause_seconds)
        self.apiserver = self._start_apiserver(self.api.port)

    def _start_apiserver(self, port: int = 0) -> Component:
        if self._audit_policy:
            (self.folder / command_lines.AUDIT_POLICY).write_text(json.dumps(self._audit_policy))
        return self._start_serving(
            "kube-apiserver",
            lambda port: command_lines.kube_apiserver(
                self.tools,
                port,
                service_accounts=self._controller_manager,
                audit=bool(self._audit_policy),
                flags=self._apiserver_flags,
            ),
            port=port,
        )

    def _start_controller_manager(self) -> None:
        rights = self.kubeconfig_for_user("system:kube-controller-manager")
        self._start_serving(
            "kube-controller-manager",
            lambda port: command_lines.kube_controller_manager(self.tools, port, rights),
            ready_path="/healthz",
        )
        account = "/api/v1/namespaces/default/serviceaccounts/default"
        self.wait(lambda: _answers(self.api, account), READY_SECONDS, "the default ServiceAccount exists")

    def _start_serving(
        self, name: str, command_line: Callable[[int], list[str]], ready_path: str = "/readyz", port: int = 0
    ) -> Component:
        with _reserved_port(port) as reserved:
            component = self.start(name, command_line(reserved))
            component.endpoint = Endpoint(reserved, self._credentials.admin_tls)
            try:
                self._await_ready(component, ready_path)
            except BaseException:
                component.kill()
                raise
        return component

    def _await_ready(self, component: Component, path: str) -> None:
        what = f"{component.name} is ready"
        try:
            self.wait(lambda: _answers(component.endpoint, path), READY_SECONDS, what)
        except TimedOutError:
            log_end = f"; the end of its log:\n{component.log_end()}"
            raise TimedOutError(what + log_end, READY_SECONDS) from None

    def _environment(self) -> dict[str, str]:
        """Nothing of the user's: no kubeconfig, no cache of theirs, no cluster that this may happen to run in.

        Temporary files lie in the folder, because who is killed cannot remove its own.
        """
        own = str(self.folder)
        return {"PATH": os.environ.get("PATH", os.defpath), "HOME": own, "TMPDIR": own}


@contextmanager
def _reserved_port(port: int) -> Iterator[int]:
    """A loopback port, chosen by the kernel if it is 0, on which only a program that shares ports can listen."""
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        # Connections of who listened here before may linger.
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", port))
        yield holder.getsockname()[1]


def _answers(endpoint: Endpoint, path: str) -> bool:
    try:
        endpoint.read(path)
    except (OSError, ApiError):
        return False
    return True
