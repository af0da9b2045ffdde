"""A calibration is kept beside its station file, and used for what it was made for only."""

import json
import sqlite3
from pathlib import Path

import pytest

from acquisition.calibration import calibrated, calibration_path, load_calibration
from acquisition.cli import main
from acquisition.errors import InputError
from acquisition.plan import make_plan
from acquisition.recipe import parse_recipe
from acquisition.station_file import load_station
from acquisition.terminal.commands import station_for

STATION = Path(__file__).parents[2] / "acquisition" / "stations" / "simulated.toml"
RECIPE = """
[run]
name = "tiny"
sample = "cu1"
[[series]]
temperatures_K = [4.2]
[bias]
maximum_V = 0.2e-3
points = 3
[settling]
dwell_above_1K_s = 1
temperature_drift_fraction_per_10min = 1.0
"""


@pytest.fixture(scope="module")
def calibrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A station file with a calibration of the simulated rack beside it."""
    path = tmp_path_factory.mktemp("station") / "my.toml"
    path.write_text(STATION.read_text(encoding="utf-8"), encoding="utf-8")
    assert main(["calibrate", "--station", str(path), "--simulate", "--seed", "2", "--json"]) == 0
    return path


def test_it_stands_beside_the_station_file_and_reads_back(calibrated_file: Path) -> None:
    found = load_calibration(calibrated_file)
    assert found is not None
    assert (found.simulated_seed, found.resistor_ohm, found.resistor_error_fraction) == (2, 10.0, 1e-3)
    assert [one.frequency_Hz for one in found.response] == [137.7, 68.85, 275.4]
    assert calibration_path(calibrated_file).name == "my.calibration.toml"
    assert load_calibration(STATION) is None


def test_run_uses_it_and_says_so(calibrated_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(RECIPE, encoding="utf-8")
    words = ["run", str(recipe), "--station", str(calibrated_file), "--simulate", "cu1", "--seed", "2"]
    assert main([*words, "--out", str(tmp_path), "--json"]) == 0
    run_file = json.loads(capsys.readouterr().out.splitlines()[-1])["run"]
    with sqlite3.connect(run_file) as connection:
        header = {key: json.loads(value) for key, value in connection.execute("SELECT key, value FROM run")}
    found = load_calibration(calibrated_file)
    assert found is not None
    assert header["calibration"] == found.to_dict()
    assert header["station"]["circuit"]["gain_factor"] == found.response[0].gain_factor
    gain = next(error for error in header["scale_errors"] if error["cause"] == "gain_factor")
    assert gain["conductance_fraction"] == pytest.approx(1e-3, rel=0.01)  # the resistor's, no longer the gain's


def test_rehearsal_uses_that_of_the_simulated_rack_and_a_real_run_refuses_it(calibrated_file: Path) -> None:
    assert station_for(calibrated_file, "cu1").circuit.gain_factor != 1.0
    with pytest.raises(InputError, match="made on a simulated rack"):
        station_for(calibrated_file, None)


def test_changed_circuit_wants_a_new_calibration(calibrated_file: Path) -> None:
    station, calibration = load_station(calibrated_file), load_calibration(calibrated_file)
    assert calibration is not None
    changed = station.model_copy(update={"circuit": station.circuit.model_copy(update={"ac_arm_ohm": 1e6})})
    with pytest.raises(InputError, match="another \\[circuit\\]"):
        calibrated(changed, calibration)


def test_plan_warns_of_another_frequency(calibrated_file: Path) -> None:
    recipe = parse_recipe(RECIPE + "[lockin]\nfrequency_Hz = 37.7\n", "tiny.toml")
    plan = make_plan(recipe, station_for(calibrated_file, "cu1"))
    assert "the line was calibrated at 137.7 Hz, this recipe is at 37.7 Hz" in " ".join(plan.warnings)
    usual = make_plan(parse_recipe(RECIPE, "tiny.toml"), station_for(calibrated_file, "cu1"))
    assert "calibrated at" not in " ".join(usual.warnings)


def test_zero_within_its_error_is_not_taken_off(calibrated_file: Path) -> None:
    station, calibration = load_station(calibrated_file), load_calibration(calibrated_file)
    assert calibration is not None
    for factor, is_taken in ((4.0, False), (6.0, True)):
        zero_V = factor * calibration.zero_error_V
        circuit = calibrated(station, calibration.model_copy(update={"zero_x_V": zero_V})).circuit
        assert circuit.zero_x_V == (zero_V if is_taken else 0.0)


def test_nobody_to_ask_is_wrong_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["calibrate", "--station", str(STATION)]) == 2
    assert "add --yes" in capsys.readouterr().err
