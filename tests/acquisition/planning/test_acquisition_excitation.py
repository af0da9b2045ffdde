"""Oscillator and range of an isotherm."""

import math

import pytest

from acquisition.errors import PlanError
from acquisition.planning.excitation import choose_excitation, floor_to_step, wanted_excitation_Vrms
from acquisition.recipe import ExcitationSection, Recipe, parse_recipe
from acquisition.station_file import Station, simulated_station

KT_PER_E_V = 8.617333e-5
TEXT = '[run]\nname="a"\nsample="b"\n[[series]]\ntemperatures_K=[1]\n[bias]\nmaximum_V=4e-3\npoints=401\n'


def recipe_with(excitation: str = "") -> Recipe:
    return parse_recipe(f"{TEXT}[excitation]\n{excitation}", "x.toml")


def choose(temperature_K: float, excitation: str = "", station: Station | None = None):
    thermal_V = KT_PER_E_V * temperature_K
    return choose_excitation(
        recipe_with(excitation), station or simulated_station(), temperature_K, thermal_V, "series[0].temperatures_K[0]"
    )


def test_excitation_follows_the_temperature() -> None:
    wanted_V = wanted_excitation_Vrms(8.617e-6, ExcitationSection(rms_over_kT=1.0))
    assert wanted_V == pytest.approx(6.093e-6, rel=1e-3)


def test_excitation_keeps_to_its_bounds() -> None:
    bounded = ExcitationSection(minimum_Vrms=1e-5, maximum_Vrms=1e-4)
    assert wanted_excitation_Vrms(1e-6, bounded) == 1e-5
    assert wanted_excitation_Vrms(1.0, bounded) == 1e-4


@pytest.mark.parametrize(("value", "floor"), [(0.0668, 0.066), (0.066, 0.066), (0.006, 0.006), (4.9999, 4.998)])
def test_oscillator_is_rounded_down_but_not_by_binary_dust(value: float, floor: float) -> None:
    assert floor_to_step(value, 0.002) == floor


def test_100_mK_takes_66_mV_of_the_oscillator() -> None:
    excitation = choose(0.1)
    assert excitation.oscillator_Vrms == 0.066
    assert math.sqrt(2) * excitation.excitation_Vrms / (0.1 * KT_PER_E_V) == pytest.approx(1.0, abs=0.03)


def test_range_holds_the_amplified_signal_with_room() -> None:
    excitation = choose(0.1)
    assert excitation.full_scale_V == pytest.approx(1.2 * 100 * excitation.excitation_Vrms)


def test_all_temperatures_of_figure_8_fit_the_oscillator() -> None:
    assert 0.06 < choose(0.1).oscillator_Vrms < choose(5.7).oscillator_Vrms < 4.0


@pytest.mark.parametrize("temperature_K", [0.005, 9.0])
def test_what_the_oscillator_cannot_give_is_refused(temperature_K: float) -> None:
    with pytest.raises(PlanError, match=r"^x.toml: series\[0\].temperatures_K\[0\]: .*SR830 gives 0.004 to 5 V"):
        choose(temperature_K)


def test_bias_and_excitation_together_keep_to_the_contacts_limit() -> None:
    station = simulated_station()
    tight = station.contact.model_copy(update={"maximum_bias_V": 4.2e-3})
    with pytest.raises(PlanError, match=r"0\.0044\d V at the peak"):
        choose(5.7, station=station.model_copy(update={"contact": tight}))


def test_signal_beyond_the_largest_range_is_refused() -> None:
    station = simulated_station()
    loud = station.circuit.model_copy(update={"preamplifier_gain": 1e4})
    with pytest.raises(PlanError, match="the largest is 1 V"):
        choose(5.7, station=station.model_copy(update={"circuit": loud}))
