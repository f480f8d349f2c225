"""A model of an API server, for state machines: each message is delivered, answered or lost by order."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from cluster.api import UNREACHABLE, Api, ApiError
from placement.keys import DEVICES
from tests.extender.machine_clock import UnhurriedLoop
from tests.extender.machine_objects import Json, amount_of, is_finished

NODES = "/api/v1/nodes"
PODS = "/api/v1/pods"

# kube-apiserver carries nothing out after that time.
REQUEST_SECONDS = 60.0

# So slow that much can happen while a list is read.
PAGE_SECONDS = 0.05


class Fate(StrEnum):
    """What becomes of a Binding that was sent."""

    DONE = "done"
    LOST_ANSWER = "lost answer"
    LOST = "lost"
    LATE = "late"  # Its sender hears that the connection is lost, and it may be carried out all the same.
    BUSY = "busy"
    FAILED_AFTER = "failed after"
    FORBIDDEN = "forbidden"


@dataclass(eq=False)
class Call:
    """A Binding that was sent and not yet carried out; `answer` is what its sender will hear."""

    uid: str
    body: Json
    sent_at: float
    answer: asyncio.Future[bytes]


@dataclass(eq=False)
class Stream:
    """A watch: what was told by it, up to some version, and its end."""

    path: str
    version: int
    lines: asyncio.Queue[bytes | ApiError | None] = field(default_factory=asyncio.Queue)


@dataclass(frozen=True)
class Change:
    """Something that happened, as watches tell it."""

    path: str
    version: int
    type: str
    object: Json

    @property
    def line(self) -> bytes:
        """The line of a watch."""
        return json.dumps({"type": self.type, "object": self.object}).encode()


class ModelServer:
    """What an API server has, what happened there, who watches, and which Bindings wait to be carried out."""

    def __init__(self, loop: UnhurriedLoop) -> None:
        self.loop = loop
        self.version = 1
        self.objects: dict[str, dict[str, Json]] = {NODES: {}, PODS: {}}
        self.changes: list[Change] = []
        self.streams: list[Stream] = []
        self.calls: list[Call] = []
        self.oldest: dict[str, int] = {NODES: 0, PODS: 0}
        self.is_away = False
        self.bound_by_berth: dict[str, str] = {}

    @property
    def pods(self) -> dict[str, Json]:
        """The pods by name."""
        return self.objects[PODS]

    def put(self, path: str, name: str, content: Json) -> None:
        """Create or replace an object."""
        self.version += 1
        content["metadata"]["resourceVersion"] = str(self.version)
        was = self.objects[path].get(name)
        self.objects[path][name] = content
        if is_finished(content):
            self._note(path, "DELETED", content)  # It has left what is watched: field selectors.
        elif was is None:
            self._note(path, "ADDED", content)
        else:
            self._note(path, "MODIFIED", content)

    def delete(self, path: str, name: str) -> None:
        """Delete an object."""
        self.version += 1
        gone = self.objects[path].pop(name)
        gone["metadata"]["resourceVersion"] = str(self.version)
        if not is_finished(gone):
            self._note(path, "DELETED", gone)

    def _note(self, path: str, kind: str, content: Json) -> None:
        self.changes.append(Change(path, self.version, kind, json.loads(json.dumps(content))))

    def tell(self, path: str, count: int, *, twice: bool = False) -> None:
        """Deliver so many changes to those who watch."""
        for stream in (each for each in self.streams if each.path == path):
            for change in self._unseen(stream)[:count]:
                for _ in range(1 + twice):
                    stream.lines.put_nowait(change.line)
                stream.version = change.version

    def bookmark(self) -> None:
        """Tell each watch up to where it has seen everything."""
        for stream in self.streams:
            newest = self.version if not self._unseen(stream) else stream.version
            line = {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": str(newest)}}}
            stream.lines.put_nowait(json.dumps(line).encode())
            stream.version = newest

    def end_watches(self, error: ApiError | None = None) -> None:
        """End all watches, by an error or in peace."""
        for stream in self.streams:
            stream.lines.put_nowait(error)
        self.streams.clear()

    def forget(self) -> None:
        """Know the past no longer: a watch that begins there is refused."""
        self.oldest = dict.fromkeys(self.oldest, self.version)

    def _unseen(self, stream: Stream) -> list[Change]:
        return [each for each in self.changes if each.path == stream.path and each.version > stream.version]

    def answer(self, call: Call, fate: Fate) -> None:
        """Carry out a Binding, or not, and answer it, or not."""
        refusal = ApiError(408, "Timeout", "too old") if self._is_over(call) else None
        if fate in (Fate.DONE, Fate.LOST_ANSWER, Fate.FAILED_AFTER) and not refusal:
            refusal = self._bind(call)
        if fate is not Fate.LATE:
            self.calls.remove(call)
        if call.answer.done():
            return
        errors = {
            Fate.DONE: refusal,
            Fate.BUSY: ApiError(503, "ServiceUnavailable", "away"),
            Fate.FAILED_AFTER: ApiError(500, "InternalError", "failed"),
            Fate.FORBIDDEN: ApiError(403, "Forbidden", "not yours"),
        }
        error = errors.get(fate, ApiError(UNREACHABLE, "Unreachable", "lost"))
        if error:
            call.answer.set_exception(error)
        else:
            call.answer.set_result(b"{}")

    def _is_over(self, call: Call) -> bool:
        return self.loop.time() - call.sent_at > REQUEST_SECONDS

    def _bind(self, call: Call) -> ApiError | None:
        name = call.body["metadata"]["name"]
        pod = self.pods.get(name)
        if pod is None:
            return ApiError(404, "NotFound", name)
        if pod["metadata"]["uid"] != call.uid or pod["spec"].get("nodeName") or is_finished(pod):
            return ApiError(409, "Conflict", name)
        wanted = call.body["metadata"].get("resourceVersion")
        if wanted and wanted != pod["metadata"]["resourceVersion"]:
            return ApiError(409, "Conflict", name)
        self.bound_by_berth[call.uid] = call.body["target"]["name"]
        self.place(name, call.body["target"]["name"], call.body["metadata"]["annotations"])
        return None

    def place(self, name: str, node: str, annotations: Mapping[str, str]) -> None:
        """Write a pod's node on it, whoever says so."""
        pod = self.pods[name]
        metadata = {**pod["metadata"], "annotations": {**pod["metadata"].get("annotations", {}), **annotations}}
        self.put(PODS, name, {**pod, "metadata": metadata, "spec": {**pod["spec"], "nodeName": node}})

    def taken(self) -> Counter[tuple[str, str]]:
        """Return what pods that Berth has bound take of each device, read from their annotations alone."""
        taken: Counter[tuple[str, str]] = Counter()
        for pod in self.pods.values():
            node, asked = pod["spec"].get("nodeName"), amount_of(pod)
            if node and asked and pod["metadata"]["uid"] in self.bound_by_berth and not is_finished(pod):
                devices = pod["metadata"]["annotations"][DEVICES].split(",")
                assert len(devices) == len(set(devices)) == max(asked // 1000, 1)
                taken.update({(node, device): min(asked, 1000) for device in devices})
        return taken


class ModelApi(Api):
    """One client of the model."""

    def __init__(self, server: ModelServer) -> None:
        super().__init__(None, None)
        self.server = server

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> bytes:
        """Return a page of a list as it stood when the list began, or a pod."""
        await asyncio.sleep(PAGE_SECONDS)
        if self.server.is_away:
            raise ApiError(UNREACHABLE, "Unreachable", "away")
        if path in self.server.objects:
            return self._page(path, (query or {}).get("continue", ""))
        pod = self.server.pods.get(path.rpartition("/")[2])
        if pod is None:
            raise ApiError(404, "NotFound", path)
        return json.dumps(pod).encode()

    def _page(self, path: str, token: str) -> bytes:
        """Return two objects; the token has the rest of the list, as etcd's snapshots do."""
        if token:
            state = json.loads(token)
        else:
            items = [each for each in self.server.objects[path].values() if not is_finished(each)]
            state = {"version": str(self.server.version), "items": items}
        page, rest = state["items"][:2], state["items"][2:]
        more = json.dumps({**state, "items": rest}) if rest else ""
        return json.dumps({"metadata": {"resourceVersion": state["version"], "continue": more}, "items": page}).encode()

    async def create(self, path: str, body: Any) -> bytes:
        """Send a Binding; what becomes of it, the machine says."""
        assert path.endswith("/binding")
        loop = self.server.loop
        call = Call(body["metadata"]["uid"], json.loads(json.dumps(body)), loop.time(), loop.create_future())
        self.server.calls.append(call)
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                return await call.answer
        except TimeoutError:
            raise ApiError(UNREACHABLE, "Unreachable", "no answer") from None

    async def stream(
        self, path: str, query: Mapping[str, str], silence_seconds: float = 0.0
    ) -> AsyncGenerator[bytes, None]:
        """Yield what the machine tells."""
        del silence_seconds
        version = int(query["resourceVersion"])
        if self.server.is_away:
            raise ApiError(UNREACHABLE, "Unreachable", "away")
        if version < self.server.oldest[path]:
            raise ApiError(410, "Expired", "too old")
        stream = Stream(path, version)
        self.server.streams.append(stream)
        try:
            while (line := await stream.lines.get()) is not None:
                if isinstance(line, ApiError):
                    raise line
                yield line
        finally:
            if stream in self.server.streams:
                self.server.streams.remove(stream)
