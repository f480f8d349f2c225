"""Certificates in the Secrets of a real API server."""

import asyncio
import base64
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from certs.issuance import pair_of
from certs.judgement import is_signed_by, problems
from certs.pairs import Pair
from certs.secrets import Ensured, Places, ensure
from cluster.api import Api
from sandbox import ControlPlane

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
NUMBERS = count()


@pytest.fixture
def places() -> Places:
    """Secrets that no other test uses."""
    number = next(NUMBERS)
    return Places("default", "berth-webhook", f"serving-{number}", f"authority-{number}")


def secret(control_plane: ControlPlane, name: str) -> dict[str, Any]:
    """Return a Secret as kubectl shows it."""
    return control_plane.get_json("secret", name)


def content(control_plane: ControlPlane, name: str) -> dict[str, bytes]:
    """Return what a Secret holds."""
    return {key: base64.b64decode(value) for key, value in secret(control_plane, name)["data"].items()}


def served(control_plane: ControlPlane, places: Places) -> Pair:
    """Return the pair that a webhook would mount."""
    return pair_of(content(control_plane, places.certificate_secret))


async def test_both_secrets_are_created(control_plane: ControlPlane, api: Api, places: Places) -> None:
    """The serving Secret is of Kubernetes' type for TLS, has the trust, and never the authority's key."""
    ensured = await ensure(api, places, NOW)

    held = content(control_plane, places.certificate_secret)
    assert secret(control_plane, places.certificate_secret)["type"] == "kubernetes.io/tls"
    assert set(held) == {"tls.crt", "tls.key", "ca.crt"}
    assert held["ca.crt"] == ensured.authorities.trust
    assert is_signed_by(pair_of(held).parsed, ensured.authorities.signing.parsed)
    assert problems(pair_of(held), ["berth-webhook.default.svc"], NOW) == []
    assert ensured.changes == [
        f"Secret default/{places.authority_secret} written",
        f"Secret default/{places.certificate_secret} written",
    ]


async def test_a_second_pass_writes_nothing(control_plane: ControlPlane, api: Api, places: Places) -> None:
    """Secrets that will do keep their version."""
    first = await ensure(api, places, NOW)
    before = secret(control_plane, places.certificate_secret)["metadata"]["resourceVersion"]

    assert await ensure(api, places, NOW + timedelta(days=55)) == Ensured(first.authorities, [])
    assert secret(control_plane, places.certificate_secret)["metadata"]["resourceVersion"] == before


async def test_a_certificate_that_is_due_is_replaced_under_the_same_authority(
    control_plane: ControlPlane, api: Api, places: Places
) -> None:
    """Thirty days before its end a serving certificate gets a successor, and trust need not change."""
    first = await ensure(api, places, NOW)
    old = served(control_plane, places)
    later = NOW + timedelta(days=61)

    assert (await ensure(api, places, later)).authorities == first.authorities
    new = served(control_plane, places)
    assert new != old
    assert problems(new, places.names, later + timedelta(days=89)) == []


@pytest.mark.parametrize("data", [{"tls.crt": "", "tls.key": ""}, {"tls.crt": "YQ==", "tls.key": "YQ=="}])
async def test_a_secret_that_somebody_broke_is_mended(
    control_plane: ControlPlane, api: Api, places: Places, data: dict[str, str]
) -> None:
    """Whatever stands in the Secret, in the end the webhook can serve; labels of others stay."""
    metadata = {"name": places.certificate_secret, "labels": {"team": "ours"}}
    broken = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "kubernetes.io/tls", "data": data}
    await api.create("/api/v1/namespaces/default/secrets", broken)

    await ensure(api, places, NOW)

    assert problems(served(control_plane, places), places.names, NOW) == []
    assert secret(control_plane, places.certificate_secret)["metadata"]["labels"] == {"team": "ours"}


async def test_writers_that_race_agree(control_plane: ControlPlane, api: Api, places: Places) -> None:
    """Of several controllers that start at once, one makes each Secret, and all trust the same authority."""
    ensured = await asyncio.gather(*(ensure(api, places, NOW) for _ in range(8)))

    assert len({each.authorities for each in ensured}) == 1
    assert sorted(change for each in ensured for change in each.changes) == [
        f"Secret default/{places.authority_secret} written",
        f"Secret default/{places.certificate_secret} written",
    ]
    assert is_signed_by(served(control_plane, places).parsed, ensured[0].authorities.signing.parsed)


async def test_of_writers_that_renew_at_once_one_does_it(control_plane: ControlPlane, api: Api, places: Places) -> None:
    """Who comes second finds that what it wanted to replace has changed, and keeps what is there."""
    await ensure(api, places, NOW)

    renewed = await asyncio.gather(*(ensure(api, places, NOW + timedelta(days=61)) for _ in range(8)))

    written = [change for each in renewed for change in each.changes]
    assert written == [f"Secret default/{places.certificate_secret} written"]
    assert problems(served(control_plane, places), places.names, NOW + timedelta(days=150)) == []
