"""The tables of choosing.md are those of the code."""

import re
from collections import defaultdict
from collections.abc import Iterable

import pytest
import yaml

from cluster import files
from cluster.selector_shapes import AcceleratorSelector
from cluster.serving_shapes import RuntimeShape
from cluster.view import ClusterView
from placement import keys
from placement.asking.class_requirements import ClassRequirements
from placement.asking.profiles import OnNoMatch
from placement.asking.strategies import POLICIES, Strategy, Yardstick, scores
from placement.choosing.choice import MAX_OPEN
from placement.taints import SPOT_TAINTS
from tests.docs.examples import CLUSTER
from tests.docs.fields import model_fields, profile_fields, profile_schema
from tests.docs.pages import codes, page, prose, rows
from webhook.desk import Mode

PAGE = page("choosing.md")
ANNOTATIONS = {
    keys.REQUESTED_CLASS,
    keys.STRATEGY,
    keys.COST_THRESHOLD,
    keys.PROFILE,
    keys.CONTAINER,
    keys.MODEL,
    keys.MODEL_SIZE,
    keys.WAIT,
}
KEYS = {value for name, value in vars(keys).items() if name.isupper() and isinstance(value, str)}
# Not of the pods' choice: a prefix, and labels that Kubernetes has.
OTHERS = {keys.OWN_PREFIX, keys.ZONE, keys.NAMESPACE_NAME}


def documented_fields() -> dict[str, set[str]]:
    """Return the fields in the table, by the letter of their object."""
    found = defaultdict[str, set[str]](set)
    for _, where, _ in rows(PAGE, "what | where"):
        for part in where.split("; "):
            letters, _, fields = part.partition(": ")
            for letter in letters.split(", "):
                found[letter].update(codes(fields))
    return found


def test_every_field_of_a_profile_is_in_the_table() -> None:
    """Every one of its definition, and no other."""
    assert documented_fields()["P"] == profile_fields() - _unjudged()


def test_every_field_of_a_runtime_is_in_the_table() -> None:
    """Every one that is read of it, and no other; what its containers run is no wish."""
    spec = RuntimeShape.model_fields["spec"].annotation
    written = frozenset({"engineConfig", "decoderConfig", "runner", "containers"})
    twice = {"acceleratorRequirements.excludedClasses", "acceleratorRequirements.architectureFamilies"}

    assert documented_fields()["R"] == model_fields(spec, without=written) | twice


def test_every_field_of_an_inference_service_is_in_the_table() -> None:
    """Every one that is read of its selectors, and no other."""
    assert documented_fields()["S"] == model_fields(AcceleratorSelector)


def test_every_annotation_is_in_the_tables() -> None:
    """Those that ask for something stand beside the fields; all keys stand in the table of keys."""
    listed = rows(PAGE, "key")

    assert documented_fields()["A"] == ANNOTATIONS
    assert {key for row in listed for key in codes(row[0])} == KEYS - OTHERS
    assert {
        key for row in listed if "Berth" in row[2] or row[2].startswith("the webhook") for key in codes(row[0])
    } <= (keys.OURS_ON_PODS)


def test_keys_that_the_page_speaks_of_are_real() -> None:
    """No label or annotation is misspelled anywhere."""
    spoken = set(re.findall(r"(?<![\w./-])(?:berth\.)?ome\.io/[a-z][a-z-]+", PAGE))

    assert spoken - {"ome.io/v1beta", "berth.ome.io/v1alpha", "ome.io/v", "berth.ome.io/v"} <= KEYS


def test_rates_are_spelled_as_in_the_definition() -> None:
    """In both dialects."""
    rates = set(_rates()) - {"latency"}
    proposals = {each for each in rates if each.endswith(("TFLOPS", "TOPS"))}

    assert proposals | {"fp32Tflops", "int4Tops"} <= set(codes(prose(PAGE)))
    assert {each.replace("TFLOPS", "Tflops").replace("TOPS", "Tops") for each in proposals} == rates - proposals


@pytest.mark.parametrize("row", rows(PAGE, "strategy"), ids=lambda row: str(row[0]))
def test_a_strategy_scores_as_its_row_says(row: list[str]) -> None:
    """With the classes of the examples and what the page says is needed."""
    by = Yardstick(needed=ClassRequirements(memory_gib=16), listed=_names("L4", "A100", "H100", "T4"))
    view = _view()
    eligible = tuple(view.catalog.classes[name] for name in _names("T4", "L4", "A100", "H100"))
    chosen = Strategy(codes(row[0])[0])
    found = scores(chosen, eligible, by)

    assert [f"{found[each.name]:.3f}" for each in eligible] == row[3:]
    assert codes(row[1]) == [name for name, strategy in POLICIES.items() if strategy is chosen]


def test_every_strategy_has_a_row() -> None:
    """In the order of the code."""
    assert sorted(codes(row[0])[0] for row in rows(PAGE, "strategy")) == sorted(Strategy)


def test_modes_and_ends_are_those_of_the_code() -> None:
    """What a namespace's label may say, and what a profile may say of pods that no class suits."""
    modes = [code for row in rows(PAGE, f"namespace's label `{keys.INJECTION}`") for code in codes(row[0])]

    assert modes == list(Mode)
    assert [codes(row[0])[0] for row in rows(PAGE, "profile's `onNoMatch`")] == list(OnNoMatch)


def test_marks_of_spot_and_the_limit_of_open_choices_are_those_of_the_code() -> None:
    """Each mark as key and value."""
    assert all(f"`{each.key}={each.value}`" in PAGE for each in SPOT_TAINTS)
    assert f"{MAX_OPEN} at most" in PAGE


def _unjudged() -> set[str]:
    """Return what the definition accepts and no pod is judged by."""
    return {f"acceleratorRequirements.requiredCapabilities.{name}" for name in ("levelZeroVersion", "rocmVersion")}


def _rates() -> Iterable[str]:
    requirements = profile_schema()["acceleratorRequirements"]["properties"]
    return tuple(requirements["requiredCapabilities"]["properties"]["performance"]["properties"])


def _view() -> ClusterView:
    view = ClusterView(None)
    for path in CLUSTER:
        for written in yaml.safe_load_all(path.read_text()):
            kind = files.kind_of(written)
            assert kind
            files.take(view, kind, written, "ml")
    return view


def _names(*short: str) -> tuple[str, ...]:
    full = {"T4": "nvidia-t4", "L4": "nvidia-l4", "A100": "nvidia-a100-80gb", "H100": "nvidia-h100-80gb"}
    return tuple(full[each] for each in short)
