"""The settings of the extender."""

from enum import StrEnum
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Mode(StrEnum):
    """Whether Berth decides, or lets kube-scheduler decide as if it were not there."""

    ACTIVE = "active"
    PASSTHROUGH = "passthrough"


class ExtenderSettings(BaseModel):
    """How the extender runs; every field can be set by file, environment and flag."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kubeconfig: Path | None = Field(None, description="kubeconfig file; without it the pod's service account is used")
    address: str = Field("127.0.0.1", description="address on which kube-scheduler is answered")
    port: int = Field(8888, ge=0, le=65535, description="port of that address; 0 lets the kernel choose")
    certificate_directory: Path | None = Field(
        None,
        description="folder with tls.crt, tls.key and ca.crt: serve TLS, and answer only those whom ca.crt signed",
    )
    prefix: str = Field(
        "/scheduler",
        pattern="^(/[a-z0-9-]+)+$",
        description="path under which kube-scheduler is answered",
    )
    mode: Mode = Field(
        Mode.ACTIVE, description="active decides, passthrough lets every node pass; PUT /v1/mode switches while it runs"
    )
    answer: Literal["winner", "all"] = Field(
        "winner",
        description="what filter answers: the best node alone, or all that fit where another extender runs after Berth",
    )
    other_pods: Literal["apart", "anywhere"] = Field(
        "apart",
        description="where pods without accelerators may run: apart from accelerators while there is room, or anywhere",
    )
    exhausted: Literal["unresolvable", "resolvable"] = Field(
        "unresolvable",
        description="whether pods may be evicted where Berth alone says no: resolvable from kube-scheduler 1.38 on",
    )
    mix: Literal["learnt", "pinned"] = Field(
        "learnt",
        description="whether the expected mix of pods is learnt from those that come, or stays as mix_file says",
    )
    mix_file: Path | None = Field(
        None, description="JSON or YAML, as GET /v1/mix answers it, with which the expected mix of pods begins"
    )
    scheduler_name: str | None = Field(
        None, description="scheduler whose waiting pods are explained beside those that ask for known accelerators"
    )
    annotate: bool = Field(True, description="write the annotation berth.ome.io/placement on pods once they are bound")
    events: bool = Field(True, description="publish an Event where no node fits a pod")
    metrics_address: str = Field("0.0.0.0", description="address of /healthz, /readyz and /metrics")
    metrics_port: int = Field(8081, ge=0, le=65535, description="port of that address; 0 lets the kernel choose")
    metrics_secure: bool = Field(
        False,
        description="serve that address over TLS, and /metrics to those alone whom the API server lets get /metrics",
    )
    metrics_certificate_directory: Path | None = Field(
        None, description="folder with tls.crt and tls.key for that; without it a self-signed one is made at the start"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="least severity that is logged")
