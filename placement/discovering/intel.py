"""Intel's GPUs, by the labels that Node Feature Discovery writes with the rules of Intel's device plugins.

Source: intel-device-plugins-for-kubernetes, cmd/gpu_plugin/labels.md.
"""

import re

from placement.discovering.by_labels import Clue, Maker, Offered
from placement.discovering.forms import Form
from placement.discovering.known_hardware import known_device
from placement.discovering.naming import hardware_name
from placement.discovering.readings import Traits
from placement.discovering.sights import Sight

_VENDOR = "intel"
_RESOURCES = ("gpu.intel.com/i915", "gpu.intel.com/xe")
_PRODUCT = re.compile(r"gpu\.intel\.com/product")
_DEVICE = re.compile(r"gpu\.intel\.com/device-id\.[0-9a-f]{4}-(?P<device>[0-9a-f]{4})\.present", re.IGNORECASE)


def _clue(key: str, value: str) -> Clue | None:
    if _PRODUCT.fullmatch(key):
        return Clue(hardware_name(_VENDOR, value))
    match = _DEVICE.fullmatch(key)
    if not match or value != "true":
        return None
    device = match["device"].lower()
    return Clue(known_device(_VENDOR, device) or f"device-{device}")


def _offered(sight: Sight, whole: Traits) -> Offered:
    """Return the form: a plugin that lets pods share devices offers each several times, under the same name."""
    devices = sight.count("gpu.intel.com/device.count")
    most = max((sight.node.allocatable.get(name, 0) for name in _RESOURCES), default=0)
    if not devices or most <= devices:
        return Offered(whole)
    form = Form("-shared", "shared")
    return Offered(form.part_of(whole), form.ending)


INTEL = Maker(
    _VENDOR,
    (_PRODUCT, _DEVICE),
    _clue,
    re.compile(r"gpu\.intel\.com/(?:i915|xe)"),
    lambda _: _RESOURCES[0],
    "let Node Feature Discovery label it by the rules of Intel's device plugins",
    offered=_offered,
)
