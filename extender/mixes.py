"""Mixes as JSON: what `GET /v1/mix` answers is what a file may tell the extender to expect."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from placement.scheduling.expectation import Learnt, Pinned
from placement.scheduling.tasks import WHOLE, Task
from placement.shares import MAX_DEVICES

# A million cores: more is a mistake, and would overflow the arithmetic of arrays.
_MOST_CPU = 10**9


class _TaskModel(BaseModel):
    """A task, and how often it comes: cpu in milli, devices, thousandths of each device, classes that will do."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    devices: int = Field(ge=0, le=MAX_DEVICES)
    milli: int = Field(WHOLE, ge=1, le=WHOLE)
    cpu: int = Field(0, ge=0, le=_MOST_CPU)
    classes: tuple[str, ...] = ()
    share: float = Field(gt=0, allow_inf_nan=False)


class _ResourceModel(BaseModel):
    """The tasks that ask for a resource, and for how many arrivals they stand."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    arrivals: float = Field(100, gt=0, allow_inf_nan=False)
    tasks: list[_TaskModel] = Field(min_length=1)


class _MixModel(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    resources: Mapping[str, _ResourceModel]


class MixFileError(Exception):
    """A file of a mix that cannot be understood; the message says where and why."""


def read_mix(path: Path) -> Mapping[str, Mapping[Task, float]]:
    """Return the tasks of a file and for how many arrivals each stands, by resource; raises MixFileError."""
    try:
        content = yaml.safe_load(path.read_text())
        model = _MixModel.model_validate(content if isinstance(content, dict) else {})
    except OSError as error:
        raise MixFileError(f"{path}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise MixFileError(f"{path}: is neither JSON nor YAML: {' '.join(str(error).split())}") from None
    except ValidationError as error:
        lines = (f"{path}: {'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise MixFileError("\n".join(lines)) from None
    return {resource: _weights(each) for resource, each in model.resources.items()}


def mix_json(expected: Mapping[str, Learnt | Pinned], *, is_pinned: bool) -> dict[str, Any]:
    """Return what is expected of each resource, the most frequent tasks first."""
    resources = {name: _resource_json(each) for name, each in sorted(expected.items())}
    return {"isPinned": is_pinned, "resources": resources}


def _resource_json(expected: Learnt | Pinned) -> dict[str, Any]:
    tasks = zip(expected.mix.tasks, expected.mix.popularity, strict=True)
    return {
        "arrivals": _rounded(expected.arrivals),
        "turnover": round(expected.turnover.share, 3),
        "tasks": [
            {
                "devices": task.devices,
                "milli": task.milli,
                "cpu": task.cpu,
                "classes": list(task.classes),
                "share": _rounded(share),
            }
            for task, share in tasks
        ],
    }


def _rounded(number: float) -> float:
    """Return six digits of a number: however small, it stays above nothing, which could not be read again."""
    return float(f"{number:.6g}")


def _weights(resource: _ResourceModel) -> dict[Task, float]:
    total = sum(each.share for each in resource.tasks)
    weights: dict[Task, float] = {}
    for each in resource.tasks:
        task = Task(each.cpu, each.devices, each.milli, tuple(sorted(each.classes)))
        weights[task] = weights.get(task, 0) + each.share / total * resource.arrivals
    return weights
