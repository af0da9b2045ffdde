"""How long things take, counted by hand."""

import numpy as np
import pytest

from acquisition.planning.sweep import make_sweep
from acquisition.planning.timing import (
    crosses,
    field_approach_s,
    lockin_settle_s,
    move_s,
    point_settle_s,
    sweep_times_s,
    temperature_approach_s,
    temperature_dwell_s,
)
from acquisition.recipe import AnchorsSection, BiasSection, FieldSection, LockInSection, SettlingSection
from acquisition.station_file import Approach, ContactSection, MagnetSection, TemperatureSection, simulated_station

SETTLING = SettlingSection()
CONTACT: ContactSection = simulated_station().contact.model_copy(
    update={"largest_step_V": 0.2e-3, "maximum_bias_rate_V_per_s": 1e-3}
)
CRYOSTAT: TemperatureSection = simulated_station().temperature.model_copy(
    update={
        "ramp_K_per_min": 0.1,
        "approach": (Approach(above_K=0.0, minutes=15), Approach(above_K=1.0, minutes=5)),
        "crossing_K": 0.9,
        "crossing_minutes": 30.0,
    }
)
MAGNET: MagnetSection = simulated_station().magnet.model_copy(update={"rate_T_per_min": 0.5})


@pytest.mark.parametrize(("slope", "time_constants"), [(6, 5), (12, 7), (18, 9), (24, 10)])
def test_lockin_waits_as_its_manual_says(slope: int, time_constants: int) -> None:
    assert lockin_settle_s(0.3, slope) == pytest.approx(0.3 * time_constants)


def test_point_waits_longer_after_a_jump() -> None:
    lockin = LockInSection(time_constant_s=0.3)
    assert point_settle_s(lockin, SETTLING, is_jump=False) == pytest.approx(3.0)
    assert point_settle_s(lockin, SETTLING, is_jump=True) == 5.0


def test_jump_is_never_shorter_than_the_filter() -> None:
    assert point_settle_s(LockInSection(time_constant_s=1.0), SETTLING, is_jump=True) == 10.0


@pytest.mark.parametrize(("step_V", "seconds"), [(0.0, 0.0), (-0.2e-3, 0.0), (-4e-3, 4.0), (0.3e-3, 0.3)])
def test_long_way_is_ramped_at_the_contacts_rate(step_V: float, seconds: float) -> None:
    assert move_s(step_V, CONTACT) == pytest.approx(seconds)


def test_sweep_times_agree_with_the_single_ones() -> None:
    lockin = LockInSection()
    sweep = make_sweep(BiasSection(maximum_V=4e-3, points=401), AnchorsSection(), SETTLING)
    moves_s, settles_s = sweep_times_s(sweep, lockin, SETTLING, CONTACT)
    for place in range(2, len(sweep)):
        assert moves_s[place] == pytest.approx(move_s(sweep.step_V[place], CONTACT))
        assert settles_s[place] == point_settle_s(lockin, SETTLING, is_jump=bool(sweep.is_jump[place]))


def test_second_opening_anchor_comes_two_minutes_after_the_first() -> None:
    sweep = make_sweep(BiasSection(maximum_V=4e-3, points=401), AnchorsSection(), SETTLING)
    _, settles_s = sweep_times_s(sweep, LockInSection(), SETTLING, CONTACT)
    assert settles_s[1] == 120.0
    assert np.count_nonzero(settles_s == 120.0) == 1


@pytest.mark.parametrize(("temperature_K", "minutes"), [(0.1, 10), (0.2, 5), (0.99, 5), (1.0, 3), (5.7, 3)])
def test_colder_is_longer(temperature_K: float, minutes: float) -> None:
    assert temperature_dwell_s(temperature_K, SETTLING) == 60.0 * minutes


@pytest.mark.parametrize(
    ("from_K", "to_K", "minutes"),
    [
        (2.0, 1.0, 10 + 5 + 3),  # ramp, approach, dwell
        (0.4, 0.2, 2 + 15 + 5),
        (1.0, 0.8, 2 + 15 + 5 + 30),  # ... and the mixture
        (0.1, 0.1, 10),  # the dwell alone
    ],
)
def test_temperature_takes_ramp_approach_and_dwell(from_K: float, to_K: float, minutes: float) -> None:
    assert temperature_approach_s(from_K, to_K, CRYOSTAT, SETTLING) == pytest.approx(60.0 * minutes)


def test_regime_changes_both_ways() -> None:
    assert crosses(1.0, 0.8, CRYOSTAT)
    assert crosses(0.8, 1.0, CRYOSTAT)
    assert not crosses(0.9, 1.0, CRYOSTAT)
    assert not crosses(0.1, 5.0, CRYOSTAT.model_copy(update={"crossing_K": None}))


@pytest.mark.parametrize(
    ("to_T", "temperature_K", "seconds"),
    [(1.0, 1.0, 120 + 30), (-1.0, 0.1, 600 + 30), (0.0, 0.1, 0.0), (0.4e-3, 0.1, 0.0)],
)
def test_field_takes_ramp_and_wait(to_T: float, temperature_K: float, seconds: float) -> None:
    assert field_approach_s(0.0, to_T, temperature_K, MAGNET, SETTLING, FieldSection()) == pytest.approx(seconds)


def test_first_anchor_waits_until_a_new_excitation_is_in_to_a_part_in_a_million() -> None:
    lockin = LockInSection(time_constant_s=0.3, slope_dB_per_octave=24)
    sweep = make_sweep(BiasSection(maximum_V=4e-3, points=401), AnchorsSection(), SETTLING)
    constants = sweep_times_s(sweep, lockin, SETTLING, CONTACT)[1][0] / lockin.time_constant_s
    missing = np.exp(-constants) * sum(constants**n / f for n, f in enumerate((1, 1, 2, 6)))
    assert missing < 1e-6


def test_persistent_switch_and_degauss_take_their_time() -> None:
    magnet = MAGNET.model_copy(update={"lead_rate_T_per_min": 2.0, "switch_s": 40.0})
    plain_s = field_approach_s(2.0, 0.0, 1.0, magnet, SETTLING, FieldSection())
    persistent_s = field_approach_s(2.0, 0.0, 1.0, magnet, SETTLING, FieldSection(persistent=True))
    assert persistent_s - plain_s == pytest.approx(60.0 + 2 * 40.0)  # leads up to 2 T, switch open and shut
    degauss_s = field_approach_s(2.0, 0.0, 1.0, magnet, SETTLING, FieldSection(degauss_from_T=0.5))
    assert degauss_s - plain_s == pytest.approx(60.0 * 4.5 / magnet.rate_T_per_min)
