import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[2]


def test_after_some_churn_nothing_is_held_and_nothing_in_flight() -> None:
    """The measure of `make churn` runs: pods come and go on a real API server, and each is given back."""
    few = ["--warm-up=60", "--pods=100", "--nodes=20"]
    churn = subprocess.run(
        [sys.executable, "-m", "bench.churn", *few], cwd=PROJECT, check=False, capture_output=True, text=True
    )

    assert churn.returncode in (0, 1), churn.stderr
    assert "every pod is gone: nothing is held, nothing is in flight" in churn.stdout, churn.stdout + churn.stderr
    assert "memory after the hour's first tenth" in churn.stdout
