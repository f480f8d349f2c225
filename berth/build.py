"""Which build of Berth this is: the version of the package, and the revision of the source that an image is made of."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

# Set where an image is built; outside of one nobody knows.
REVISION = "BERTH_REVISION"
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Build:
    """A version, as 0.1.0, and a revision, as a commit's hash."""

    version: str
    revision: str


def build_of(environment: Mapping[str, str]) -> Build:
    """Return the build of the installed package, in an environment that names its revision or does not."""
    return Build(version("berth"), environment.get(REVISION) or UNKNOWN)


def program_registry(program: str, build: Build) -> "CollectorRegistry":
    """Return a registry with the metric by which a program is known: its name, version and revision."""
    from prometheus_client import CollectorRegistry, Gauge

    registry = CollectorRegistry()
    told = ["program", "version", "revision"]
    info = Gauge("berth_build_info", "1; which program this is, and of which build.", told, registry=registry)
    info.labels(program, build.version, build.revision).set(1)
    return registry
