"""The settings of the controller."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class ControllerSettings(BaseModel):
    """How the controller runs; every field can be set by file, environment and flag."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kubeconfig: Path | None = Field(None, description="kubeconfig file; without it the pod's service account is used")
    namespace: str = Field(
        "berth-system", min_length=1, description="namespace of the Secrets, the Service and the Lease"
    )
    webhook_configuration: str = Field(
        "accelerators.berth.ome.io",
        min_length=1,
        description="webhook configurations, mutating and validating, whose caBundle is kept",
    )
    webhook_service: str = Field(
        "berth-webhook", min_length=1, description="Service of the webhook, for whose names the certificate is"
    )
    certificate_source: Literal["own", "given"] = Field(
        "own", description="who makes that certificate: an authority of Berth's own, or others, such as cert-manager"
    )
    certificate_secret: str = Field(
        "berth-webhook-tls", min_length=1, description="Secret that the webhook mounts: tls.crt, tls.key, ca.crt"
    )
    authority_secret: str = Field(
        "berth-authority", min_length=1, description="Secret with the key that signs; no pod mounts it"
    )
    interval_seconds: float = Field(60, gt=0, description="seconds between two looks at what should be as it is")
    recreations_per_minute: float = Field(
        6, ge=0, le=600, description="waiting pods deleted in a minute so that they are made anew; 0: none"
    )
    stuck_after_minutes: float = Field(
        5, gt=0, description="minutes that a pod waits for its class before another one is looked for"
    )
    leader_election: bool = Field(True, description="let one of several replicas work, the one that holds the lease")
    lease_name: str = Field("berth-controller", min_length=1, description="Lease that the working replica holds")
    lease_duration_seconds: int = Field(
        15, ge=3, le=120, description="seconds after which a replica that fell silent is succeeded"
    )
    writes_per_second: float = Field(50, gt=0, description="writes to the API server in the long run")
    write_burst: int = Field(100, ge=1, description="writes to the API server at once, after a pause")
    accelerator_label_keys: str = Field(
        "", description="beginnings of further label keys that mark Kueue's flavors of accelerators, by commas"
    )
    discovery: bool = Field(True, description="keep a class for each kind of hardware that nodes show")
    discovery_excluded: str = Field(
        "", description="names of hardware of which no class is made, with * and ?, by commas"
    )
    discovery_retention_hours: float = Field(
        168, ge=0, description="hours that a discovered class outlives its hardware and all use of it; 0: for ever"
    )
    metrics_address: str = Field("0.0.0.0", description="address of /healthz, /readyz and /metrics")
    metrics_port: int = Field(8082, ge=0, le=65535, description="port of that address; 0 lets the kernel choose")
    metrics_secure: bool = Field(
        False,
        description="serve that address over TLS, and /metrics to those alone whom the API server lets get /metrics",
    )
    metrics_certificate_directory: Path | None = Field(
        None, description="folder with tls.crt and tls.key for that; without it a self-signed one is made at the start"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="least severity that is logged")
