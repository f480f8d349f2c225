"""When the certificate ends that a program serves, as a metric."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from certs.serving import ServingCertificate


class CertificateGauge(Collector):
    """Tells of a serving certificate when it ends, in seconds since 1970; nothing while there is none."""

    def __init__(self, certificate: ServingCertificate) -> None:
        self._certificate = certificate

    def describe(self) -> tuple[Metric, ...]:
        """Name nothing beforehand."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yield the metric."""
        ends_at = self._certificate.ends_at
        family = GaugeMetricFamily(
            "berth_serving_certificate_expiration_timestamp_seconds", "When the certificate that is served ends."
        )
        if ends_at:
            family.add_metric([], ends_at.timestamp())
        yield family
