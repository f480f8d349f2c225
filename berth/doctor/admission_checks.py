"""Checks of the way to the webhook: namespaces, certificates, the answer, and the order among webhooks."""

from collections.abc import Iterator
from datetime import timedelta

from berth.doctor.evidence import Evidence, WebhookConfiguration
from berth.doctor.findings import Finding, fine, problem, warning
from certs.status import report
from placement.keys import INJECTION

MOST_SKEW = timedelta(minutes=5)
# Whoever reads pods at their creation must see what Berth adds.
_AFTER = ("kueue-",)


def clocks(evidence: Evidence) -> Iterator[Finding]:
    """Compare the API server's clock with this machine's."""
    if evidence.probe is None or evidence.probe.created_at is None:
        return
    apart = abs(evidence.probe.created_at - evidence.now)
    if apart > MOST_SKEW:
        found = f"the API server's clock and this machine's are {round(apart.total_seconds() / 60)} minutes apart"
        yield warning("clocks", found, "set both by NTP: certificates are valid from an hour before they are made")
    else:
        yield fine("clocks", "the API server's and this machine's agree")


def namespaces(evidence: Evidence) -> Iterator[Finding]:
    """Look which namespaces opted in, and whether any profile is for their pods."""
    opted = {name: labels for name, labels in evidence.namespaces.items() if INJECTION in labels}
    for name, labels in opted.items():
        if labels[INJECTION] not in ("enforce", "warn", "audit"):
            found = f"label {INJECTION}={labels[INJECTION]} means nothing"
            yield problem(f"namespace {name}", found, f"kubectl label namespace {name} {INJECTION}=enforce --overwrite")
        elif not any(each.namespaces.selects(labels) for each in evidence.profiles):
            found = "no profile is for its pods: they get a class only where they name one themselves"
            yield warning(f"namespace {name}", found, "create an AcceleratorProfile whose namespaceSelector selects it")
        else:
            yield fine(f"namespace {name}", f"{labels[INJECTION]}, with a profile")
    if not opted:
        remedy = f"kubectl label namespace NAME {INJECTION}=enforce"
        yield warning("namespaces", "none has opted in, so Berth is asked about no pod", remedy)


def certificates(evidence: Evidence) -> Iterator[Finding]:
    """Look who trusts what is served."""
    if evidence.certificates is None:
        return
    found = report(evidence.certificates, evidence.now)
    for each in found.problems:
        remedy = f"see that it runs: kubectl logs --namespace {evidence.namespace} deployment/berth-controller"
        yield problem("certificates", each, remedy)
    if not found.problems:
        served = [each for each in found.lines if each.startswith("serving certificate: ")]
        yield fine("certificates", "; ".join(["trusted", *served]))


def answer(evidence: Evidence) -> Iterator[Finding]:
    """Look whether a pod that is created gets an answer."""
    if evidence.ready_webhooks == 0:
        remedy = f"kubectl describe --namespace {evidence.namespace} deployment/berth-webhook"
        yield problem("webhook", "no replica of it is ready", remedy)
    probe = evidence.probe
    if probe is None:
        yield warning(
            "webhook", "it was not tried: no namespace is set to enforce", f"label one with {INJECTION}=enforce"
        )
    elif probe.refusal:
        found = f"it was not tried: no pod could be created in {probe.namespace}, not even for show: {probe.refusal}"
        yield warning("webhook", found, "run the doctor with the right to create pods there")
    elif probe.is_answered:
        yield fine("webhook", f"it answers for a pod in namespace {probe.namespace}")
    else:
        found = f"a pod created for show in namespace {probe.namespace} came back without a word of Berth"
        yield problem(
            "webhook", found, "look at the certificates above, and whether the API server reaches its Service"
        )


def order(evidence: Evidence) -> Iterator[Finding]:
    """Look who is asked before and after Berth."""
    if evidence.configurations is None:
        return
    ours = next((each for each in evidence.configurations if each.metadata.name == evidence.configuration), None)
    if ours is None:
        yield problem(
            "webhook order", f"there is no {evidence.configuration}", "kubectl apply --server-side -k manifests/base"
        )
        return
    yield from _order(ours, evidence.configurations)


def validation(evidence: Evidence) -> Iterator[Finding]:
    """Look whether classes and profiles are checked when they are written."""
    if evidence.is_validating is False:
        found = (
            f"there is no ValidatingWebhookConfiguration {evidence.configuration}: nothing that is written is checked"
        )
        yield problem("classes and profiles", found, "kubectl apply --server-side -k manifests/base")


def _order(ours: WebhookConfiguration, everybody: tuple[WebhookConfiguration, ...]) -> Iterator[Finding]:
    early = [each.metadata.name for each in everybody if each.metadata.name.startswith(_AFTER)]
    early = [name for name in early if name < ours.metadata.name]
    if early:
        found = f"{', '.join(early)} is asked before Berth, and counts pods without what Berth adds"
        yield problem("webhook order", found, "let Berth's configuration have a name that sorts before it")
    if any(each.reinvocation_policy != "IfNeeded" for each in ours.webhooks or ()):
        found = "reinvocationPolicy is not IfNeeded: containers that others add are not looked at"
        yield problem("webhook order", found, "apply manifests/base again")
    strict = [each.name for each in ours.webhooks or () if each.failure_policy == "Fail"]
    if strict:
        found = f"failurePolicy of {', '.join(strict)} is Fail: while Berth is away no pod of its namespaces is created"
        yield warning("webhook order", found, "set Ignore, unless that is wanted: what slips through is reported")
    if not early:
        yield fine("webhook order", "Berth is asked before whoever counts what it adds")
