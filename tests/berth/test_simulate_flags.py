"""Flags of `berth simulate`: which go together, what they may be; exit code 2 and one line where they do not."""

import pytest

from berth.cli import main
from placement.scheduling.policies import POLICIES

FORMS = "give --nodes --arrivals, or --cluster --pods --count"


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ("", f"--nodes, --arrivals missing: {FORMS}"),
        ("--nodes a", f"--arrivals missing: {FORMS}"),
        ("--policy fgd", f"--nodes, --arrivals missing: {FORMS}"),
        ("--cluster a --count 1", f"--pods missing: {FORMS}"),
        ("--namespace ml", f"--cluster, --pods, --count missing: {FORMS}"),
        (
            "--nodes a --cluster b",
            "--nodes and --cluster do not go together: one is for a trace, the other for a cluster",
        ),
        ("--count 0", "argument --count: found '0', allowed: a whole number from 1 to 100000"),
        ("--count many", "argument --count: found 'many', allowed: a whole number from 1 to 100000"),
        ("--departures -1", "argument --departures: found '-1', allowed: a whole number from 0 to 4294967296"),
        ("--load 2000", "argument --load: found '2000', allowed: a whole number from 1 to 1000"),
        ("--lifetime nan", "argument --lifetime: found 'nan', allowed: a number from 0 to 1000"),
        ("--lifetime long", "argument --lifetime: found 'long', allowed: a number from 0 to 1000"),
        ("--nodes a --arrivals b --load 5", "--load and --lifetime are for --departures SEED, which is missing"),
        ("--nodes a --arrivals b --policy x", f"argument --policy: found 'x', allowed: {', '.join(POLICIES)}"),
    ],
)
def test_a_wrong_command_line_is_answered_with_what_is_allowed(
    flags: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before any file is read."""
    with pytest.raises(SystemExit) as ended:
        main(["simulate", *flags.split()])

    assert ended.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1] == f"berth simulate: error: {said}"
