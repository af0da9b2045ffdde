"""The whole flow, as a newcomer meets it: one command on the simulated rack, and what must hold of its outcome."""

import csv
import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import pyvisa
from pyvisa.resources import MessageBasedResource

from acquisition.cli import main
from acquisition.clock import WallClock
from acquisition.engine import run_plan
from acquisition.measured import load_measured
from acquisition.plan import make_plan
from acquisition.recipe import load_recipe
from acquisition.running.control import Control
from acquisition.station import open_simulated
from acquisition.station_file import simulated_station
from analysis.collapse import fit_exponent
from analysis.curves import Window
from instruments.roles import Clock

ROOT = Path(__file__).parents[2]
QUICK = ROOT / "examples" / "quick.toml"
READINGS = """plan_index time_s bias_V current_A temperature_K field_T lockin_x_V lockin_y_V conductance_S
    source_voltage_V flags"""


def run_quick(out: Path, *options: str) -> Path:
    """Run the quick recipe and return its run file."""
    status = main(["run", str(QUICK), "--simulate", "cu1", "--out", str(out), *options])
    assert status == 0
    (found,) = out.glob("*.sqlite")
    return found


def readings(run_file: Path) -> list[tuple[float, ...]]:
    with sqlite3.connect(run_file) as connection:
        return connection.execute(f"SELECT {', '.join(READINGS.split())} FROM point ORDER BY seq").fetchall()


@pytest.fixture(scope="module")
def quick_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_quick(tmp_path_factory.mktemp("runs"))


@pytest.fixture
def answer(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Call a command; gives back status, the last line of stdout, and stderr."""

    def call(*words: str) -> tuple[int, str, str]:
        status = main(list(words))
        captured = capsys.readouterr()
        return status, captured.out.strip().rpartition("\n")[2], captured.err

    return call


# --- what was measured ------------------------------------------------------------------------------------------------


def test_every_planned_point_is_there_once(quick_run: Path) -> None:
    planned = make_plan(load_recipe(QUICK), simulated_station()).points
    assert sorted(row[0] for row in readings(quick_run)) == list(range(planned))


def test_no_point_of_a_sound_run_is_flagged(quick_run: Path) -> None:
    assert {row[-1] for row in readings(quick_run)} == {0}


def test_bias_is_the_one_asked_for_within_a_per_cent(quick_run: Path) -> None:
    with sqlite3.connect(quick_run) as connection:
        rows = np.array(connection.execute("SELECT bias_setpoint_V, bias_V FROM point").fetchall())
    assert np.abs(rows[:, 1] - rows[:, 0]).max() < 0.01 * np.abs(rows).max()


def test_scatter_is_what_the_budget_says_within_ten_per_cent(quick_run: Path) -> None:
    measured = load_measured(quick_run)
    fit = fit_exponent(measured.curves(), Window(1.5, 0.7e-3), measured.corrections())
    ratios = [isotherm.residual_S / (isotherm.predicted_noise_S or np.nan) for isotherm in fit.isotherms]
    # some 165 points tell a scatter to 5.5 %, five isotherms together to 2.5 %
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.1)


def test_dry_run_says_how_long_it_takes(quick_run: Path) -> None:
    with sqlite3.connect(quick_run) as connection:
        run = {key: json.loads(value) for key, value in connection.execute("SELECT key, value FROM run")}
    assert run["planned_duration_s"] == pytest.approx(run["elapsed_s"], rel=0.1)


def test_exponent_is_that_of_the_two_channel_kondo_effect(
    quick_run: Path, answer: Callable[..., tuple[int, str, str]]
) -> None:
    status, line, _ = answer("analyze", str(quick_run), "--json")
    judged = json.loads(line)
    low, high = judged["alpha"]["interval95"]
    assert status == 0
    assert low < 0.5 < high
    assert judged["alpha"]["statistical"] < 0.01
    assert 0.8 < judged["chi2_per_dof"] < 1.2


# --- the same again ---------------------------------------------------------------------------------------------------


def test_same_seed_gives_the_same_readings_at_any_speed(quick_run: Path, tmp_path: Path) -> None:
    assert readings(run_quick(tmp_path, "--speed", "30000")) == readings(quick_run)


def test_another_seed_gives_other_noise_and_the_same_physics(quick_run: Path, tmp_path: Path) -> None:
    one, other = np.array(readings(quick_run)), np.array(readings(run_quick(tmp_path, "--seed", "2")))
    conductance = READINGS.split().index("conductance_S")
    assert (one[:, conductance] != other[:, conductance]).mean() > 0.99
    # arms and gains differ from rack to rack by some tenths of a per cent
    assert np.median(other[:, conductance] / one[:, conductance]) == pytest.approx(1.0, abs=0.01)


class PolledClock:
    """The rack's clock, with another client who asks all boxes whenever the run sleeps."""

    def __init__(self, clock: Clock, visa_library: str) -> None:
        self._clock = clock
        manager = pyvisa.ResourceManager(visa_library)
        asked = {"GPIB0::12::INSTR": "RDGK? 1", "GPIB0::8::INSTR": "FREQ?", "GPIB0::24::INSTR": ":OUTP?"}
        self._boxes = [
            (manager.open_resource(name, read_termination="\n"), question) for name, question in asked.items()
        ]
        self.polls = 0

    def now_s(self) -> float:
        return self._clock.now_s()

    def sleep(self, duration_s: float) -> None:
        start_s = self._clock.now_s()
        if duration_s > 0.2:
            for box, question in self._boxes:
                assert isinstance(box, MessageBasedResource)
                box.query(question)
                self.polls += 1
        self._clock.sleep(start_s + duration_s - self._clock.now_s())


class Unseen:
    """An observer who looks away."""

    def started(self, *_: object) -> None: ...

    def committed(self, *_: object) -> None: ...

    def happened(self, *_: object) -> None: ...

    def planned(self, *_: object) -> None: ...


def test_second_client_polling_the_rack_changes_no_reading(quick_run: Path, tmp_path: Path) -> None:
    station = simulated_station()
    with open_simulated(station, "cu1", 1, None, WallClock()) as rack:
        visa_library = rack.visa_library
        clock = PolledClock(rack.clock, visa_library)
        outcome = run_plan(
            make_plan(load_recipe(QUICK), station),
            rack.roles,
            clock,
            out=tmp_path,
            wall=WallClock(),
            control=Control(WallClock()),
            observer=Unseen(),
            provenance={},
        )
    assert clock.polls > 1000
    assert readings(outcome.run_file) == readings(quick_run)


# --- out to a CSV and back --------------------------------------------------------------------------------------------

WINDOW = ("--temperature-max-K", "1.5", "--bias-max-V", "0.6e-3")


def alpha_of(answer: Callable[..., tuple[int, str, str]], path: Path) -> dict[str, float]:
    status, line, error = answer("analyze", str(path), "--json", *WINDOW)
    assert status == 0, error
    return json.loads(line)["alpha"]


def test_exported_csv_gives_the_same_exponent(
    quick_run: Path, tmp_path: Path, answer: Callable[..., tuple[int, str, str]]
) -> None:
    exported = tmp_path / "out.csv"
    assert answer("export", str(quick_run), "--to", "csv", "-o", str(exported))[0] == 0
    assert alpha_of(answer, exported)["value"] == pytest.approx(alpha_of(answer, quick_run)["value"], abs=1e-6)


def test_foreign_csv_gives_the_same_exponent(
    quick_run: Path, tmp_path: Path, answer: Callable[..., tuple[int, str, str]]
) -> None:
    columns = {
        "G_siemens": "conductance_S",
        "direction": "direction",
        "T_kelvin": "temperature_K",
        "time_s": "time_s",
        "V_volt": "bias_V",
        "G_error_siemens": "conductance_error_S",
        "H_tesla": "field_T",
        "excitation_Vrms": "excitation_Vrms",
    }
    with sqlite3.connect(quick_run) as connection:
        rows = connection.execute(f"SELECT {', '.join(columns.values())} FROM point").fetchall()
    np.random.default_rng(3).shuffle(rows)
    path = tmp_path / "foreign.csv"
    with path.open("w", newline="") as file:
        file.write("# another program wrote this\n# electron_base_K: 0.03\n")
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows[:100])
        file.write("# and a comment in the middle\n")
        writer.writerows(rows[100:])
    assert alpha_of(answer, path)["value"] == pytest.approx(alpha_of(answer, quick_run)["value"], abs=1e-6)


def test_bare_columns_give_the_same_exponent_within_its_error(
    quick_run: Path, tmp_path: Path, answer: Callable[..., tuple[int, str, str]]
) -> None:
    with sqlite3.connect(quick_run) as connection:
        rows = connection.execute(
            "SELECT field_T, bias_V, conductance_S, temperature_K FROM point WHERE kind = 'sweep' ORDER BY bias_V"
        ).fetchall()
    path = tmp_path / "bare.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("H_tesla", "V_volt", "G_siemens", "T_kelvin"), *rows])
    bare, full = alpha_of(answer, path), alpha_of(answer, quick_run)
    assert abs(bare["value"] - full["value"]) < max(bare["error"], full["error"])


# --- what is refused --------------------------------------------------------------------------------------------------


def mended(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new, 1)


BAD_RECIPES: dict[str, Callable[[str], str]] = {
    "unknown key": lambda text: mended(text, "[bias]", "[bias]\nmaximun_V = 1e-3"),
    "field beyond the magnet": lambda text: mended(
        text, "[bias]", "[[series]]\ntemperatures_K = [1.0]\nfields_T = [20.0]\n[bias]"
    ),
    "NaN": lambda text: mended(text, "[bias]", "[[series]]\ntemperatures_K = [nan]\n[bias]"),
    "empty T list": lambda text: mended(text, "[bias]", "[[series]]\ntemperatures_K = []\n[bias]"),
    "wrong unit": lambda text: mended(text, "[bias]", "[[series]]\ntemperatures_mK = [100]\n[bias]"),
    "no TOML": lambda text: text + "\n[bias\n",
}


@pytest.mark.parametrize("fault", BAD_RECIPES)
def test_bad_recipe_is_refused_in_one_line_and_nothing_is_written(
    fault: str, tmp_path: Path, answer: Callable[..., tuple[int, str, str]]
) -> None:
    recipe = tmp_path / "bad.toml"
    recipe.write_text(BAD_RECIPES[fault](QUICK.read_text()))
    out = tmp_path / "runs"
    status, line, error = answer("run", str(recipe), "--simulate", "cu1", "--out", str(out))
    assert (status, line) == (2, "")
    assert len(error.strip().splitlines()) == 1
    assert "bad.toml" in error
    assert not out.exists()


def test_missing_instrument_is_named_and_nothing_is_written(
    tmp_path: Path, answer: Callable[..., tuple[int, str, str]]
) -> None:
    station = tmp_path / "station.toml"
    text = (ROOT / "acquisition" / "stations" / "simulated.toml").read_text()
    text = mended(text, 'name = "simulated"', 'name = "bench"\nvisa_library = "cu1@zerobias"')
    station.write_text(mended(text, "GPIB0::24::INSTR", "GPIB0::25::INSTR"))
    out = tmp_path / "runs"
    status, _, error = answer("run", str(QUICK), "--station", str(station), "--out", str(out), "--yes")
    assert status == 4
    assert len(error.strip().splitlines()) == 1
    assert "GPIB0::25::INSTR" in error
    assert not out.exists()


IMPOSSIBLE = """--temperature-max-K nan, --temperature-max-K 0, --bias-max-V -1, --field-T nan, --noise 0,
    --series-ohm -5, --series-ohm 100, --excitation-Vrms inf, --bias-offset-V here"""


@pytest.mark.parametrize("option", [text.split() for text in IMPOSSIBLE.split(",")], ids=" ".join)
def test_option_that_cannot_be_is_refused_in_one_line(
    quick_run: Path, option: list[str], answer: Callable[..., tuple[int, str, str]]
) -> None:
    status, line, error = answer("analyze", str(quick_run), "--json", *option)
    assert (status, line) == (2, "")
    assert len(error.strip().splitlines()) == 1


@pytest.mark.parametrize("words", [("frobnicate",), ("run",), ("run", "x.toml", "--sed", "1"), ("analyze",)])
def test_wrong_usage_is_one_line_and_status_2(
    words: tuple[str, ...], answer: Callable[..., tuple[int, str, str]]
) -> None:
    status, line, error = answer(*words)
    assert (status, line) == (2, "")
    assert len(error.strip().splitlines()) == 1


@pytest.mark.parametrize("words", [("runs", "no-such-folder"), ("export", "no-such-run", "--to", "csv")])
def test_missing_file_is_named(words: tuple[str, ...], answer: Callable[..., tuple[int, str, str]]) -> None:
    status, _, error = answer(*words)
    assert status == 2
    assert "no-such" in error


# --- lists ------------------------------------------------------------------------------------------------------------


def test_runs_lists_the_run(quick_run: Path, answer: Callable[..., tuple[int, str, str]]) -> None:
    status, line, _ = answer("runs", str(quick_run.parent), "--json")
    (found,) = json.loads(line)
    assert status == 0
    assert (found["name"], found["state"], found["points"]) == ("quick", "complete", found["planned_points"])


def test_samples_lists_the_truth(answer: Callable[..., tuple[int, str, str]]) -> None:
    status, line, _ = answer("samples", "--json")
    assert status == 0
    assert "cu1" in json.loads(line)


def test_report_holds_its_figures_and_numbers(
    quick_run: Path, tmp_path: Path, answer: Callable[..., tuple[int, str, str]]
) -> None:
    assert answer("analyze", str(quick_run), "--report", str(tmp_path))[0] == 0
    (page,) = tmp_path.glob("*.html")
    assert "data:image/svg+xml" in page.read_text()
    (numbers,) = tmp_path.glob("*.json")
    assert json.loads(numbers.read_text())["alpha"]["value"] > 0
    kinds = {path.stem.rpartition("quick_")[2] for path in tmp_path.glob("*.png")}
    assert {"isotherms", "collapse", "exponent", "zero_bias"} <= kinds
    assert all((tmp_path / path.with_suffix(".svg").name).exists() for path in tmp_path.glob("*.png"))


@pytest.fixture(autouse=True)
def _standing_racks_are_forgotten() -> Iterator[None]:
    from simulators.rack import close_rack, find_rack

    yield
    close_rack(find_rack("cu1"))
