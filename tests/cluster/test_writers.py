import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest

from cluster.api import Api, ApiError
from cluster.objects import decode_pod
from cluster.writers import MAX_NOTE_BYTES, Event, EventType, Reporter, annotate_pod, publish_event, touch_node
from placement.pods import Pod

PODS = "/api/v1/namespaces/default/pods"
EVENTS = "/apis/events.k8s.io/v1/namespaces/default/events"
REPORTER = Reporter("berth.ome.io/extender", "berth-scheduler-0")


async def new_pod(api: Api, name: str) -> Pod:
    """Create a pod and return it."""
    metadata = {"name": name, "annotations": {"kept": "yes"}}
    return decode_pod(
        await api.create(PODS, {"metadata": metadata, "spec": {"containers": [{"name": "c", "image": "c"}]}})
    )


async def test_annotations_are_added_to_a_pod(real_api: Api) -> None:
    """Others stay as they are."""
    pod = await new_pod(real_api, "annotated")

    await annotate_pod(real_api, pod, {"berth.ome.io/placement": "{}"})

    found = decode_pod(await real_api.get(f"{PODS}/annotated"))
    assert found.annotations == {"kept": "yes", "berth.ome.io/placement": "{}"}


async def test_another_pod_of_the_same_name_is_not_annotated(real_api: Api) -> None:
    """A StatefulSet's pod may have been replaced meanwhile."""
    pod = await new_pod(real_api, "replaced")

    with pytest.raises(ApiError, match="422 Invalid"):
        await annotate_pod(real_api, replace(pod, uid="another"), {"a": "b"})

    assert decode_pod(await real_api.get(f"{PODS}/replaced")).annotations == {"kept": "yes"}


async def test_a_node_is_touched(real_api: Api) -> None:
    """The annotation changes, which is what kube-scheduler waits for."""
    await real_api.create("/api/v1/nodes", {"metadata": {"name": "touched"}})

    await touch_node(real_api, "touched", "2030-01-01")

    found = msgspec.json.decode(await real_api.get("/api/v1/nodes/touched"))
    assert found["metadata"]["annotations"] == {"berth.ome.io/touched": "2030-01-01"}


async def test_an_event_about_a_pod_is_published(real_api: Api) -> None:
    """`kubectl describe` finds it by the pod's uid; times are in UTC whatever the clock's zone."""
    pod = await new_pod(real_api, "told-of")
    now = datetime(2030, 1, 1, 2, 0, 0, 5, tzinfo=timezone(timedelta(hours=2)))

    await publish_event(real_api, pod, Event(EventType.WARNING, "NoNodeFits", "Filter", "why"), REPORTER, now)

    events = msgspec.json.decode(await real_api.get(EVENTS, {"fieldSelector": "regarding.name=told-of"}))["items"]
    assert len(events) == 1
    assert events[0]["eventTime"] == "2030-01-01T00:00:00.000005Z"
    assert (events[0]["type"], events[0]["reason"], events[0]["note"]) == ("Warning", "NoNodeFits", "why")
    assert events[0]["regarding"]["uid"] == pod.uid
    assert events[0]["reportingController"] == "berth.ome.io/extender"


async def test_the_same_event_is_told_once(real_api: Api) -> None:
    """Several replicas see the same pod wait for the same reason; another reason is another event."""
    pod = await new_pod(real_api, "told-twice")
    now = datetime(2030, 1, 1, tzinfo=UTC)
    event = Event(EventType.WARNING, "NoNodeFits", "Filter", "why")

    await publish_event(real_api, pod, event, REPORTER, now)
    await publish_event(real_api, pod, replace(event, note="why else"), REPORTER, now)
    with pytest.raises(ApiError, match="409 AlreadyExists"):
        await publish_event(real_api, pod, event, REPORTER, now + timedelta(seconds=1))


async def test_a_note_that_is_too_long_is_cut(real_api: Api) -> None:
    """The server takes 1024 bytes; a character of several bytes is not cut through."""
    pod = await new_pod(real_api, "long-told-of")
    now = datetime.now(UTC)

    await asyncio.gather(
        *(
            publish_event(real_api, pod, Event(EventType.NORMAL, "Long", "Filter", note), REPORTER, now)
            for note in ("ä" * MAX_NOTE_BYTES, "a" * (MAX_NOTE_BYTES + 1), "a" * MAX_NOTE_BYTES)
        )
    )

    found = msgspec.json.decode(await real_api.get(EVENTS, {"fieldSelector": "regarding.name=long-told-of"}))["items"]
    notes = sorted(each["note"] for each in found)
    assert [note[-2:] for note in notes] == ["aa", "a…", "ä…"]
