"""NVIDIA's devices, by the labels of GPU Feature Discovery and, where it does not run, of clouds.

Source: k8s-device-plugin, internal/lm: resource.go and mig-strategy.go.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from placement.accelerators import DeviceResource, Version
from placement.discovering.forms import Form
from placement.discovering.known_hardware import KNOWN, traits_of
from placement.discovering.memory import MIB_PER_GIB, is_near, named_gib, nominal_gib
from placement.discovering.naming import class_name, hardware_name
from placement.discovering.nvidia_clouds import CLOUD_KEYS, Told, told
from placement.discovering.readings import Finding, Labels, Traits
from placement.discovering.sights import Sight, condition, is_key, is_value
from placement.selection import Expression

VENDOR = "nvidia"
GPU, SHARED_GPU = "nvidia.com/gpu", "nvidia.com/gpu.shared"
_PRODUCT, _VGPU = f"{GPU}.product", "nvidia.com/vgpu.present"
_STRATEGY, _REPLICAS = ".sharing-strategy", ".replicas"
_KEYS = (_PRODUCT, GPU + _STRATEGY, GPU + _REPLICAS, _VGPU, *CLOUD_KEYS)

_PROFILE = r"(?:[0-9]{1,2}c\.)?[0-9]{1,2}g\.(?P<gb>[0-9]{1,4})gb(?:[.+]?[a-z]+)*"
_NAME = re.compile(rf"(?P<model>.+?)(?:-MIG-(?P<profile>INVALID|{_PROFILE}))?(?P<shared>-SHARED)?", re.IGNORECASE)
_SLICE = re.compile(rf"(?P<resource>nvidia\.com/mig-(?P<profile>{_PROFILE}))\.product", re.IGNORECASE)
_OF_SLICE = re.compile(r"nvidia\.com/mig-.+\.(?:product|sharing-strategy|replicas)")
_UNKNOWN_FAMILY = "undefined"

# What each compute capability has, from the CUDA Programming Guide, for hardware that is in no table.
_FEATURES: tuple[tuple[Version, str], ...] = (((8, 0), "tensor-cores"), ((8, 0), "bf16"), ((8, 9), "fp8"))


@dataclass(frozen=True, slots=True)
class _Offer:
    """One kind of device as labels tell it: `prefix` begins the keys of its own labels, replicas are per device."""

    hardware: str
    anchors: tuple[Expression, ...]
    resources: tuple[str, ...]
    prefix: str = GPU
    profile: str = ""
    is_single: bool = False
    is_virtual: bool = False
    strategy: str = ""
    replicas: int = 1
    memory_mib: int | None = None


def view(labels: Labels) -> Labels:
    """Return the labels on which the names of its readings depend."""
    slices = sorted(key for key in labels if key.startswith("nvidia.com/mig-") and _tells_of_slice(key))
    return {key: labels[key] for key in (*_KEYS, *slices) if is_value(labels.get(key, ""))}


def _tells_of_slice(key: str) -> bool:
    return _OF_SLICE.fullmatch(key) is not None and is_key(key)


def find(sight: Sight) -> Iterator[Finding]:
    """Yield a reading for each kind of device, and problems."""
    product = sight.view.get(_PRODUCT, "")
    match = _NAME.fullmatch(product)
    if match and (match["profile"] or "").upper() == "INVALID":
        yield (
            f"has the label {_PRODUCT}={product}: its devices are divided in ways which the MIG strategy single does"
            " not allow, and it offers none of them; divide all alike, or choose the strategy mixed"
        )
        return
    cloud = told(sight.view)
    if match:
        yield from _of_product(sight, match, cloud)
    elif cloud:
        yield from _finding(sight, _of_cloud(sight, cloud))
    yield from _slices(sight)
    yield from _unexplained(sight, is_known=bool(match or cloud))


def _of_product(sight: Sight, match: re.Match[str], cloud: Told | None) -> Iterator[Finding]:
    labels = sight.view
    hardware, replicas = hardware_name(VENDOR, match["model"]), sight.count(GPU + _REPLICAS)
    if cloud:
        yield from _contradiction(hardware, cloud)
    has_slices = any(map(_SLICE.fullmatch, labels))
    # Where MIG is on for every device, feature discovery counts no replica; old releases counted none at all.
    if not match["profile"] and (replicas == 0 or (replicas is None and has_slices)):
        if not has_slices:
            yield f"has {GPU}{_REPLICAS}=0: MIG is on for all its devices, and none of them is divided"
        return
    strategy = _strategy(labels.get(GPU + _STRATEGY, ""), replicas, is_marked=bool(match["shared"]))
    is_virtual, is_renamed = labels.get(_VGPU) == "true", strategy and not match["shared"]
    offer = _Offer(
        hardware,
        tuple(condition(key, labels[key]) for key in _form_keys(strategy, is_virtual=is_virtual) if key in labels),
        (sight.offered(GPU, SHARED_GPU) or (SHARED_GPU,)) if is_renamed else (GPU,),
        profile=_plain(match["profile"]),
        is_single=bool(match["profile"]),
        is_virtual=is_virtual,
        strategy=strategy,
        replicas=replicas or 1,
        memory_mib=sight.count(f"{GPU}.memory"),
    )
    yield from _finding(sight, offer)


def _form_keys(strategy: str, *, is_virtual: bool) -> Iterator[str]:
    """Yield the labels that tell a product and its form."""
    yield _PRODUCT
    if strategy:
        yield GPU + _STRATEGY
    if strategy == "mps":
        yield GPU + _REPLICAS
    if is_virtual:
        yield _VGPU


def _slices(sight: Sight) -> Iterator[Finding]:
    """Yield a reading for each MIG profile under the strategy mixed."""
    for match in filter(None, map(_SLICE.fullmatch, sight.view)):
        key, prefix = match[0], match["resource"]
        name = _NAME.fullmatch(sight.view[key])
        if not name:
            continue
        replicas = sight.count(prefix + _REPLICAS)
        strategy = _strategy(sight.view.get(prefix + _STRATEGY, ""), replicas, is_marked=bool(name["shared"]))
        offer = _Offer(
            hardware_name(VENDOR, name["model"]),
            (condition(key, sight.view[key]),),
            (prefix,),
            prefix,
            _plain(match["profile"]),
            strategy=strategy,
            replicas=replicas or 1,
            memory_mib=sight.count(f"{prefix}.memory"),
        )
        yield from _finding(sight, offer)


def _of_cloud(sight: Sight, cloud: Told) -> _Offer:
    """Return what a cloud tells; more devices than the machine has are time slices, which the cloud does not know."""
    devices = sight.count(cloud.count_key)
    is_sliced = devices and not cloud.profile and sight.node.allocatable.get(GPU, 0) > devices
    return _Offer(
        cloud.hardware,
        cloud.anchors,
        (GPU,),
        "",
        _plain(cloud.profile),
        is_single=bool(cloud.profile),
        strategy=cloud.strategy or ("time-slicing" if is_sliced else ""),
        replicas=cloud.replicas,
        memory_mib=cloud.memory_mib,
    )


def _finding(sight: Sight, offer: _Offer) -> Iterator[Finding]:
    """Yield the reading of one kind of device, and what its labels contradict."""
    whole = _whole(sight, offer.hardware)
    if not offer.profile:
        yield from _doubts(sight, offer, whole)
        stated = whole.memory_gib
        found = nominal_gib(offer.memory_mib or 0, stated or named_gib(offer.hardware))
        whole = replace(whole, memory_gib=min(filter(None, (stated, found)), default=None))
    traits, ending = whole, ""
    for form in _forms(offer, whole):
        traits, ending = form.part_of(traits), ending + form.ending
    resources = [DeviceResource(name) for name in offer.resources]
    yield sight.reading(class_name(VENDOR, offer.hardware, ending), traits, offer.anchors, resources)
    if offer.prefix and not sight.offered(*offer.resources) and not sight.offers_shares:
        name = offer.resources[0]
        yield f"has the label {offer.prefix}.product, and offers no {name}: its device plugin reports none"


def _forms(offer: _Offer, whole: Traits) -> Iterator[Form]:
    memory = whole.memory_gib
    if offer.profile:
        gigabytes = re.fullmatch(_PROFILE, offer.profile)
        stated = float(gigabytes["gb"]) if gigabytes else None
        memory = nominal_gib(offer.memory_mib or 0, stated) or stated
        yield Form(f"-mig-{offer.profile}{'-single' if offer.is_single else ''}", "mig-device", memory)
    elif offer.is_virtual:
        yield Form("-vgpu", "vgpu", memory)
    if offer.strategy == "mps" and offer.replicas > 1:
        # MPS limits each of its clients to its part; time slices of one device have its memory in common.
        part = int(memory * MIB_PER_GIB / offer.replicas) / MIB_PER_GIB if memory else None
        yield Form(f"-mps-{offer.replicas}", "mps", part)
    elif offer.strategy:
        yield Form("-shared", "time-slicing")


def _whole(sight: Sight, hardware: str) -> Traits:
    """Return what a table knows of the hardware, or else what the labels prove."""
    known = traits_of(VENDOR, hardware, hardware)
    if (VENDOR, hardware) in KNOWN:
        return known
    family = sight.node.labels.get(f"{GPU}.family", "").lower()
    capability = _capability(sight)
    features = {feature for least, feature in _FEATURES if capability and capability >= least}
    if sight.node.labels.get("nvidia.com/mig.capable") == "true":
        features.add("mig")
    return replace(
        known,
        family=family if is_value(family) and family != _UNKNOWN_FAMILY else "",
        compute_capability=capability,
        features=frozenset(features),
    )


def _capability(sight: Sight) -> Version | None:
    major, minor = sight.count(f"{GPU}.compute.major"), sight.count(f"{GPU}.compute.minor")
    return None if not major or minor is None else (major, minor)


def _doubts(sight: Sight, offer: _Offer, whole: Traits) -> Iterator[str]:
    """Yield what the labels say of known hardware that it is not."""
    known, told_capability = whole.compute_capability, _capability(sight)
    if known and told_capability and known != told_capability:
        mine, theirs = (".".join(map(str, each)) for each in (told_capability, known))
        yield (
            f"has compute capability {mine} by its labels, and is a {offer.hardware}, which has {theirs}: the latter"
            " is believed"
        )
    stated, found = whole.memory_gib, offer.memory_mib
    if stated and found and not is_near(found, stated):
        yield (
            f"has {found} MiB of memory by the label {offer.prefix}.memory, and is a {offer.hardware} of {stated:g} GB"
            " by its product: the less is believed"
        )


def _contradiction(hardware: str, cloud: Told) -> Iterator[str]:
    mine, theirs = (KNOWN.get((VENDOR, each)) for each in (hardware, cloud.hardware))
    if mine and theirs and mine.model != theirs.model:
        theirs_by = f"a {cloud.hardware} by {cloud.source}"
        yield f"is a {hardware} by the label {_PRODUCT}, and {theirs_by}: the first is believed"


def _unexplained(sight: Sight, *, is_known: bool) -> Iterator[str]:
    """Yield a problem for each resource that no label tells anything of."""
    for name, count in sorted(sight.node.allocatable.items()):
        if count > 0 and name in (GPU, SHARED_GPU) and not is_known:
            yield (
                f"offers {count} {name}, and no label tells what they are: label it with {_PRODUCT}, as GPU Feature"
                " Discovery does"
            )
        if count > 0 and _SLICE.fullmatch(f"{name}.product") and f"{name}.product" not in sight.view:
            yield f"offers {count} {name}, and has no label {name}.product that tells of which product they are"


def _strategy(text: str, replicas: int | None, *, is_marked: bool) -> str:
    """Return how devices are shared; releases that knew time slicing alone did not say so by a label."""
    if text in ("time-slicing", "mps"):
        return text
    return "time-slicing" if is_marked or (replicas or 0) > 1 else ""


def _plain(profile: str | None) -> str:
    """Return a MIG profile as resources spell it: `1g.10gb+me`, of which labels lose the sign, is 1g.10gb.me."""
    return re.sub(r"gb[.+]?(?=[a-z])", "gb.", (profile or "").lower()).replace("+", ".").rstrip(".")
