"""Names of classes: RFC 1123, at most 63 characters, and two only where the hardware or its form differs.

A name depends on what it names alone. What small letters, digits, dots and dashes cannot say without loss gets the
beginning of a digest, so that `A_B` and `A-B` are two names.
"""

import re
from hashlib import sha256

from placement.accelerators import MAX_CLASS_NAME
from placement.discovering.known_hardware import bare, known_name

# What stands for a space in what these vendors write.
_SPACES = {"amd": "_", "intel": "_"}
# What names say of hardware without a product, and in which form it is offered.
_TAKEN = re.compile(r"device-.*|.*-(?:shared|vgpu|single|mps-[0-9]+|mig-[^-]+|[a-z]px-nps[0-9])")
_DIGEST_CHARACTERS = 8


def hardware_name(vendor: str, product: str) -> str:
    """Return the name of a product among those of its vendor: that of known hardware, or its own in fitting letters."""
    return known_name(vendor, product) or _own_name(vendor, product)


def class_name(vendor: str, hardware: str, form: str = "") -> str:
    """Return the name of the class of some hardware in a form, which is the end of the name."""
    name = f"{vendor}-{hardware}{form}"
    if len(name) <= MAX_CLASS_NAME:
        return name
    return f"{name[: MAX_CLASS_NAME - _DIGEST_CHARACTERS - 1].rstrip('-.')}-{_digest(name)}"


def _own_name(vendor: str, product: str) -> str:
    space = _SPACES.get(vendor, "-")
    is_mixed = space != "-" and "-" in product
    plain = bare(vendor, product.lower().replace(space, "-"))
    fitting = re.sub(r"[-.]{2,}", "-", re.sub(r"[^a-z0-9.]+", "-", plain)).strip("-.")
    if fitting == plain and not is_mixed and not _TAKEN.fullmatch(plain):
        return fitting
    return f"{fitting}-{_digest(bare(vendor, product.lower()))}".strip("-")


def _digest(text: str) -> str:
    return sha256(text.encode(errors="replace")).hexdigest()[:_DIGEST_CHARACTERS]
