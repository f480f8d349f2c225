"""What a node says of its devices, and what it should offer of them in shares."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec

from cluster.objects import decode_pod
from cluster.shapes import decoded
from placement.devices import is_whole_device
from placement.keys import SHARED
from placement.quantities import amounts
from placement.shares import MAX_DEVICES, PER_DEVICE, SHARES

# Where a node's labels tell how many devices it has: NVIDIA's feature discovery, GKE, Karpenter on AWS.
COUNTS = ("nvidia.com/gpu.count", "cloud.google.com/gke-accelerator-count", "karpenter.k8s.aws/instance-gpu-count")
HOLDERS_NAMED = 3


@dataclass(frozen=True, slots=True)
class Offer:
    """A node as far as shares are concerned.

    `wish` is its label (None: it has none), `counted` how many devices it seems to have (0: unknown), `capacity` and
    `allocatable` what it offers in shares (None: nothing), `whole` what it offers as whole devices.
    """

    name: str
    uid: str
    wish: str | None
    counted: int
    capacity: int | None
    allocatable: int | None
    whole: tuple[str, ...]

    @property
    def most(self) -> int:
        """The larger of what it offers in shares."""
        return max(self.capacity or 0, self.allocatable or 0)

    def offers(self, milli: int) -> bool:
        """Tell whether it offers exactly this."""
        wanted_amount = milli or None
        return self.capacity == self.allocatable == wanted_amount


class _Metadata(msgspec.Struct):
    name: str
    uid: str = ""
    labels: dict[str, str] | None = None


class _Status(msgspec.Struct):
    capacity: dict[str, str] | None = None
    allocatable: dict[str, str] | None = None


class _Node(msgspec.Struct):
    metadata: _Metadata
    status: _Status = msgspec.field(default_factory=_Status)


_NODE = msgspec.json.Decoder(_Node)


def decode_offer(raw: msgspec.Raw) -> Offer:
    """Return what a node says; raises MalformedObject."""
    node = decoded(_NODE, raw)
    labels = node.metadata.labels or {}
    capacity, allocatable = amounts(node.status.capacity or {}), amounts(node.status.allocatable or {})
    return Offer(
        node.metadata.name,
        node.metadata.uid,
        labels.get(SHARED),
        _counted(labels, capacity),
        capacity.get(SHARES) or None,
        allocatable.get(SHARES) or None,
        tuple(sorted(name for name, count in allocatable.items() if count > 0 and is_whole_device(name))),
    )


def wanted(node: Offer) -> tuple[int, str]:
    """Return how much a node should offer, in thousandths of a device, or what is wrong with its wish."""
    if node.wish in (None, "false"):
        return 0, ""
    devices = node.counted if node.wish == "true" else _number(node.wish)
    if not 0 < devices <= MAX_DEVICES:
        return (
            0,
            _UNCOUNTED if node.wish == "true" else f"{node.wish!r} is no number of devices: write true, or 1 to 1024",
        )
    if node.whole:
        return 0, (
            f"the node offers {', '.join(node.whole)} as a whole: end the device plugin there, "
            "with label nvidia.com/gpu.deploy.device-plugin=false where NVIDIA's operator runs it"
        )
    return devices * PER_DEVICE, ""


def holders(pods: Iterable[msgspec.Raw], *, whole: bool) -> list[str]:
    """Return the first pods that hold whole devices, or else shares, by namespace and name."""
    read = (decode_pod(each) for each in pods)
    standing = sorted(f"{pod.namespace}/{pod.name}" for pod in read if _holds(pod.requests, whole=whole))
    return [*standing[:HOLDERS_NAMED], *(["…"] if len(standing) > HOLDERS_NAMED else [])]


_UNCOUNTED = "how many devices the node has is not known: write their number instead of true"


def _holds(requests: Mapping[str, int], *, whole: bool) -> bool:
    return any(count > 0 and (is_whole_device(name) if whole else name == SHARES) for name, count in requests.items())


def _counted(labels: Mapping[str, str], capacity: Mapping[str, int]) -> int:
    """Return what labels tell; else what a device plugin told, which kubelet forgets slowly; else what is offered."""
    told = next((_number(labels[name]) for name in COUNTS if name in labels), 0)
    whole = max((count for name, count in capacity.items() if is_whole_device(name)), default=0)
    return told or whole or capacity.get(SHARES, 0) // PER_DEVICE


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= len(str(MAX_DEVICES)) else 0
