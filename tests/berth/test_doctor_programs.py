"""What the doctor says of Berth's programs, and of the way from kube-scheduler to an extender on the host's network."""

import base64
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from berth.doctor import programs
from berth.doctor.evidence import Evidence, Programs, Replicas, SchedulerConfiguration, Tls
from certs.authorities import Authorities
from certs.issuance import client_content
from certs.mutual import LASTING, SCHEDULER_NAMES
from certs.pairs import make_authority
from tests.berth.test_doctor import NOW, SOUND, bad, of_extender

RUNNING = {"deployment/berth-controller": Replicas("berth-system", 2, 2)}
MUTUAL = Tls(server_name="berth-extender", cert_file="/tls.crt", ca_file="/ca.crt")
HTTPS = "https://127.0.0.1:8888/scheduler"
AUTHORITY = Authorities(make_authority(NOW, LASTING.authority))
SHOWN = client_content({}, AUTHORITY, SCHEDULER_NAMES, NOW, LASTING)


def running(name: str, wanted: int, ready: int | None) -> Evidence:
    """Return evidence of a program beside the controller."""
    return replace(SOUND, programs=Programs({**RUNNING, name: Replicas("berth-system", wanted, ready)}))


def of_version(minor: int, server_minor: int | None) -> Evidence:
    """Return evidence of a kube-scheduler beside an API server, by their minor versions."""
    return replace(SOUND, programs=Programs(RUNNING, {"deployment/berth-scheduler": minor}, server_minor))


def replace_tls(**changes: Any) -> Tls:
    """Return how a scheduler asks over TLS, but for what is changed."""
    return msgspec.structs.replace(MUTUAL, **changes)


def mutual(**changes: Any) -> Evidence:
    """Return evidence of a scheduler that asks over TLS, which is configured otherwise."""
    return of_extender(0, **{"url_prefix": HTTPS, "enable_https": True, "tls_config": MUTUAL, **changes})


@pytest.mark.parametrize(
    ("evidence", "found"),
    [
        (running("deployment/berth-scheduler", 2, 2), []),
        (running("deployment/berth-scheduler", 2, None), []),
        (running("deployment/berth-scheduler", 0, 0), []),
        (
            running("deployment/berth-scheduler", 2, 1),
            ["warning: deployment/berth-scheduler: 1 of 2 replicas are ready"],
        ),
        (
            running("deployment/berth-scheduler", 2, 0),
            ["problem: deployment/berth-scheduler: 0 of 2 replicas are ready: pods that name its scheduler wait"],
        ),
        (
            running("daemonset/berth-extender", 3, 0),
            ["problem: daemonset/berth-extender: 0 of 3 replicas are ready: whole devices are placed without Berth"],
        ),
        (
            replace(SOUND, programs=Programs()),
            ["warning: deployment/berth-controller: is not there: nobody renews certificates"],
        ),
        (of_version(37, 37), []),
        (of_version(36, 37), []),
        (of_version(35, None), []),
        (
            of_version(37, 36),
            ["problem: deployment/berth-scheduler: kube-scheduler is of 1.37, and the API server of 1.36: it may not"],
        ),
        (
            of_version(35, 37),
            ["warning: deployment/berth-scheduler: kube-scheduler is of 1.35, and the API server of 1.37: it may be"],
        ),
        (
            replace(SOUND, is_validating=False),
            ["problem: classes and profiles: there is no ValidatingWebhookConfiguration accelerators.berth.ome.io"],
        ),
        (mutual(), []),
        (of_extender(0, url_prefix="http://localhost:8888/scheduler"), []),
        (
            of_extender(0, url_prefix="http://extender.ml.svc:8888/scheduler"),
            ["problem: scheduler berth-scheduler (ConfigMap): it asks extender.ml.svc:8888 without TLS"],
        ),
        (
            mutual(enable_https=False),
            ["problem: scheduler berth-scheduler (ConfigMap): urlPrefix is https and enableHTTPS is false"],
        ),
        (
            mutual(tls_config=replace_tls(ca_file="")),
            ["problem: scheduler berth-scheduler (ConfigMap): tlsConfig names no authority"],
        ),
        (
            mutual(tls_config=replace_tls(insecure=True)),
            ["problem: scheduler berth-scheduler (ConfigMap): tlsConfig names no authority"],
        ),
        (
            mutual(tls_config=replace_tls(cert_file="")),
            ["problem: scheduler berth-scheduler (ConfigMap): tlsConfig names no certificate to show"],
        ),
        (
            mutual(tls_config=replace_tls(server_name="")),
            ["problem: scheduler berth-scheduler (ConfigMap): tlsConfig has no serverName, and the extender's"],
        ),
        (mutual(tls_config=replace_tls(server_name=""), url_prefix="https://localhost:8888/scheduler"), []),
    ],
)
def test_each_fault_is_named_with_what_to_do(evidence: Evidence, found: list[str]) -> None:
    """And nothing else is said to be wrong because of it."""
    said = bad(evidence)

    assert len(said) == len(found), said
    assert all(each.startswith(begin) for each, begin in zip(said, found, strict=True)), said


@pytest.mark.parametrize(
    ("years", "found"),
    [
        (0, ""),
        (3, ""),
        (3.5, "warning: extender certificates (here): valid until 2031-05-03, and due since "),
        (5, "p"),
    ],
)
def test_the_end_of_a_certificate_is_told_years_ahead(years: float, found: str) -> None:
    """kube-scheduler must be restarted for another, and nobody likes to do that in a hurry."""
    now = NOW + timedelta(days=years * 365, minutes=1)
    evidence = Evidence(now, extender_certificates={"here": SHOWN["tls.crt"]})
    said = [each for each in bad(evidence) if "extender certificates" in each]

    assert len(said) == bool(found)
    assert all(each.startswith(found) for each in said)
    assert all("certificate expired at 2031-05-03" in each for each in said if years == 5)


def test_what_is_no_certificate_is_a_problem() -> None:
    """Somebody copied the wrong file."""
    (said,) = [each for each in bad(Evidence(NOW, extender_certificates={"here": b"no PEM"})) if "(here)" in each]

    assert said.startswith("problem: extender certificates (here): cannot be read: ")


def test_certificates_are_read_where_the_scheduler_has_them(tmp_path: Path) -> None:
    """From its configuration, or from files that are on this machine; another machine's are not missed."""
    (tmp_path / "tls.crt").write_bytes(SHOWN["tls.crt"])
    ca_data = base64.b64encode(SHOWN["ca.crt"]).decode()
    tls = {"certFile": str(tmp_path / "tls.crt"), "caFile": "/nowhere/ca.crt", "caData": ca_data, "certData": "%"}
    text = json.dumps({"extenders": [{"urlPrefix": HTTPS, "enableHTTPS": True, "tlsConfig": tls}]})

    found = programs.scheduler_certificates([msgspec.json.decode(text, type=SchedulerConfiguration)])

    assert found == {str(tmp_path / "tls.crt"): SHOWN["tls.crt"], "caData": SHOWN["ca.crt"], "certData": b""}
