import numpy as np
import pytest
import scipy.constants as codata

from analysis.errors import ModelError
from analysis.quantities import (
    CONDUCTANCE_QUANTUM_S,
    KELVIN_PER_TESLA,
    KELVIN_PER_VOLT,
    BOHR_MAGNETON_J_per_T,
    ELECTRON_MASS_kg,
    LORENZ_NUMBER_V2_per_K2,
    excitation_ratio,
    excitation_Vrms,
    in_conductance_quanta,
    reduced_bias,
    sharvin_radius_m,
    siemens,
    thermal_voltage_V,
)


def test_constants_are_those_of_codata():
    assert pytest.approx(codata.e**2 / codata.h, rel=1e-14) == CONDUCTANCE_QUANTUM_S
    assert pytest.approx(codata.e / codata.k, rel=1e-14) == KELVIN_PER_VOLT
    # the editions of CODATA differ in the tenth digit
    assert pytest.approx(codata.physical_constants["Bohr magneton"][0], rel=1e-8) == BOHR_MAGNETON_J_per_T
    assert pytest.approx(codata.m_e, rel=1e-8) == ELECTRON_MASS_kg
    assert pytest.approx(0.67171, rel=1e-5) == KELVIN_PER_TESLA
    assert pytest.approx(2.443e-8, rel=2e-4) == LORENZ_NUMBER_V2_per_K2


def test_a_millivolt_at_100_mK_is_116_thermal_voltages():
    assert reduced_bias(1e-3, 0.1) == pytest.approx(116.045, abs=1e-3)
    assert thermal_voltage_V(0.1) == pytest.approx(8.6173e-6, rel=1e-4)


def test_excitation_of_6_microvolt_rms_at_100_mK_has_ratio_one():
    assert excitation_ratio(6.0934e-6, 0.1) == pytest.approx(1.0, rel=1e-4)


def test_excitation_in_volt_is_the_inverse_of_the_ratio():
    temperature_K = np.geomspace(0.05, 5.7, 7)
    assert excitation_ratio(excitation_Vrms(0.7, temperature_K), temperature_K) == pytest.approx(np.full(7, 0.7))


def test_reduced_bias_broadcasts():
    assert reduced_bias(np.zeros((1, 5)), np.ones((3, 1))).shape == (3, 5)


@pytest.mark.parametrize("temperature_K", [0.0, -1.0, np.nan, np.inf])
def test_a_temperature_that_is_none_is_refused(temperature_K):
    with pytest.raises(ModelError, match="temperature_K"):
        reduced_bias(1e-3, temperature_K)


def test_conductance_quanta_and_siemens_are_inverse():
    assert 1 / siemens(1.0) == pytest.approx(25812.80745)
    assert in_conductance_quanta(siemens(2829.0)) == pytest.approx(2829.0)


# footnote 3 of the paper: 6.4 ohm has a diameter of about 13 nm; eq 3 by hand: a = 2/kF (G h / 2e^2)^(1/2)
def test_sharvin_radius_of_the_papers_contacts():
    assert 2 * sharvin_radius_m(1 / 6.4) == pytest.approx(13.2e-9, rel=0.01)
    fermi_wave_number_per_m = np.sqrt(2 * codata.m_e * 7.0 * codata.e) / codata.hbar
    assert sharvin_radius_m(siemens(2829)) == pytest.approx(2 / fermi_wave_number_per_m * np.sqrt(2829 / 2), rel=1e-8)


@pytest.mark.parametrize("conductance_S", [0.0, -1.0, np.nan])
def test_a_contact_without_conductance_has_no_radius(conductance_S):
    with pytest.raises(ModelError, match="conductance_S"):
        sharvin_radius_m(conductance_S)
