"""Noise and heat against numbers worked out by hand."""

import math

import pytest

from acquisition.planning.budget import (
    averaging,
    johnson_V_per_rtHz,
    joule_heat_W,
    noise_bandwidth_Hz,
    noise_budget,
    stage_heat,
)
from acquisition.recipe import LockInSection
from acquisition.station_file import CircuitKind, CircuitSection, CoolingPower, Stage, simulated_station


@pytest.mark.parametrize(("slope", "order"), [(6, 1), (12, 2), (18, 3), (24, 4)])
def test_bandwidth_is_that_of_cascaded_low_passes(slope: int, order: int) -> None:
    # integral of (1 + (2 pi f T)^2)^-n over f, by the midpoint rule in f = tan(u) / (2 pi T)
    time_constant_s, cells = 0.3, 20_000
    angles = [(cell + 0.5) * math.pi / 2 / cells for cell in range(cells)]
    integral = sum(math.cos(angle) ** (2 * order - 2) for angle in angles) * math.pi / 2 / cells
    assert noise_bandwidth_Hz(time_constant_s, slope) == pytest.approx(integral / (2 * math.pi * time_constant_s))


@pytest.mark.parametrize("readings", [10, 3_600_000_001])
def test_averaging_of_one_low_pass_sums_a_geometric_series(readings: int) -> None:
    falls, apart = math.exp(-1.0), readings - 1
    correlated = sum((readings - k) * falls**k for k in range(1, min(apart, 700) + 1))
    lockin = LockInSection(time_constant_s=1e-6, slope_dB_per_octave=6, average_s=1e-6 * apart)
    assert averaging(lockin) == pytest.approx((readings + 2.0 * correlated) / readings**2, rel=1e-12)


def test_johnson_noise_of_a_kiloohm_is_4_nanovolt() -> None:
    assert johnson_V_per_rtHz(300.0, 1e3) == pytest.approx(4.07e-9, rel=1e-3)


def test_preamplifier_decides_the_noise() -> None:
    noise = noise_budget(0.1, LockInSection(time_constant_s=0.3, slope_dB_per_octave=24), simulated_station())
    assert noise.preamplifier_V_per_rtHz == 1.2e-9
    assert noise.contact_V_per_rtHz == pytest.approx(7.1e-12, rel=0.01)  # 9.12 ohm at 0.1 K
    assert noise.arms_V_per_rtHz == pytest.approx(12.2e-12, rel=0.01)  # 10 kohm at 295 K, divided by 1100
    assert noise.lockin_V_per_rtHz == pytest.approx(60e-12)  # 6 nV over the gain of 100
    assert noise.total_V_per_rtHz == pytest.approx(1.2016e-9, rel=1e-4)
    assert noise.sigma_V == pytest.approx(1.2016e-9 * math.sqrt(5 / 64 / 0.3), rel=1e-4)


def test_current_preamplifier_sees_what_the_loop_lets_through() -> None:
    station = simulated_station()
    circuit = CircuitSection(
        kind=CircuitKind.VOLTAGE_BIAS,
        ac_arm_ohm=1e9,
        dc_arm_ohm=1e9,
        divider_ohm=1.0,
        lead_ohm=3.0,
        transimpedance_ohm=1e4,
        preamplifier_noise_V_per_rtHz=3e-9,
        preamplifier_noise_A_per_rtHz=2e-10,
    )
    station = station.model_copy(update={"circuit": circuit})
    noise = noise_budget(0.1, LockInSection(), station)
    loop_ohm = 1.0 / station.contact.expected_conductance_S + 4.0
    assert noise.preamplifier_V_per_rtHz == pytest.approx(1e4 * math.hypot(3e-9 / loop_ohm, 2e-10), rel=1e-6)
    assert noise.arms_V_per_rtHz == pytest.approx(1e4 * johnson_V_per_rtHz(295.0, 4.0) / loop_ohm, rel=1e-6)
    assert noise.lockin_V_per_rtHz == 6e-9  # no voltage gain before it


def test_warm_contact_is_noisier() -> None:
    cold, warm = (noise_budget(T, LockInSection(), simulated_station()).contact_V_per_rtHz for T in (0.1, 10.0))
    assert warm == pytest.approx(10 * cold)


def test_heat_in_the_contact_is_bias_squared_times_conductance() -> None:
    assert joule_heat_W(4e-3, 0.1096) == pytest.approx(1.754e-6, rel=1e-3)


def test_kiloohm_at_the_mixing_chamber_is_too_much() -> None:
    cooling = (CoolingPower(at_K=0.1, power_W=400e-6),)
    plate = Stage(name="mixing chamber", wiring_ohm=1e3, cooling=cooling)
    (heat,) = stage_heat(0.1, 4e-3, 0.1096, [plate])
    assert heat.heat_W == pytest.approx(192e-6, rel=2e-3)
    assert heat.fraction == pytest.approx(0.48, rel=2e-3)


def test_contact_heats_the_stage_it_sits_on() -> None:
    cooling = (CoolingPower(at_K=0.1, power_W=400e-6),)
    stage = Stage(name="mixing chamber", wiring_ohm=0.0, has_contact=True, cooling=cooling)
    (heat,) = stage_heat(0.1, 4e-3, 0.1096, [stage])
    assert heat.heat_W == pytest.approx(4e-3**2 * 0.1096)


def test_cooling_power_is_interpolated_as_a_power_law_in_any_order() -> None:
    cooling = (CoolingPower(at_K=0.4, power_W=16e-4), CoolingPower(at_K=0.1, power_W=1e-4))
    stage = Stage(name="mixing chamber", wiring_ohm=1.0, cooling=cooling)
    powers_W = [stage_heat(T, 1e-3, 0.1, [stage])[0].cooling_W for T in (0.05, 0.1, 0.2, 0.4, 5.0)]
    assert powers_W == pytest.approx([1e-4, 1e-4, 4e-4, 16e-4, 16e-4])
