"""The command line of each component. Relative paths are those of the sandbox's folder, where components run."""

from collections.abc import Sequence
from pathlib import Path

AUTHORITY = "ca.crt"
SERVING_CERTIFICATE = "serving.crt"
SERVING_KEY = "serving.key"
SERVICE_ACCOUNT_KEY = "service-account.key"
AUDIT_POLICY = "audit-policy.yaml"
AUDIT_LOG = "audit.log"

# A socket in the folder instead of a port: nothing to choose, nothing to collide with. etcd 3.6 asks for a port in what
# it advertises, so the names of the sockets end in what looks like one.
ETCD = "unix://etcd.sock:0"
ETCD_PEER = "unix://etcd-peer.sock:0"

# A port is reserved by a socket of ours until the component listens there itself, hence the sharing.
SERVING = [
    "--bind-address=127.0.0.1",
    "--permit-port-sharing=true",
    f"--tls-cert-file={SERVING_CERTIFICATE}",
    f"--tls-private-key-file={SERVING_KEY}",
]

# A program that is to be measured under load is not throttled by the API server.
UNLIMITED_REQUESTS = (
    "--enable-priority-and-fairness=false",
    "--max-requests-inflight=0",
    "--max-mutating-requests-inflight=0",
)

# Mutating admission policies, in the version in which every supported release has them: the older ones if asked to.
MUTATING_POLICIES = (
    "--feature-gates=MutatingAdmissionPolicy=true",
    "--runtime-config=admissionregistration.k8s.io/v1beta1=true",
)


def etcd(tools: Path) -> list[str]:
    """The store, on a socket of the folder and without fsync: its content need not outlive it."""
    return [
        f"{tools}/etcd",
        "--data-dir=etcd",
        f"--listen-client-urls={ETCD}",
        f"--advertise-client-urls={ETCD}",
        f"--listen-peer-urls={ETCD_PEER}",
        f"--initial-advertise-peer-urls={ETCD_PEER}",
        f"--initial-cluster=default={ETCD_PEER}",
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]


def kube_apiserver(tools: Path, port: int, *, service_accounts: bool, audit: bool, flags: Sequence[str]) -> list[str]:
    """kube-apiserver with RBAC and the default admission plugins but those that a sandbox cannot live with.

    TaintNodesByCondition would taint every new node not-ready, and without kube-controller-manager the taint stays.
    ServiceAccount refuses pods whose `default` account does not exist, and kube-controller-manager is who makes it.
    """
    disabled = ["TaintNodesByCondition"] if service_accounts else ["TaintNodesByCondition", "ServiceAccount"]
    audit_flags = [f"--audit-policy-file={AUDIT_POLICY}", f"--audit-log-path={AUDIT_LOG}"] if audit else []
    return [
        f"{tools}/kube-apiserver",
        *SERVING,
        f"--secure-port={port}",
        f"--etcd-servers={ETCD}",
        "--advertise-address=127.0.0.1",
        "--endpoint-reconciler-type=none",
        "--service-cluster-ip-range=10.0.0.0/24",
        # Services of webhooks are resolved through EndpointSlices, as there is no kube-proxy.
        "--enable-aggregator-routing=true",
        f"--client-ca-file={AUTHORITY}",
        # Nothing is aggregated here, but kube-controller-manager logs an error as long as this is not published.
        f"--requestheader-client-ca-file={AUTHORITY}",
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-username-headers=X-Remote-User",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={SERVICE_ACCOUNT_KEY}",
        f"--service-account-signing-key-file={SERVICE_ACCOUNT_KEY}",
        "--authorization-mode=RBAC",
        "--allow-privileged=true",
        f"--disable-admission-plugins={','.join(disabled)}",
        *audit_flags,
        *flags,
    ]


def kube_controller_manager(tools: Path, port: int, kubeconfig: Path) -> list[str]:
    """kube-controller-manager with all controllers, each under its own account."""
    return [
        f"{tools}/kube-controller-manager",
        *_client_and_serving(port, kubeconfig),
        f"--kubeconfig={kubeconfig}",
        "--leader-elect=false",
        "--use-service-account-credentials=true",
        f"--service-account-private-key-file={SERVICE_ACCOUNT_KEY}",
        f"--root-ca-file={AUTHORITY}",
        # It makes an account and a token for each controller before any works, at 20 requests a second by default.
        "--kube-api-qps=1000",
        "--kube-api-burst=1000",
        # No kubelet stands behind a fake node, so its silence means nothing.
        "--node-monitor-grace-period=24h",
    ]


def kube_scheduler(tools: Path, port: int, kubeconfig: Path, configuration: str) -> list[str]:
    """kube-scheduler with a KubeSchedulerConfiguration file; its metrics can be read without rights."""
    return [
        f"{tools}/kube-scheduler",
        *_client_and_serving(port, kubeconfig),
        f"--config={configuration}",
        "--authorization-always-allow-paths=/healthz,/readyz,/livez,/metrics",
    ]


def kwok(tools: Path, kubeconfig: Path) -> list[str]:
    """The kubelet of the fake nodes: bound pods run at once, deleted ones go at once."""
    return [
        f"{tools}/kwok",
        f"--kubeconfig={kubeconfig}",
        "--manage-all-nodes=false",
        "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",
        "--node-lease-duration-seconds=40",
        "--cidr=10.64.0.0/10",
        *(f"--config={stage}" for stage in sorted((tools / "kwok-files").glob("*.yaml"))),
    ]


def karpenter(tools: Path, instance_types: str) -> list[str]:
    """Karpenter with the kwok provider: its nodes are fake ones, of the instance types in a file.

    Its ports cannot be kept to loopback, so the kernel chooses them, and nobody calls there.
    """
    return [
        f"{tools}/karpenter",
        f"--instance-types-file-path={instance_types}",
        "--disable-leader-election=true",
        "--metrics-port=0",
        "--health-probe-port=0",
        "--batch-idle-duration=200ms",
        "--batch-max-duration=1s",
    ]


def _client_and_serving(port: int, kubeconfig: Path) -> list[str]:
    return [
        *SERVING,
        f"--secure-port={port}",
        f"--authentication-kubeconfig={kubeconfig}",
        f"--authorization-kubeconfig={kubeconfig}",
    ]
