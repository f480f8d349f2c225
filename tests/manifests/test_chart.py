"""The Helm chart before it is installed: its lint, its schema, and what it renders, as the API server judges it."""

import json
from pathlib import Path

import pytest
import yaml

from berth.preview.entries import NEVER_CALLED
from controller.settings import ControllerSettings
from extender.settings import ExtenderSettings
from placement.keys import INJECTION
from sandbox import ControlPlane
from sandbox.build import cert_manager_folder
from tests.manifests.helm import CHART, NAMESPACE, HelmError, Manifest, helm, objects
from webhook.settings import WebhookSettings

OPERATORS = Path(__file__).with_name("prometheus-operator.yaml")
VALUES = sorted(Path(__file__).parent.glob("values/*.yaml"))
each_values = pytest.mark.parametrize("values", VALUES, ids=lambda file: file.stem)


@pytest.fixture(scope="module")
def judge(control_plane: ControlPlane) -> ControlPlane:
    """The control plane with everything in it that values can want, and both namespaces."""
    definitions = [OPERATORS, *sorted((cert_manager_folder() / "cert-manager-files").glob("*.yaml"))]
    files = [f"--filename={each}" for each in definitions]
    control_plane.kubectl("apply", "--server-side", *files)
    control_plane.kubectl("wait", "--for=condition=Established", "--timeout=30s", *files)
    labels = "{pod-security.kubernetes.io/enforce: restricted}"
    for metadata in (f"{{name: {NAMESPACE}, labels: {labels}}}", "{name: berth-extender}"):
        control_plane.apply(f"{{apiVersion: v1, kind: Namespace, metadata: {metadata}}}")
    return control_plane


@each_values
def test_lint_finds_nothing(values: Path) -> None:
    """With warnings counted as errors."""
    said = helm("lint", "--strict", str(CHART), f"--values={values}", f"--namespace={NAMESPACE}")
    assert "1 chart(s) linted, 0 chart(s) failed" in said


def test_the_api_server_takes_every_object(judge: ControlPlane) -> None:
    """With strict field validation: no field that it would drop, no value that it would refuse."""
    different = {json.dumps(each): each for values in VALUES for each in objects(values)}
    judge.kubectl(
        *("apply", "--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict", "--filename=-"),
        stdin=yaml.safe_dump_all(different.values()),
    )


@each_values
def test_the_pods_meet_the_restricted_standard(values: Path, judge: ControlPlane) -> None:
    """Those of Deployments, as a namespace judges them that enforces it; but not on the host's network."""
    for name, template in _pods(objects(values)).items():
        if "hostNetwork" in template["spec"]:
            continue
        pod = {"apiVersion": "v1", "kind": "Pod", **template, "metadata": {**template["metadata"], "name": name}}
        judge.api.send("POST", f"/api/v1/namespaces/{NAMESPACE}/pods?dryRun=All&fieldValidation=Strict", pod)


@each_values
def test_the_webhook_of_pods_cannot_lock_a_cluster(values: Path) -> None:
    """It is asked about new pods of namespaces that opted in, never about kube-system's and Berth's own."""
    rendered = objects(values)
    (configuration,) = (each for each in rendered if each["kind"] == "MutatingWebhookConfiguration")
    (webhook,) = configuration["webhooks"]
    chosen = yaml.safe_load(values.read_text()).get("webhook", {})
    opted_in, exempt = webhook["namespaceSelector"]["matchExpressions"]

    assert configuration["metadata"]["name"] < "kueue-mutating-webhook-configuration"
    assert "sorts before kueue" in configuration["metadata"]["annotations"]["kubernetes.io/description"]
    assert webhook["rules"] == [
        {
            "apiGroups": [""],
            "apiVersions": ["v1"],
            "operations": ["CREATE"],
            "resources": ["pods"],
            "scope": "Namespaced",
        }
    ]
    assert opted_in == {"key": INJECTION, "operator": "In", "values": ["enforce", "warn", "audit"]}
    namespaces = {each["metadata"]["namespace"] for each in rendered if each["kind"] in ("Deployment", "DaemonSet")}
    assert namespaces | {"kube-system"} <= set(exempt["values"]) <= NEVER_CALLED
    assert webhook["objectSelector"]["matchExpressions"] == [
        {"key": INJECTION, "operator": "NotIn", "values": ["false"]}
    ]
    assert [each["name"] for each in webhook["matchConditions"]] == ["exclude-mirror-pods"]
    assert webhook["failurePolicy"] == chosen.get("failurePolicy", "Ignore")
    assert webhook["timeoutSeconds"] == chosen.get("timeoutSeconds", 3)
    assert (webhook["reinvocationPolicy"], webhook["sideEffects"]) == ("IfNeeded", "None")


@each_values
def test_the_programs_take_their_settings(values: Path) -> None:
    """No program refuses to start because of what the chart wrote."""
    data = {
        key: yaml.safe_load(text)
        for each in objects(values)
        if each["kind"] == "ConfigMap"
        for key, text in each["data"].items()
        if key.endswith(".yaml")
    }

    WebhookSettings.model_validate(data["webhook.yaml"])
    ControllerSettings.model_validate(data["controller.yaml"])
    ExtenderSettings.model_validate(data["extender.yaml"])


MISTAKES = {
    "webhook.replica=3": "replica",
    "webhook.replicas=0": "replicas",
    "webhook.failurePolicy=Never": "failurePolicy",
    "webhook.settings.scheduler=x": "scheduler",
    "controller.settings.stuck_after_minutes=-1": "stuck_after_minutes",
    "certificates.source=self": "source",
    "scheduler.configuration.kind=Pod": "kind",
    "topologySpread.zone=Always": "zone",
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_refused_with_its_place(mistake: str) -> None:
    """Before anything is installed, and not by a program that does not start."""
    with pytest.raises(HelmError, match=MISTAKES[mistake]):
        objects(flags=(f"--set={mistake}",))


CHANGES = {
    "webhook.settings.log_level=debug": {"berth-webhook"},
    "controller.settings.stuck_after_minutes=7": {"berth-controller"},
    "extender.settings.mode=passthrough": {"berth-scheduler"},
    "scheduler.configuration.podMaxBackoffSeconds=5": {"berth-scheduler"},
    "webhook.timeoutSeconds=5": set(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_setting_rolls_the_deployment_that_reads_it(change: str) -> None:
    """And no other one."""
    before, after = _pods(objects()), _pods(objects(flags=(f"--set={change}",)))
    assert {name for name in before if before[name] != after[name]} == CHANGES[change]


def _pods(rendered: list[Manifest]) -> dict[str, Manifest]:
    return {each["metadata"]["name"]: each["spec"]["template"] for each in rendered if each["kind"] == "Deployment"}


VERSIONS = {"1.34.8": "v1.34.0", "1.36.3-eks-1a2b3c4": "v1.36.0", "1.37.0": "v1.37.2", "1.38.1": "v1.37.2"}


@pytest.mark.parametrize("version", VERSIONS)
def test_the_scheduler_is_never_newer_than_the_api_server(version: str) -> None:
    """Unless its tag is given, it follows the cluster's version as far as it was tried."""
    rendered = objects(flags=(f"--kube-version={version}",))
    (image,) = (
        each["image"]
        for each in _pods(rendered)["berth-scheduler"]["spec"]["containers"]
        if each["name"] == "kube-scheduler"
    )
    assert image.rpartition(":")[2] == VERSIONS[version]


def test_an_older_cluster_is_refused() -> None:
    """Nobody tried it there."""
    with pytest.raises(HelmError, match=r"kubeVersion"):
        objects(flags=("--kube-version=1.33.4",))


def test_further_resources_reach_the_extender() -> None:
    """Of a class with a resource that the shipped configuration does not know."""
    rendered = objects(flags=("--set=extender.managedResources={example.com/npu}",))
    text = next(each["data"]["scheduler.yaml"] for each in rendered if "scheduler.yaml" in each.get("data", ()))
    whole, shares = yaml.safe_load(text)["extenders"]
    names = [{each["name"] for each in extender["managedResources"]} for extender in (whole, shares)]
    assert ["example.com/npu" in each for each in names] == [True, False]


def test_rules_dashboard_and_classes_are_those_of_the_manifests() -> None:
    """Each stands once, beside the chart."""
    rendered = objects(VALUES[0].with_name("everything.yaml"))
    found = {(each["kind"], each["metadata"]["name"]): each for each in rendered}
    beside = CHART.parent
    classes = [*_all(beside / "classes/sizes.yaml"), *_all(beside / "classes/families.yaml")]

    assert [found["PrometheusRule", "berth"]["spec"]] == _all(beside / "monitoring/rules.yaml")
    dashboard = found["ConfigMap", "berth-dashboard"]["data"]["berth.json"]
    assert json.loads(dashboard) == json.loads((beside / "monitoring/dashboard.json").read_text())
    assert [found.get(("AcceleratorClass", each["metadata"]["name"])) for each in classes] == classes


def _all(file: Path) -> list[Manifest]:
    return list(yaml.safe_load_all(file.read_text()))


def test_every_value_is_described() -> None:
    """In docs/installing.md, by its whole name or as one of several programs'."""
    described = (CHART.parents[1] / "docs/installing.md").read_text()
    properties = json.loads((CHART / "values.schema.json").read_text())["properties"]
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    names = [
        f"{top}.{name}" if "properties" in properties[top] else top
        for top, content in values.items()
        for name in (content if isinstance(content, dict) and content else [""])
    ]

    def is_described(name: str) -> bool:
        return f"`{name}" in described or f"`….{name.rpartition('.')[2]}`" in described

    assert values.keys() == properties.keys() - {"global"}
    assert [name for name in names if not is_described(name)] == []
