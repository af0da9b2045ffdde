"""The small version: one window killed, and the run complete all the same."""

from pathlib import Path

from window_kills import kill_windows

RECIPE = """
[run]
name = "kills"
sample = "cu1"
[[series]]
temperatures_K = [4.2]
[bias]
maximum_V = 0.5e-3
points = 21
[settling]
dwell_above_1K_s = 30
temperature_drift_fraction_per_10min = 0.05
"""


def test_run_is_complete_whatever_becomes_of_its_window(tmp_path: Path) -> None:
    recipe = tmp_path / "kills.toml"
    recipe.write_text(RECIPE)
    _, _, state, points, planned = kill_windows(1, recipe, 100.0, tmp_path)
    assert state == "complete"
    assert points == planned > 40
