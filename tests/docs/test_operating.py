"""What docs/operating.md says of endpoints, metrics and thresholds is what the extender does."""

from datetime import UTC, datetime

import msgspec
import yaml
from prometheus_client import CollectorRegistry

from berth.serving import KEEP_ALIVE_SECONDS
from cluster.api import SILENCE_SECONDS, Api
from cluster.failures import REJECTIONS, STARTS
from cluster.observers import SILENT
from cluster.view import ClusterView
from controller.class_status.gauges import MOST_CLASSES, class_gauges
from controller.overseeing import findings, recreation
from controller.overseeing.recreation import Outcome as Attempt
from controller.reconciling.definition import SECONDS as DEFINITION_SECONDS
from controller.settings import ControllerSettings
from extender import journal, pages, reception, sickness, wire
from extender.app import Surroundings, create_extender
from extender.desk import Outcome
from extender.journal import DecisionsQuery
from extender.pages import InventoryQuery
from extender.settings import ExtenderSettings
from extender.sickness import Kind
from intake.bodies import READ_SECONDS
from placement.class_census import ClassCensus
from placement.class_conflicts import ClassConflicts
from placement.class_counts import Standing
from tests.docs.pages import ROOT, codes, page, prose, rows
from webhook import observers as webhook_observers
from webhook.observers import Observers
from webhook.selections import MAX_CLASSES, OTHERS, Selected
from webhook.validation_observers import Check, ValidationObservers

PAGE = page("operating.md")


def extender_metrics() -> tuple[set[str], set[str]]:
    """Return the paths that people may ask for, and the names of all metrics."""
    registry = CollectorRegistry()
    around = Surroundings(Api(None, None), registry, SILENT, lambda: datetime.now(UTC), "here")
    app = create_extender(ExtenderSettings(), around).app
    paths = {each.canonical.replace("{namespace}/{name}", "NAMESPACE/NAME") for each in app.router.resources()}
    names = {f"{each.name}_total" if each.type == "counter" else each.name for each in registry.collect()}
    return {each for each in paths if each.startswith("/v1/")}, names


PATHS, METRICS = extender_metrics()


def test_every_endpoint_for_people_is_told() -> None:
    """And no other."""
    told = {code.split()[1] for row in rows(PAGE, "endpoint") for code in codes(row[0])}

    assert told == PATHS


def test_every_parameter_of_a_query_is_told() -> None:
    """With its bounds."""
    table = prose(PAGE).partition("| endpoint | parameter |")[2].partition("\n\n")[0]
    told = [codes(line.split("|")[2])[0] for line in table.splitlines()[2:]]

    inventory, decisions = ([each.encode_name for each in msgspec.structs.fields(of)] for of in QUERIES)
    assert told == [*inventory, *decisions]
    assert f"{pages.MOST_NODES:,} at most" in table
    assert f"{journal.MOST_AT_ONCE:,} at most" in table
    assert table.count(f"{InventoryQuery().limit} by default") == 2
    assert InventoryQuery().limit == DecisionsQuery().limit


QUERIES = (InventoryQuery, DecisionsQuery)


def test_every_metric_of_the_extender_is_told() -> None:
    """Those of the inventory and the mix by their beginnings: another page has them."""
    told = {code for row in rows(PAGE, "metric") for code in codes(row[0])}

    own = {name for name in METRICS if name.startswith("berth_extender_")}
    assert {name for name in told if name.startswith("berth_extender_")} == own
    assert {name for name in told if not name.startswith("berth_extender_")} <= METRICS


def test_every_metric_of_the_webhook_is_told() -> None:
    """With every outcome."""
    registry = CollectorRegistry()
    Observers(registry)
    ValidationObservers(registry)
    names = {f"{each.name}_total" if each.type == "counter" else each.name for each in registry.collect()}
    told = {codes(row[0])[0]: row[2] for row in rows(PAGE, "webhook's metric")}

    assert told.keys() == names
    outcomes = {
        "berth_webhook_requests_total": webhook_observers.Outcome,
        "berth_webhook_validations_total": Check,
        "ome_accelerator_selection_total": Selected,
    }
    for name, values in outcomes.items():
        assert {each.value for each in values} <= set(codes(told[name])), name
    assert (
        f"{MAX_CLASSES} classes are told apart, further ones are `{OTHERS}`" in told["ome_accelerator_selection_total"]
    )


def test_every_metric_of_the_classes_is_told() -> None:
    """With every state of a node."""
    measured = class_gauges(ClusterView(None), ClassCensus(), ClassConflicts())
    told = {codes(row[0])[0]: row[2] for row in rows(PAGE, "class metric")}

    assert told.keys() == {each.name for each in measured}
    assert set(codes(told["berth_class_nodes"])) == {each.value for each in Standing}
    assert f"the first {MOST_CLASSES:,} classes by name" in " ".join(prose(PAGE).split())


def test_every_field_of_a_class_status_is_told() -> None:
    """But for the conditions, which have a table of their own."""
    definition = yaml.safe_load((ROOT / "manifests/base/crds/accelerator-classes.yaml").read_text())
    status = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["status"]
    told = [codes(row[0])[0] for row in rows(PAGE, "field") if row[0].startswith("`")]

    assert {*told} >= status["properties"].keys() - {"conditions"}
    assert {codes(row[0])[0] for row in rows(PAGE, "condition")} >= {"Ready", "Conflict", "SchemaComplete"}
    assert f"is read every {DEFINITION_SECONDS:g} s" in " ".join(prose(PAGE).split())


def test_thresholds_are_those_of_the_program() -> None:
    """In words, where a constant has them."""
    text = " ".join(prose(PAGE).split())
    minutes = (sickness.WINDOW_SECONDS / 60, sickness.FIRST_SECONDS / 60)

    assert (
        f"{sickness.FAILURES} failed attempts within {minutes[0]:g} minutes make a node sick, for {minutes[1]:g}"
        in text
    )
    assert sickness.LONGEST_SECONDS == 3600
    assert f"failed on more than {sickness.MAX_NODES_OF_OWNER} nodes" in text
    assert f"the last {journal.LAST:,} decisions" in text
    assert f"of {journal.MAX_RECORDS:,} pods" in text
    assert f"at most {pages.REFRESH_SECONDS:g} s older" in text
    assert f"given up after {SILENCE_SECONDS:g} s" in text


def test_what_is_refused_is_told_with_its_limits() -> None:
    """Each outcome that is no answer, and each number."""
    told = {code for row in rows(PAGE, "request") for code in codes(row[2])}
    answers = {Outcome.ANSWERED, Outcome.OTHER_POD, Outcome.PASSTHROUGH, Outcome.NOT_SYNCED, Outcome.FAILED}
    text = " ".join(prose(PAGE).split())

    assert told == {each.value for each in Outcome if each not in answers}
    assert f"more than {wire.MAX_ARGS_BYTES / 2**20:g} MiB" in text
    assert f"not there within {READ_SECONDS:g} s" in text
    assert f"more than {wire.MAX_BYTES_AT_ONCE / 2**20:g} MiB of bodies" in text
    assert f"{reception.MAX_AT_ONCE:,} requests are under way" in text
    assert f"the answer within {reception.TAKE_SECONDS:g} s" in text
    assert f"closed after {KEEP_ALIVE_SECONDS:g} s" in text


def test_kinds_and_reasons_are_those_of_the_program() -> None:
    """Each reason stands beside its kind."""
    told = {codes(row[0])[0]: set(codes(row[1])) for row in rows(PAGE, "kind")}

    assert told.keys() == {each.value for each in Kind}
    assert told["admission"] == {*REJECTIONS, "OutOf…", "Failed"}
    assert told["start"] == set(STARTS)


def test_what_is_told_of_recreations_is_what_the_controller_does() -> None:
    """Each outcome, and each number."""
    table = prose(PAGE).partition("`berth_pod_recreations_total` counts")[2].partition("\nTo have pods treated")[0]
    told = [codes(line.split("|")[1])[0] for line in table.splitlines() if line.startswith("| `")]
    text, settings = " ".join(prose(PAGE).split()), ControllerSettings()

    assert told == [each.value for each in Attempt]
    assert f"At most {settings.recreations_per_minute:g} pods are deleted in a minute" in text
    assert f"have waited {settings.stuck_after_minutes:g} minutes" in text
    assert f"came out no better {recreation.FRUITLESS} times" in text
    assert f"left alone for {recreation.POSTPONED_SECONDS / 60:g} minutes" in text
    assert recreation.REPLACED_SECONDS == 60
    assert findings.MAX_NAMED == 5
