"""All checks, in the order in which a person should read what they find."""

from collections.abc import Callable, Iterator

from berth.doctor import admission_checks, extender_checks, program_checks, scheduling_checks
from berth.doctor.evidence import Evidence
from berth.doctor.findings import Finding, Level, warning

Check = Callable[[Evidence], Iterator[Finding]]

CHECKS: tuple[Check, ...] = (
    admission_checks.clocks,
    program_checks.replicas,
    program_checks.versions,
    admission_checks.certificates,
    admission_checks.answer,
    admission_checks.order,
    admission_checks.validation,
    admission_checks.namespaces,
    scheduling_checks.classes,
    scheduling_checks.schedulers,
    extender_checks.connections,
    extender_checks.certificates,
    scheduling_checks.rivals,
)


def examine(evidence: Evidence) -> list[Finding]:
    """Return what all checks find; what could not be seen is found too."""
    found = [each for check in CHECKS for each in check(evidence)]
    hidden = [warning("not seen", each, "run the doctor with the right to read it") for each in evidence.unseen]
    return [*found, *hidden]


def verdict(found: list[Finding]) -> str:
    """Return how many of the findings are bad."""
    problems, warnings = (sum(each.level is level for each in found) for level in (Level.PROBLEM, Level.WARNING))
    return f"{problems} problems, {warnings} warnings" if problems or warnings else "nothing is wrong"
