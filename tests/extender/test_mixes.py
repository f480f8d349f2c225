"""Files that tell the extender what to expect, and what is said of those that cannot be understood."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extender.mixes import MixFileError, mix_json, read_mix
from placement.inventory import NodeInventory
from placement.scheduling.expectation import Pinned
from placement.scheduling.expectations import Expectations
from placement.scheduling.mix import mix_of
from placement.scheduling.pools import pool_of
from placement.scheduling.tasks import Task
from tests.builders import AMD, NVIDIA
from tests.placement.scheduling.fleets import tasks

BERTH = str(Path(sys.executable).with_name("berth"))
NODE = NodeInventory("a", allocatable={"cpu": 64_000, NVIDIA: 8, AMD: 8})


def written(folder: Path, text: str) -> Path:
    """Return a file with the text."""
    path = folder / "mix.yaml"
    path.write_text(text)
    return path


def complaint(path: Path) -> str:
    """Return what is said of a file that cannot be understood."""
    with pytest.raises(MixFileError) as refused:
        read_mix(path)
    return str(refused.value)


def test_a_file_says_how_often_each_task_comes_and_for_how_many_arrivals_it_stands(tmp_path: Path) -> None:
    """Written by hand: shares need not sum to 1, what is left out is a whole device without cpu, of any class."""
    path = written(
        tmp_path,
        """
        resources:
          nvidia.com/gpu:
            arrivals: 40
            tasks:
            - {devices: 1, cpu: 2000, share: 3}
            - {devices: 8, share: 1, classes: [h200, h100]}
          berth.ome.io/gpu-milli:
            tasks: [{devices: 1, milli: 250, share: 0.2}]
        """,
    )

    assert read_mix(path) == {
        NVIDIA: {Task(2000, 1): 30, Task(0, 8, 1000, ("h100", "h200")): 10},
        "berth.ome.io/gpu-milli": {Task(0, 1, 250): 100},
    }


def test_a_task_that_is_told_twice_counts_twice(tmp_path: Path) -> None:
    """As when two files were joined."""
    path = written(tmp_path, "resources: {g: {arrivals: 10, tasks: [{devices: 1, share: 1}, {devices: 1, share: 1}]}}")

    assert read_mix(path) == {"g": {Task(0, 1): 10}}


seen = st.dictionaries(tasks, st.sampled_from([1e-9, 0.5, 1, 3, 1000]), min_size=1)


@given(seen=seen, other=seen, is_pinned=st.booleans())
def test_what_is_answered_can_be_read_and_means_the_same(
    *, tmp_path_factory: pytest.TempPathFactory, seen: dict[Task, float], other: dict[Task, float], is_pinned: bool
) -> None:
    """Tasks without devices and very rare ones among them."""
    expectations = Expectations({NVIDIA: seen, AMD: other}, is_pinned=is_pinned)
    for resource in (NVIDIA, AMD):
        expectations.of(pool_of(resource, [NODE]))
    path = tmp_path_factory.mktemp("mix") / "mix.json"
    path.write_text(json.dumps(mix_json(expectations.by_resource, is_pinned=is_pinned)))

    found = read_mix(path)

    for resource, expected in expectations.by_resource.items():
        mix = mix_of(found[resource])
        again = dict(zip(mix.tasks, mix.popularity, strict=True))
        assert again == pytest.approx(dict(zip(expected.mix.tasks, expected.mix.popularity, strict=True)), rel=1e-4)
        assert sum(found[resource].values()) == pytest.approx(expected.arrivals, rel=1e-4)


def test_an_answer_of_an_extender_that_knows_nothing_yet_is_a_file_that_says_nothing(tmp_path: Path) -> None:
    """Saving and loading it is no mistake."""
    assert read_mix(written(tmp_path, json.dumps(mix_json({}, is_pinned=False)))) == {}


def test_turnover_is_told_and_not_read(tmp_path: Path) -> None:
    """A cluster shows it by what leaves; of a third of what was placed here."""
    turned = Pinned(mix_of({Task(0, 1): 3}), 3)
    for _ in range(3):
        turned.placed(Task(0, 1))
    turned.left(Task(0, 1))
    told = mix_json({NVIDIA: turned}, is_pinned=False)

    assert told["resources"][NVIDIA]["turnover"] == 0.333
    assert read_mix(written(tmp_path, json.dumps(told))) == {NVIDIA: {Task(0, 1): 3}}


TASK = "resources: {{nvidia.com/gpu: {{tasks: [{{{}}}]}}}}"
AT = "resources.nvidia.com/gpu.tasks"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("", ["resources: Field required"], id="empty"),
        pytest.param("[]", ["resources: Field required"], id="a list"),
        pytest.param("resources: 3", ["resources: Input should be a valid dictionary"], id="a number"),
        pytest.param(
            "resources: {nvidia.com/gpu: {tasks: []}}",
            [f"{AT}: List should have at least 1 item after validation, not 0"],
            id="no tasks",
        ),
        pytest.param(
            TASK.format("devices: one, share: -1"),
            [
                f"{AT}.0.devices: Input should be a valid integer, unable to parse string as an integer",
                f"{AT}.0.share: Input should be greater than 0",
            ],
            id="two mistakes",
        ),
        pytest.param(
            TASK.format("devices: -1, share: 1"),
            [f"{AT}.0.devices: Input should be greater than or equal to 0"],
            id="negative",
        ),
        pytest.param(
            TASK.format("devices: 1, milli: 1001, share: 1"),
            [f"{AT}.0.milli: Input should be less than or equal to 1000"],
            id="more than a device of one",
        ),
        pytest.param(TASK.format("devices: 1"), [f"{AT}.0.share: Field required"], id="no share"),
        pytest.param(
            TASK.format("devices: 1, share: .inf"), [f"{AT}.0.share: Input should be a finite number"], id="infinite"
        ),
        pytest.param(
            TASK.format(f"devices: 1, share: 1, cpu: {2**70}"),
            [f"{AT}.0.cpu: Input should be less than or equal to 1000000000"],
            id="more cpu than there is",
        ),
        pytest.param(
            "resources: {nvidia.com/gpu: {arrivals: 0, tasks: [{devices: 1, share: 1}]}}",
            ["resources.nvidia.com/gpu.arrivals: Input should be greater than 0"],
            id="of no arrivals",
        ),
    ],
)
def test_each_mistake_is_a_line_with_its_place_and_reason(tmp_path: Path, text: str, said: list[str]) -> None:
    """The file comes first, because settings come from several."""
    path = written(tmp_path, text)

    assert complaint(path).splitlines() == [f"{path}: {line}" for line in said]


def test_what_is_no_yaml_is_told_in_one_line_with_its_place(tmp_path: Path) -> None:
    """YAML's own reason spans several."""
    said = complaint(written(tmp_path, "resources:\n  g: ["))

    assert said.startswith(f"{tmp_path}/mix.yaml: is neither JSON nor YAML: ")
    assert "line 2" in said
    assert "\n" not in said


def test_what_is_no_text_is_told(tmp_path: Path) -> None:
    """A file that was compressed, perhaps."""
    path = tmp_path / "mix.gz"
    path.write_bytes(b"\x1f\x8b\xff\xfe\x00")

    assert complaint(path).startswith(f"{path}: is neither JSON nor YAML: ")


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """Missing, or a folder."""
    assert complaint(tmp_path / "absent") == f"{tmp_path}/absent: No such file or directory"
    assert complaint(tmp_path) == f"{tmp_path}: Is a directory"


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--mix=pinned"], "mix: pinned needs mix_file, which says what is expected"),
        (["--mix=pinned", "--mix-file={path}"], "{path}: resources: Field required"),
        (["--mix-file={path}"], "{path}: resources: Field required"),
        (["--mix-file={path}.absent"], "{path}.absent: No such file or directory"),
    ],
)
def test_the_extender_does_not_start_with_a_mix_that_it_cannot_understand(
    tmp_path: Path, flags: list[str], said: str
) -> None:
    """Its last words tell why."""
    path = written(tmp_path, "tasks: []")
    command = [BERTH, "extender", *(flag.format(path=path) for flag in flags)]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    assert outcome.returncode == 2
    assert said.format(path=path) in outcome.stderr
    assert "Traceback" not in outcome.stderr
