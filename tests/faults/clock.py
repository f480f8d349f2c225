"""A time of day that jumps, for real programs: their calls to the C library for it are intercepted.

Time that only counts (CLOCK_MONOTONIC) goes on as ever, as it does where an administrator or NTP sets the clock.
"""

import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

_SOURCE = Path(__file__).with_name("clock.c")
COMPILER = shutil.which("cc")


class Clock:
    """The clock of all programs that are started with `environment`."""

    def __init__(self, folder: Path) -> None:
        library, self._shift = folder / "clock.so", folder / "shift"
        self._shift.write_bytes(bytes(8))
        subprocess.run([COMPILER or "cc", "-shared", "-fPIC", "-O1", "-o", library, _SOURCE, "-ldl"], check=True)
        self.environment = {"LD_PRELOAD": str(library), "SHIFTED_BY": str(self._shift)}

    def jump(self, ahead: timedelta) -> None:
        """Set it so far ahead of the true time; the file is written in place, because the programs look into it."""
        with self._shift.open("r+b") as file:
            file.write(int(ahead.total_seconds()).to_bytes(8, "little", signed=True))
