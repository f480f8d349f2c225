"""What is pinned is read as it stands, or refused."""

import re

import pytest

from supply.lock import BUILD, DEVELOPMENT, ROOT, RUNTIME, NotLockedError, Pin, parse_pins, read_pins

HASHES = ("a" * 64, "b" * 64)
TEXT = f"""\
# written by a tool
numpy==2.4.6 ; python_full_version < '3.12' \\
    --hash=sha256:{HASHES[0]} \\
    --hash=sha256:{HASHES[1]}
    # via
    #   berth (pyproject.toml)
    #   contourpy
pluggy==1.7.0 \\
    --hash=sha256:{HASHES[0]}
    # via pytest
"""


def test_a_pin_has_its_marker_its_hashes_and_who_asks_for_it() -> None:
    """In both forms that uv writes, for one parent and for several."""
    assert parse_pins(TEXT) == [
        Pin("numpy", "2.4.6", "python_full_version < '3.12'", HASHES, ("berth", "contourpy")),
        Pin("pluggy", "1.7.0", "", HASHES[:1], ("pytest",)),
    ]


@pytest.mark.parametrize("text", ["pluggy==1.7.0\n", f"pluggy>=1.7.0 \\\n    --hash=sha256:{HASHES[0]}\n", "-e .\n"])
def test_what_is_not_pinned_with_a_hash_is_refused(text: str) -> None:
    """A version without a hash, a range, a folder."""
    with pytest.raises(NotLockedError, match=re.escape(text.split(maxsplit=1)[0])):
        parse_pins(text)


@pytest.mark.parametrize("file", [RUNTIME, BUILD, DEVELOPMENT])
def test_each_lock_file_is_read_whole(file: str) -> None:
    """Every version and every hash of it is in a pin."""
    text, pins = (ROOT / file).read_text(), read_pins(file)

    assert len(pins) == text.count("==") - len(re.findall(r"==(?= ')|== '", text))
    assert sum(len(pin.hashes) for pin in pins) == text.count("--hash=")


def test_the_image_gets_the_versions_that_were_tested() -> None:
    """Every version of the runtime lock file, and what builds it, is in the one of the tests."""
    tested = {(pin.name, pin.version) for pin in read_pins(DEVELOPMENT)}

    assert {(pin.name, pin.version) for pin in [*read_pins(RUNTIME), *read_pins(BUILD)]} <= tested
