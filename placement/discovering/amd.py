"""AMD's devices, by the labels of its node labeller under both prefixes, and as counters of their values.

Source: ROCm/k8s-device-plugin, cmd/k8s-node-labeller and docs of the resource naming strategies.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from types import MappingProxyType

from placement.discovering.by_labels import Clue, Maker, Offered
from placement.discovering.forms import Form
from placement.discovering.known_hardware import known_device
from placement.discovering.memory import MIB_PER_GIB, nominal_gib
from placement.discovering.naming import hardware_name
from placement.discovering.readings import Traits
from placement.discovering.sights import Sight, condition
from placement.selection import Expression

_VENDOR = "amd"
_KIND = re.compile(r"(?:beta\.)?amd\.com/gpu\.(?P<kind>product-name|device-id)(?:\.(?P<value>.+))?")
_TELLS_PARTITION = re.compile(r"(?:beta\.)?amd\.com/gpu\.compute-memory-partition(?:\.(?P<counted>.+))?")
_PARTITION = re.compile(r"[a-z]px-nps[0-9]")
_MEMORY = re.compile(r"(?:beta\.)?amd\.com/gpu\.vram(?:\.(?P<value>.+))?")
_SIZE = re.compile(r"(?P<number>[0-9]{1,8})(?P<unit>[GM]?)")
_WHOLE = "spx-nps1"
_MIB = MappingProxyType({"G": MIB_PER_GIB, "M": 1, "": 1})

# Parts of one device by its compute partition; of an MI300A, which has six chiplets, CPX makes six.
_PARTS = MappingProxyType({"spx": 1, "dpx": 2, "tpx": 3, "qpx": 4, "cpx": 8})
_CHIPLETS = MappingProxyType({"mi300a": 6})
# The least that drivers report of a whole device; less is what they report of a part.
_LEAST = 0.75


def _keys(kind: str) -> Iterator[re.Pattern[str]]:
    """Yield patterns of a kind of label: the plain one before the counter, the current prefix before the old one."""
    for ending in (re.escape(kind), rf"{re.escape(kind)}\..+"):
        for prefix in ("", r"beta\."):
            yield re.compile(rf"{prefix}amd\.com/gpu\.{ending}")


def _clue(key: str, value: str) -> Clue | None:
    match = _KIND.fullmatch(key)
    if not match:
        return None
    text, counted = match["value"] or value, bool(match["value"])
    if match["kind"] == "product-name":
        return Clue(hardware_name(_VENDOR, text), is_counter=counted)
    known = known_device(_VENDOR, text)
    return Clue(known or f"device-{hardware_name(_VENDOR, text)}", is_vague=not known, is_counter=counted)


def _offered(sight: Sight, whole: Traits) -> Offered:
    labels = dict(_labelled(sight))
    partitions = sorted({*labels.values()} or _named(sight)) or [_WHOLE]
    if len(partitions) > 1 or not _PARTITION.fullmatch(partitions[0]):
        return Offered(whole, doubt=f"has devices in partitions that are not understood: {', '.join(partitions)}")
    sizes = [size for key, text in sight.node.labels.items() if (size := _memory_mib(key, text))]
    if partitions == [_WHOLE]:
        return Offered(_with_memory(whole, min(sizes, default=0)))
    form = Form(f"-{partitions[0]}", "partition", _part_gib(whole, partitions[0], min(sizes, default=0)))
    return Offered(form.part_of(whole), form.ending, tuple(labels)[:1])


def _labelled(sight: Sight) -> Iterator[tuple[Expression, str]]:
    for key, value in sight.view.items():
        match = _TELLS_PARTITION.fullmatch(key)
        if match:
            yield condition(key, value), _plain(match["counted"] or value)


def _named(sight: Sight) -> set[str]:
    """Return the partitions that resources are named for, under the resource naming strategy mixed."""
    names = (_plain(name.removeprefix("amd.com/")) for name, count in sight.node.allocatable.items() if count > 0)
    return {name for name in names if _PARTITION.fullmatch(name)}


def _plain(text: str) -> str:
    return text.lower().replace("_", "-")


def _with_memory(whole: Traits, memory_mib: int) -> Traits:
    stated = whole.memory_gib
    found = nominal_gib(memory_mib, stated)
    return replace(whole, memory_gib=min(filter(None, (stated, found)), default=None))


def _part_gib(whole: Traits, partition: str, memory_mib: int) -> float | None:
    """Return the memory of a part: what is reported of it, or else an even part of the whole."""
    mode = partition.partition("-")[0]
    stated = whole.memory_gib
    reported = nominal_gib(memory_mib)
    if reported and stated and reported < stated * _LEAST:
        return reported
    parts = _CHIPLETS.get(whole.model) if mode == "cpx" else None
    parts = parts or _PARTS.get(mode)
    return int(stated * MIB_PER_GIB / parts) / MIB_PER_GIB if stated and parts else None


def _memory_mib(key: str, value: str) -> int | None:
    """Return the memory that a label tells: `192G`, which is GiB, or a plain number of MiB."""
    match = _MEMORY.fullmatch(key)
    size = _SIZE.fullmatch(match["value"] or value) if match else None
    return int(size["number"]) * _MIB[size["unit"]] if size else None


AMD = Maker(
    _VENDOR,
    tuple(pattern for kind in ("product-name", "device-id") for pattern in _keys(kind)),
    _clue,
    re.compile(r"amd\.com/(?:gpu|[a-z]px_nps[0-9])", re.IGNORECASE),
    lambda _: "amd.com/gpu",
    "let AMD's node labeller write product-name, device-id and vram",
    _TELLS_PARTITION,
    _offered,
)
