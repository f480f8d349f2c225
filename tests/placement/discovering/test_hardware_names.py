"""Names of classes."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from placement.discovering.known_hardware import KNOWN
from placement.discovering.naming import class_name, hardware_name

VENDORS = st.sampled_from(("nvidia", "amd", "intel", "huawei"))
# What drivers leave of a product in a label.
PRODUCTS = st.from_regex(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?", fullmatch=True)
FORMS = st.sampled_from(("", "-shared", "-mps-4", "-mig-1g.10gb", "-mig-1g.10gb.me-single", "-cpx-nps4"))
RFC_1123 = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


@settings(max_examples=50)
@given(vendor=VENDORS, product=PRODUCTS, form=FORMS)
def test_a_name_is_one_that_the_api_takes(vendor: str, product: str, form: str) -> None:
    """RFC 1123, and not longer than a label's value."""
    name = class_name(vendor, hardware_name(vendor, product), form)

    assert RFC_1123.fullmatch(name)
    assert len(name) <= 63


@settings(max_examples=50)
@given(vendor=VENDORS, one=PRODUCTS, other=PRODUCTS)
def test_different_products_have_different_names(vendor: str, one: str, other: str) -> None:
    """But for capital letters, and words that only some drivers write."""
    if _bare(vendor, one) != _bare(vendor, other):
        assert hardware_name(vendor, one) != hardware_name(vendor, other)


def _bare(vendor: str, product: str) -> str:
    words = re.sub(r"[-_.]+", "-", product.lower())
    space = "_" if vendor in ("amd", "intel") else "-"
    known = (vendor, hardware_name(vendor, product)) in KNOWN
    prefix = r"((nvidia|tesla|amd|instinct|intel|huawei)-)*"
    return re.sub(rf"^{prefix}", "", words) if known else re.sub(rf"^{prefix}", "", product.lower().replace(space, "-"))


@pytest.mark.parametrize(
    ("vendor", "products"),
    [
        ("nvidia", ("A_B", "A-B", "A.B", "A--B", "A..B", "A-.B")),
        ("amd", ("A_B", "A-B", "A.B")),
        ("nvidia", ("X" * 62 + "Y", "X" * 62 + "Z")),
        ("amd", ("X" * 62 + "Y", "X" * 62 + "Z")),
    ],
)
def test_what_small_letters_cannot_tell_apart_gets_a_digest(vendor: str, products: tuple[str, ...]) -> None:
    """Whichever of them there are."""
    names = [class_name(vendor, hardware_name(vendor, each)) for each in products]

    assert len({*names}) == len(products)
    assert all(len(each) <= 63 for each in names)


def test_the_usual_spelling_of_a_vendor_has_a_plain_name() -> None:
    """NVIDIA's labels have dashes for spaces, AMD's underscores."""
    assert class_name("nvidia", hardware_name("nvidia", "A-B")) == "nvidia-a-b"
    assert class_name("amd", hardware_name("amd", "A_B")) == "amd-a-b"


def test_a_product_that_looks_like_a_form_of_another_is_none() -> None:
    """What is shared and what is called so are two classes."""
    assert class_name("nvidia", hardware_name("nvidia", "X-vgpu")) != class_name(
        "nvidia", hardware_name("nvidia", "X"), "-vgpu"
    )
    assert hardware_name("amd", "device_7550") != "device-7550"
