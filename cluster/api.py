"""The Kubernetes API as bytes: the transport, configuration and authentication of the official asyncio client.

Only this module imports `kubernetes`. It leaves the client's models and watches alone, because they cost up to a
hundred times as much as decoding what is needed.
"""

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from http import HTTPStatus
from pathlib import Path
from typing import Any, Protocol, Self

import aiohttp
import msgspec
import yaml
from kubernetes.aio import client, config

REQUEST_TIMEOUT = aiohttp.ClientTimeout(total=60, sock_connect=10)

# The API server sends a bookmark about every minute, but none where nothing of the kind has changed since the watch
# began. So a watch that is silent for three minutes may have lost its connection, or not.
SILENCE_SECONDS = 180.0

UNREACHABLE = 0

_NO_QUERY: Mapping[str, str] = {}


class PatchKind(StrEnum):
    """How the API server reads the body of a patch."""

    JSON = "application/json-patch+json"
    MERGE = "application/merge-patch+json"
    STRATEGIC = "application/strategic-merge-patch+json"
    APPLY = "application/apply-patch+yaml"


class ApiError(Exception):
    """The API server refused, or was not reached (status 0); reason and message are those of its Status object."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(f"{status} {reason}: {message}" if status else f"{reason}: {message}")
        self.status = status
        self.reason = reason
        self.message = message


class NotConfiguredError(Exception):
    """Nothing tells where the cluster is."""


class _Status(msgspec.Struct):
    reason: str = ""
    message: str = ""


class Gate(Protocol):
    """What writes must pass."""

    def passage(self, method: str) -> AbstractAsyncContextManager[float]:
        """Wait for a write's turn; its context is given how many seconds the write may take, and sees how it ends.

        Raises ApiError where it may not be.
        """
        ...


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    path: str
    query: Mapping[str, str]
    body: Any = None
    content_type: str = "application/json"
    timeout: aiohttp.ClientTimeout = REQUEST_TIMEOUT


class Api:
    """One API server; every method raises ApiError."""

    def __init__(self, transport: Any, kubeconfig: Path | None, gate: Gate | None = None) -> None:
        self._transport = transport
        self._kubeconfig = kubeconfig
        self._gate = gate

    @classmethod
    @asynccontextmanager
    async def connect(cls, kubeconfig: Path | None = None) -> AsyncIterator[Self]:
        """Open the door to the cluster of a kubeconfig, else of this pod's service account, else of KUBECONFIG.

        Raises NotConfiguredError where none of these will do. Nothing is asked of the cluster yet.
        """
        async with await _transport(kubeconfig) as transport:
            yield cls(transport, kubeconfig)

    @property
    def address(self) -> str:
        """The URL at which it is reached."""
        return str(self._transport.configuration.host)

    def behind(self, gate: Gate) -> "Api":
        """Return the same API server for somebody whose writes pass the gate."""
        return Api(self._transport, self._kubeconfig, gate)

    async def get(self, path: str, query: Mapping[str, str] = _NO_QUERY) -> bytes:
        """Return an object or a list."""
        return await self._exchange(_Request("GET", path, query))

    async def create(self, path: str, body: Any) -> bytes:
        """Create an object in the collection; `body` is JSON in bytes or what becomes JSON."""
        return await self._exchange(_Request("POST", path, _NO_QUERY, body))

    async def replace(self, path: str, body: Any) -> bytes:
        """Replace an object; the server refuses with 409 where the body's resourceVersion is not the current one."""
        return await self._exchange(_Request("PUT", path, _NO_QUERY, body))

    async def patch(self, path: str, body: Any, kind: PatchKind, query: Mapping[str, str] = _NO_QUERY) -> bytes:
        """Patch an object."""
        return await self._exchange(_Request("PATCH", path, query, body, kind))

    async def delete(self, path: str, body: Any = None) -> bytes:
        """Delete an object; `body` is DeleteOptions, whose preconditions the server refuses with 409."""
        return await self._exchange(_Request("DELETE", path, _NO_QUERY, body))

    async def stream(
        self, path: str, query: Mapping[str, str], silence_seconds: float = SILENCE_SECONDS
    ) -> AsyncGenerator[bytes, None]:
        """Yield the lines of a watch until the server ends it or is silent for too long; half a line is left out.

        There is no other limit to how long it lasts.
        """
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=silence_seconds)
        answer = await self._send(_Request("GET", path, query, timeout=timeout))
        try:
            async for line in _lines(answer.response.content.iter_any()):
                yield line
        except aiohttp.SocketTimeoutError:
            return
        except (aiohttp.ClientError, OSError) as error:
            raise _unreachable(error) from error
        finally:
            _abort(answer.response)

    async def _exchange(self, request: _Request) -> bytes:
        if self._gate is None or request.method == "GET":
            return await _content(await self._send(request))
        async with self._gate.passage(request.method) as seconds:
            return await self._sent_within(seconds, request)

    async def _sent_within(self, seconds: float, request: _Request) -> bytes:
        """Have a write end in time, here and in the API server: it is the server's own parameter for that."""
        bounded = replace(request, query={**request.query, "timeout": f"{seconds:.3f}s"})
        try:
            async with asyncio.timeout(seconds):
                return await _content(await self._send(bounded))
        except TimeoutError as error:
            raise _unreachable(error) from error

    async def _send(self, request: _Request) -> Any:
        """Return the answer's head; credentials that the server knows no longer are read anew, once."""
        answer = await self._ask(request)
        if answer.status == HTTPStatus.UNAUTHORIZED:
            answer.response.close()
            with suppress(NotConfiguredError):
                await _configure(self._transport.configuration, self._kubeconfig)
            answer = await self._ask(request)
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise _refusal(answer.status, answer.reason, await _content(answer))
        return answer

    async def _ask(self, request: _Request) -> Any:
        body = msgspec.json.decode(request.body) if isinstance(request.body, bytes) else request.body
        parameters = await self._transport.param_serialize(
            request.method,
            request.path,
            query_params=list(request.query.items()),
            header_params={"Accept": "application/json", "Content-Type": str(request.content_type)},
            body=body,
            auth_settings=["BearerToken"],
        )
        try:
            return await self._transport.call_api(*parameters, _request_timeout=request.timeout)
        except (aiohttp.ClientError, OSError) as error:
            raise _unreachable(error) from error


async def _transport(kubeconfig: Path | None) -> Any:
    configuration = client.Configuration()
    await _configure(configuration, kubeconfig)
    try:
        transport = client.ApiClient(configuration)
    except OSError as error:
        raise NotConfiguredError(f"the cluster's certificates cannot be used: {error}") from error
    transport.user_agent = "berth"
    return transport


async def _configure(configuration: Any, kubeconfig: Path | None) -> None:
    """Set address and credentials; those of a service account are kept fresh by the client itself."""
    try:
        if kubeconfig is None and _is_in_cluster(configuration):
            return
        _look_for(kubeconfig)
        await config.load_kube_config(kubeconfig and str(kubeconfig), client_configuration=configuration)
    except (config.ConfigException, yaml.YAMLError, OSError) as error:
        raise NotConfiguredError(f"no cluster is known from {_name(kubeconfig)}: {error}") from error
    except (TypeError, AttributeError) as error:
        raise NotConfiguredError(f"no cluster is known from {_name(kubeconfig)}: it is no kubeconfig") from error


def _name(kubeconfig: Path | None) -> str:
    """Return the kubeconfig that is read: one, or several as KUBECONFIG names them."""
    return str(kubeconfig or config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION)


def _look_for(kubeconfig: Path | None) -> None:
    """Say that a kubeconfig does not exist; the client would miss a key in it."""
    name = _name(kubeconfig)
    if not any(Path(each).expanduser().exists() for each in name.split(os.pathsep) if each):
        here = "" if kubeconfig else ", and there is no pod's service account"
        raise NotConfiguredError(
            f"the kubeconfig {name} does not exist{here}: name one with --kubeconfig or KUBECONFIG"
        )


def _is_in_cluster(configuration: Any) -> bool:
    try:
        config.load_incluster_config(configuration)
    except config.ConfigException:
        return False
    return True


async def _content(answer: Any) -> bytes:
    try:
        content: bytes = await answer.read()
    except (aiohttp.ClientError, OSError) as error:
        raise _unreachable(error) from error
    return content


async def _lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    rest = b""
    async for chunk in chunks:
        *complete, rest = (rest + chunk).split(b"\n")
        for line in complete:
            if line:
                yield line


def _abort(response: aiohttp.ClientResponse) -> None:
    """Drop the connection: one that is closed waits for the server's TLS farewell, for up to half a minute."""
    connection = response.connection
    if connection is not None and connection.transport is not None:
        connection.transport.abort()
    response.close()


def _refusal(status: int, reason: str, body: bytes) -> ApiError:
    try:
        said = msgspec.json.decode(body, type=_Status)
    except ValueError:
        return ApiError(status, reason, body[:1000].decode(errors="replace"))
    return ApiError(status, said.reason or reason, said.message)


def _unreachable(error: Exception) -> ApiError:
    return ApiError(UNREACHABLE, "Unreachable", f"the API server does not answer: {str(error) or type(error).__name__}")
