"""Names as the API server accepts them in a pod; what it would refuse is refused, in words that say what to write.

What a class or profile says is injected into pods, and a pod that the API server refuses would not run at all. The
rules are those of k8s.io/apimachinery/pkg/util/validation and k8s.io/kubernetes/pkg/apis/core/validation.
"""

import re
from typing import Annotated

from pydantic import AfterValidator

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*")
_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_CONFIG_KEY = re.compile(r"(?!\.\.)(?!\.\Z)[-._a-zA-Z0-9]{1,253}")
_VARIABLE = re.compile(r"[ -<>-~]+")

# A quota names an extended resource with `requests.` before it, and that must be a qualified name as well.
_QUOTA = "requests."


def is_qualified(key: str) -> bool:
    """Tell whether it is a name, or a DNS subdomain, a slash and a name."""
    domain, slash, name = key.rpartition("/")
    return bool(_NAME.fullmatch(name)) and (bool(_SUBDOMAIN.fullmatch(domain)) or not slash)


def is_object_name(name: str) -> bool:
    """Tell whether it is a DNS subdomain, as the names of most objects are."""
    return bool(_SUBDOMAIN.fullmatch(name))


def is_extended_resource(name: str) -> bool:
    """Tell whether containers may ask for it as for a device: it has a domain, which is not Kubernetes' own."""
    is_native = "/" not in name or "kubernetes.io/" in name or name.startswith(_QUOTA)
    return not is_native and is_qualified(_QUOTA + name)


def _label_key(key: str) -> str:
    if not is_qualified(key):
        raise ValueError(f"{key!r} is no key of a label: write it as the node shows it, like nvidia.com/gpu.product")
    return key


def _label_value(value: str) -> str:
    if value and not _NAME.fullmatch(value):
        raise ValueError(
            f"{value!r} is no value of a label: write up to 63 letters, digits, '-', '_' and '.', as the node shows it"
        )
    return value


def _taint_key(key: str) -> str:
    if not key:
        raise ValueError("is empty, which tolerates every taint of every node: write the key of the taint")
    if not is_qualified(key):
        raise ValueError(f"{key!r} is no key of a taint: write it as the node shows it, like nvidia.com/gpu")
    return key


def _extended_resource(name: str) -> str:
    if not is_extended_resource(name):
        raise ValueError(
            f"{name!r} is no extended resource: write it with its domain, which is not kubernetes.io, as the node's "
            "status.capacity names it, like nvidia.com/gpu"
        )
    return name


def _object_name(name: str) -> str:
    if not is_object_name(name):
        raise ValueError(f"{name!r} is no name of an object: write small letters, digits, '-' and '.', like hub-token")
    return name


def _config_key(key: str) -> str:
    if not _CONFIG_KEY.fullmatch(key):
        raise ValueError(
            f"{key!r} is no key of a ConfigMap or Secret: write letters, digits, '-', '_' and '.', like token"
        )
    return key


def _variable_name(name: str) -> str:
    if not _VARIABLE.fullmatch(name):
        raise ValueError(
            f"{name!r} is no name of an environment variable: write printable ASCII characters other than '=', like "
            "HF_HOME"
        )
    return name


LabelKey = Annotated[str, AfterValidator(_label_key)]
LabelValue = Annotated[str, AfterValidator(_label_value)]
TaintKey = Annotated[str, AfterValidator(_taint_key)]
ExtendedResource = Annotated[str, AfterValidator(_extended_resource)]
ObjectName = Annotated[str, AfterValidator(_object_name)]
ConfigKey = Annotated[str, AfterValidator(_config_key)]
VariableName = Annotated[str, AfterValidator(_variable_name)]
