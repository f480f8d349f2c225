from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placement.admission import Admission, admit
from placement.asking.class_requirements import ClassRequirements
from placement.asking.configurations import Configuration
from placement.asking.layers import NOTHING_SAID, Layer
from placement.asking.profiles import Profile
from placement.asking.serving import Component, InferenceService, Runtime, ServingObjects, Written
from placement.asking.strategies import Strategy
from placement.keys import COMPONENT, PROFILE, REQUESTED_CLASS, RUNTIME, SERVICE, STRATEGY
from placement.pods import EnvVar, Pod
from tests.builders import H100, L4, NVIDIA, pod, vllm, world

_names = st.sampled_from(["h100", "l4", "t4"])
layers = st.builds(
    Layer,
    st.sampled_from(["", "a", "b"]),
    st.builds(ClassRequirements, st.none() | st.frozensets(_names), memory_gib=st.sampled_from([0, 24, 80])),
    st.none() | _names,
    preferred=st.lists(_names, unique=True).map(tuple),
    strategy=st.none() | st.sampled_from(Strategy),
    waits=st.booleans(),
)


@given(layers, layers, layers)
def test_layers_combine_in_any_grouping(one: Layer, two: Layer, three: Layer) -> None:
    """Who says nothing changes nothing, saying the same again changes nothing, and only the order counts."""
    assert one.then(two).then(three) == one.then(two.then(three))
    assert one.then(NOTHING_SAID) == NOTHING_SAID.then(one) == one.then(one) == one


@given(layers, layers)
def test_a_later_layer_is_never_looser_and_wins_what_it_says(earlier: Layer, later: Layer) -> None:
    """What either layer refuses, both refuse; a later name, order or strategy replaces an earlier one."""
    both = earlier.then(later)

    for candidate in (H100, L4):
        accepted = [each.requirements.rejection(candidate) is None for each in (earlier, later)]
        assert (both.requirements.rejection(candidate) is None) == all(accepted)
    assert both.strategy == (later.strategy or earlier.strategy)
    assert both.preferred == (later.preferred or earlier.preferred)
    assert both.explicit == (later.explicit or earlier.explicit)


RUNTIME_LAYER = Layer("ServingRuntime ml/sglang", ClassRequirements(memory_gib=20), strategy=Strategy.PERFORMANCE)
SERVING = ServingObjects(
    runtimes={
        ("ml", "sglang"): Runtime("sglang", "ml", RUNTIME_LAYER),
        ("", "sglang"): Runtime("sglang", "", Layer("ClusterServingRuntime sglang", ClassRequirements(memory_gib=500))),
    },
    services={
        ("ml", "llama"): InferenceService(
            "llama",
            "ml",
            Layer("InferenceService ml/llama", ClassRequirements(excluded=frozenset({"mi300x"}))),
            {"decoder": Component(Layer("InferenceService ml/llama", preferred=("l4",)))},
            runtime="sglang",
        )
    },
)


def _of_service(component: str = "engine", **annotations: str) -> Pod:
    labels = {SERVICE: "llama", COMPONENT: component}
    return pod(labels=labels, annotations={key.replace("__", "/"): value for key, value in annotations.items()})


def _admitted(subject: Pod, *profiles: Profile, serving: ServingObjects = SERVING) -> Admission:
    return admit(subject, {}, world(*profiles, serving=serving))


def _class_of(verdict: Admission) -> str:
    assert verdict.record
    return verdict.record.classes[0]


def test_runtime_then_service_then_annotation() -> None:
    """Each layer overrides the one before, and none loosens what another requires."""
    from_runtime = _admitted(pod(annotations={RUNTIME: "sglang"}))
    from_service = _admitted(_of_service())
    from_annotation = _admitted(_of_service(**{STRATEGY: "cost"}))

    assert _class_of(from_runtime) == "mi300x"
    assert _class_of(from_service) == "h100"
    assert _class_of(from_annotation) == "l4"
    assert from_service.record
    assert from_service.record.source == "ServingRuntime ml/sglang, InferenceService ml/llama"


def test_engine_and_decoder_may_differ() -> None:
    """What a component says for itself is for its pods alone."""
    assert _class_of(_admitted(_of_service("decoder"))) == "l4"
    assert _class_of(_admitted(_of_service("engine"))) == "h100"


def test_a_named_class_must_still_meet_what_the_runtime_requires() -> None:
    """The annotation is the last layer, not a way around the others."""
    verdict = _admitted(_of_service(**{REQUESTED_CLASS: "t4"}))

    assert verdict.is_unfit
    assert verdict.warnings[-1] == "t4: has 16 GiB of memory, 20 needed"


def test_a_runtime_comes_before_a_profile_that_only_matches() -> None:
    """A profile that the pod names comes before its runtime."""
    cheap = Profile("cheap", strategy=Strategy.COST)
    with_runtime = pod(annotations={RUNTIME: "sglang"})
    with_both = pod(annotations={RUNTIME: "sglang", PROFILE: "cheap"})

    assert _class_of(_admitted(with_runtime, cheap)) == "mi300x"
    assert _class_of(_admitted(with_both, cheap)) == "t4"


def test_layers_that_exclude_each_other_are_named() -> None:
    """An empty intersection says whose words make it empty."""
    only = {
        name: Layer(name, ClassRequirements(frozenset({each})))
        for name, each in (("runtime r", "h100"), ("isvc s", "l4"))
    }
    serving = ServingObjects(
        {("", "r"): Runtime("r", "", only["runtime r"])},
        {("ml", "llama"): InferenceService("llama", "ml", only["isvc s"], runtime="r")},
    )

    verdict = _admitted(_of_service(), serving=serving)

    assert "runtime r, isvc s: no class is among the supported classes of all of them" in verdict.warnings


def test_a_class_that_nobody_has_is_told_when_nothing_fits() -> None:
    """A misspelt name in a profile is told with the name that would do."""
    profile = Profile("p", requirements=ClassRequirements(frozenset({"h10"})))

    assert (
        "profile p names class h10, which this cluster does not have (did you mean h100?)"
        in _admitted(pod(), profile).warnings
    )


def test_configurations_of_several_layers_join() -> None:
    """The service's variable wins over the runtime's, its amounts join by the larger, and flags are given once."""
    of_runtime = Configuration("l4", (EnvVar("A", "1"), EnvVar("B", "1")), ("--tp=2", "--x"), limits={NVIDIA: "2"})
    of_service = Configuration("l4", (EnvVar("A", "2"),), ("--tensor-parallel-size=4",), limits={NVIDIA: "4"})
    runtime = Runtime("r", "", Layer("r", configurations=((of_runtime,),)))
    service = InferenceService("llama", "ml", Layer("s", explicit="l4", configurations=((of_service,),)), runtime="r")
    serving = ServingObjects({("", "r"): runtime}, {("ml", "llama"): service})

    (container,) = _admitted(_of_service(), serving=serving).mutation.containers

    assert {each.variable.name: each.variable.value for each in container.env} == {"A": "2", "B": "1"}
    assert container.args == ("--tensor-parallel-size=4", "--x")
    assert container.limits[NVIDIA] == "4"


@pytest.mark.parametrize(
    ("engine", "expected"), [(("vllm", "serve", "m"), "--of-vllm"), (("sglang", "serve", "m"), "--of-any")]
)
def test_a_configuration_may_differ_by_engine(engine: tuple[str, ...], expected: str) -> None:
    """One profile configures one class for several engines; the most specific one counts."""
    configurations = (Configuration("l4", args=("--of-any",)), Configuration("l4", args=("--of-vllm",), engine="vllm"))
    profile = Profile("p", preferred=("l4",), configurations=configurations)

    (container,) = _admitted(pod(vllm(command=engine)), profile).mutation.containers

    assert container.args == (expected,)


def test_what_only_the_runtime_gave_is_replaced_in_place_and_what_the_user_gave_stays() -> None:
    """A class comes before the runtime's defaults and behind the user: env and flags alike."""
    command = ("python3", "-m", "sglang.launch_server", "--mem-fraction-static=0.85", "--tp-size", "2")
    written = Written("engine", command, env={"LEVEL": "low", "KEPT": "runtime's"})
    wanted = Configuration(
        "l4",
        (EnvVar("LEVEL", "high"), EnvVar("KEPT", "class's"), EnvVar("NEW", "1")),
        ("--mem-fraction-static=0.95", "--tp=4", "--enable-metrics"),
    )
    runtime = Runtime("r", "", Layer("r", explicit="l4", configurations=((wanted,),)), (written,))
    users = Component(written=(Written("engine", env={"KEPT": "runtime's"}, args=("--tp-size", "2")),))
    service = InferenceService("llama", "ml", components={"engine": users}, runtime="r")
    serving = ServingObjects({("", "r"): runtime}, {("ml", "llama"): service})
    env = (EnvVar("LEVEL", "low"), EnvVar("KEPT", "runtime's"))
    subject = pod(vllm(command=command, env=env), labels={SERVICE: "llama", COMPONENT: "engine"})

    (container,) = _admitted(subject, serving=serving).mutation.containers

    assert container.rewritten_command == (*command[:3], "--mem-fraction-static=0.95", *command[4:])
    assert container.args == ("--enable-metrics",)
    assert [(each.position, each.variable) for each in container.replaced_env] == [(0, EnvVar("LEVEL", "high"))]
    assert [each.variable.name for each in container.env] == ["NEW"]


def test_a_service_that_writes_the_command_gets_no_arguments() -> None:
    """Whoever writes the command has all of it in hand: story 8, scenario 1 of the proposal."""
    configured = Layer("r", explicit="l4", configurations=((Configuration("l4", args=("--enable-metrics",)),),))
    users = Component(written=(Written("engine", ("vllm", "serve", "m")),))
    serving = ServingObjects(
        {("", "r"): Runtime("r", "", configured)},
        {("ml", "llama"): InferenceService("llama", "ml", components={"engine": users}, runtime="r")},
    )

    (container,) = _admitted(_of_service(), serving=serving).mutation.containers

    assert container.args == ()


def test_what_cannot_be_understood_of_a_runtime_is_told_to_who_makes_its_pods() -> None:
    """The rest of the runtime counts, and nobody has to search for the field that does not."""
    broken = replace(SERVING, problems={"ServingRuntime ml/sglang": ("spec.x: found 'y', write a number",)})

    verdict = _admitted(_of_service(), serving=broken)

    assert _class_of(verdict) == "h100"
    assert "ServingRuntime ml/sglang: spec.x: found 'y', write a number" in verdict.warnings


def test_a_preferred_class_that_nobody_has_is_noted_in_the_decision() -> None:
    """The pod gets another class, and `berth explain` tells about the misspelt one."""
    record = _admitted(pod(), Profile("p", preferred=("h1000", "l4"))).record

    assert record
    assert record.classes == ("l4",)
    assert "profile p names class h1000, which this cluster does not have (did you mean h100?)" in record.notes
