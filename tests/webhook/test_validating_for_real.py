"""The validation as the real API server calls it about what kubectl applies: shipped manifests, shipped rights."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.request import urlopen

import pytest
import yaml

from demo.installation import MANIFESTS, Installation
from sandbox import ControlPlane, load_nodes
from tests.webhook.validations import NOWHERE, a_class, a_profile, supporting

Json = dict[str, Any]
H100, L4 = "NVIDIA-H100-80GB-HBM3", "NVIDIA-L4"
PRODUCT = "nvidia.com/gpu.product"
DENIED = 'admission webhook "validation.accelerators.berth.ome.io" denied the request: '


@dataclass(frozen=True, slots=True)
class Outcome:
    """What kubectl did, and what its user reads beside that."""

    done: str
    told: str
    failed: bool

    @property
    def warnings(self) -> list[str]:
        """The warnings of the API server."""
        return [line.removeprefix("Warning: ") for line in self.told.splitlines() if line.startswith("Warning: ")]


@pytest.fixture(scope="module")
def berth() -> Iterator[Installation]:
    """Berth's admission side on a control plane with fake nodes, the example classes and objects from before."""
    with ControlPlane(kwok=False) as plane:
        plane.add_nodes(load_nodes())
        installation = Installation(plane)
        installation.apply()
        plane.apply(MANIFESTS / "examples" / "classes.yaml")
        before = (a_class("from-before", discovery=NOWHERE), a_profile("old", "old", **supporting("gone")))
        assert not kubectl(installation, "apply", *before).failed
        installation.start_controller()
        installation.start_webhook()
        plane.wait(lambda: _is_asked(installation), 20, "the API server asks the webhook")
        yield installation


def _is_asked(berth: Installation) -> bool:
    return bool(kubectl(berth, "apply", a_profile("probe", podSelector={}), "--dry-run=server").warnings)


def kubectl(berth: Installation, *words: Json | str) -> Outcome:
    """Run kubectl as a user does, on objects of one file."""
    written = yaml.safe_dump_all([each for each in words if isinstance(each, dict)])
    ended = subprocess.run(
        [berth.plane.tools / "kubectl", *(each for each in words if isinstance(each, str)), "--filename=-"],
        input=written,
        env={**os.environ, "KUBECONFIG": str(berth.plane.kubeconfig)},
        capture_output=True,
        check=False,
        text=True,
    )
    return Outcome(ended.stdout, ended.stderr, ended.returncode != 0)


def carrying(product: str, **capabilities: Any) -> Json:
    """Return the part of a class that selects nodes by their product."""
    selector = {"nodeSelector": {PRODUCT: product}}
    return {"discovery": selector, **({"capabilities": capabilities} if capabilities else {})}


def test_a_class_and_the_profile_that_names_it_come_in_one_file(berth: Installation) -> None:
    """What one command creates is in order, as often as one tries."""
    for number in range(3):
        new = a_class(f"new-{number}", **carrying(H100))
        outcome = kubectl(berth, "apply", new, a_profile(f"p-{number}", f"app-{number}", **supporting(f"new-{number}")))

        assert (outcome.told, outcome.failed) == ("", False)


def test_a_profile_before_its_class_is_refused_and_the_second_try_succeeds(berth: Installation) -> None:
    """Tools that apply files again and again get there in any order."""
    files = (a_profile("early", "early", **supporting("late")), a_class("late", **carrying(H100)))

    first, second = kubectl(berth, "apply", *files), kubectl(berth, "apply", *files)

    assert first.failed
    assert f"{DENIED}acceleratorRequirements.supportedClasses names class late, which this cluster" in first.told
    assert "acceleratorclass.ome.io/late created" in first.done
    assert "acceleratorprofile.berth.ome.io/early created" in second.done
    assert not second.failed


def test_a_rehearsal_of_a_whole_file_is_not_refused(berth: Installation) -> None:
    """Nothing of it exists while it is rehearsed."""
    files = (
        a_class("unborn", **carrying(L4, memoryGB="24Gi")),
        a_profile("hopeful", "hopeful", **supporting("unborn")),
    )

    outcome = kubectl(berth, "apply", "--dry-run=server", *files)

    assert not outcome.failed
    assert outcome.warnings == [
        "hopeful: acceleratorRequirements.supportedClasses names class unborn, which this cluster does not have"
    ]


REFUSED: dict[str, tuple[Json, str]] = {
    "no nodes": (
        a_class("refused", discovery=NOWHERE),
        "spec.discovery: has only terms without expressions, which select",
    ),
    "a misspelt class": (
        a_profile("refused", "refused", **supporting("nvidia-h100-80g")),
        "names class nvidia-h100-80g, which this cluster does not have (did you mean nvidia-h100-80gb?)",
    ),
    "the pods of another": (
        a_profile("refused", "old"),
        "profile old has the same podSelector and namespaceSelector: select other pods, or change that one",
    ),
    "namespaces that cannot be read": (
        a_class("refused", **carrying(L4), metadata={"annotations": {"berth.ome.io/namespace-selector": "a in b"}}),
        "is no label selector: write conditions like team=a",
    ),
}


@pytest.mark.parametrize("mistake", REFUSED)
def test_a_mistake_is_refused_with_what_to_write(mistake: str, berth: Installation) -> None:
    """The user reads the sentence where the command is."""
    written, sentence = REFUSED[mistake]

    outcome = kubectl(berth, "apply", written)

    assert outcome.failed
    assert DENIED in outcome.told
    assert sentence in outcome.told


SUSPICIOUS: dict[str, tuple[Json, str]] = {
    "no word of nodes": (a_class("warned", discovery={}), "warned: spec.discovery: selects no node: write the labels"),
    "no such product": (
        a_class("warned", **carrying("NVIDIA-H100-80GB-HBM2e")),
        f"no node has {PRODUCT}=NVIDIA-H100-80GB-HBM2e (did you mean {H100}?)",
    ),
    "memory of another card": (
        a_class("warned", **carrying(L4, memoryGB="40Gi")),
        "warned: states 40 GiB of memory, but a device of node l4-0 has 22 by its labels",
    ),
    "a rate with sparsity": (
        a_class("warned", **carrying(H100, memoryGB=80, performance={"fp8TFLOPS": 3958})),
        "of which h100-80gb-hbm3 has 1979: that looks like the rate with sparsity",
    ),
    "a contradiction": (
        a_class("warned", **carrying("NVIDIA-A100-SXM4-80GB", memoryGB=80, computeCapability="9.0")),
        "selects the same nodes as nvidia-a100-80gb, and contradicts: compute capability: 9.0 here, 8.0 in",
    ),
    "every pod": (a_profile("warned", podSelector={}), "warned: selects every pod of every namespace that opted in"),
    "requirements of no class": (
        a_profile("warned", "warned", acceleratorRequirements={"requiredCapabilities": {"memoryGB": "1Ti"}}),
        "warned: no class of this cluster will do: amd-mi300x has 192 GiB of memory, 1024 needed; ",
    ),
}


@pytest.mark.parametrize("mistake", SUSPICIOUS)
def test_what_is_hardly_meant_is_told_and_let_in(mistake: str, berth: Installation) -> None:
    """A user reads it beside what was done."""
    written, sentence = SUSPICIOUS[mistake]

    outcome = kubectl(berth, "apply", written)

    assert not outcome.failed
    assert any(sentence in each for each in outcome.warnings), outcome.warnings
    kubectl(berth, "delete", written)


def test_old_objects_can_be_edited_labelled_and_deleted(berth: Installation) -> None:
    """Whatever is wrong with them, and whatever names them."""
    kinds = {"acceleratorclass": "from-before", "acceleratorprofile": "old"}
    for kind, name in kinds.items():
        berth.plane.kubectl("label", kind, name, "team=ml")
        berth.plane.kubectl("patch", kind, name, "--type=merge", '--patch={"metadata":{"finalizers":["a.b/c"]}}')
    edited = kubectl(berth, "apply", a_profile("old", "old", strategy="cost", **supporting("gone")))
    for kind, name in kinds.items():
        berth.plane.kubectl("delete", kind, name, "--wait=false")
        berth.plane.kubectl("patch", kind, name, "--type=merge", '--patch={"metadata":{"finalizers":null}}')

    assert (edited.failed, edited.warnings[0][:65]) == (
        False,
        "old: acceleratorRequirements.supportedClasses names class gone, w",
    )
    assert berth.plane.kubectl("get", "acceleratorclass", "from-before", "--ignore-not-found") == ""


def test_a_class_that_profiles_name_can_be_deleted(berth: Installation) -> None:
    """Who deletes hardware from a cluster does not have to rewrite everything else first."""
    files = (a_class("leaving", **carrying(H100)), a_profile("staying", "staying", **supporting("leaving")))
    assert not kubectl(berth, "apply", *files).failed

    berth.plane.kubectl("delete", "acceleratorclass", "leaving")
    berth.plane.wait(
        lambda: kubectl(berth, "apply", "--dry-run=server", files[1], "--server-side").warnings, 10, "seen"
    )

    renamed = kubectl(berth, "apply", a_profile("staying", "staying", strategy="cost", **supporting("leaving")))
    assert not renamed.failed


def test_while_the_webhook_is_away_everything_is_let_in(berth: Installation) -> None:
    """Conditions tell later what is wrong."""
    berth.kill("webhook")
    try:
        assert not kubectl(berth, "apply", a_profile("unchecked", "unchecked", **supporting("nobody"))).failed
    finally:
        berth.start_webhook()
        berth.plane.wait(lambda: _is_asked(berth), 20, "the API server asks the webhook")


def test_the_metric_tells_how_validations_ended(berth: Installation) -> None:
    """By kind."""
    kubectl(berth, "apply", a_class("refused", discovery=NOWHERE))

    with urlopen(f"{berth.url('webhook', 'health')}/metrics", timeout=5) as answer:
        lines = answer.read().decode().splitlines()

    name = 'berth_webhook_validations_total{kind="AcceleratorClass",outcome="denied"} '
    assert [float(line.removeprefix(name)) >= 1 for line in lines if line.startswith(name)] == [True]
