"""Checks of the way from kube-scheduler to the extender: who believes whom, and for how long."""

from collections.abc import Iterator
from datetime import datetime
from ipaddress import ip_address
from urllib.parse import urlsplit

from cryptography import x509

from berth.doctor.evidence import Evidence, SchedulerExtender, Tls
from berth.doctor.findings import Finding, fine, problem, warning
from certs.judgement import due_at, time_problems
from certs.mutual import EXTENDER_NAMES

_HOW = "see docs/schedulers.md"
_RENEW = "berth certs extender --out FOLDER makes others; kube-scheduler reads its own at its start alone"


def is_ours(extender: SchedulerExtender) -> bool:
    """Tell whether the path is Berth's."""
    return extender.url_prefix.rstrip("/").endswith("/scheduler")


def connections(evidence: Evidence) -> Iterator[Finding]:
    """Look whether scheduler and extender know each other wherever somebody else could stand in between."""
    for where, configuration in (evidence.schedulers or {}).items():
        what = f"scheduler {', '.join(configuration.names)} ({where})"
        wrong = {each: None for extender in configuration.extenders or () for each in _doubts(extender)}
        yield from (problem(what, each, _HOW) for each in wrong)


def _doubts(extender: SchedulerExtender) -> Iterator[str]:
    url = urlsplit(extender.url_prefix)
    if not is_ours(extender):
        return
    if url.scheme == "http":
        if not _is_loopback(url.hostname or ""):
            yield f"it asks {url.netloc} without TLS: whoever answers there is believed"
    elif not extender.enable_https:
        yield "urlPrefix is https and enableHTTPS is false: tlsConfig is not looked at"
    else:
        yield from _doubts_about_tls(extender.tls_config, url.hostname or "")


def _doubts_about_tls(tls: Tls | None, host: str) -> Iterator[str]:
    if tls is None or tls.insecure or not (tls.ca_file or tls.ca_data):
        yield "tlsConfig names no authority: whoever answers is believed"
    if tls is None or not (tls.cert_file or tls.cert_data):
        yield "tlsConfig names no certificate to show, without which the extender answers nobody"
    if tls and not tls.server_name and host not in EXTENDER_NAMES:
        yield f"tlsConfig has no serverName, and the extender's certificate is not for {host}"


def certificates(evidence: Evidence) -> Iterator[Finding]:
    """Look how long both sides' certificates will do; kube-scheduler has to be restarted for others."""
    for where, content in sorted(evidence.extender_certificates.items()):
        yield from _of_file(f"extender certificates ({where})", content, evidence.now)


def _of_file(what: str, content: bytes, now: datetime) -> Iterator[Finding]:
    try:
        found = x509.load_pem_x509_certificates(content)
    except ValueError as error:
        yield problem(what, f"cannot be read: {error}", _RENEW)
        return
    last = max(found, key=lambda each: each.not_valid_after_utc)
    until = f"valid until {last.not_valid_after_utc:%Y-%m-%d}"
    if wrong := time_problems(last, now):
        yield problem(what, wrong[0], _RENEW)
    elif now >= due_at(last):
        yield warning(what, f"{until}, and due since {due_at(last):%Y-%m-%d}", _RENEW)
    else:
        yield fine(what, until)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
