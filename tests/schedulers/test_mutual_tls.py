"""kube-scheduler and the extender know each other by certificates, and nobody else is listened to."""

import shutil
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path

import pytest
import yaml
from cryptography import x509

from certs.mutual import ensure
from sandbox import ApiError, ControlPlane
from sandbox.command_lines import SERVING_CERTIFICATE, SERVING_KEY
from tests.chaos.auditor import DEVICES
from tests.chaos.cluster import share_pod
from tests.extender.scheduling import SCHEDULER, Cluster, ExtenderProgram, Json, gpu_pod
from tests.schedulers.configurations import KUBEADM, on_this_machine

NOW = datetime.now(UTC)
BODY = b"x" * 1_000_000
NAMESPACE = "berth-extender"
TURNED_AWAY = (OSError, HTTPException)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The certificates of both sides, as the command makes them."""
    made = tmp_path_factory.mktemp("certificates")
    ensure(made, NOW)
    return made


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates of the same names by another authority."""
    made = tmp_path_factory.mktemp("others")
    ensure(made, NOW)
    return made


@pytest.fixture(scope="module")
def extender(installed: ControlPlane, folder: Path) -> Iterator[ExtenderProgram]:
    """The extender as the overlay runs it on the host's network, asked by a kube-scheduler as kubeadm runs that."""
    plane = installed
    (settings,) = plane.api.get(f"/api/v1/namespaces/{NAMESPACE}/configmaps")["items"]
    (plane.folder / "extender.yaml").write_text(settings["data"]["extender.yaml"])
    account = plane.kubeconfig_for_service_account(NAMESPACE, NAMESPACE)
    flags = ["--config=extender.yaml", f"--certificate-directory={folder / 'extender'}"]
    program = ExtenderProgram(plane, account, flags)
    scheduler = plane.start_scheduler(configuration(program.port, folder))
    yield program
    scheduler.stop()
    program.component.stop()


def configuration(port: int, certificates: Path, ours: str = SCHEDULER, others: str = "others") -> Json:
    """Return the configuration that is shown for kubeadm, with the certificates of a folder."""
    text = on_this_machine(KUBEADM.read_text(), certificates, Path("filled-in")).replace(":8888/", f":{port}/")
    content: Json = yaml.safe_load(text)
    for profile, name in zip(content["profiles"], (others, ours), strict=True):
        profile["schedulerName"] = name
    return {**content, "leaderElection": {"leaderElect": False}}


def caller(folder: Path, certificate: Path | None = None, key: Path | None = None) -> ssl.SSLContext:
    """Return a client that trusts the extender, and shows a certificate where it has one."""
    context = ssl.create_default_context(cafile=str(folder / "kube-scheduler/ca.crt"))
    if certificate:
        context.load_cert_chain(certificate, key)
    return context


@contextmanager
def connected(port: int, context: ssl.SSLContext) -> Iterator[HTTPSConnection]:
    """Return a connection to the extender."""
    connection = HTTPSConnection("localhost", port, timeout=5, context=context)
    try:
        yield connection
    finally:
        connection.close()


def test_a_scheduler_with_its_certificate_is_answered(
    cluster: Cluster, extender: ExtenderProgram, folder: Path
) -> None:
    """A real kube-scheduler places pods of both profiles by its word; health and metrics are served as ever."""
    cluster.create(gpu_pod("whole", 2), share_pod("share", 300), gpu_pod("other", 1, schedulerName="others"))

    for name in ("whole", "share", "other"):
        assert cluster.placement(name)["node"] == cluster.node_of(name)
    assert cluster.pod("share")["metadata"]["annotations"][DEVICES], "the extender bound it"
    until = x509.load_pem_x509_certificate((folder / "kube-scheduler/tls.crt").read_bytes()).not_valid_after_utc
    assert extender.metric("caller_certificate_expiration_timestamp_seconds") == until.timestamp()
    assert extender.total("refused_handshakes_total") == 0
    assert "forbidden" not in extender.component.log_path.read_text().lower()


def test_its_namespace_admits_the_extender_onto_the_hosts_network(installed: ControlPlane) -> None:
    """Berth's own does not: it enforces the restricted Pod Security Standard."""
    path = f"/apis/apps/v1/namespaces/{NAMESPACE}/daemonsets/berth-extender"
    template = installed.api.get(path)["spec"]["template"]
    pod = {"metadata": {**template["metadata"], "name": "extender"}, "spec": template["spec"]}

    kept = installed.api.send("POST", f"/api/v1/namespaces/{NAMESPACE}/pods?dryRun=All", pod)

    assert kept["spec"]["hostNetwork"]
    with pytest.raises(ApiError, match="hostNetwork"):
        installed.api.send("POST", "/api/v1/namespaces/berth-system/pods?dryRun=All", pod)


def test_whoever_has_the_schedulers_certificate_may_look(extender: ExtenderProgram, folder: Path) -> None:
    """An operator on the host, with the files that kube-scheduler has."""
    files = folder / "kube-scheduler"
    with connected(extender.port, caller(folder, files / "tls.crt", files / "tls.key")) as connection:
        connection.request("GET", "/v1/mode")
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (200, b'{"mode":"active"}')


def ask(connection: HTTPConnection) -> None:
    """Send a question of which the extender would tell that it is none."""
    connection.request("POST", "/scheduler/filter", BODY)
    connection.getresponse()


@pytest.fixture
def shown(plane: ControlPlane, folder: Path, others: Path) -> dict[str, tuple[Path, ...]]:
    """What each stranger has to show."""
    return {
        "nobody": (),
        "another authority": (others / "kube-scheduler/tls.crt", others / "kube-scheduler/tls.key"),
        "the API server's authority": (plane.folder / "admin.pem",),
        "the API server": (plane.folder / SERVING_CERTIFICATE, plane.folder / SERVING_KEY),
        "the extender itself": (folder / "extender/tls.crt", folder / "extender/tls.key"),
    }


@pytest.mark.parametrize(
    ("stranger", "reason"),
    [
        ("nobody", "peer did not return a certificate"),
        ("another authority", "unable to get local issuer certificate"),
        ("the API server's authority", "unable to get local issuer certificate"),
        ("the API server", "unable to get local issuer certificate"),
        ("the extender itself", "unsuitable certificate purpose"),
    ],
)
def test_a_stranger_is_turned_away_before_a_byte_of_its_question_is_read(
    extender: ExtenderProgram, folder: Path, shown: dict[str, tuple[Path, ...]], stranger: str, reason: str
) -> None:
    """On the host's network everybody there can connect; the question is not even counted."""
    asked, refused = extender.total("requests_total"), extender.total("refused_handshakes_total")

    with connected(extender.port, caller(folder, *shown[stranger])) as connection, pytest.raises(TURNED_AWAY):
        ask(connection)

    assert extender.metric("refused_handshakes_total", reason=reason) >= 1
    assert extender.total("refused_handshakes_total") == refused + 1
    assert extender.total("requests_total") == asked
    assert f'"reason": "{reason}"' in extender.component.log_path.read_text()


def test_plain_http_is_turned_away(extender: ExtenderProgram) -> None:
    """It is no handshake."""
    refused = extender.total("refused_handshakes_total")
    connection = HTTPConnection("127.0.0.1", extender.port, timeout=5)

    with pytest.raises(TURNED_AWAY):
        ask(connection)

    connection.close()
    assert extender.total("refused_handshakes_total") == refused + 1


def test_a_scheduler_of_another_authority_places_nothing(
    cluster: Cluster, extender: ExtenderProgram, others: Path
) -> None:
    """Neither side believes the other: it fails to verify the extender before it shows anything."""
    refused = extender.total("refused_handshakes_total")
    content = configuration(extender.port, others, "stranger", "others of it")
    scheduler = cluster.plane.start_scheduler(content, "stranger")
    cluster.create(share_pod("strange", 300, schedulerName="stranger"))

    cluster.plane.wait(lambda: extender.total("refused_handshakes_total") > refused, 20, "it is turned away")
    cluster.plane.wait(lambda: cluster.events("strange", "FailedScheduling"), 20, "people are told")
    scheduler.stop()
    assert "nodeName" not in cluster.pod("strange")["spec"]


def test_new_certificates_may_come_to_one_side_first(cluster: Cluster, extender: ExtenderProgram, folder: Path) -> None:
    """The extender takes its new one while it runs, and is known still to a scheduler that has not been restarted."""
    shutil.rmtree(folder / "extender")
    written = ensure(folder, NOW)
    assert {each.parent.name for each in written} == {"extender"}
    serial = x509.load_pem_x509_certificate((folder / "extender/tls.crt").read_bytes()).serial_number
    files = folder / "kube-scheduler"
    context = caller(folder, files / "tls.crt", files / "tls.key")

    cluster.plane.wait(lambda: served(extender.port, context) == serial, 20, "the new certificate is served")
    extender.component.kill()
    extender.start()
    cluster.create(gpu_pod("later", 1))
    assert cluster.placement("later")["node"] == cluster.node_of("later")


def served(port: int, context: ssl.SSLContext) -> int:
    """Return the serial number of the certificate that the extender serves."""
    with connected(port, context) as connection:
        connection.connect()
        certificate = connection.sock.getpeercert(binary_form=True)
        assert certificate
    return x509.load_der_x509_certificate(certificate).serial_number
