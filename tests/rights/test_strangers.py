"""What the listeners tell a stranger in the pod network: nothing of anybody's pods."""

import http.client
import json
import socket
import ssl
from contextlib import closing

import pytest

from demo.installation import Installation, machine_address
from demo.stage import engine_pod
from sandbox import ControlPlane
from tests.rights.everything import TEAM
from tests.webhook.hardware import GPU, H100, PRODUCT

NAMESPACE, POD, SECRET = TEAM, "confidential-pod", "confidential-value"
PROGRAMS = ("webhook", "controller", "extender")
OPEN = ("/healthz", "/readyz", "/metrics")
# What people ask servers for that they know nothing of.
GUESSED = (
    "/",
    "/debug/pprof/",
    "/v1/decisions",
    "/v1/inventory",
    "/config",
    "/logs",
    "/mutate",
    "/validate",
    "/v1/mode",
)


@pytest.fixture(scope="module")
def plane(berth: Installation) -> ControlPlane:
    """The cluster, in which a pod of a name and with a variable that nobody is to know was placed by Berth."""
    pod = engine_pod(POD, resources={GPU: "1"}, env=[{"name": "TOKEN", "value": SECRET}])
    tolerations = [{"key": GPU, "operator": "Exists"}]
    pod["spec"] |= {
        "schedulerName": "berth-scheduler",
        "nodeSelector": {PRODUCT: H100.product},
        "tolerations": tolerations,
    }
    berth.plane.api.send("POST", f"/api/v1/namespaces/{NAMESPACE}/pods", pod)
    path = f"/api/v1/namespaces/{NAMESPACE}/pods/{POD}"
    berth.plane.wait(lambda: berth.plane.api.get(path)["spec"].get("nodeName"), 30, "it has a node")
    return berth.plane


def ask(connection: http.client.HTTPConnection, method: str, path: str) -> tuple[int, str]:
    """Return status, and headers and body of an answer."""
    connection.request(method, path)
    answer = connection.getresponse()
    return answer.status, f"{answer.headers} {answer.read().decode()}"


@pytest.mark.usefixtures("plane")
@pytest.mark.parametrize("program", PROGRAMS)
def test_health_and_metrics_tell_no_names(program: str, berth: Installation) -> None:
    """Of pods, namespaces, nodes and variables: counts alone."""
    names = [POD, SECRET, f'"{NAMESPACE}"', "most-1", "claiming", f"{H100.name}-0"]

    with closing(http.client.HTTPConnection("127.0.0.1", berth.port(program, "health"), timeout=10)) as connection:
        for path in OPEN:
            status, said = ask(connection, "GET", path)
            assert status == 200, said
            assert [each for each in names if each in said] == []
        for path in GUESSED:
            assert ask(connection, "GET", path)[0] == 404


@pytest.mark.usefixtures("plane")
def test_the_webhook_answers_reviews_and_nothing_else(berth: Installation) -> None:
    """Over TLS: no decisions of others, no health, no metrics."""
    tls = ssl._create_unverified_context()  # noqa: S323, SLF001 - a stranger trusts nobody.
    port = berth.port("webhook", "webhook")

    with closing(http.client.HTTPSConnection("127.0.0.1", port, timeout=10, context=tls)) as connection:
        for path in (*OPEN, *GUESSED):
            assert ask(connection, "GET", path)[0] in (404, 405)


@pytest.mark.usefixtures("plane")
def test_who_decides_for_whom_is_told_on_the_extenders_listener_alone(berth: Installation) -> None:
    """Which is on the pod's loopback; the program refuses another address without callers' certificates."""
    port = berth.port("extender", "extender")
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        assert json.dumps(POD) in ask(connection, "GET", f"/v1/decisions/{NAMESPACE}/{POD}")[1]
    if elsewhere := machine_address():
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((elsewhere, port), timeout=10)
