"""An advisory applies to the versions that it names, and a damaged database is no clean bill of health."""

import json
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from supply.__main__ import main
from supply.advisories import Advisory, Database, UnreadableAdvisoriesError, read_database
from supply.lock import Pin

Json = dict[str, Any]
PIN = Pin("some-package", "1.5.0")


def advisory(*events: Json, versions: tuple[str, ...] = (), name: str = "Some.Package", **more: object) -> Json:
    """An advisory against versions of a package."""
    ranges = [{"type": "ECOSYSTEM", "events": list(events)}] if events else []
    affected = {"package": {"ecosystem": "PyPI", "name": name}, "ranges": ranges, "versions": list(versions)}
    return {"id": "PYSEC-2026-1", "modified": "2026-01-01T00:00:00Z", "affected": [affected], **more}


def applies(against: Json, version: str) -> bool:
    """Whether an advisory applies to a version of the package."""
    database = Database([msgspec.convert(against, Advisory)])
    return bool(database.findings([Pin("some-package", version)]))


@pytest.mark.parametrize(
    ("against", "expected"),
    [
        (advisory({"introduced": "0"}), True),
        (advisory({"introduced": "0"}, {"fixed": "1.5.0"}), False),
        (advisory({"introduced": "0"}, {"fixed": "1.10"}), True),
        (advisory({"introduced": "0"}, {"last_affected": "1.5.0"}), True),
        (advisory({"introduced": "0"}, {"last_affected": "1.4"}), False),
        (advisory({"introduced": "0"}, {"fixed": "1.0"}, {"introduced": "1.4"}), True),
        (advisory({"introduced": "1.6"}), False),
        (advisory(versions=("1.5.0",)), True),
        (advisory(versions=("1.4.0",)), False),
        (advisory({"introduced": "0"}, {"fixed": "no version"}), True),
        (advisory({"introduced": "0"}, name="other"), False),
    ],
)
def test_an_advisory_applies_to_the_versions_that_it_names(against: Json, expected: bool) -> None:  # noqa: FBT001 - a table
    """By range or by list; names are compared as PyPI does."""
    assert applies(against, PIN.version) == expected


@given(st.lists(st.integers(0, 30), min_size=2, max_size=2).map(sorted), st.integers(0, 30))
def test_a_range_holds_what_lies_between_its_ends(ends: list[int], version: int) -> None:
    """From `introduced` to before `fixed`."""
    introduced, fixed = ends
    against = advisory({"introduced": f"1.{introduced}"}, {"fixed": f"1.{fixed}"})

    assert applies(against, f"1.{version}") == (introduced <= version < fixed)


def test_an_archive_and_yaml_are_read_too(tmp_path: Path) -> None:
    """The two forms in which advisories of PyPI are published; what is withdrawn is over."""
    affected = "{package: {name: some-package, ecosystem: PyPI}, versions: [1.5.0]}"
    text = f"id: PYSEC-2026-2\nmodified: 2026-01-03\naffected: [{affected}]\n"
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("PYSEC-2026-1.json", json.dumps(advisory(versions=("1.5.0",), aliases=["CVE-2026-1"])))
        archive.writestr("vulns/PYSEC-2026-2.yaml", text)
        archive.writestr("PYSEC-2026-3.json", json.dumps(advisory(versions=("1.5.0",), withdrawn="2026-02-01")))
        archive.writestr("README.md", "about")

    database = read_database(tmp_path / "all.zip")

    assert database.changed == "2026-01-03"
    assert [str(each) for each in database.findings([PIN])] == [
        "some-package 1.5.0: PYSEC-2026-1, CVE-2026-1: no summary",
        "some-package 1.5.0: PYSEC-2026-2: no summary",
    ]


@pytest.mark.parametrize("text", ["{", "[]", '{"id": 5}', '{"id": "x", "affected": 3}', b"\xff".decode("latin-1")])
def test_a_damaged_database_is_named(text: str, tmp_path: Path) -> None:
    """It says nothing about what it does not hold."""
    (tmp_path / "damaged.json").write_text(text)

    with pytest.raises(UnreadableAdvisoriesError, match=r"damaged\.json"):
        read_database(tmp_path)


def test_an_empty_database_is_none(tmp_path: Path) -> None:
    """Nor is a folder that is not there, nor a file that is no archive."""
    (tmp_path / "file").write_text("x")

    for path in (tmp_path, tmp_path / "nowhere", tmp_path / "file"):
        with pytest.raises(UnreadableAdvisoriesError, match=str(path)):
            read_database(path)


def test_the_command_says_what_was_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """0 where nothing applies, 1 where something does, 2 where that cannot be said."""
    (tmp_path / "1.json").write_text(json.dumps(advisory({"introduced": "0"})))
    assert main(["audit", str(tmp_path)]) == 0
    assert "1 advisories (the newest changed 2026-01-01T00:00:00Z): 0 apply" in capsys.readouterr().out

    (tmp_path / "2.json").write_text(json.dumps(advisory({"introduced": "0"}, name="aiohttp", summary="It leaks.")))
    assert main(["audit", str(tmp_path)]) == 1
    assert "PYSEC-2026-1: It leaks." in capsys.readouterr().err

    assert main(["audit", str(tmp_path / "nowhere")]) == 2
