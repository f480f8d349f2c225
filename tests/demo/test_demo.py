import subprocess
import sys


def test_the_demo_tells_its_story_and_every_claim_holds() -> None:
    """The first thing that a newcomer runs exits 0, without a false claim."""
    told = subprocess.run([sys.executable, "-m", "demo"], capture_output=True, text=True, check=False, timeout=110)

    assert told.returncode == 0, told.stdout + told.stderr
    assert "✗" not in told.stdout
    assert told.stdout.rstrip().endswith("every claim was read back from the API")
