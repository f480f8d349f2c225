"""What all tests share."""

import os
from pathlib import Path

import pytest

SHARED = Path(__file__).parent.parent.parent / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of founding documents and example pods beside the project, which a user's clone does not have."""
    if SHARED.is_dir():
        return SHARED
    reason = f"{SHARED} is not there: it holds the founding documents and example pods"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
