from typing import Any

import pytest

from placement.admission import Admission, admit
from placement.allowances import Allowances, Bounds, LimitRange, Quota, Scope
from placement.asking.configurations import Configuration
from placement.asking.profiles import Profile
from placement.keys import REQUESTED_CLASS
from placement.pods import Pod
from tests.builders import AMD, NVIDIA, pod, vllm, world

FOUR = Profile(
    "p",
    preferred=("h100",),
    configurations=(
        Configuration("h100", requests={"memory": "16Gi"}, limits={NVIDIA: "4", "memory": "64Gi"}),
        Configuration("mi300x"),
    ),
)
GPUS = f"requests.{NVIDIA}"


def _admitted(*allowed: Quota | LimitRange, subject: Pod | None = None) -> Admission:
    quotas = tuple(each for each in allowed if isinstance(each, Quota))
    ranges = tuple(each for each in allowed if isinstance(each, LimitRange))
    return admit(subject or pod(), {}, world(FOUR, allowances=Allowances(quotas, ranges)))


def _reason(verdict: Admission, name: str = "h100") -> str | None:
    assert verdict.choice
    return next((each.reason for each in verdict.choice.rejections if each.subject == name), None)


@pytest.mark.parametrize(
    ("allowed", "reason"),
    [
        (
            Quota("team", {GPUS: 6}, {GPUS: 3}),
            f"quota team allows 6 {GPUS}, 3 in use, the pod would ask 4",
        ),
        (
            Quota("team", {"limits.memory": 2**34}),
            "quota team allows 16Gi limits.memory, the pod would ask 64Gi",
        ),
        (
            LimitRange("small", (Bounds("Container", most={NVIDIA: 2}),)),
            f"limit range small allows at most 2 {NVIDIA}, 4 would be asked for container engine",
        ),
        (
            LimitRange("small", (Bounds("Pod", most={"memory": 2**35}),)),
            "limit range small allows at most 32Gi memory, 64Gi would be asked for a pod",
        ),
        (
            LimitRange("even", (Bounds("Container", ratio={"memory": 2}),)),
            "limit range even allows a limit of 2 times the request of memory, exceeded for container engine",
        ),
        (
            LimitRange("large", (Bounds("Container", least={NVIDIA: 8}),)),
            f"limit range large wants at least 8 {NVIDIA}, 4 would be asked for container engine",
        ),
    ],
)
def test_a_class_whose_injection_the_namespace_forbids_is_rejected(allowed: Any, reason: str) -> None:
    """Another class is taken, instead of a pod that the API server would refuse."""
    verdict = _admitted(allowed)

    assert _reason(verdict) == reason
    assert verdict.record
    assert verdict.record.classes != ("h100",)


@pytest.mark.parametrize(
    "allowed",
    [
        Quota("team", {GPUS: 6}, {GPUS: 2}),
        Quota("other", {"pods": 10, "requests.storage": 1}),
        Quota("amd", {f"requests.{AMD}": 0}),
        Quota("batch", {GPUS: 0}, scopes=(Scope("Terminating"),)),
        Quota("low", {GPUS: 0}, scopes=(Scope("PriorityClass", "In", frozenset({"low"})),)),
        Quota("unknown", {GPUS: 0}, scopes=(Scope("VolumeAttributesClass"),)),
        LimitRange("volumes", (Bounds("PersistentVolumeClaim", most={NVIDIA: 0}),)),
    ],
)
def test_quotas_that_do_not_count_the_pod_forbid_nothing(allowed: Any) -> None:
    """Room enough, other resources and other pods."""
    assert _reason(_admitted(allowed)) is None


def test_a_scoped_quota_counts_the_pods_of_its_scope() -> None:
    """A quota for one priority class binds the pods of that class."""
    low = Quota("low", {GPUS: 0}, scopes=(Scope("PriorityClass", "In", frozenset({"low"})),))

    assert (
        _reason(_admitted(low, subject=pod(priority_class="low"))) == f"quota low allows 0 {GPUS}, the pod would ask 4"
    )


def test_what_the_pod_asks_by_itself_is_not_berths_affair() -> None:
    """The API server says so itself, and in its own words."""
    own = vllm(limits={NVIDIA: "8"}, requests={NVIDIA: "8"})

    assert _reason(_admitted(Quota("team", {GPUS: 1}), subject=pod(own))) is None


def test_of_a_group_the_quota_as_a_whole_decides() -> None:
    """What others hold at the moment must not split a group."""
    labels = {"leaderworkerset.sigs.k8s.io/name": "s", "leaderworkerset.sigs.k8s.io/group-key": "k"}
    tight = Quota("team", {GPUS: 6}, {GPUS: 6})

    assert _reason(_admitted(tight, subject=pod(labels=labels))) is None
    assert _reason(_admitted(Quota("team", {GPUS: 3}), subject=pod(labels=labels)))


def test_an_explicit_class_that_is_forbidden_leaves_the_pod_as_it_is() -> None:
    """The pod is admitted without it, with the reason."""
    verdict = _admitted(Quota("team", {GPUS: 0}), subject=pod(annotations={REQUESTED_CLASS: "h100"}))

    assert verdict.is_unfit
    assert verdict.warnings[-1] == f"h100: quota team allows 0 {GPUS}, the pod would ask 4"


def test_a_request_below_zero_has_no_ratio_to_a_limit() -> None:
    """What the API server will refuse is no reason to fail before."""
    absurd = pod(vllm(requests={"memory": "-3"}, limits={"memory": "1Gi"}))

    assert _reason(_admitted(LimitRange("even", (Bounds("Container", ratio={"cpu": 2}),)), subject=absurd)) is None
