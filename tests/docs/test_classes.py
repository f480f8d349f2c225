"""What docs/classes.md says of classes is what Berth says of them."""

import json
import re
from typing import Any

import pytest
import yaml

from cluster import files
from cluster.custom_objects import accelerator_class
from cluster.view import ClusterView
from placement.linting.classes import suspicions_of_class
from placement.linting.findings import Surroundings
from tests.docs.examples import CLUSTER
from tests.docs.pages import DOCS, ROOT, anchor, blocks, codes, headings, page, prose
from tests.webhook.validations import Definitions, Gate, a_class, a_profile

Json = dict[str, Any]
PAGE = page("classes.md")
L4: Json = {
    "vendor": "nvidia",
    "discovery": {"nodeSelector": {"nvidia.com/gpu.product": "NVIDIA-L4"}},
    "capabilities": {"memoryGB": "24Gi"},
    "resources": [{"name": "nvidia.com/gpu"}],
}
BASES = {"class": a_class(**L4), "profile": a_profile(podSelector={"matchLabels": {"app": "llama"}})}


def view() -> ClusterView:
    """Return the cluster of the examples, with a profile for pods of app chat."""
    seen = ClusterView(None)
    for file in CLUSTER:
        for each in yaml.safe_load_all(file.read_text()):
            kind = files.kind_of(each)
            assert kind
            files.take(seen, kind, each, "default")
    kind = files.kind_of(profile := a_profile("chat", "chat", strategy="cost"))
    assert kind
    files.take(seen, kind, profile, "default")
    return seen


SEEN = view()


def table(answer: str) -> list[tuple[str, Json, str]]:
    """Return kind, spec and answer of each row of the table of refusals or warnings."""
    lines = prose(PAGE).partition(f"| kind | in `spec` | {answer} |\n")[2].partition("\n\n")[0].splitlines()[1:]
    rows = [[cell.strip() for cell in line[1:-1].split(" | ")] for line in lines]
    return [(kind, _spec(kind, codes(written)), said) for kind, written, said in rows]


def _spec(kind: str, fragments: list[str]) -> Json:
    written = BASES[kind]["spec"]
    for each in fragments:
        written = written | yaml.safe_load(each)
    return {**BASES[kind], "spec": written}


async def answer(written: Json) -> Json:
    """Return what the webhook answers."""
    known = Definitions(catalog=SEEN.catalog, inventory=SEEN.inventory, profiles=SEEN.profiles)
    return await Gate(known).ask(written)


@pytest.mark.parametrize(("kind", "written", "said"), table("answer"))
async def test_a_refusal_is_said_as_it_is_shown(kind: str, written: Json, said: str) -> None:
    """Word for word."""
    response = await answer(written)

    assert not response["allowed"], kind
    assert said in response["status"]["message"]


@pytest.mark.parametrize(("kind", "written", "said"), table("warning"))
async def test_a_warning_is_said_as_it_is_shown(kind: str, written: Json, said: str) -> None:
    """Word for word, behind the name."""
    response = await answer(written)

    assert response["allowed"], kind
    assert f"tried: {said}"[:255] in [each.rstrip("…") for each in response["warnings"]]


async def test_the_bases_of_the_tables_are_in_order() -> None:
    """So that nothing but what a row shows is answered."""
    assert [await answer(each) for each in BASES.values()] == [{"uid": "7c1", "allowed": True}] * 2


def test_the_class_that_is_shown_is_in_order() -> None:
    """With nothing to be said against it."""
    (shown,) = [yaml.safe_load(each.text) for each in blocks(PAGE) if each.kind == "yaml class"]
    candidate = accelerator_class(json.dumps(shown).encode())

    assert suspicions_of_class(candidate, Surroundings(SEEN.catalog, (), SEEN.inventory)) == ()


def test_the_sizes_are_those_of_the_base_set() -> None:
    """With their bounds."""
    sizes = (ROOT / "manifests/classes/sizes.yaml").read_text()
    bounds = [int(each) for each in re.findall(r"operator: (?:Gt|Lt), values: \[\"(\d{5})\"\]", sizes)]
    rows = prose(PAGE).partition("| class | devices |")[2].partition("\n\n")[0].splitlines()[2:]
    told = [int(each) for row in rows for each in re.findall(r"\b\d{5}\b", row)]

    assert set(told) == {14746, 36863, 36864, 73727, 73728}
    assert set(bounds) == {14745, 36864, 36863, 73728, 73727}
    for row in rows:
        assert f"name: {codes(row)[0]}\n" in sizes


def test_every_link_leads_somewhere() -> None:
    """Files of the repository, and headings of its pages."""
    for target in re.findall(r"\]\(([^):]+)\)", prose(PAGE)):
        path, _, fragment = target.partition("#")
        file = (DOCS / path).resolve()
        assert file.exists(), target
        assert not fragment or fragment in map(anchor, headings(file.read_text())), target
