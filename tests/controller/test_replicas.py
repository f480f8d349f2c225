"""Two controllers in processes of their own, of which one works: frozen, stopped and killed while much changes."""

import asyncio
import itertools
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cluster.api import Api, PatchKind
from sandbox import ApiError, Component, ControlPlane
from tests.controller.test_controller import apply_class

CLASSES = "/apis/ome.io/v1beta1/acceleratorclasses"
LEASE = "/apis/coordination.k8s.io/v1/namespaces/berth-system/leases/two-replicas"
NAMES = [f"replicas-{number}" for number in range(5)]

# A fifth of the default, so that a takeover takes a fifth of the time.
DURATION = 3


@dataclass(frozen=True)
class Replica:
    """A running controller, known to the API server by a user of its own."""

    user: str
    process: Component

    @property
    def identities(self) -> set[str]:
        """Under which names it said that it leads."""
        lines = self.process.log_path.read_text().splitlines()
        records = [json.loads(line) for line in lines if line.startswith("{")]
        return {each["holder"] for each in records if each["message"] == "this replica leads"}


def start(control_plane: ControlPlane, user: str) -> Replica:
    """Start a controller."""
    rights = control_plane.kubeconfig_for_user(user, ["system:masters"])
    flags = {
        "kubeconfig": rights,
        "lease-name": "two-replicas",
        "lease-duration-seconds": DURATION,
        "webhook-configuration": "absent",
        "certificate-secret": "two-replicas",
        "authority-secret": "two-replicas-authority",
        "metrics-address": "127.0.0.1",
        "metrics-port": 0,
    }
    berth: list[str | Path] = [Path(sys.executable).parent / "berth", "controller"]
    return Replica(user, control_plane.start(user, [*berth, *(f"--{key}={flags[key]}" for key in flags)]))


async def until_leads(control_plane: ControlPlane, replica: Replica) -> float:
    """Return after how many seconds a replica holds the lease and knows it."""
    began = time.monotonic()

    def leads() -> bool:
        with suppress(ApiError):
            return control_plane.api.get(LEASE)["spec"].get("holderIdentity") in replica.identities
        return False

    await asyncio.to_thread(control_plane.wait, leads, 20, f"{replica.user} leads")
    return time.monotonic() - began


@asynccontextmanager
async def churn(control_plane: ControlPlane, api: Api) -> AsyncIterator[None]:
    """Keep changing classes between valid and invalid, so that a leader has something to write all the time."""
    for name in NAMES:
        apply_class(control_plane, name, {})

    async def change() -> None:
        for turn in itertools.count():
            selector = {"gpu": str(turn)} if turn % 2 else None
            for name in NAMES:
                patch = {"spec": {"discovery": {"nodeSelector": selector}}}
                await api.patch(f"{CLASSES}/{name}", patch, PatchKind.MERGE)
            await asyncio.sleep(0.3)

    changing = asyncio.create_task(change())
    yield
    changing.cancel()


def audited(control_plane: ControlPlane, users: set[str]) -> list[dict[str, Any]]:
    """Return the writes of users, as the API server finished them."""
    events = [json.loads(line) for line in control_plane.audit_log.read_text().splitlines()]
    writes = [each for each in events if each["verb"] in {"create", "update", "patch", "delete"}]
    own = [each for each in writes if each["user"]["username"] in users and each["stage"] == "ResponseComplete"]
    return sorted(own, key=lambda each: each["stageTimestamp"])


def reigns(writes: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return from when on which user held the lease, an empty one where it was given back."""
    landed = [each for each in writes if _is_of_lease(each) and each["responseStatus"]["code"] < 300]
    held = [(each["stageTimestamp"], _holder(each)) for each in landed]
    return [later for earlier, later in itertools.pairwise([("", ""), *held]) if later[1] != earlier[1]]


def _is_of_lease(event: dict[str, Any]) -> bool:
    return bool(event["objectRef"]["resource"] == "leases")


def _holder(event: dict[str, Any]) -> str:
    return event["user"]["username"] if event["requestObject"]["spec"].get("holderIdentity") else ""


async def test_one_replica_writes_at_a_time_whatever_becomes_of_the_other(
    control_plane: ControlPlane, api: Api
) -> None:
    """A frozen leader is succeeded and writes nothing when it wakes; an orderly end and a crash hand over in time."""
    first = start(control_plane, "replica-1")
    await until_leads(control_plane, first)
    second = start(control_plane, "replica-2")
    async with churn(control_plane, api):
        await asyncio.sleep(1)
        with first.process.paused():
            assert await until_leads(control_plane, second) < 20
        await asyncio.sleep(2)

        assert second.process.stop() == 0
        assert await until_leads(control_plane, first) < 3

        third = start(control_plane, "replica-3")
        await asyncio.sleep(2)
        first.process.kill()
        assert await until_leads(control_plane, third) < 20
        await asyncio.sleep(1)
        assert third.process.stop() == 0

    writes = audited(control_plane, {"replica-1", "replica-2", "replica-3"})
    held = reigns(writes)
    for each in writes:
        if not _is_of_lease(each):
            within = [
                user
                for (begin, user), (end, _) in itertools.pairwise([*held, ("9", "")])
                if end > each["requestReceivedTimestamp"] and begin < each["stageTimestamp"]
            ]
            assert set(within) <= {each["user"]["username"], ""}
    wrote = {each["user"]["username"] for each in writes if not _is_of_lease(each)}
    assert wrote == {"replica-1", "replica-2", "replica-3"}
