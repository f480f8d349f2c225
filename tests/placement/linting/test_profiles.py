from dataclasses import replace
from typing import Any

import pytest

from placement.asking.class_requirements import ClassRequirements
from placement.asking.configurations import Configuration
from placement.asking.preferences import Preference
from placement.asking.profiles import Profile
from placement.label_selectors import LabelSelector
from placement.linting.findings import Findings, Surroundings
from placement.linting.profiles import lint_profile, named_classes, unknown_classes
from placement.selection import Expression, Operator
from tests.builders import CATALOG

CHAT, EMBED = LabelSelector({"app": "chat"}), LabelSelector({"app": "embed"})


def a_profile(pods: LabelSelector = CHAT, name: str = "tried", **more: Any) -> Profile:
    """Return a profile for the pods of an app."""
    supported = more.pop("supported", ())
    requirements = more.pop("requirements", ClassRequirements(frozenset(supported) or None))
    return Profile(name, pods, requirements=requirements, listed=supported, **more)


def found(profile: Profile, *others: Profile, **around: Any) -> Findings:
    """Return what is found of a profile beside others, where there are h100, l4, t4 and mi300x."""
    return lint_profile(profile, Surroundings(CATALOG, others, **around))


def test_every_place_that_names_a_class_is_looked_at() -> None:
    """With the nearest class that there is."""
    profile = a_profile(
        supported=("h200", "l4"),
        preferred=("l40",),
        requirements=ClassRequirements(frozenset({"h200", "l4"}), frozenset({"mi300"})),
        preferences=(Preference("t44", 50),),
        configurations=(Configuration("acme"), Configuration("acme", engine="vllm")),
    )

    assert named_classes(profile) == {"h200", "l4", "l40", "mi300", "t44", "acme"}
    missing = {"h200", "l40", "mi300", "t44", "acme"}
    lacking = "which this cluster does not have"
    assert unknown_classes(profile, Surroundings(CATALOG), missing) == (
        f"acceleratorRequirements.supportedClasses names class h200, {lacking} (did you mean h100?)",
        f"acceleratorRequirements.excludedClasses names class mi300, {lacking} (did you mean mi300x?)",
        f"preferredClasses names class l40, {lacking} (did you mean l4?)",
        f"acceleratorRequirements.preferenceOrder names class t44, {lacking} (did you mean t4?)",
        f"acceleratorConfigurations names class acme, {lacking}",
    )


def test_a_second_profile_for_the_same_pods_is_refused_however_they_are_written() -> None:
    """Which of two counts must not hang on a name."""
    expressed = LabelSelector({}, (Expression("app", Operator.IN, ("chat", "chat")),))
    other = a_profile(name="other", supported=("l4",))

    assert found(a_profile(expressed), other).refusals == (
        "profile other has the same podSelector and namespaceSelector: select other pods, or change that one",
    )
    assert found(a_profile(expressed, namespaces=CHAT), other).refusals == ()


def test_a_profile_may_be_renamed() -> None:
    """Tools that apply files create the new one before they delete the old one; both say the same meanwhile."""
    profile = a_profile(supported=("l4",))

    assert found(profile, replace(profile, name="old")) == Findings(
        (), ("says the same as profile old, of the same pods: delete one of the two",)
    )


def test_two_profiles_that_may_match_one_pod_are_told_which_counts() -> None:
    """By the name alone, or by the number of conditions."""
    team, both = LabelSelector({"team": "ml"}), LabelSelector({"team": "ml", "tier": "gold"})

    assert found(a_profile(), a_profile(team, "other")).suspicions == (
        "some pods may match profile other as well: of these two other counts, whose name comes first",
    )
    assert found(a_profile(), a_profile(both, "zeta")).suspicions == (
        "some pods may match profile zeta as well: of these two zeta counts, which has more conditions",
    )


def test_an_exception_from_a_rule_is_no_accident() -> None:
    """A profile that says all that another says, and more, is meant to come before it."""
    narrower = LabelSelector({"app": "chat", "tier": "gold"})

    assert found(a_profile(narrower), a_profile(name="rule")) == Findings()
    assert found(a_profile(), a_profile(narrower, "exception")) == Findings()
    assert found(a_profile(), a_profile(EMBED, "other")) == Findings()


SUSPICIOUS = {
    "everybody": (a_profile(LabelSelector()), "selects every pod of every namespace that opted in"),
    "a configuration that is never used": (
        a_profile(supported=("l4",), configurations=(Configuration("h100"),)),
        "acceleratorConfigurations names class h100, which supportedClasses leaves out, so that it decides nothing",
    ),
    "a preference for what is excluded": (
        a_profile(requirements=ClassRequirements(excluded=frozenset({"h100"})), preferred=("h100",)),
        "preferredClasses names class h100, which excludedClasses rules out, so that it decides nothing",
    ),
    "the size of requests": (
        a_profile(preferences=(Preference("l4", 90, unknowable=("requestSize >4096",)),)),
        "requestSize decides nothing: the size of requests is not known when a pod is created",
    ),
    "nothing will do": (
        a_profile(requirements=ClassRequirements(frozenset({"l4", "t4"}), memory_gib=40)),
        "no class of this cluster will do: l4 has 24 GiB of memory, 40 needed; t4 has 16 GiB of memory, 40 needed",
    ),
}


@pytest.mark.parametrize("mistake", SUSPICIOUS)
def test_a_mistake_is_told_in_a_sentence(mistake: str) -> None:
    """What is legal is told, and let in."""
    profile, sentence = SUSPICIOUS[mistake]

    assert found(profile) == Findings((), (sentence,))


def test_a_class_that_is_not_valid_exists() -> None:
    """The profile is in order, and says nothing yet."""
    profile = a_profile(supported=("l4", "broken"))

    assert found(profile, invalid=frozenset({"broken"})).suspicions == (
        "acceleratorRequirements.supportedClasses names class broken, which is not valid: see its condition Ready",
    )


def test_a_class_that_was_created_a_moment_ago_may_well_do() -> None:
    """What was not seen yet is not judged."""
    assert found(a_profile(requirements=ClassRequirements(frozenset({"new", "t4"}), memory_gib=40))) == Findings()


def test_what_spoke_against_an_object_before_is_no_reason_to_refuse_it() -> None:
    """So that an old object can be edited."""
    before, after = Findings(("a", "b"), ("old",)), Findings(("b", "c"), ("new",))

    assert after.since(before) == Findings(("c",), ("b", "new"))
