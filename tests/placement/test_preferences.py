from dataclasses import replace

import pytest

from placement.admission import admit
from placement.asking.preferences import Preference, billions, size_range
from placement.asking.profiles import Profile
from placement.asking.wishes import may_run_on_spot, wishes_of
from placement.keys import COST_THRESHOLD, MODEL_SIZE, STRATEGY
from placement.taints import Toleration
from tests.builders import pod, vllm, world


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("<30B", [7, 29.9], [30, 70]),
        (">= 7b", [7, 70], [6.9]),
        ("7B-13B", [7, 13], [6, 14]),
        ("7-13B", [7, 13], [6, 14]),
        ("500M", [0.5, 0.51], [0.6]),
        (">1T", [1001], [1000]),
    ],
)
def test_conditions_on_sizes(text: str, inside: list[float], outside: list[float]) -> None:
    """Comparisons, ranges and single sizes, in billions of parameters."""
    condition = size_range(text)

    assert all(condition.holds(size) for size in inside)
    assert not any(condition.holds(size) for size in outside)


@pytest.mark.parametrize("text", ["", "big", "<B", "30B<", "7B-", "-7B"])
def test_what_is_no_condition_is_refused_with_examples(text: str) -> None:
    """The author learns how to write it."""
    with pytest.raises(ValueError, match="7B-13B"):
        size_range(text)


def test_sizes_of_models_have_a_unit() -> None:
    """70 could be anything."""
    assert (billions("70B"), billions("500m"), billions("1.5T")) == (70, 0.5, 1500)
    with pytest.raises(ValueError, match="'70' is no size"):
        billions("70")


SMALL = Preference("h100", 100, (size_range("<30B"),))


def _class_of(profile: Profile, annotations: dict[str, str] | None = None) -> str:
    record = admit(pod(annotations=annotations or {}), {}, world(profile)).record
    assert record
    return record.classes[0]


def test_a_preference_counts_where_its_conditions_hold() -> None:
    """The model's size comes from the pod's annotation; of an unknown size no condition holds."""
    profile = Profile("p", preferences=(SMALL,))

    assert _class_of(profile, {MODEL_SIZE: "13B"}) == "h100"
    assert _class_of(profile, {MODEL_SIZE: "70B"}) == "t4"
    assert _class_of(profile) == "t4"


@pytest.mark.parametrize(
    ("model", "chosen"), [("Qwen/Qwen2.5-14B-Instruct", "h100"), ("meta-llama/Llama-3.1-70B", "t4")]
)
def test_the_size_is_that_of_the_model_on_the_command_line(model: str, chosen: str) -> None:
    """Nobody has to annotate what the engine is told anyway."""
    subject = pod(vllm(command=("vllm", "serve", model)))
    record = admit(subject, {}, world(Profile("p", preferences=(SMALL,)))).record

    assert record
    assert record.classes[0] == chosen


def test_conditions_on_requests_decide_nothing_and_are_noted() -> None:
    """What a request will ask is unknown when its pod is created; the decision says so."""
    blind = replace(SMALL, sizes=(), unknowable=("requestSize >4096",))
    record = admit(pod(), {}, world(Profile("p", preferences=(blind,)))).record

    assert record
    assert record.classes[0] == "h100"
    assert "requestSize >4096 is not known when a pod is created" in record.notes


def test_the_pods_annotations_are_the_last_layer() -> None:
    """Strategy and threshold of the pod come after the profile's; requirements only get stricter."""
    assert _class_of(Profile("p"), {STRATEGY: "performance"}) == "mi300x"
    assert _class_of(Profile("p"), {STRATEGY: "performance", COST_THRESHOLD: "1"}) == "l4"


def test_wishes_that_cannot_be_understood_are_left_out_and_told() -> None:
    """A typing error costs no pod."""
    wishes = wishes_of(pod(annotations={STRATEGY: "fast", COST_THRESHOLD: "-1", MODEL_SIZE: "big"}))

    assert wishes.billions is None
    assert wishes.layer.says_nothing
    assert [each.split(" is ignored")[0] for each in wishes.warnings] == [
        f"annotation {key}" for key in (COST_THRESHOLD, STRATEGY, MODEL_SIZE)
    ]


def test_spot_is_tolerated_or_selected() -> None:
    """Each provider marks its spot capacity in its own way."""
    assert may_run_on_spot(pod(tolerations=(Toleration("cloud.google.com/gke-spot", value="true"),)))
    assert may_run_on_spot(pod(tolerations=(Toleration(operator="Exists"),)))
    assert not may_run_on_spot(pod())
