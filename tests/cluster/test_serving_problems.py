import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster.serving_objects import base_model, inference_service, serving_runtime
from placement.asking.configurations import Configuration
from tests.cluster.serving import GOOD, judged, layer_of, runtime_of
from tests.ome.stories import stories


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        (
            {
                "acceleratorConfigurations": [
                    {"selector": {"acceleratorClass": "x"}, "resources": {"limits": {"cpu": "x"}}}
                ]
            },
            "spec.acceleratorConfigurations[1].resources.limits.cpu: 'x' is no quantity",
        ),
        ({"acceleratorConfigurations": [{"runner": {}}]}, "spec.acceleratorConfigurations[1].selector: is missing"),
        ({"acceleratorConfigurations": [7]}, "spec.acceleratorConfigurations[1]: "),
        ({"acceleratorRequirements": {"minMemory": -1}}, "spec.acceleratorRequirements.minMemory: "),
        ({"acceleratorRequirements": {"minMemory": 10**400}}, "spec.acceleratorRequirements.minMemory: "),
        ({"acceleratorRequirements": {"minMemory": 85899345920}}, "should be less than or equal to 65536"),
        ({"acceleratorRequirements": {"minMemory": "lots"}}, "'lots' is no quantity"),
        ({"acceleratorRequirements": {"minArchitectureVersion": "gfx942"}}, "'gfx942' is no version"),
        (
            {"acceleratorRequirements": {"preferredPrecisions": ["bf17"]}},
            "preferredPrecisions[0]: 'bf17' is no precision",
        ),
        (
            {"acceleratorRequirements": {"requiredCapabilities": {"rocmVersion": "6"}}},
            "requiredCapabilities.rocmVersion: is not judged",
        ),
        (
            {"acceleratorRequirements": {"requiredCapabilities": {"memoryGB": "-40Gi"}}},
            "requiredCapabilities.memoryGB: Input should be greater than or equal to 0, not '-40Gi'",
        ),
        (
            {"acceleratorRequirements": {"preferenceOrder": [{"class": "a", "score": 101}]}},
            "preferenceOrder[0].score: Input should be less than or equal to 100",
        ),
        (
            {
                "acceleratorRequirements": {
                    "preferenceOrder": [{"class": "a", "score": 1, "conditions": [{"modelSize": {"min": "7B"}}]}]
                }
            },
            "preferenceOrder[0].conditions[0].modelSize: \"{'min': '7B'}\" is no condition on a size",
        ),
        (
            {
                "supportedModelFormats": [
                    {"acceleratorConfig": {"a": {"tensorParallelismOverride": {"tensorParallelSize": -2}}}}
                ]
            },
            "acceleratorConfig.a.tensorParallelismOverride.tensorParallelSize: ",
        ),
        ({"acceleratorRequirements": "none"}, "spec.acceleratorRequirements: "),
        ({"engineConfig": {"runner": {"env": [{"value": "1"}]}}}, "spec.engineConfig.runner.env[0].name: is missing"),
        ({"containers": {}}, "spec.containers: "),
    ],
)
def test_a_field_that_cannot_be_understood_costs_nothing_but_itself(spec: dict[str, Any], problem: str) -> None:
    """What is wrong is said with the field's path, and the runtime's good configuration counts as before."""
    listed = [GOOD, *spec.pop("acceleratorConfigurations", [])]
    found = runtime_of(**spec, acceleratorConfigurations=listed)

    (said,) = found.problems
    assert problem in said
    assert layer_of(found).configurations[0][0] == Configuration("good", args=("--tp=1",))


def test_the_rest_of_a_configuration_stays_when_one_quantity_is_wrong() -> None:
    """Of the amounts the others count, and so do arguments and variables."""
    resources = {"requests": {"cpu": "-1", "memory": "1Gi"}, "limits": {"nvidia.com/gpu": 2}}
    found = runtime_of(acceleratorConfigurations=[GOOD | {"resources": resources}])

    assert layer_of(found).configurations == (
        (Configuration("good", (), ("--tp=1",), {"memory": "1Gi"}, {"nvidia.com/gpu": "2"}),),
    )


def test_items_are_left_out_where_they_stood() -> None:
    """Two wrong items of one list take none of their neighbours with them, and each is told with its own place."""
    names = ["a", "-", "b", "-", "c"]
    listed = [{"selector": {"acceleratorClass": name} if name != "-" else {}} for name in names]
    found = runtime_of(acceleratorConfigurations=listed)

    assert [each.accelerator_class for each in layer_of(found).configurations[0]] == ["a", "b", "c"]
    assert [problem.partition("].")[0][-1] for problem in found.problems] == ["1", "3"]


def test_an_object_of_nothing_but_mistakes_is_not_read() -> None:
    """Whoever may write objects cannot keep the program that reads them busy with their mistakes."""
    found = runtime_of(acceleratorConfigurations=[{}] * 20_000)

    assert found.value is None
    assert found.problems == ("has 20000 mistakes: it is not read",)


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"{", "truncated"),
        (b"[]", "Input should be"),
        (b"{}", "metadata: is missing"),
        (b'{"metadata": {"name": 5}}', "metadata.name: "),
        (b'{"metadata": {"name": "a"}, "spec": ' + b"[" * 5000 + b"]" * 5000 + b"}", "recursion"),
    ],
)
def test_bytes_that_are_no_object_say_nothing_but_what_is_wrong(raw: bytes, problem: str) -> None:
    """Nothing that somebody can store stops the program that reads it."""
    for judge in (serving_runtime, inference_service, base_model):
        found = judge(raw)

        assert found.value is None
        assert problem in found.problems[0]


def paths(content: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the places in an object at which something else could stand."""
    items = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    return [path] * bool(path) + [place for key, inner in items for place in paths(inner, (*path, key))]


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
    | st.sampled_from(["-1", "1e99", "9" * 70]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=400)
@given(st.data())
def test_whatever_stands_in_a_field_the_object_is_read_without_it(data: st.DataObject) -> None:
    """Any JSON in any place of any object: no exception, and a name keeps its value as long as it has one."""
    key = data.draw(st.sampled_from(sorted(stories())))
    content = json.loads(json.dumps(stories()[key]))
    for _ in range(data.draw(st.integers(1, 3))):
        *parents, last = data.draw(st.sampled_from([each for each in paths(content) if each[0] == "spec"]))
        container = content
        for part in parents:
            container = container[part]
        container[last] = data.draw(_JSON)

    found = judged(content)

    assert found.value is not None
    assert found.value.name == key[1]
