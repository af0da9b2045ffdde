"""A dummy resistor on the simulated rack tells of the line what the simulation knows to be true of it."""

from datetime import UTC, datetime

import pytest

from acquisition.calibration import Calibration, calibrated
from acquisition.circuit import conductance, input_referred_V
from acquisition.clock import WallClock
from acquisition.errors import InputError
from acquisition.running.dummy import Dummy, LineTest
from acquisition.station import open_simulated
from acquisition.station_file import CircuitKind, CircuitSection, Station, simulated_station
from instruments.errors import StateError
from simulators.rack import find_rack
from simulators.wiring import Wiring

MADE = datetime(2026, 11, 28, tzinfo=UTC)
VOLTAGE_BIAS = CircuitSection(
    kind=CircuitKind.VOLTAGE_BIAS,
    ac_arm_ohm=5e3,
    dc_arm_ohm=1e3,
    divider_ohm=1.0,
    transimpedance_ohm=10e3,
    preamplifier_noise_V_per_rtHz=1.2e-9,
    lead_ohm=4.0,
)


def found_by_dummy(
    station: Station, seed: int, resistor_ohm: float = 10.0, said_ohm: float | None = None
) -> Calibration:
    with open_simulated(station, "cu1", seed, None, WallClock(), dummy_ohm=resistor_ohm) as rack:
        dummy = Dummy(said_ohm or resistor_ohm, 1e-4, 137.7)
        calibration = LineTest(station, rack.roles, rack.clock, dummy).run(MADE, seed)
        wiring = find_rack(rack.visa_library.partition("@")[0]).world.wiring
        assert wiring.source_A.target == pytest.approx(0.0, abs=1e-6)  # its offset
        assert wiring.oscillator_Vrms.target < 0.0042
    return calibration


@pytest.mark.parametrize("seed", [1, 2])
def test_gain_is_that_of_preamplifier_and_arm(seed: int) -> None:
    values = Wiring(seed).values
    expected = values.gain / 100.0 * 100e3 / values.ac_arm_ohm
    calibration = found_by_dummy(simulated_station(), seed)
    assert calibration.response[0].gain_factor == pytest.approx(expected, rel=6e-3)  # the lock-in's own gain
    assert calibration.polarity == 1
    assert max(calibration.linearity_fraction, calibration.bias_linearity_fraction) < 1e-4
    assert abs(calibration.zero_x_V) < 5.0 * calibration.zero_error_V


@pytest.mark.parametrize("circuit", [simulated_station().circuit, VOLTAGE_BIAS], ids=["4-wire", "voltage bias"])
def test_calibrated_line_finds_another_resistor(circuit: CircuitSection) -> None:
    station = simulated_station()
    sourcemeter = station.sourcemeter.model_copy(update={"range_A": 10e-3 if circuit.divider_ohm else 1e-3})
    station = station.model_copy(update={"circuit": circuit, "sourcemeter": sourcemeter})
    line = calibrated(station, found_by_dummy(station, 3)).circuit
    with open_simulated(station, "cu1", 3, None, WallClock(), dummy_ohm=8.0) as rack:
        lock_in = rack.roles.lock_in
        lock_in.configure(frequency_Hz=137.7, time_constant_s=0.3, slope_dB_per_octave=24)
        oscillator_Vrms = lock_in.set_excitation(0.5)
        lock_in.set_sensitivity(0.1)
        rack.clock.sleep(10.0)
        reading = lock_in.read()
    x_V, y_V = input_referred_V(reading.x_V, line), input_referred_V(reading.y_V, line)
    # what is left is the arms' and leads' own error where they are not much larger than the resistor
    tolerance = 2e-3 if circuit.divider_ohm else 2e-4
    assert conductance(x_V, y_V, oscillator_Vrms, line).conductance_S == pytest.approx(1.0 / 8.0, rel=tolerance)


def test_swapped_leads_are_noticed_and_put_right(monkeypatch: pytest.MonkeyPatch) -> None:
    upright = Wiring.gain
    monkeypatch.setattr(Wiring, "gain", lambda self, time_s: -upright(self, time_s))
    calibration = found_by_dummy(simulated_station(), 1)
    assert calibration.polarity == -1
    line = calibrated(simulated_station(), calibration).circuit
    assert conductance(-5e-6, 0.0, 0.05, line).conductance_S == pytest.approx(0.1, rel=0.02)


def test_preamplifier_that_saturates_is_not_linear(monkeypatch: pytest.MonkeyPatch) -> None:
    straight = Wiring.signals_V

    def bent(self: Wiring, oscillator_Vrms, bias_V, curve, frequency_Hz: float):
        signal_V, steady_V = straight(self, oscillator_Vrms, bias_V, curve, frequency_Hz)
        return signal_V * (1.0 - 20.0 * abs(signal_V)) * (1.0 - bias_V), steady_V

    monkeypatch.setattr(Wiring, "signals_V", bent)
    calibration = found_by_dummy(simulated_station(), 1)
    assert calibration.linearity_fraction > 5e-4
    assert calibration.bias_linearity_fraction == pytest.approx(2.5e-3, rel=0.1)


def test_another_resistor_than_the_one_named_is_refused() -> None:
    with pytest.raises(InputError, match="is it that resistor"):
        found_by_dummy(simulated_station(), 1, resistor_ohm=1.0, said_ohm=10.0)
    with pytest.raises(StateError, match="OUTPUT_OVERLOAD with a dummy of 10 ohm"):
        found_by_dummy(simulated_station(), 1, resistor_ohm=100.0, said_ohm=10.0)
