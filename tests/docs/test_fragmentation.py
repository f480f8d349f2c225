"""What docs/fragmentation.md and docs/results.md say in numbers and names is what the code has."""

from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from bench.fragmentation import published
from bench.fragmentation.spreading import TOLERANCES
from bench.fragmentation.tables import MOST_UNALLOCATED
from bench.questions import CATALOG, nodes
from bench.servers import Known
from extender.arrivals import Arrivals
from extender.gauges import Gauges
from extender.journal import score_json
from extender.pages import Pages, summary_json
from extender.settings import ExtenderSettings
from placement import keys
from placement.scheduling.candidates import SPREAD_TOLERANCE
from placement.scheduling.decisions import Score
from placement.scheduling.fleet import NodeState, fleet_of
from placement.scheduling.mix import mix_of
from placement.scheduling.outlook import outlook
from placement.scheduling.policies.berth import costs
from placement.scheduling.task_columns import repeated
from placement.scheduling.tasks import Task
from tests.docs.pages import DOCS, anchor, blocks, codes, headings, page, prose, rows

PAGE = page("fragmentation.md")
RESULTS = page("results.md")
ROOT = Path(__file__).parents[2]
KNOWN = Known(CATALOG, nodes(2))
PAGES = Pages(KNOWN, Arrivals())


@pytest.mark.parametrize("row", rows(RESULTS, "constant"), ids=lambda row: str(row[0]))
def test_a_constant_is_that_of_the_code(row: list[str]) -> None:
    """Named by its module, in its own unit."""
    (name,), (module,) = codes(row[0]), codes(row[1])

    assert str(getattr(import_module(f"placement.scheduling.{module}"), name)) == row[2]


def test_constants_are_spoken_of_by_name() -> None:
    """Whatever is written like a constant has its row."""
    named = {name for name in codes(prose(PAGE + RESULTS)) if name.isupper()}

    assert named - {"GET"} == {name for row in rows(RESULTS, "constant") for name in codes(row[0])}


def test_the_example_of_waste_is_as_told() -> None:
    """What each level wastes, and what both places cost."""
    held = [(1000,) * 4 + (190,) * 4] * 24 + [(810, *(1000,) * 3, *(190,) * 4)]
    fleet = fleet_of([NodeState(str(n), 96_000, 1, each, (1,) * 8, 8000) for n, each in enumerate(held)])
    mix = mix_of({Task(4000, 1, 810): 60, Task(4000, 1, 500): 36, Task(4000, 1, 190): 4})
    basis = outlook(fleet, mix)
    task, left = Task(4000, 1, 500), np.array([1000, 810])
    found = costs(repeated(task, 2), fleet, basis, np.array([24, 24]), left)
    wasted = basis.waste.grown(left, np.full(2, task.milli))

    levels = {int(level): int(waste) for level, waste in rows(PAGE, "left of a device")}
    assert {level: round(basis.waste.by_level[level // 10]) for level in levels} == levels
    assert [row[1] for row in rows(PAGE, "place")] == [f"{each:.1f}" for each in found.stranded]
    assert [row[2] for row in rows(PAGE, "place")] == [f"{each:.0f}" for each in wasted]
    assert found.total[0] < found.total[1]


def test_fields_and_metrics_of_the_inventory_are_those_of_the_extender() -> None:
    """All of them, and of the mix as well."""
    listed = rows(PAGE, "field")
    fields = [name for row in listed for name in codes(row[0])]
    gauges = {each.name for each in Gauges(PAGES, CollectorRegistry()).collect()}

    assert fields == list(summary_json(next(iter(PAGES.summaries()))))
    assert {name for row in listed for name in codes(row[1])} == {each for each in gauges if "expected" not in each}
    assert gauges <= set(codes(prose(PAGE)))


def test_parts_of_a_score_stand_in_their_order() -> None:
    """As the annotation has them."""
    assert [name for row in rows(PAGE, "part") for name in codes(row[0])] == list(score_json(Score()))
    assert keys.PLACEMENT in codes(prose(PAGE))


def test_settings_are_those_of_the_extender() -> None:
    """With values that they take."""
    named = set(codes(prose(PAGE)))

    assert {"mix_file", "mix: pinned", "other_pods: apart"} <= named
    assert {"mix_file", "mix", "other_pods"} <= ExtenderSettings.model_fields.keys()
    assert ExtenderSettings(mix="pinned", other_pods="apart").mix_file is None


def test_the_paths_are_those_of_the_extender() -> None:
    """Those that the page asks."""
    routes = (ROOT / "extender/app.py").read_text()

    assert all(f'web.get("{path}"' in routes for path in ("/v1/mix", "/v1/inventory"))
    assert "GET /v1/inventory" in codes(prose(PAGE))
    assert "/v1/mix" in PAGE


def test_results_agree_with_the_thresholds_and_what_was_published() -> None:
    """Ours is within its threshold and below FGD; the change is what both make of it."""
    for order, ours, fgd, best_fit, *of_paper in rows(RESULTS, "order"):
        variant = order.split()[0]
        told = published.unallocated(variant)

        assert float(ours.split()[0]) <= MOST_UNALLOCATED.get(variant, float(fgd)), order
        assert ours.split()[1] == f"({100 * (float(ours.split()[0]) / float(fgd) - 1):+.1f}", order
        assert float(fgd) < float(best_fit)
        assert of_paper == [f"{told[each] * 62.12:.0f}" for each in ("fgd", "best-fit")], order


def test_the_tolerances_are_those_of_the_benchmark() -> None:
    """The one that the extender has is among them."""
    head = next(line for line in RESULTS.splitlines() if line.startswith("| tolerance |"))

    assert [each.strip() for each in head.strip("|").split("|")[1:]] == [str(each or "off") for each in TOLERANCES]
    assert SPREAD_TOLERANCE in TOLERANCES


def test_the_plot_is_there() -> None:
    """The page shows a file of reasonable size that no clock is in."""
    plot = DOCS / "fragmentation.svg"

    assert f"]({plot.name})" in PAGE
    assert plot.stat().st_size < 200_000
    assert "<dc:date>" not in plot.read_text()


def test_links_and_blocks_are_known() -> None:
    """Files of the repository, headings of its pages; commands of programs that are there."""
    for target in (each.partition(")")[0] for each in (PAGE + RESULTS).split("](")[1:]):
        path, _, fragment = target.partition("#")
        assert (DOCS / path).exists(), target
        assert not fragment or fragment in map(anchor, headings(page(path)))
    assert {each.kind for each in blocks(PAGE)} == {"console"}
