"""The settings of the controller."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class ControllerSettings(BaseModel):
    """How the controller runs; every field can be set by file, environment and flag."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kubeconfig: Path | None = Field(None, description="kubeconfig file; without it the pod's service account is used")
    namespace: str = Field("berth-system", min_length=1, description="namespace of the Secrets and the Service")
    webhook_configuration: str = Field(
        "accelerators.berth.ome.io", min_length=1, description="MutatingWebhookConfiguration whose caBundle is kept"
    )
    webhook_service: str = Field(
        "berth-webhook", min_length=1, description="Service of the webhook, for whose names the certificate is"
    )
    certificate_secret: str = Field(
        "berth-webhook-tls", min_length=1, description="Secret that the webhook mounts: tls.crt, tls.key, ca.crt"
    )
    authority_secret: str = Field(
        "berth-authority", min_length=1, description="Secret with the key that signs; no pod mounts it"
    )
    interval_seconds: float = Field(60, gt=0, description="seconds between two looks at what should be as it is")
    metrics_address: str = Field("0.0.0.0", description="address of /healthz, /readyz and /metrics")
    metrics_port: int = Field(8082, ge=0, le=65535, description="port of that address; 0 lets the kernel choose")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="least severity that is logged")
