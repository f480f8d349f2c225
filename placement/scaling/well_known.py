"""Labels of which Karpenter knows the values without being told: those that its instance types have.

Sources: pkg/apis/v1/labels.go of sigs.k8s.io/karpenter, aws/karpenter-provider-aws, kwok/apis/v1alpha1/labels.go;
pkg/apis/v1beta1/labels.go of Azure/karpenter-provider-azure; pkg/apis/v1alpha1/labels.go of
cloudpilot-ai/karpenter-provider-gcp; the user guide of EKS, "Create a node pool for EKS Auto Mode".
"""

_EVERYWHERE = frozenset(
    {
        "karpenter.sh/capacity-type",
        "karpenter.sh/nodepool",
        "kubernetes.io/arch",
        "kubernetes.io/os",
        "node.kubernetes.io/instance-type",
        "node.kubernetes.io/windows-build",
        "topology.kubernetes.io/region",
        "topology.kubernetes.io/zone",
    }
)
_AWS = """
    accelerator-count accelerator-manufacturer accelerator-name category cpu cpu-manufacturer
    cpu-sustained-clock-speed-mhz ebs-bandwidth encryption-in-transit-supported family generation gpu-count
    gpu-manufacturer gpu-memory gpu-name hypervisor local-nvme memory network-bandwidth size
"""
_EKS_AUTO = """
    category cpu cpu-manufacturer ebs-bandwidth encryption-in-transit-supported family generation gpu-count
    gpu-manufacturer gpu-memory gpu-name hypervisor local-nvme memory network-bandwidth size
"""
_AZURE = """
    cpu family gpu-count gpu-manufacturer gpu-name memory name networking-accelerated series
    storage-ephemeralos-maxsize storage-premium-capable version
"""
_GCP = """
    category cpu cpu-model family generation gpu-count gpu-manufacturer gpu-memory gpu-name memory shape size
"""
_KWOK = "cpu family memory size"


def _keys(beginning: str, names: str, *others: str) -> frozenset[str]:
    return frozenset({*(beginning + name for name in names.split()), *others})


# By the API group of a NodePool's node class.
_OF_PROVIDER = {
    "karpenter.k8s.aws": _keys(
        "karpenter.k8s.aws/instance-",
        _AWS,
        "karpenter.k8s.aws/capacity-reservation-id",
        "karpenter.k8s.aws/capacity-reservation-type",
        "topology.k8s.aws/zone-id",
    ),
    "eks.amazonaws.com": _keys("eks.amazonaws.com/instance-", _EKS_AUTO, "eks.amazonaws.com/compute-type"),
    "karpenter.azure.com": _keys(
        "karpenter.azure.com/sku-",
        _AZURE,
        "karpenter.azure.com/placement-scope",
        "kubernetes.azure.com/cluster",
        "kubernetes.azure.com/fips_enabled",
        "kubernetes.azure.com/mode",
        "kubernetes.azure.com/os-sku",
        "kubernetes.azure.com/priority",
        "kubernetes.azure.com/scalesetpriority",
        "kubernetes.azure.com/sku-cpu",
        "kubernetes.azure.com/sku-memory",
    ),
    "karpenter.k8s.gcp": _keys(
        "karpenter.k8s.gcp/instance-",
        _GCP,
        "cloud.google.com/gke-accelerator",
        "cloud.google.com/gke-cpu-scaling-level",
        "topology.k8s.gcp/zone-id",
    ),
    "karpenter.kwok.sh": _keys("karpenter.kwok.sh/instance-", _KWOK),
}

_KNOWN = {provider: _EVERYWHERE | keys for provider, keys in _OF_PROVIDER.items()}

# What says which accelerator an instance has, where a provider has such a label.
_ACCELERATOR = {
    "karpenter.k8s.aws": "karpenter.k8s.aws/instance-gpu-name",
    "eks.amazonaws.com": "eks.amazonaws.com/instance-gpu-name",
    "karpenter.azure.com": "karpenter.azure.com/sku-gpu-name",
    "karpenter.k8s.gcp": "karpenter.k8s.gcp/instance-gpu-name",
}

PROVIDERS = tuple(_OF_PROVIDER)


def well_known(provider: str) -> frozenset[str]:
    """Return the labels of which Karpenter knows the values for a provider, as its node classes' API group names it."""
    return _KNOWN.get(provider, _EVERYWHERE)


def accelerator_label(provider: str) -> str:
    """Return the label that says which accelerator an instance has; empty where there is none."""
    return _ACCELERATOR.get(provider, "")
