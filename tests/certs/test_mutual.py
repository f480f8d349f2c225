"""The certificates of kube-scheduler and the extender in a folder, over the years."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from certs.judgement import is_signed_by
from certs.mutual import NoAuthorityError, ensure

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
YEAR = timedelta(days=365)


def certificates(file: Path) -> list[x509.Certificate]:
    """Return the certificates of a file."""
    return x509.load_pem_x509_certificates(file.read_bytes())


def trusts(one: Path, other: Path) -> bool:
    """Tell whether a side trusts whoever signed what the other one shows."""
    (leaf,) = certificates(other / "tls.crt")
    return any(is_signed_by(leaf, each) for each in certificates(one / "ca.crt"))


def names(paths: list[Path], folder: Path) -> set[str]:
    """Return which files these are."""
    return {str(each.relative_to(folder)) for each in paths}


def test_each_side_gets_its_own_files_and_the_key_that_signs_neither(tmp_path: Path) -> None:
    """Only a client's certificate is good for asking, and only the server's for answering."""
    written = ensure(tmp_path, NOW)

    sides = ("extender", "kube-scheduler")
    assert names(written, tmp_path) == {
        "authority/tls.crt",
        "authority/tls.key",
        *(f"{side}/{file}" for side in sides for file in ("tls.crt", "tls.key", "ca.crt")),
    }
    usages = {
        side: list(
            certificates(tmp_path / side / "tls.crt")[0].extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        )
        for side in sides
    }
    assert usages == {
        "extender": [ExtendedKeyUsageOID.SERVER_AUTH],
        "kube-scheduler": [ExtendedKeyUsageOID.CLIENT_AUTH],
    }
    assert trusts(tmp_path / "extender", tmp_path / "kube-scheduler")
    assert trusts(tmp_path / "kube-scheduler", tmp_path / "extender")
    keys = [each for each in written if each.suffix == ".key"]
    assert [stat.S_IMODE(each.stat().st_mode) for each in keys] == [0o600] * 3


def test_what_will_do_is_kept_for_years_and_replaced_under_the_same_authority(tmp_path: Path) -> None:
    """So that either side may take its new files first."""
    ensure(tmp_path, NOW)
    assert ensure(tmp_path, NOW + 3 * YEAR) == []

    written = ensure(tmp_path, NOW + 3.5 * YEAR)

    assert names(written, tmp_path) == {
        f"{side}/{file}" for side in ("extender", "kube-scheduler") for file in ("tls.crt", "tls.key", "ca.crt")
    }
    assert len(certificates(tmp_path / "extender/ca.crt")) == 1


def test_an_authority_is_trusted_by_both_sides_long_before_it_signs(tmp_path: Path) -> None:
    """kube-scheduler has a month to be restarted with the files that trust the next one."""
    ensure(tmp_path, NOW)
    then = NOW + 10.1 * YEAR
    ensure(tmp_path, then)
    before = (tmp_path / "extender/tls.crt").read_bytes()
    assert len(certificates(tmp_path / "kube-scheduler/ca.crt")) == 2

    for days in (1, 30):
        ensure(tmp_path, then + timedelta(days=days))
        assert (tmp_path / "extender/tls.crt").read_bytes() == before

    ensure(tmp_path, then + timedelta(days=32))
    assert (tmp_path / "extender/tls.crt").read_bytes() != before
    assert len(certificates(tmp_path / "kube-scheduler/ca.crt")) == 2, "the predecessor is trusted still"
    assert {each.name for each in (tmp_path / "authority").iterdir()} == {"tls.crt", "tls.key", "old.crt"}
    assert ensure(tmp_path, then + timedelta(days=33)) == []


@pytest.mark.parametrize("damage", [b"", b"no PEM"])
def test_what_is_in_use_is_never_replaced_for_want_of_the_key(tmp_path: Path, damage: bytes) -> None:
    """Otherwise who keeps the key elsewhere, and forgets to bring it, would part the two sides."""
    ensure(tmp_path, NOW)
    before = (tmp_path / "extender/tls.crt").read_bytes()
    (tmp_path / "authority/tls.key").write_bytes(damage)

    with pytest.raises(NoAuthorityError, match="authority lacks the key"):
        ensure(tmp_path, NOW + 4 * YEAR)

    assert (tmp_path / "extender/tls.crt").read_bytes() == before


def test_after_the_end_of_everything_all_is_made_anew(tmp_path: Path) -> None:
    """Nothing that works is lost by it."""
    ensure(tmp_path, NOW)

    assert len(ensure(tmp_path, NOW + 21 * YEAR)) == 8
    assert trusts(tmp_path / "extender", tmp_path / "kube-scheduler")
