"""What Berth's programs, and the parts of Kubernetes that it works with, really expose to Prometheus."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.request import urlopen

import pytest

from demo.installation import Installation
from demo.stage import Stage, engine_pod
from sandbox import ControlPlane, load_nodes

PROGRAMS = ("webhook", "extender", "controller")
_LABEL = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Scrape:
    """The metrics of every program as text, and the lines that Berth's own programs logged."""

    metrics: Mapping[str, str]
    logs: Mapping[str, list[str]]

    @property
    def names(self) -> set[str]:
        """The names of all series, and of what has none yet."""
        lines = [line for text in self.metrics.values() for line in text.splitlines()]
        declared = {line.split()[2] for line in lines if line.startswith("# TYPE")}
        return declared | {re.split(r"[{ ]", line)[0] for line in lines if line and not line.startswith("#")}

    def values(self, metric: str, label: str) -> set[str]:
        """Return the values that a label of a metric has."""
        lines = (line for text in self.metrics.values() for line in text.splitlines() if line.startswith(f"{metric}{{"))
        return {value for line in lines for name, value in _LABEL.findall(line) if name == label}


@pytest.fixture(scope="package")
def scrape() -> Iterator[Scrape]:
    """Berth installed, after it had something to do, good and bad."""
    with ControlPlane() as plane:
        plane.add_nodes(load_nodes())
        berth = Installation(plane)
        berth.apply()
        stage = Stage(plane, berth)
        stage.apply_example("classes.yaml")
        berth.install()
        stage.namespace("ml", injection="enforce")
        stage.create_quietly("ml", engine_pod("placed", accelerator_class="nvidia-h100-80gb"))
        stage.create_quietly("ml", engine_pod("unfit", accelerator_class="no-such-class"))
        stage.annotation("ml", "placed", "berth.ome.io/placement")
        ours = {name: _read(f"{berth.url(name, 'health')}/metrics") for name in PROGRAMS}
        logs = {name: berth.programs[name].log_path.read_text().splitlines() for name in PROGRAMS}
        berth.kill("webhook")
        stage.create_quietly("ml", engine_pod("slipped", accelerator_class="nvidia-h100-80gb"))
        yield Scrape({**ours, **_of_kubernetes(berth)}, logs)


def _of_kubernetes(berth: Installation) -> dict[str, str]:
    scheduler = berth.programs["scheduler"].endpoint
    return {"kube-apiserver": berth.plane.api.read("/metrics"), "kube-scheduler": scheduler.read("/metrics")}


def _read(url: str) -> str:
    with urlopen(url, timeout=5) as answer:
        text: str = answer.read().decode()
        return text
