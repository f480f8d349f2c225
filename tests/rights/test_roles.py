"""The rights of the shipped accounts are exactly those that are used."""

import os

import pytest

from demo.__main__ import NODES
from demo.installation import Installation, machine_address
from demo.stage import Stage
from demo.story import tell
from sandbox import ControlPlane, TimedOutError, load_nodes
from tests.rights.audit import POLICY, calls
from tests.rights.roles import rights, unused, unused_bindings

USED_SECONDS = 60.0


def test_every_right_is_used_and_no_call_is_denied(berth: Installation) -> None:
    """A rule that nothing needs is taken out, and one that is missing is put in: the failure names it."""
    plane = berth.plane

    def idle() -> list[str]:
        return unused(plane, calls(plane.audit_log))

    try:
        plane.wait(lambda: not idle(), USED_SECONDS, "every right is used")
    except TimedOutError:
        pytest.fail("rules that nothing used:\n" + "\n".join(idle()))
    made = list(calls(plane.audit_log))
    assert [str(each) for each in made if each.is_denied] == []
    assert unused_bindings(plane, made) == []


def test_no_rule_is_wide(berth: Installation) -> None:
    """No wildcard, no way to more rights, no status of pods, and of Secrets those with names alone."""
    found = rights(berth.plane)

    assert {each.account for each in found} == {"berth-controller", "berth-scheduler", "berth-webhook"}
    for right in found:
        assert "*" not in (right.group, right.resource, right.verb), right
        assert right.verb not in ("bind", "escalate", "impersonate", "deletecollection"), right
        assert right.resource not in ("pods/status", "pods/exec", "serviceaccounts/token"), right
        assert right.resource != "secrets" or right.name or right.verb == "create", right


@pytest.mark.timeout(300)
@pytest.mark.skipif(os.environ.get("BERTH_SOAK") != "1", reason="tells the demo's story once more: half a minute")
def test_no_call_of_the_demos_story_is_denied() -> None:
    """Nothing that people are shown takes a right that is not there."""
    with ControlPlane(audit_policy=POLICY) as plane:
        plane.add_nodes([*load_nodes(), *load_nodes(NODES)])
        plane.start_stock_scheduler()
        berth = Installation(plane, machine_address())
        stage = Stage(plane, berth)
        berth.install()
        stage.extender_port = berth.port("extender", "extender")
        tell(stage)
        made = list(calls(plane.audit_log))

    assert stage.failed == []
    assert len(made) > 100
    assert [str(each) for each in made if each.is_denied] == []
