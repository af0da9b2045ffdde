"""The example of a role filled by an object of the user's own measures, and its correction is in the data."""

import importlib.util
import json
import sqlite3
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
RECIPE = """
[run]
name = "own"
sample = "cu1"
[[series]]
temperatures_K = [1.6]
[bias]
maximum_V = 0.2e-3
points = 5
[settling]
dwell_above_1K_s = 60
temperature_drift_fraction_per_10min = 0.05
anchor_gap_s = 10
"""


@pytest.fixture
def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("own_instrument", ROOT / "examples" / "own_instrument.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_own_controller_measures_at_its_own_temperature(
    example: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = tmp_path / "own.toml"
    recipe.write_text(RECIPE, encoding="utf-8")
    monkeypatch.setattr(example, "RECIPE", recipe)
    outcome = example.measure(tmp_path)
    assert (outcome.exit_status, outcome.points) == (0, 13)
    with sqlite3.connect(outcome.run_file) as connection:
        points = connection.execute("SELECT temperature_K, flags FROM point").fetchall()
        ((names,),) = connection.execute("SELECT value FROM run WHERE key = 'instruments'").fetchall()
        written = connection.execute("SELECT message FROM instrument_write WHERE message LIKE 'SETP%'").fetchall()
        settings = connection.execute("SELECT * FROM instrument_state WHERE instrument LIKE '%corrected'").fetchall()
    assert {flags for _, flags in points} == {0}
    assert [temperature_K for temperature_K, _ in points] == pytest.approx([1.6] * 13, rel=5e-3)
    assert any(name.endswith(", corrected") for name in json.loads(names))
    assert "reads_too_high_by" in str(settings[0])
    assert written[-1] == ("SETP 0,1.632",)  # 2 % above the 1.6 K that it is
    assert "settled: temperature 1." in capsys.readouterr().out
