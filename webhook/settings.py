"""The settings of the webhook."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class WebhookSettings(BaseModel):
    """How the webhook runs; every field can be set by file, environment and flag."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kubeconfig: Path | None = Field(None, description="kubeconfig file; without it the pod's service account is used")
    address: str = Field("0.0.0.0", description="address on which the API server is answered")
    port: int = Field(8443, ge=0, le=65535, description="port of that address; 0 lets the kernel choose")
    certificate_directory: Path = Field(
        Path("/etc/berth/tls"), description="folder with tls.crt and tls.key, read again when they change"
    )
    metrics_address: str = Field("0.0.0.0", description="address of /healthz, /readyz and /metrics")
    metrics_port: int = Field(8080, ge=0, le=65535, description="port of that address; 0 lets the kernel choose")
    metrics_secure: bool = Field(
        False,
        description="serve that address over TLS, and /metrics to those alone whom the API server lets get /metrics",
    )
    metrics_certificate_directory: Path | None = Field(
        None, description="folder with tls.crt and tls.key for that; without it a self-signed one is made at the start"
    )
    scheduler_name: str | None = Field(
        None, description="scheduler that injected pods are handed to; without it schedulerName stays as it is"
    )
    replicas: int = Field(
        1, ge=1, le=64, description="how many replicas answer; each reckons that the others give away as much room"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="least severity that is logged")
