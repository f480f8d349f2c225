"""Settings from a file, the environment and flags, and what is said about wrong ones."""

from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from berth.settings import SettingsError, load


class Mode(StrEnum):
    """Two ways to run."""

    ACTIVE = "active"
    PASSTHROUGH = "passthrough"


class Example(BaseModel):
    """A field of every kind that a program has."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kubeconfig: Path | None = None
    address: str = "127.0.0.1"
    port: int = Field(8888, ge=0, le=65535)
    metrics_port: int = 8081
    interval_seconds: float = Field(60, gt=0)
    annotate: bool = True
    mode: Mode = Mode.ACTIVE
    prefix: str = Field("/scheduler", pattern="^/")
    namespace: str = Field("berth-system", min_length=1)
    log_level: Literal["debug", "info"] = "info"


def read(
    tmp_path: Path, *, file: str = "", environment: dict[str, str] | None = None, flags: dict[str, str] | None = None
) -> Example:
    """Return the settings of these sources."""
    path = tmp_path / "extender.yaml"
    path.write_text(file)
    return load(Example, "extender", path, environment or {}, flags or {})


def complaints(tmp_path: Path, **sources: Any) -> list[str]:
    """Return what is said about these sources, which are wrong."""
    with pytest.raises(SettingsError) as refused:
        read(tmp_path, **sources)
    return refused.value.lines


def test_nothing_said_leaves_the_defaults() -> None:
    """A program starts without any settings."""
    assert load(Example, "extender", None, {}, {}) == Example()


def test_flags_win_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    """Each source replaces what an earlier one says, and leaves the rest."""
    settings = read(
        tmp_path,
        file="port: 1\nmetrics_port: 1\ninterval_seconds: 1\n",
        environment={"BERTH_EXTENDER__METRICS_PORT": "2", "BERTH_EXTENDER__INTERVAL_SECONDS": "2"},
        flags={"interval_seconds": "3"},
    )

    assert (settings.port, settings.metrics_port, settings.interval_seconds) == (1, 2, 3)


def test_values_of_the_environment_are_read_as_their_kind(tmp_path: Path) -> None:
    """Text becomes a number, a truth value, a path or one of the known words."""
    settings = read(
        tmp_path,
        environment={
            "BERTH_EXTENDER__PORT": "0",
            "BERTH_EXTENDER__ANNOTATE": "false",
            "BERTH_EXTENDER__MODE": "passthrough",
            "BERTH_EXTENDER__KUBECONFIG": "/tmp/config",
        },
    )

    assert settings == Example(port=0, annotate=False, mode=Mode.PASSTHROUGH, kubeconfig=Path("/tmp/config"))


@pytest.mark.parametrize(
    "name", ["BERTH_EXTENDER_PORT", "BERTH_EXTENDER_SERVICE_HOST", "BERTH_WEBHOOK__PORT", "BERTH_EXTENDER"]
)
def test_variables_of_others_are_left_alone(name: str) -> None:
    """Kubernetes sets BERTH_EXTENDER_PORT by itself beside a Service of that name."""
    assert load(Example, "extender", None, {name: "tcp://10.0.0.1:8888"}, {}) == Example()


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("prot: 1", "extender.yaml: prot: unknown setting; did you mean port?"),
        ("metrics-port: 1", "extender.yaml: metrics-port: unknown setting; did you mean metrics_port?"),
        ("port: abc", "extender.yaml: port: found 'abc', allowed: an integer from 0 to 65535"),
        ("port: 65536", "extender.yaml: port: found 65536, allowed: an integer from 0 to 65535"),
        ("port:", "extender.yaml: port: found nothing, allowed: an integer from 0 to 65535"),
        ("metrics_port: 1.5", "extender.yaml: metrics_port: found 1.5, allowed: an integer"),
        ("interval_seconds: 0", "extender.yaml: interval_seconds: found 0, allowed: a number above 0"),
        ("annotate: maybe", "extender.yaml: annotate: found 'maybe', allowed: true or false"),
        ("mode: on", "extender.yaml: mode: found True, allowed: one of active, passthrough"),
        ("log_level: trace", "extender.yaml: log_level: found 'trace', allowed: one of debug, info"),
        ("kubeconfig: [a]", "extender.yaml: kubeconfig: found ['a'], allowed: a path or nothing"),
        ("prefix: scheduler", "extender.yaml: prefix: found 'scheduler', allowed: text that matches ^/"),
        ("port: true", "extender.yaml: port: found True, allowed: an integer from 0 to 65535"),
        ("interval_seconds: yes", "extender.yaml: interval_seconds: found True, allowed: a number above 0"),
        ("port: 1\nmode: active\nport: 2", "extender.yaml: port: stands there 2 times; keep one"),
        (
            "namespace: ''",
            "extender.yaml: namespace: found '', allowed: text that is not empty; to have the default, leave it out",
        ),
    ],
)
def test_a_wrong_setting_of_the_file_is_named_with_what_is_allowed(tmp_path: Path, file: str, said: str) -> None:
    """One line has the file, the field, what was found and what may stand there."""
    assert complaints(tmp_path, file=file) == [said]


def test_a_setting_like_no_other_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    """Where nothing is near, everything is listed."""
    (said,) = complaints(tmp_path, file="colour: red")

    assert said.startswith("extender.yaml: colour: unknown setting; known are kubeconfig, address, port, ")


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("BERTH_EXTENDER__PORT", "abc", "found 'abc', allowed: an integer from 0 to 65535"),
        ("BERTH_EXTENDER__ADDRESS", "", "found '', allowed: text that is not empty; to have the default, leave it out"),
        ("BERTH_EXTENDER__KUBECONFIG", "", "found '', allowed: a path or nothing; to have the default, leave it out"),
        ("BERTH_EXTENDER__PROT", "1", "unknown setting; did you mean BERTH_EXTENDER__PORT?"),
    ],
)
def test_a_wrong_variable_is_named_as_it_is_spelled(tmp_path: Path, variable: str, value: str, said: str) -> None:
    """The line can be searched for in a manifest."""
    assert complaints(tmp_path, environment={variable: value}) == [f"{variable}: {said}"]


def test_a_wrong_flag_is_named_as_it_is_spelled(tmp_path: Path) -> None:
    """Flags have dashes."""
    said = "--metrics-port: found 'abc', allowed: an integer"

    assert complaints(tmp_path, flags={"metrics_port": "abc"}) == [said]


def test_everything_wrong_is_said_at_once_even_what_is_overridden(tmp_path: Path) -> None:
    """Nobody has to start a program once per mistake."""
    said = complaints(
        tmp_path, file="port: abc\nprot: 1\n", environment={"BERTH_EXTENDER__PORT": "-1"}, flags={"port": "1"}
    )

    assert said == [
        "extender.yaml: port: found 'abc', allowed: an integer from 0 to 65535",
        "extender.yaml: prot: unknown setting; did you mean port?",
        "BERTH_EXTENDER__PORT: found '-1', allowed: an integer from 0 to 65535",
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("- port", "found ['port'], allowed: lines such as metrics_port: 8080"),
        ("port", "found 'port', allowed: lines such as metrics_port: 8080"),
        ("port: [", "is no YAML: "),
    ],
)
def test_a_file_that_has_no_settings_is_refused(tmp_path: Path, content: str, said: str) -> None:
    """What is no mapping, or no YAML at all, stops the start."""
    (line,) = complaints(tmp_path, file=content)

    assert line.startswith(f"{tmp_path}/extender.yaml: {said}")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """A file that was named must be there."""
    with pytest.raises(SettingsError, match=r"absent\.yaml: No such file or directory"):
        load(Example, "extender", tmp_path / "absent.yaml", {}, {})
