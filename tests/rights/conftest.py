"""One cluster for all tests of rights: Berth installed by its manifests, with everything that it does done once."""

from collections.abc import Iterator

import pytest

from demo.installation import Installation
from sandbox import ControlPlane
from tests.rights import everything
from tests.rights.audit import POLICY


@pytest.fixture(scope="package")
def berth() -> Iterator[Installation]:
    """Berth, in the middle of its work, before an API server that writes down who asks what."""
    with ControlPlane(kwok=False, audit_policy=POLICY) as plane:
        installation = Installation(plane)
        everything.happen(installation)
        yield installation
