"""Flavors: how Kueue names one kind of nodes, and which pods it lets come to them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from placement.selection import NodeSelection, Term
from placement.taints import Taint, Toleration, untolerated

# The most labels that a flavor may have (ResourceFlavor.spec.nodeLabels).
MAX_LABELS = 8

# Labels that vendors' feature discoveries and clouds put on nodes with accelerators, by the beginning of their keys.
ACCELERATOR_KEYS = (
    "nvidia.com/",
    "amd.com/gpu",
    "beta.amd.com/gpu",
    "gpu.intel.com/",
    "habana.ai/",
    "aws.amazon.com/neuron",
    "huawei.com/",
    "cloud.google.com/gke-accelerator",
    "cloud.google.com/gke-gpu",
    "cloud.google.com/gke-tpu",
    "k8s.amazonaws.com/accelerator",
    "eks.amazonaws.com/instance-gpu-",
    "eks.amazonaws.com/instance-accelerator-",
    "karpenter.k8s.aws/instance-gpu-",
    "karpenter.k8s.aws/instance-accelerator-",
    "kubernetes.azure.com/accelerator",
    "karpenter.azure.com/sku-gpu-",
)


@dataclass(frozen=True, slots=True)
class Flavor:
    """One kind of nodes by their labels; `taints` are what these have, `tolerations` what Kueue adds to its pods.

    `topology` is set where Kueue places pods by it; such a flavor never changes.
    """

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: tuple[Taint, ...] = ()
    tolerations: tuple[Toleration, ...] = ()
    topology: str = ""

    def has_accelerators(self, more_keys: tuple[str, ...] = ()) -> bool:
        """Tell whether its labels say that its nodes have accelerators; `more_keys` begin further keys that do."""
        return any(key.startswith(ACCELERATOR_KEYS + more_keys) for key in self.labels)

    def refusal(self, selection: NodeSelection, tolerations: tuple[Toleration, ...]) -> str | None:
        """Return why Kueue does not assign this flavor to a pod with that node selection, or None.

        The rule of kueue/pkg/scheduler/flavorassigner: of the pod's nodeSelector and required affinity only conditions
        on the flavor's own keys count; a term without any lets every flavor pass; the flavor's tolerations help.
        """
        taint = untolerated(self.taints, (*tolerations, *self.tolerations))
        if taint:
            return f"{self.name} has the taint {taint}"
        own = NodeSelection({key: value for key, value in selection.labels.items() if key in self.labels})
        terms = tuple(self._own(term) for term in selection.terms)
        counted = NodeSelection(own.labels, terms if all(each.expressions for each in terms) else ())
        return None if counted.admits(self.labels, "") else f"{self.name} is for other labels"

    def is_on(self, labels: Mapping[str, str]) -> bool:
        """Tell whether a node with these labels is of the flavor."""
        return all(labels.get(key) == value for key, value in self.labels.items())

    def _own(self, term: Term) -> Term:
        return Term(tuple(each for each in term.expressions if each.key in self.labels))
