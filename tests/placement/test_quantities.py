"""Kubernetes resource quantities as integers."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placement.quantities import GIB, amount, amounts, memory_gib, parse


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("4", 4),
        ("0.5", Decimal("0.5")),
        (".5", Decimal("0.5")),
        ("5.", 5),
        ("-2", -2),
        ("250m", Decimal("0.25")),
        ("100n", Decimal("1e-7")),
        ("3u", Decimal("3e-6")),
        ("2k", 2000),
        ("1M", 10**6),
        ("1Ki", 1024),
        ("16Gi", 16 * GIB),
        ("1Ei", 2**60),
        ("5E", 5 * 10**18),
        ("5E3", 5000),
        ("5e-1", Decimal("0.5")),
    ],
)
def test_every_suffix_of_the_grammar_is_understood(text: str, value: Decimal) -> None:
    """Decimal, binary and exponent suffixes of apimachinery's resource.Quantity."""
    assert parse(text) == value


@pytest.mark.parametrize("text", ["", "Gi", "4 Gi", "1K", "0x10", "five", "1.2.3", "1GiB", "4gi"])
def test_what_is_no_quantity_is_refused_with_the_text_and_what_to_write(text: str) -> None:
    """The reader sees what was found."""
    with pytest.raises(ValueError, match="is no quantity: write a number") as refusal:
        parse(text)
    assert repr(text) in str(refusal.value)


def test_cpu_counts_milli_and_everything_else_units_rounded_up() -> None:
    """Rounding down would promise what is not there."""
    assert amounts({"cpu": "1500m", "memory": "1Gi", "nvidia.com/gpu": "2"}) == {
        "cpu": 1500,
        "memory": GIB,
        "nvidia.com/gpu": 2,
    }
    assert amount("cpu", "0.0001") == 1
    assert amount("memory", "0.5") == 1


@given(st.integers(0, 2**60))
def test_a_bare_number_is_itself(number: int) -> None:
    """For every resource but cpu."""
    assert amount("memory", str(number)) == number


@given(st.integers(0, 2**40), st.integers(0, 2**40))
def test_milli_cpus_add_up(one: int, other: int) -> None:
    """No precision is lost on the way."""
    assert amount("cpu", f"{one}m") + amount("cpu", f"{other}m") == one + other


@pytest.mark.parametrize(("text", "gib"), [("40", 40), ("40Gi", 40), ("80.5", 80.5), ("1Ti", 1024), ("81920Mi", 80)])
def test_a_memory_size_without_suffix_counts_gib(text: str, gib: float) -> None:
    """Authors of AcceleratorClasses write 40 and mean 40 GiB."""
    assert memory_gib(text) == gib
