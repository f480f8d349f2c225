"""What is asked of the API server by a name that somebody else wrote."""

import pytest

from cluster.api import Api, ApiError
from cluster.view import ClusterView
from tests.cluster.scripted_server import ScriptedServer, body, refusal, thing


async def test_a_class_is_asked_for_by_its_name(server: ScriptedServer, api: Api) -> None:
    """It is there, or it is not; anything else is nobody's answer."""
    view = ClusterView(api)
    server.script = [body(thing("h100")), refusal(404, "NotFound"), refusal(500, "InternalError")]

    assert await view.has_class("h100")
    assert not await view.has_class("gone")
    with pytest.raises(ApiError, match="500"):
        await view.has_class("h100")
    assert server.requests[0].path == "/apis/ome.io/v1beta1/acceleratorclasses/h100"


NO_NAMES = ["", "../../v1/secrets", "a/b", "a?limit=1", "A", "a b", "é", "."]


@pytest.mark.parametrize("name", NO_NAMES)
async def test_what_is_no_name_of_an_object_is_not_asked_for(name: str, server: ScriptedServer, api: Api) -> None:
    """A profile may name anything; it leads to no other path of the API server."""
    assert not await ClusterView(api).has_class(name)
    assert server.requests == []


@pytest.mark.parametrize("name", NO_NAMES)
async def test_what_is_no_name_of_a_namespace_is_not_asked_for(name: str, server: ScriptedServer, api: Api) -> None:
    """A review may come from anybody who reaches the webhook; it leads to no other path of the API server."""
    with pytest.raises(ApiError, match="404"):
        await ClusterView(api).fetch_namespace_labels(name)
    assert server.requests == []


async def test_without_an_api_server_nothing_is_known() -> None:
    """Nor that a class is missing."""
    with pytest.raises(ApiError, match="no API server is known"):
        await ClusterView(None).has_class("h100")
