from placement.admission import admit
from placement.asking.class_requirements import ClassRequirements
from placement.asking.profiles import Profile
from placement.keys import REQUESTED_CLASS
from placement.pods import Container
from tests.builders import NVIDIA, pod, vllm, world

LARGE = Profile("p", requirements=ClassRequirements(frozenset({"l4"})))


def _warnings(model: str, count: int, *args: str) -> tuple[str, ...]:
    engine: Container = vllm(*args, command=("vllm", "serve", model), limits={NVIDIA: str(count)})
    return admit(pod(engine), {}, world(LARGE)).warnings


def test_a_model_that_is_too_large_for_any_node_is_told_what_would_help() -> None:
    """Eight devices are not to be had on nodes of four, but a 4-bit checkpoint of the model needs no eight."""
    warnings = _warnings("meta-llama/Llama-3.1-70B-Instruct", 8)

    assert (
        "what would help: an AWQ checkpoint of meta-llama/Llama-3.1-70B-Instruct needs about 4 of l4 instead of 8"
    ) in warnings


def test_nothing_is_promised_where_nobody_knows() -> None:
    """No advice about an unknown model, one that is quantized already, or one for which no node is large enough."""
    for warnings in (
        _warnings("org/unknown", 8),
        _warnings("org/Llama-3.1-70B-AWQ", 8),
        _warnings("meta-llama/Llama-3.1-70B-Instruct", 8, "--quantization=fp8"),
    ):
        assert not any("what would help" in each for each in warnings)


def test_only_classes_that_the_pod_may_have_are_named() -> None:
    """Neither another class than the one it names, nor one whose devices go by another name."""
    engine = vllm(command=("vllm", "serve", "meta-llama/Llama-3.1-8B-Instruct"), limits={NVIDIA: "16"})

    named = admit(pod(engine, annotations={REQUESTED_CLASS: "h100"}), {}, world()).warnings
    free = admit(pod(engine), {}, world(Profile("p"))).warnings

    assert [each.split(" needs ")[1] for each in named if "help" in each] == ["about 1 of h100 instead of 16"]
    assert [each.split(" needs ")[1] for each in free if "help" in each] == ["about 1 of h100 instead of 16"]
