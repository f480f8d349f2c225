"""What all tests share."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from cluster.api import Api
from tests.cluster.scripted_server import ScriptedServer, serving, write_kubeconfig

# A property says what holds, never how fast: machines are slow at times.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

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


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    """An API server that does what the test says."""
    async with serving() as scripted:
        yield scripted


@pytest.fixture
async def api(server: ScriptedServer, tmp_path: Path) -> AsyncIterator[Api]:
    """The scripted server's API."""
    async with Api.connect(write_kubeconfig(tmp_path / "kubeconfig", server.url, {})) as connected:
        yield connected
