"""The labels and annotations on which the programs agree with users and with each other."""

OWN_PREFIX = "berth.ome.io/"

# On namespaces and, to opt out, on pods.
INJECTION = "berth.ome.io/injection"

# Read from the pod.
REQUESTED_CLASS = "ome.io/accelerator-class"
STRATEGY = "ome.io/selection-strategy"
COST_THRESHOLD = "ome.io/cost-threshold"
PROFILE = "berth.ome.io/profile"
CONTAINER = "berth.ome.io/container"
MODEL = "berth.ome.io/model"
MODEL_SIZE = "berth.ome.io/model-size"
WAIT = "berth.ome.io/wait-for-preferred"

# On classes, beside OME's definition of them, which has no fields for it: a label selector, and "true".
NAMESPACE_SELECTOR = "berth.ome.io/namespace-selector"
SCALABLE_FROM_ZERO = "berth.ome.io/scalable-from-zero"

# On classes that were made of what stands in the cluster, "true", and of which of Kueue's flavors one was made.
AUTO_DISCOVERED = "ome.io/auto-discovered"
OF_FLAVOR = "ome.io/kueue-resource-flavor"
# On them, what Berth last applied, in JSON: what differs from it is somebody else's.
APPLIED = "berth.ome.io/applied"

# OME's, on its pods; the annotation that names a runtime may stand on any pod.
SERVICE = "ome.io/inferenceservice"
COMPONENT = "component"
RUNTIME, RUNTIME_LABEL = "ome.io/serving-runtime", "serving-runtime"
BASE_MODEL, BASE_MODEL_LABEL = "ome.io/base-model-name", "base-model-name"
BASE_MODEL_FORMAT = "ome.io/base-model-format"

# Written on the pod at admission.
CHOSEN_CLASS = "berth.ome.io/accelerator-class"
DECISION = "berth.ome.io/decision"

# Written on the pod after binding.
PLACEMENT = "berth.ome.io/placement"
DEVICES = "berth.ome.io/devices"

# On nodes that offer their devices in shares: "true", or how many devices there are.
SHARED = "berth.ome.io/shares"

# A taint of nodes onto which only the scheduler that is its value puts pods.
SCHEDULER = "berth.ome.io/scheduler"

# Written on a node to wake pods that were rejected.
TOUCHED = "berth.ome.io/touched"

# What a pod may not bring along: only Berth writes these.
OURS_ON_PODS = frozenset({CHOSEN_CLASS, DECISION, PLACEMENT, DEVICES})

# Well-known Kubernetes keys.
ZONE = "topology.kubernetes.io/zone"
NAMESPACE_NAME = "kubernetes.io/metadata.name"
