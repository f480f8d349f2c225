import pytest

from placement.pods import Container, EnvVar, Pod
from placement.recognising.platforms import count_variables, group_of, group_size, is_restored, updates_in_place

STORM = "stormservice.orchestration.aibrix.ai"


def _pod(labels: dict[str, str], annotations: dict[str, str] | None = None, **env: str) -> Pod:
    variables = tuple(EnvVar(name, value) for name, value in env.items())
    return Pod("ml", labels=labels, annotations=annotations or {}, containers=(Container("c", env=variables),))


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({"storm-service-name": "s", "roleset-name": "r"}, True),
        ({"model.aibrix.ai/name": "m"}, False),
        ({"leaderworkerset.sigs.k8s.io/name": "l"}, False),
        ({}, False),
    ],
)
def test_pods_that_are_updated_in_place_are_known(labels: dict[str, str], *, expected: bool) -> None:
    """StormServices give up updates in place for a pod that was changed; AIBrix's Deployments do not care."""
    assert updates_in_place(_pod(labels)) is expected


@pytest.mark.parametrize(
    ("labels", "annotations", "expected"),
    [
        ({}, {"nvidia.com/dynamo-checkpoint-restore-candidate": "true"}, True),
        ({"nvidia.com/dynamo-snapshot-compatibility-hash": "af0"}, {}, True),
        ({}, {}, False),
    ],
)
def test_pods_that_start_from_a_checkpoint_are_known(
    labels: dict[str, str], annotations: dict[str, str], *, expected: bool
) -> None:
    """Their process was started with other arguments long ago, and its state fits one kind of device."""
    worker = {"nvidia.com/dynamo-component-type": "worker"}

    assert is_restored(_pod(worker | labels, annotations)) is expected


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        ({"ome.io/inferenceservice": "s"}, {"PARALLELISM_SIZE"}),
        ({"serving.kserve.io/inferenceservice": "s"}, {"REQUEST_GPU_COUNT"}),
        ({"llm-d.ai/model": "m"}, {"TP_SIZE"}),
        ({"app": "x"}, set()),
    ],
)
def test_variables_that_follow_the_count_are_known_by_platform(labels: dict[str, str], names: set[str]) -> None:
    """Who changes the count must change them too, or the engine uses other devices than it has."""
    assert count_variables(_pod(labels)) == names


@pytest.mark.parametrize(
    ("subject", "size"),
    [
        (
            _pod(
                {"leaderworkerset.sigs.k8s.io/name": "l"},
                {"leaderworkerset.sigs.k8s.io/size": "4"},
                LWS_GROUP_SIZE="2",
            ),
            4,
        ),
        (_pod({"leaderworkerset.sigs.k8s.io/name": "l"}, LWS_GROUP_SIZE="2"), 2),
        (_pod({"serving.kserve.io/inferenceservice": "s"}, RAY_NODE_COUNT="3"), 3),
        (_pod({"roleset-name": "r"}, POD_GROUP_SIZE="2"), 2),
        (_pod({"modelserving.volcano.sh/name": "m"}, GROUP_SIZE="many"), None),
        (_pod({}, GROUP_SIZE="2"), None),
    ],
)
def test_the_number_of_pods_of_one_copy_is_read_where_its_platform_writes_it(subject: Pod, size: int | None) -> None:
    """In an annotation or a variable of that platform, and nowhere else."""
    assert group_size(subject) == size


@pytest.mark.parametrize(
    ("labels", "key", "value"),
    [
        ({"roleset-name": "r", f"{STORM}/podset-name": "r-decode-1"}, f"{STORM}/podset-name", "r-decode-1"),
        (
            {
                "ome.io/inferenceservice": "s",
                "component": "engine",
                "ome.io/runner": "worker",
                "ome.io/instance-index": "1",
            },
            "ome.io/inferenceservice+component+instance-index",
            "s/engine/1",
        ),
    ],
)
def test_pods_of_one_copy_have_one_key(labels: dict[str, str], key: str, value: str) -> None:
    """AIBrix's sets of pods under their full label, and OME's own instances of several pods."""
    group = group_of(_pod(labels))

    assert group
    assert (group.key, group.value) == (key, value)


@pytest.mark.parametrize(
    "labels",
    [
        {"storm-service-name": "s", "roleset-name": "r", "role-name": "decode"},
        {
            "ome.io/inferenceservice": "s",
            "component": "engine",
            "ome.io/runner": "default",
            "ome.io/instance-index": "0",
        },
        {"serving.kserve.io/inferenceservice": "s"},
    ],
)
def test_replicas_that_hold_a_copy_each_make_no_group(labels: dict[str, str]) -> None:
    """They may get different classes."""
    assert group_of(_pod(labels)) is None
