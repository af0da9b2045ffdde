"""Small versions of the campaigns of docs/survival.md, each in a process of its own, as anyone runs them."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def outcome_of(script: str, *words: str) -> str:
    """Run a campaign and return its last line of figures; what must not be makes it fail."""
    done = subprocess.run([sys.executable, str(HERE / script), *words], capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, f"{done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout


def test_every_fault_is_recovered_from_paused_at_or_ended_safe() -> None:
    assert "failures: 0" in outcome_of("fault_campaign.py", "--every", "37").splitlines()[-1]


def test_no_spoiled_value_is_stored_unflagged() -> None:
    assert "implausible and not flagged 0" in outcome_of("garble_storm.py", "--replies", "60", "--seed", "7")


def test_what_is_malformed_ends_in_an_error_with_a_name() -> None:
    assert outcome_of("fuzz_campaign.py", "--examples", "40").count("only named errors") == 5
