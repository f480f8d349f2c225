"""What the scheduler counts for a pod."""

from hypothesis import given
from hypothesis import strategies as st

from placement.pods import Container, Pod

GPU = "nvidia.com/gpu"

amounts = st.dictionaries(st.sampled_from(["cpu", "memory", GPU]), st.integers(0, 64).map(str))
containers = st.builds(Container, st.just("c"), requests=amounts)


def test_containers_run_together_and_init_containers_one_after_the_other() -> None:
    """The larger of start-up and run, per resource."""
    pod = Pod(
        "default",
        containers=(Container("a", requests={"cpu": "1", GPU: "1"}), Container("b", requests={"cpu": "2"})),
        init_containers=(Container("load", requests={"cpu": "8"}), Container("warm", requests={GPU: "2"})),
    )

    assert pod.requests == {"cpu": 8000, GPU: 2, "pods": 1}


def test_a_sidecar_runs_beside_everything_that_starts_after_it() -> None:
    """Init containers before it do not see it."""
    pod = Pod(
        "default",
        containers=(Container("main", requests={"cpu": "1"}),),
        init_containers=(
            Container("first", requests={"cpu": "5"}),
            Container("proxy", requests={"cpu": "2"}, is_sidecar=True),
            Container("second", requests={"cpu": "4"}),
        ),
    )

    assert pod.requests["cpu"] == 6000


def test_a_limit_counts_where_nothing_is_requested() -> None:
    """As the API server defaults it, and as a template may not have been defaulted yet."""
    container = Container("c", requests={"cpu": "1"}, limits={"cpu": "4", GPU: "2"})

    assert Pod("default", containers=(container,)).requests == {"cpu": 1000, GPU: 2, "pods": 1}


def test_requests_of_the_whole_pod_replace_the_sum_and_overhead_comes_on_top() -> None:
    """What is not stated for the whole pod is still summed."""
    pod = Pod(
        "default",
        containers=(Container("c", requests={"cpu": "1", GPU: "2"}),),
        pod_level={"cpu": "6"},
        overhead={"cpu": "250m"},
    )

    assert pod.requests == {"cpu": 6250, GPU: 2, "pods": 1}


@given(st.lists(containers, max_size=3), st.lists(containers, max_size=3))
def test_a_pod_never_counts_less_than_any_of_its_containers(
    running: list[Container], starting: list[Container]
) -> None:
    """And no less than all that run together."""
    asked = Pod("default", containers=tuple(running), init_containers=tuple(starting)).requests

    for each in (*running, *starting):
        assert all(asked.get(name, 0) >= count for name, count in each.asked.items())
    assert asked.get(GPU, 0) >= sum(each.asked.get(GPU, 0) for each in running)
    assert asked["pods"] == 1
