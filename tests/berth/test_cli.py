"""The command line as a user types it."""

import json
import re
import resource
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from berth.cli import COMMANDS, main

BERTH = str(Path(sys.executable).with_name("berth"))
MISSING = "/no/such/folder/config"


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)], ids=["berth", *COMMANDS])
def test_help_is_there_and_fast(command: list[str]) -> None:
    """Every command says what it does, in less than a second (of computing: others may use the machine too)."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    outcome = subprocess.run([BERTH, *command, "--help"], capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)

    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 1
    assert outcome.stdout.startswith(" ".join(["usage: berth", *command]))
    assert "example" in outcome.stdout or command == ["version"]


def test_the_overview_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever types `berth --help` finds all there is."""
    with pytest.raises(SystemExit):
        main(["--help"])

    assert set(re.findall(r"^    ([a-z]+)", capsys.readouterr().out, re.MULTILINE)) == set(COMMANDS)


@pytest.mark.parametrize("program", ["webhook", "extender", "controller"])
def test_a_program_with_a_wrong_setting_does_not_start(program: str, tmp_path: Path) -> None:
    """Exit code 2, and one line for each mistake."""
    file = tmp_path / f"{program}.yaml"
    file.write_text("metrics_prot: 1\n")
    command = [BERTH, program, "--config", str(file), "--metrics-port", "abc"]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)

    assert outcome.returncode == 2
    assert outcome.stderr.splitlines() == [
        f"{program}.yaml: metrics_prot: unknown setting; did you mean metrics_port?",
        "--metrics-port: found 'abc', allowed: an integer from 0 to 65535",
    ]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("extender --prot 1", "berth extender: --prot: unknown setting; did you mean --port?"),
        ("webhook --prot=1 --port 2", "berth webhook: --prot: unknown setting; did you mean --port?"),
        ("certs --name-space ml", "berth certs: --name-space: unknown setting; did you mean --namespace?"),
        ("--colour version", "berth: --colour: unknown setting; known are --help"),
        ("version extra", "berth version: extra: unknown setting; known are --help"),
    ],
)
def test_an_unknown_flag_is_answered_with_the_nearest_one(
    command: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line has the program, what it does not know, and what was meant."""
    with pytest.raises(SystemExit) as ended:
        main(command.split())

    assert ended.value.code == 2
    assert capsys.readouterr().err == f"{said}\n"


def test_a_program_without_a_cluster_ends_with_the_reason_in_its_log() -> None:
    """A kubeconfig that is not there stops the start; the log stays JSON."""
    outcome = subprocess.run(
        [BERTH, "controller", "--kubeconfig", MISSING], capture_output=True, text=True, check=False
    )

    begun, *_, failure, ended = (json.loads(line) for line in outcome.stderr.splitlines())
    assert outcome.returncode == 1
    assert MISSING in failure["message"]
    assert (begun["message"], begun["program"], begun["revision"]) == ("begun", "controller", "unknown")
    assert (ended["message"], ended["program"], ended["code"]) == ("ended", "controller", 1)


@pytest.mark.parametrize("text", ["llama", "/llama", "team/", "a/b/c"])
def test_a_pod_to_explain_is_named_with_its_namespace(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Anything else is a wrong command line, and the message says what is allowed."""
    with pytest.raises(SystemExit) as ended:
        main(["explain", text])

    assert ended.value.code == 2
    assert f"found {text!r}, allowed: NAMESPACE/NAME" in capsys.readouterr().err


def test_certificates_for_a_folder_are_made_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A second run keeps what will do; keys are for their owner alone, and the authority's is kept apart."""
    assert main(["certs", "--out", str(tmp_path)]) == 0
    made = {file: file.read_bytes() for file in tmp_path.rglob("*.*")}
    assert f"wrote {tmp_path}/tls.crt" in capsys.readouterr().out

    assert main(["certs", "--out", str(tmp_path)]) == 0
    assert {file: file.read_bytes() for file in tmp_path.rglob("*.*")} == made
    assert sorted(str(file.relative_to(tmp_path)) for file in made) == [
        "authority/tls.crt",
        "authority/tls.key",
        "ca.crt",
        "tls.crt",
        "tls.key",
    ]
    assert {oct(file.stat().st_mode & 0o777) for file in tmp_path.rglob("*.key")} == {"0o600"}


@pytest.mark.parametrize(("environment", "revision"), [({}, "unknown"), ({"BERTH_REVISION": "62d645c"}, "62d645c")])
def test_the_version_is_that_of_the_package_and_its_source(environment: dict[str, str], revision: str) -> None:
    """`berth version` prints one line; the image that is run in names the revision."""
    outcome = subprocess.run([BERTH, "version"], env=environment, capture_output=True, text=True, check=True)

    said = rf"berth {re.escape(version('berth'))} \(revision {revision}, Python 3\.\d+\.\d+\)\n"
    assert re.fullmatch(said, outcome.stdout)
