from collections.abc import Iterator

import pytest

from sandbox import ControlPlane


@pytest.fixture(scope="package")
def control_plane() -> Iterator[ControlPlane]:
    """An API server without anything of Berth."""
    with ControlPlane(kwok=False) as started:
        yield started
