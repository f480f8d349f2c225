from dataclasses import replace

from placement.admission import Admission, admit
from placement.asking.class_requirements import ClassRequirements
from placement.asking.configurations import Configuration
from placement.asking.profiles import OnNoMatch, Profile
from placement.keys import PROFILE
from placement.label_selectors import LabelSelector
from placement.pods import EnvVar, Pod
from tests.builders import NVIDIA, pod, world

PROFILE_OF_ALL = Profile("all")


def _admitted(subject: Pod, *profiles: Profile) -> Admission:
    return admit(subject, {"team": "a"}, world(*profiles))


def test_profiles_match_by_pod_and_namespace_labels() -> None:
    """Both selectors must hold."""
    meant = Profile("p", LabelSelector({"app": "llm"}), LabelSelector({"team": "a"}))
    elsewhere = replace(meant, namespaces=LabelSelector({"team": "b"}))

    assert _admitted(pod(labels={"app": "llm"}), meant).record
    assert not _admitted(pod(labels={"app": "web"}), meant).record
    assert not _admitted(pod(labels={"app": "llm"}), elsewhere).record


def test_of_several_matching_profiles_the_first_by_name_is_used_and_the_author_is_told() -> None:
    """The choice is the same every time, and visible."""
    verdict = _admitted(pod(), Profile("b"), Profile("a"))

    assert verdict.record
    assert verdict.record.source == "profile a"
    assert verdict.warnings == (f"profiles a, b all match; a comes first by name. Name one with annotation {PROFILE}",)


def test_of_several_matching_profiles_the_most_specific_is_used() -> None:
    """A profile for one application beats the one for everybody."""
    verdict = _admitted(pod(labels={"app": "llm"}), Profile("all"), Profile("of-llm", LabelSelector({"app": "llm"})))

    assert verdict.record
    assert verdict.record.source == "profile of-llm"
    assert "of-llm is the most specific" in verdict.warnings[0]


def test_a_pod_may_name_its_profile() -> None:
    """The named profile applies, whatever its selectors say; a wrong name is told."""
    picky = Profile("picky", LabelSelector({"app": "other"}), preferred=("h100",))

    named = _admitted(pod(annotations={PROFILE: "picky"}), picky, PROFILE_OF_ALL)
    unknown = _admitted(pod(annotations={PROFILE: "pikcy"}), picky)

    assert named.record
    assert named.record.classes == ("h100",)
    assert "no valid AcceleratorProfile 'pikcy' for this namespace" in unknown.warnings[0]
    assert unknown.record is None


def test_naming_a_profile_evades_none() -> None:
    """A wrong name, or a profile of other namespaces, leaves those in force that match."""
    subject = pod(annotations={PROFILE: "pikcy"})
    strict = Profile("strict", requirements=ClassRequirements(memory_gib=999), on_no_match=OnNoMatch.DENY)
    foreign = Profile("pikcy", namespaces=LabelSelector({"team": "b"}))

    assert _admitted(subject, strict).denial
    assert _admitted(subject, strict, foreign).denial
    assert "for this namespace" in _admitted(subject, strict, foreign).warnings[0]


def test_the_configuration_of_the_chosen_class_is_applied() -> None:
    """Env, args and resources are those of the class that was chosen, not of another one."""
    configurations = tuple(
        Configuration(name, (EnvVar("TP", tp),), (f"--tp={tp}",), limits={NVIDIA: tp})
        for name, tp in (("h100", "1"), ("l4", "4"))
    )
    profile = Profile("p", preferred=("l4",), configurations=configurations)

    container = _admitted(pod(), profile).mutation.containers[0]

    assert [each.variable.value for each in container.env] == ["4"]
    assert container.args == ("--tp=4",)
    assert container.limits == container.requests == {NVIDIA: "4"}


def test_a_profile_may_deny_what_fits_nowhere() -> None:
    """With onNoMatch Deny the pod is refused with the same reasons."""
    profile = Profile("p", requirements=ClassRequirements(memory_gib=500), on_no_match=OnNoMatch.DENY)

    denial = _admitted(pod(), profile).denial

    assert denial
    assert denial.startswith("no accelerator class will do for this pod (profile p); ")
    assert "mi300x: has 192 GiB of memory, 500 needed" in denial
