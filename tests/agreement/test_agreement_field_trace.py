"""A continuous field sweep on the simulated rack: what the lock-in stored belongs to the field that it says."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from acquisition.clock import WallClock
from acquisition.station import Rack, open_simulated
from acquisition.station_file import LockInModel, Station, simulated_station
from instruments.errors import StateError, StoppedError
from instruments.field_trace import trace_field
from instruments.roles import BufferedLockIn, MagnetState
from simulators.rack import find_rack

EXAMPLE = Path(__file__).parents[2] / "examples" / "field_sweep.py"
Connected = tuple[Rack, Station]


@pytest.fixture
def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("field_sweep_example", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(params=["SR830", "SR860", "SR865A"])
def connected(request: pytest.FixtureRequest) -> Iterator[Connected]:
    station = simulated_station()
    lockin = station.lockin.model_copy(update={"model": LockInModel(request.param)})
    station = station.model_copy(update={"lockin": lockin})
    with open_simulated(station, "cu1", 1, None, WallClock()) as rack:
        yield rack, station


def test_each_stored_reading_has_the_field_of_one_filter_delay_before(
    example: ModuleType, connected: Connected
) -> None:
    rack, station = connected
    trace = example.sweep(rack, station, 0.0, 0.05, 0.2)
    coil = find_rack(rack.visa_library.partition("@")[0]).coil
    assert len(trace.time_s) == pytest.approx(15.0 * 4.0, rel=0.4)  # the box's next rate at or above 4 Hz
    true_T = coil.field_T(trace.time_s - 0.4)
    assert trace.field_T == pytest.approx(true_T, abs=0.3e-3)  # a quarter of what the delay is worth
    assert 0.0 <= trace.largest_lag_T < 1e-3
    assert rack.roles.magnet.read().field_T == pytest.approx(0.05, abs=1e-3)
    found_S = example.conductances_S(trace, station)
    assert found_S == pytest.approx(np.full(len(found_S), 0.1096), rel=0.02)


def test_stopped_sweep_holds_the_field(example: ModuleType, connected: Connected) -> None:
    rack, _ = connected
    looks = iter(range(10_000))
    with pytest.raises(StoppedError):
        trace_field(
            rack.roles.magnet,
            rack.roles.lock_in,
            rack.clock,
            0.5,
            0.2,
            sampling_Hz=4.0,
            delay_s=0.4,
            should_stop=lambda: next(looks) > 20,
        )
    assert rack.roles.magnet.read().state in (MagnetState.PAUSED, MagnetState.HOLDING)
    assert 0.0 < rack.roles.magnet.read().field_T < 0.4


def test_lock_in_without_a_buffer_is_refused_before_the_field_moves(connected: Connected) -> None:
    rack, _ = connected

    class Unbuffered:
        name = "an older lock-in"

    assert isinstance(rack.roles.lock_in, BufferedLockIn)
    with pytest.raises(StateError, match="stores nothing by itself"):
        trace_field(rack.roles.magnet, Unbuffered(), rack.clock, 0.5, 0.2, sampling_Hz=4.0, delay_s=0.4)  # type: ignore[arg-type]
    assert rack.roles.magnet.read().state is not MagnetState.RAMPING


def test_example_writes_a_table(example: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert example.main(tmp_path / "sweep.csv") == 0
    table = np.loadtxt(tmp_path / "sweep.csv", delimiter=",", skiprows=1)
    assert table.shape == (len(table), 3)
    assert table[-1, 1] == pytest.approx(0.1, abs=3e-3)
    assert f"{len(table)} readings" in capsys.readouterr().out
