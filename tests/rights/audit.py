"""What accounts asked of an API server, as its audit log tells, and which rights of roles that takes."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

NAMESPACE = "berth-system"
ACCOUNTS = f"system:serviceaccounts:{NAMESPACE}"
# Watches are told of as they begin: those of a program that runs never end.
POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata", "userGroups": [ACCOUNTS]}, {"level": "None"}],
}
# How our programs and kube-scheduler name themselves; whatever else comes with a token of theirs is a test's.
OURS = ("berth", "kube-scheduler")


@dataclass(frozen=True, slots=True)
class Call:
    """One request: by which account and which program, what it was for, and how it ended."""

    account: str
    program: str
    verb: str
    group: str
    resource: str
    namespace: str
    name: str
    status: int
    reason: str

    @property
    def is_denied(self) -> bool:
        """Whether its account may not do that, or a policy forbade it."""
        return self.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)

    @property
    def verbs(self) -> tuple[str, ...]:
        """The verbs that it takes: an object that is made by a patch takes `create`, and no event says so."""
        made = self.verb == "patch" and self.status == HTTPStatus.CREATED
        return (self.verb, "create") if made else (self.verb,)

    def __str__(self) -> str:
        return f"{self.program} as {self.account}: {self.verb} {self.resource} {self.name}: {self.status} {self.reason}"


def calls(log: Path) -> Iterator[Call]:
    """Yield what our programs asked, from an audit log that may be in the middle of a line."""
    for line in log.read_text().splitlines(keepends=True):
        if line.endswith("\n"):
            event = json.loads(line)
            if event.get("userAgent", "").partition("/")[0] in OURS:
                yield _call(event)


def _call(event: Mapping[str, Any]) -> Call:
    target, status = event.get("objectRef", {}), event.get("responseStatus", {})
    resource = target.get("resource", event["requestURI"].partition("?")[0])
    subresource = target.get("subresource")
    return Call(
        account=event["user"]["username"].rpartition(":")[2],
        program=event["userAgent"].partition("/")[0],
        verb=event["verb"],
        group=target.get("apiGroup", ""),
        resource=f"{resource}/{subresource}" if subresource else resource,
        namespace=target.get("namespace", ""),
        name=target.get("name", ""),
        status=status.get("code", 0),
        reason=event.get("annotations", {}).get("authorization.k8s.io/reason", ""),
    )
