from pathlib import Path

from placement.choosing.records import unkeyed
from webhook.seal import FileSeal


def test_a_seal_is_made_with_the_key_of_the_moment(tmp_path: Path) -> None:
    """Without the key nobody can make it, replicas with the same key make the same, and a new key is noticed."""
    seconds = [0.0]
    file = tmp_path / "tls.key"
    seal = FileSeal(file, lambda: seconds[0])
    without = seal(b"text")
    file.write_bytes(b"one")
    seconds[0] = 2.0
    first = seal(b"text")
    replica = FileSeal(file)(b"text")
    file.write_bytes(b"two")
    seconds[0] = 4.0
    second = seal(b"text")

    assert without == unkeyed(b"text")
    assert first == replica
    assert len({without, first, second, FileSeal(file)(b"other")}) == 4
