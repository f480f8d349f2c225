"""Metrics over TLS, for those whom a real API server lets read them."""

import json
import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path

import pytest

from certs.pairs import issue, make_authority
from demo.installation import Installation
from sandbox import ControlPlane
from tests.berth.running import Running, running

BERTH = Path(sys.executable).parent / "berth"
NAMESPACE = "watching"


@pytest.fixture(scope="module")
def plane(berth: Installation) -> ControlPlane:
    """The API server, with accounts of a program, of a reader of metrics, and of a stranger."""
    plane = berth.plane
    plane.kubectl("create", "namespace", NAMESPACE)
    for account in ("program", "prometheus", "stranger"):
        plane.kubectl("create", "serviceaccount", account, f"--namespace={NAMESPACE}")
    plane.kubectl("create", "clusterrole", "reads-metrics", "--verb=get", "--non-resource-url=/metrics")
    for role, account in (("system:auth-delegator", "program"), ("reads-metrics", "prometheus")):
        plane.kubectl(
            "create", "clusterrolebinding", account, f"--clusterrole={role}", f"--serviceaccount={NAMESPACE}:{account}"
        )
    return plane


@contextmanager
def extender(plane: ControlPlane, account: str, *flags: str) -> Iterator[Running]:
    """Run an extender with secure metrics under an account."""
    rights = plane.kubeconfig_for_service_account(NAMESPACE, account)
    where = ["--port=0", "--metrics-port=0", "--metrics-address=127.0.0.1", "--metrics-secure"]
    with running([str(BERTH), "extender", f"--kubeconfig={rights}", *where, *flags]) as started:
        yield started


@pytest.fixture(scope="module")
def guarded(plane: ControlPlane) -> Iterator[Running]:
    """An extender that may ask the API server about others."""
    with extender(plane, "program") as started:
        yield started


def get(started: Running, path: str, token: str = "", trust: ssl.SSLContext | None = None) -> tuple[int, str, str]:
    """Return status, body and WWW-Authenticate of an answer."""
    port = started.says("listening", listener="health")["port"]
    tls = trust or ssl._create_unverified_context()  # noqa: S323, SLF001 - as kubelet's probes do.
    connection = HTTPSConnection("localhost", port, timeout=30, context=tls)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"} if token else {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), answer.headers.get("WWW-Authenticate", "")
    finally:
        connection.close()


def token_of(plane: ControlPlane, account: str) -> str:
    """Return a token of an account."""
    kubeconfig = plane.kubeconfig_for_service_account(NAMESPACE, account)
    token: str = json.loads(kubeconfig.read_text())["users"][0]["user"]["token"]
    return token


def test_whoever_may_get_metrics_reads_them(plane: ControlPlane, guarded: Running) -> None:
    """By its account's token, as Prometheus sends it."""
    status, body, _ = get(guarded, "/metrics", token_of(plane, "prometheus"))

    assert status == 200
    assert "\nberth_extender_nodes " in body


@pytest.mark.parametrize(
    ("token", "status", "said"),
    [
        ("", 401, "metrics are read with the token of an account: Authorization: Bearer TOKEN\n"),
        ("guessed", 401, "the API server does not know this token\n"),
        ("x" * 7000, 401, "the API server does not know this token\n"),
    ],
)
def test_strangers_do_not(guarded: Running, token: str, status: int, said: str) -> None:
    """And are told how to ask."""
    assert get(guarded, "/metrics", token) == (status, said, "Bearer")


def test_accounts_without_the_right_do_not(plane: ControlPlane, guarded: Running) -> None:
    """It is known who asks, and that is not enough."""
    assert get(guarded, "/metrics", token_of(plane, "stranger"))[:2] == (403, "this account may not get /metrics\n")


def test_probes_need_no_token_and_nobody_speaks_plainly(guarded: Running) -> None:
    """Kubelet trusts any certificate; a request without TLS gets no answer."""
    assert get(guarded, "/healthz")[:2] == (200, "ok\n")
    plain = HTTPConnection("localhost", guarded.says("listening", listener="health")["port"], timeout=30)
    plain.request("GET", "/metrics")
    with pytest.raises((OSError, ValueError)):
        plain.getresponse()
    plain.close()


def test_a_program_that_may_not_ask_who_reads_lets_nobody_read(plane: ControlPlane) -> None:
    """A missing binding opens nothing, and the log says what is missing."""
    with extender(plane, "stranger") as started:
        answer = get(started, "/metrics", token_of(plane, "prometheus"))

        assert answer[:2] == (503, "the API server cannot be asked who this is\n")
        assert any("tokenreviews" in str(line["message"]) for line in started.log)


def test_a_given_certificate_is_served(plane: ControlPlane, tmp_path: Path) -> None:
    """So that Prometheus can trust it."""
    now = datetime.now(UTC)
    authority = make_authority(now)
    pair = issue(authority, ["localhost"], now)
    (tmp_path / "tls.crt").write_bytes(pair.certificate)
    (tmp_path / "tls.key").write_bytes(pair.key)
    trust = ssl.create_default_context(cadata=authority.certificate.decode())

    with extender(plane, "program", f"--metrics-certificate-directory={tmp_path}") as started:
        assert get(started, "/healthz", trust=trust)[:2] == (200, "ok\n")
