"""Every simulated sample through the whole rack: it can be planned and measured, and it shows what it should."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from acquisition.cli import main
from simulators.sample import samples

E2_PER_H_S = 3.874045865e-5
RECIPE = """
[run]
name = "short"
sample = "one of all"

[[series]]
temperatures_K = [1.4, 0.4]
fields_T = FIELDS

[bias]
maximum_V = 0.7e-3
points = 15
dense_V = 0.06e-3

[excitation]
rms_over_kT = 0.8

[settling]
dwell_below_1K_s = 30
dwell_above_1K_s = 30
anchor_gap_s = 5
"""

PEAKS = {"trap"}
FLAT = {"cu-annealed", "cu-gold", "cu-electromigrated"}
IN_FIELD = {"cu1": 1, "cu2": 1, "cu3": 1, "cu-manganese": 1, "disorder": 1, "trap": -1, "glass1": 0, "heating": 0}


def measure(folder: Path, name: str, capsys: pytest.CaptureFixture[str]) -> tuple[np.ndarray, dict[str, Any]]:
    """Return rows of bias, temperature and field setpoints and conductance in e2/h, and the run file's header."""
    (folder / "short.toml").write_text(RECIPE.replace("FIELDS", "[0.0, 2.0]" if name in IN_FIELD else "[0.0]"))
    assert main(["run", str(folder / "short.toml"), "--simulate", name, "--out", str(folder), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out.splitlines()[-1])
    with sqlite3.connect(answer["run"]) as connection:
        rows = connection.execute(
            "SELECT bias_setpoint_V, temperature_setpoint_K, field_setpoint_T, conductance_S, flags FROM point"
        ).fetchall()
        header = {key: json.loads(value) for key, value in connection.execute("SELECT key, value FROM run")}
    table = np.array(rows)
    assert not table[:, 4].any()
    table[:, 3] /= E2_PER_H_S
    return table, header


@pytest.mark.parametrize("name", samples())
def test_sample_can_be_measured_and_shows_what_it_should(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, header = measure(tmp_path, name, capsys)
    truth = samples()[name]

    def mean(is_far: bool, temperature_K: float, field_T: float = 0.0) -> float:
        size_V = np.abs(table[:, 0])
        place = size_V > 0.5e-3 if is_far else size_V < 0.01e-3
        return float(table[place & (table[:, 1] == temperature_K) & (table[:, 2] == field_T), 3].mean())

    depth = mean(True, 0.4) - mean(False, 0.4)
    sign = 0 if name in FLAT else -1 if name in PEAKS else 1
    # gain and arms are off by some tenths of a per cent
    assert mean(False, 0.4) == pytest.approx(truth["background_e2_per_h"], rel=0.03)
    assert header["history"] == truth["history"]
    assert np.sign(depth) == sign if sign else abs(depth) < 0.6
    if name in IN_FIELD:
        filled = mean(False, 0.4, 2.0) - mean(False, 0.4)
        assert np.sign(filled) == IN_FIELD[name] if IN_FIELD[name] else abs(filled) < 0.5
    up, down = (table[np.isclose(table[:, 0], side * 0.7e-3) & (table[:, 1] == 1.4), 3].mean() for side in (1, -1))
    assert up == pytest.approx(down, abs=2.0 if name in {"cu-electromigrated", "glass2"} else 0.3)
