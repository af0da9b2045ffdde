"""The free space of the disk that the run file is on, for the interlocks."""

import math
import shutil
from pathlib import Path

from acquisition.clock import Wall

DISK_S = 0.1
"""Wall time for which the free space of the disk is taken as known."""


class DiskSpace:
    """Asks the disk of a folder, anew once `DISK_S` of wall time have gone by: no point fills a disk."""

    def __init__(self, folder: Path, wall: Wall) -> None:
        self._folder = folder
        self._wall = wall
        self._due_s, self._free_bytes = -math.inf, math.nan

    def free_bytes(self) -> float:
        """Return what the disk has left; NaN if it cannot be asked."""
        if self._wall.monotonic_s() >= self._due_s:
            self._due_s = self._wall.monotonic_s() + DISK_S
            try:
                self._free_bytes = float(shutil.disk_usage(self._folder).free)
            except OSError:
                self._free_bytes = math.nan
        return self._free_bytes
