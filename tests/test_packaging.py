"""What is built is what runs: one console script, and none of the rooms that only developers need."""

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_the_wheel_holds_the_product_alone(tmp_path: Path) -> None:
    """No tests, no benchmarks, no demo, no sandbox; one console script."""
    source = tmp_path / "source"
    files = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    for name in (each for each in files if (ROOT / each).exists()):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes((ROOT / name).read_bytes())
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir"]
    subprocess.run([*build, tmp_path, source], check=True)

    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as content:
        tops = {name.split("/")[0] for name in content.namelist()}
        scripts = content.read(next(name for name in content.namelist() if name.endswith("entry_points.txt"))).decode()
    rooms = {name for name in tops if not name.endswith(".dist-info")}
    assert rooms == {"placement", "cluster", "certs", "intake", "webhook", "extender", "controller", "berth"}
    assert scripts.split() == ["[console_scripts]", "berth", "=", "berth.cli:main"]
