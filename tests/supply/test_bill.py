"""The bill of materials holds what the image gets, and says the same for the same lock file."""

import json
from typing import Any

import pytest

from supply.bill import InvalidBillError, bill, validate
from supply.lock import RUNTIME, read_pins

PINS = read_pins(RUNTIME)
FEW = PINS[:3]


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The bill of the runtime lock file."""
    made: dict[str, Any] = json.loads(bill({}, PINS))
    return made


def test_every_pin_stands_in_the_bill_with_all_its_hashes(document: dict[str, Any]) -> None:
    """By package URL, with a licence."""
    components = {each["purl"]: each for each in document["components"]}

    assert len(components) == len(PINS)
    for pin in PINS:
        component = components[f"pkg:pypi/{pin.name}@{pin.version}"]
        (files,) = component["externalReferences"]
        assert {each["content"] for each in files["hashes"]} == set(pin.hashes)
        assert component["licenses"]


def test_every_component_is_reached_from_the_product(document: dict[str, Any]) -> None:
    """The graph says why each is there."""
    edges = {each["ref"]: each.get("dependsOn", []) for each in document["dependencies"]}
    reached, ahead = set[str](), [document["metadata"]["component"]["bom-ref"]]
    while ahead:
        reference = ahead.pop()
        if reference not in reached:
            reached.add(reference)
            ahead += edges[reference]

    assert reached == {"berth", *(each["bom-ref"] for each in document["components"])}


def test_the_same_lock_file_makes_the_same_bill() -> None:
    """Without a clock and without chance; another lock file has another serial number."""
    text = bill({}, FEW)

    assert bill({}, FEW) == text
    assert json.loads(bill({}, FEW[1:]))["serialNumber"] != json.loads(text)["serialNumber"]
    assert "timestamp" not in json.loads(text)["metadata"]
    made = json.loads(bill({"SOURCE_DATE_EPOCH": "86400"}, FEW))
    assert made["metadata"]["timestamp"] == "1970-01-02T00:00:00+00:00"


@pytest.mark.parametrize("damage", [{"bomFormat": "other"}, {"components": [{"name": "x"}]}, {"unknown": 1}])
def test_a_bill_that_breaks_the_schema_is_refused(damage: dict[str, object]) -> None:
    """By the schema of CycloneDX 1.6, strictly."""
    with pytest.raises(InvalidBillError):
        validate(json.dumps(json.loads(bill({}, FEW)) | damage))
