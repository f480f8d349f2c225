"""What a node should offer in shares, by its label and by what it says of its devices."""

import json
from typing import Any

import msgspec
import pytest

from controller.sharing.offers import Offer, decode_offer, holders, wanted
from placement.keys import SHARED
from placement.shares import SHARES

COUNT = "nvidia.com/gpu.count"
GPU = "nvidia.com/gpu"


def offer(labels: dict[str, str], capacity: dict[str, str] | None = None, allocatable: Any = None) -> Offer:
    """Return what a node with these labels says; what is allocatable is its capacity unless something else is given."""
    status = {"capacity": capacity, "allocatable": capacity if allocatable is None else allocatable}
    node = {"metadata": {"name": "n", "uid": "u", "labels": labels}, "status": status}
    return decode_offer(msgspec.Raw(json.dumps(node).encode()))


@pytest.mark.parametrize(
    ("node", "milli"),
    [
        (offer({}), 0),
        (offer({SHARED: "false", COUNT: "8"}), 0),
        (offer({SHARED: "4"}), 4000),
        (offer({SHARED: "true", COUNT: "8"}), 8000),
        (offer({SHARED: "4", COUNT: "8"}), 4000),
        (offer({SHARED: "true", "cloud.google.com/gke-accelerator-count": "2"}), 2000),
        (offer({SHARED: "true"}, {GPU: "8"}, {GPU: "0"}), 8000),
        (offer({SHARED: "true"}, {"amd.com/gpu": "4"}, {"amd.com/gpu": "0"}), 4000),
        (offer({SHARED: "true"}, {GPU: "0", SHARES: "8k"}), 8000),
    ],
)
def test_a_node_offers_what_its_label_wishes(node: Offer, milli: int) -> None:
    """The number that stands there, or else what labels and a device plugin tell."""
    assert wanted(node) == (milli, "")


@pytest.mark.parametrize(
    ("node", "problem"),
    [
        (offer({SHARED: "true"}), "how many devices the node has is not known: write their number instead of true"),
        (offer({SHARED: "yes"}), "'yes' is no number of devices: write true, or 1 to 1024"),
        (offer({SHARED: "0"}), "'0' is no number of devices: write true, or 1 to 1024"),
        (offer({SHARED: "1025"}), "'1025' is no number of devices: write true, or 1 to 1024"),
        (offer({SHARED: "9" * 63}), f"'{'9' * 63}' is no number of devices: write true, or 1 to 1024"),
        (offer({SHARED: ""}), "'' is no number of devices: write true, or 1 to 1024"),
    ],
)
def test_a_wish_that_cannot_be_met_says_what_to_write(node: Offer, problem: str) -> None:
    """Nothing is changed on the node then."""
    assert wanted(node) == (0, problem)


def test_a_node_that_gives_whole_devices_cannot_give_shares_of_them() -> None:
    """Two would allocate the same device."""
    milli, problem = wanted(offer({SHARED: "true"}, {GPU: "8"}))

    assert milli == 0
    assert problem.startswith("the node offers nvidia.com/gpu as a whole: end the device plugin there")


def test_zero_is_as_good_as_nothing() -> None:
    """A kubelet that starts sets to zero what it does not know."""
    assert offer({}, {SHARES: "0"}).offers(0)
    assert not offer({}, {SHARES: "0"}).offers(4000)
    assert offer({}, {SHARES: "4k"}).offers(4000)
    assert not offer({}, {SHARES: "4k"}, {SHARES: "0"}).offers(4000)


def test_pods_that_stand_in_the_way_are_named() -> None:
    """The first of them."""

    def pod(name: str, resource: str) -> msgspec.Raw:
        spec = {"containers": [{"name": "c", "resources": {"limits": {resource: "1"}}}]}
        return msgspec.Raw(json.dumps({"metadata": {"namespace": "ml", "name": name}, "spec": spec}).encode())

    pods = [*(pod(f"whole-{index}", GPU) for index in range(4)), pod("share", SHARES), pod("cpu", "cpu")]

    assert holders(pods, whole=True) == ["ml/whole-0", "ml/whole-1", "ml/whole-2", "…"]
    assert holders(pods, whole=False) == ["ml/share"]
