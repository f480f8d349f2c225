"""Words for Berth in the templates of workloads: what they make in times to come says them too."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

import msgspec

from berth.uninstall.objects import each_of
from berth.uninstall.steps import Findings, shortened
from cluster.api import Api
from cluster.shapes import Condition, Metadata, Shape
from placement.keys import OURS_ON_PODS, OWN_PREFIX

PATHS = {
    "Deployment": "/apis/apps/v1/deployments",
    "StatefulSet": "/apis/apps/v1/statefulsets",
    "DaemonSet": "/apis/apps/v1/daemonsets",
    "ReplicaSet": "/apis/apps/v1/replicasets",
    "ReplicationController": "/api/v1/replicationcontrollers",
    "Job": "/apis/batch/v1/jobs",
    "CronJob": "/apis/batch/v1/cronjobs",
}
_FINISHED = frozenset({"Complete", "Failed"})


class _PodSpec(Shape):
    scheduler_name: str = ""


class _Template(Shape):
    metadata: Metadata = msgspec.field(default_factory=Metadata)
    spec: _PodSpec = msgspec.field(default_factory=_PodSpec)


class _Inner(Shape):
    template: _Template = msgspec.field(default_factory=_Template)


class _JobTemplate(Shape):
    spec: _Inner = msgspec.field(default_factory=_Inner)


class _Spec(_Inner):
    job_template: _JobTemplate | None = None


class _Status(Shape):
    conditions: list[Condition] | None = None


class _Workload(Shape):
    metadata: Metadata
    spec: _Spec = msgspec.field(default_factory=_Spec)
    status: _Status = msgspec.field(default_factory=_Status)

    @property
    def is_finished(self) -> bool:
        """Whether it is a Job that makes no more pods."""
        return any(each.type in _FINISHED and each.status == "True" for each in self.status.conditions or ())

    @property
    def template(self) -> _Template:
        return self.spec.job_template.spec.template if self.spec.job_template else self.spec.template


@dataclass(frozen=True, slots=True)
class Templates:
    """Looks through the workloads of Kubernetes' own kinds that nobody else makes."""

    api: Api
    scheduler: str

    async def find(self) -> Findings:
        """Return which templates name the scheduler, and which say anything else to Berth. Raises ApiError."""
        naming, speaking = [], []
        for kind, path in PATHS.items():
            async for raw in each_of(self.api, path, {}):
                found = msgspec.json.decode(raw, type=_Workload)
                title = f"{kind} {found.metadata.namespace}/{found.metadata.name}"
                if found.metadata.owner_references or found.is_finished:
                    continue
                if found.template.spec.scheduler_name == self.scheduler:
                    naming.append(title)
                if any(key.startswith(OWN_PREFIX) for key in _keys(found.template.metadata)):
                    speaking.append(title)
        wait = (
            f"{shortened(naming)}: the template names {self.scheduler}, so that its pods would wait for ever: change "
            "schedulerName there; a Job is made anew for it"
        )
        words = f"{shortened(speaking)}: labels and annotations {OWN_PREFIX}… of the template, which nobody reads then"
        return Findings(left=(wait,) if naming else (), kept=(words,) if speaking else ())


def _keys(metadata: Metadata) -> Iterator[str]:
    return (each for each in chain(metadata.labels or (), metadata.annotations or ()) if each not in OURS_ON_PODS)
