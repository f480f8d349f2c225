"""Environment variables in profiles as JSON: of all their sources, those that the API server accepts in any pod."""

from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, model_validator

from cluster.names import ConfigKey, ObjectName, VariableName, is_qualified
from cluster.selectors import Model
from placement.pods import EnvVar

_SOURCES = ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef")
_FIELDS = (
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
)
_RESOURCES = tuple(
    f"{side}.{name}" for side in ("limits", "requests") for name in ("cpu", "memory", "ephemeral-storage")
)
_HUGE_PAGES = ("limits.hugepages-", "requests.hugepages-")
_CPU_DIVISORS = ("1", "1m")
_BYTE_DIVISORS = ("1", *(f"1{suffix}" for suffix in ("k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")))


class _FieldsVersion(StrEnum):
    V1 = "v1"


def _field_path(path: str) -> str:
    if path not in _FIELDS and not _is_entry(path):
        raise ValueError(
            f"{path!r} is no field that a variable can have: write {', '.join(_FIELDS)}, metadata.labels['<KEY>'] or "
            "metadata.annotations['<KEY>']"
        )
    return path


def _is_entry(path: str) -> bool:
    """Tell whether it is one label or annotation, whose key may have capitals in its domain."""
    entry = path.removesuffix("']")
    if entry == path:
        return False
    map_name, _, key = entry.partition("['")
    return (map_name == "metadata.labels" and is_qualified(key)) or (
        map_name == "metadata.annotations" and is_qualified(key.lower())
    )


def _resource(path: str) -> str:
    if path not in _RESOURCES and not path.startswith(_HUGE_PAGES):
        raise ValueError(
            f"{path!r} is no resource that a variable can have: write {', '.join(_RESOURCES)}, or limits.hugepages-2Mi"
        )
    return path


class _FieldReference(Model):
    field_path: Annotated[str, AfterValidator(_field_path)]
    api_version: _FieldsVersion | None = None


class _ResourceReference(Model):
    resource: Annotated[str, AfterValidator(_resource)]
    container_name: str | None = None
    divisor: Annotated[str, BeforeValidator(str)] | None = None

    @model_validator(mode="after")
    def _must_divide(self) -> Self:
        allowed = _CPU_DIVISORS if self.resource.endswith(".cpu") else _BYTE_DIVISORS
        if self.divisor is not None and self.divisor not in allowed:
            raise ValueError(f"{self.divisor!r} is no divisor of {self.resource}: write {', '.join(allowed)}")
        return self


class _KeyReference(Model):
    name: ObjectName
    key: ConfigKey
    optional: bool | None = None


class _Source(Model):
    field_ref: _FieldReference | None = None
    resource_field_ref: _ResourceReference | None = None
    config_map_key_ref: _KeyReference | None = None
    secret_key_ref: _KeyReference | None = None

    @model_validator(mode="before")
    @classmethod
    def _must_be_one(cls, given: Any) -> Any:
        named = [key for key, value in given.items() if value is not None] if isinstance(given, dict) else ()
        if len(named) != 1 or named[0] not in _SOURCES:
            raise ValueError(f"write exactly one of {', '.join(_SOURCES)}, not {', '.join(named) or 'none'}")
        return given


class EnvVarShape(Model):
    """An environment variable: a value, or where it comes from."""

    name: VariableName
    value: str = ""
    value_from: _Source | None = None

    @model_validator(mode="after")
    def _must_have_one_value(self) -> Self:
        if self.value and self.value_from:
            raise ValueError(f"{self.name} has both value and valueFrom: keep one of the two")
        return self

    @property
    def variable(self) -> EnvVar:
        """The same as a domain value; of a reference, what was written."""
        if self.value_from is None:
            return EnvVar(self.name, self.value)
        return EnvVar(self.name, None, self.value_from.model_dump(mode="json", by_alias=True, exclude_none=True))
