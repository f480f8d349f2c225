"""What is said of a class, in the words of the definition that is installed."""

from typing import Any

from cluster.class_definition import FIELDS
from cluster.class_dialects import known_part

SPEC: dict[str, Any] = {
    "vendor": "nvidia",
    "discovery": {"nodeSelectorTerms": [{"matchExpressions": [{"key": "gpu", "operator": "Exists"}]}]},
    "capabilities": {"memoryGB": "24Gi", "performance": {"fp32TFLOPS": 30.3, "fp16TFLOPS": 121, "fp8TFLOPS": 242}},
    "tolerations": [{"key": "nvidia.com/gpu"}],
}


def test_berths_own_definition_takes_everything() -> None:
    """Nothing is said otherwise where nothing is lacking."""
    assert known_part(SPEC, ()) == SPEC


def test_what_omes_definition_has_other_words_for_is_said_in_these() -> None:
    """Terms as affinity and whole rates in its spelling; what it has no word for is left out."""
    terms = SPEC["discovery"]["nodeSelectorTerms"]
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}

    assert known_part(SPEC, FIELDS) == {
        "vendor": "nvidia",
        "discovery": {"affinity": {"nodeAffinity": required}},
        "capabilities": {"memoryGB": "24Gi", "performance": {"fp16Tflops": 121}},
    }


def test_capabilities_are_always_there() -> None:
    """OME's definition requires them, empty ones too."""
    assert known_part({"discovery": {}}, FIELDS) == {"discovery": {}, "capabilities": {}}
