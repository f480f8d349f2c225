"""What is known of hardware by its name, whoever spells it, and which names stand for one hardware."""

from collections.abc import Iterator
from itertools import chain
from types import MappingProxyType

from placement.accelerators import Figure, version
from placement.discovering.hardware_table import BLOCKS, FAMILIES, Block
from placement.discovering.readings import Traits

PCI_VENDORS = MappingProxyType(
    {
        "nvidia": "10de",
        "amd": "1002",
        "intel": "8086",
        "habana": "1da3",
        "aws": "1d0f",
        "google": "1ae0",
        "huawei": "19e5",
    }
)
_FIGURES = (Figure.BANDWIDTH, Figure.FP32, Figure.FP16, Figure.FP8, Figure.INT8)
_UNKNOWN = "-"

# What drivers write before the name of a product, in the order in which it stands there.
_PREFIXES = MappingProxyType(
    {"nvidia": ("nvidia-", "tesla-"), "amd": ("amd-", "instinct-"), "intel": ("intel-",), "huawei": ("huawei-",)}
)

# By vendor and name.
Known = tuple[str, str]


def _rows(block: Block) -> Iterator[tuple[Known, Traits, tuple[str, ...]]]:
    for line in block.lines.strip().splitlines():
        name, family, model, memory, *numbers, capability, devices, features, spellings = line.split()
        stated = zip(_FIGURES, numbers, strict=True)
        traits = Traits(
            block.vendor,
            family,
            model,
            _number(memory),
            None if capability == _UNKNOWN else version(capability),
            frozenset(_listed(features) + _listed(FAMILIES.get(family, _UNKNOWN))),
            frozenset((figure, float(text)) for figure, text in stated if text != _UNKNOWN),
            PCI_VENDORS[block.vendor],
            _listed(devices),
        )
        yield (block.vendor, name), traits, (name, *_listed(spellings))


def _number(text: str) -> float | None:
    return None if text == _UNKNOWN else float(text)


def _listed(text: str) -> tuple[str, ...]:
    return () if text == _UNKNOWN else tuple(text.split(","))


_ROWS = tuple(chain.from_iterable(map(_rows, BLOCKS)))

KNOWN = MappingProxyType({known: traits for known, traits, _ in _ROWS})
_NAMES = {(vendor, spelling): name for (vendor, name), _, spellings in _ROWS for spelling in spellings}
_DEVICES = {(traits.vendor, device): known[1] for known, traits, _ in _ROWS for device in traits.pci_devices}


def known_name(vendor: str, product: str) -> str | None:
    """Return the name of known hardware that a vendor's or a cloud's product stands for, or None."""
    return _NAMES.get((vendor, bare(vendor, product.lower().replace("_", "-").replace(" ", "-"))))


def known_device(vendor: str, device: str) -> str | None:
    """Return the name of known hardware by its PCI device, four hexadecimal digits, or None."""
    return _DEVICES.get((vendor, device.lower().removeprefix("0x")))


def traits_of(vendor: str, name: str, model: str = "") -> Traits:
    """Return what is known of hardware; of unknown hardware that is its vendor and the model by which it goes."""
    return KNOWN.get((vendor, name)) or Traits(vendor, model=model, pci_vendor=PCI_VENDORS.get(vendor, ""))


def bare(vendor: str, product: str) -> str:
    """Return a product, in small letters, without the words before it that only some drivers write."""
    for prefix in _PREFIXES.get(vendor, ()):
        product = product.removeprefix(prefix) or product
    return product
