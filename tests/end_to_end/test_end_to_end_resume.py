"""SIGKILL in every phase of a real process: nothing acknowledged is lost, and each run is finished."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

CAMPAIGN = Path(__file__).parents[1] / "benchmarks" / "kill_campaign.py"


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.skipif(sys.platform == "win32", reason="no fork and no SIGKILL there")
def test_thirty_kills_lose_nothing_and_each_run_is_finished() -> None:
    done = subprocess.run([sys.executable, str(CAMPAIGN), "--kills", "30"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "kills: 30 (start 6, settling 6, ramping 6, sweeping 6, closing 6)" in done.stdout
    found = re.search(r"acknowledged points: (\d+), lost: 0\n", done.stdout)
    assert found is not None
    assert int(found.group(1)) > 1000
