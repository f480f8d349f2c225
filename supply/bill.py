"""The software bill of materials: the image's Python packages in CycloneDX 1.6, made from the lock file alone."""

import datetime as dt
import hashlib
import uuid
from collections.abc import Mapping
from importlib.metadata import metadata

from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, Property, XsUri
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.model.license import LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

from supply.licences import licence_of
from supply.lock import RUNTIME, Pin, read_pins

PRODUCT = "berth"


class InvalidBillError(Exception):
    """A bill of materials breaks the schema of CycloneDX: the message says where."""


def bill(environment: Mapping[str, str], pins: list[Pin] | None = None) -> str:
    """Return the bill of the runtime lock file as JSON: the same for the same lock file. Raises InvalidBillError.

    It has a time only where SOURCE_DATE_EPOCH (https://reproducible-builds.org/specs/source-date-epoch/) gives one.
    """
    pins = read_pins(RUNTIME) if pins is None else pins
    product = _product()
    components = {pin: _component(pin) for pin in pins}
    document = Bom(components=components.values(), metadata=BomMetaData(component=product))
    document.metadata.timestamp = _time(environment)  # type: ignore[assignment] # none is allowed
    digest = hashlib.sha256(repr((product.version, pins)).encode()).digest()
    document.serial_number = uuid.UUID(bytes=digest[:16], version=4)
    for parent, component in [(PRODUCT, product), *((pin.name, component) for pin, component in components.items())]:
        document.register_dependency(component, [components[pin] for pin in pins if parent in pin.wanted_by])
    text = JsonV1Dot6(document).output_as_string(indent=2)
    validate(text)
    return text + "\n"


def validate(text: str) -> None:
    """Raises InvalidBillError where JSON is no CycloneDX 1.6, by the schema that comes with CycloneDX's library."""
    if error := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        raise InvalidBillError(str(error))


def _product() -> Component:
    about = metadata(PRODUCT)
    return Component(
        name=PRODUCT,
        version=about["Version"],
        type=ComponentType.APPLICATION,
        bom_ref=PRODUCT,
        description=about["Summary"],
        licenses=[LicenseExpression(about["License-Expression"])],
    )


def _component(pin: Pin) -> Component:
    url = PackageURL("pypi", name=pin.name, version=pin.version)
    # One hash for each file of the version: which of them is installed depends on the machine.
    files = ExternalReference(
        type=ExternalReferenceType.DISTRIBUTION,
        url=XsUri(url.to_string()),
        comment="the version's wheels and source: pip takes one of them, and refuses every other",
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=each) for each in pin.hashes],
    )
    return Component(
        name=pin.name,
        version=pin.version,
        bom_ref=url.to_string(),
        purl=url,
        scope=ComponentScope.REQUIRED,
        licenses=[LicenseExpression(licence_of(pin.name))],
        external_references=[files],
        properties=[Property(name="berth:environment-marker", value=pin.marker)] if pin.marker else [],
    )


def _time(environment: Mapping[str, str]) -> dt.datetime | None:
    epoch = environment.get("SOURCE_DATE_EPOCH")
    return dt.datetime.fromtimestamp(int(epoch), dt.UTC) if epoch else None
