import numpy as np
import pytest
from numpy import array

from analysis.errors import ModelError
from analysis.mechanisms import TwoLevelSystems
from analysis.mechanisms_kondo import ChargeTrap, MagneticKondo, SaturatedPowerLaw, TwoChannelKondo

E2_PER_H_S = 3.874045865e-5
KELVIN_PER_VOLT = 11604.518
BOHR_MAGNETON_OVER_E_V_per_T = 5.7883818e-5

SYSTEMS = TwoLevelSystems.from_e2_per_h([0.3, 0.5], [1.0, 2.0], 15.0, [3.0, 4.0])


def test_two_channel_kondo_knows_no_field_by_itself():
    contact = TwoChannelKondo(SYSTEMS)
    bias_V = np.linspace(-1e-3, 1e-3, 5)
    assert np.array_equal(contact.conductance_S(bias_V, 0.1, 6.0), contact.conductance_S(bias_V, 0.1))


def test_tuned_splittings_change_low_bias_only_and_evenly_in_the_field():
    contact = TwoChannelKondo(SYSTEMS, tuning_K=1.0, seed=3)
    change = contact.conductance_S([0.0, 8e-3], 0.1, 5.0) - contact.conductance_S([0.0, 8e-3], 0.1, 0.0)
    assert abs(change[0]) > 1e-3 * E2_PER_H_S
    assert abs(change[1]) < 0.03 * abs(change[0])
    assert contact.conductance_S(0.0, 0.1, 5.0) == contact.conductance_S(0.0, 0.1, -5.0)


def test_tuned_splittings_change_the_conductance_with_random_sign():
    signs = {
        np.sign(np.diff(TwoChannelKondo(SYSTEMS, tuning_K=1.0, seed=10 * n).conductance_S(0.0, 0.1, [0.0, 5.0]))[0])
        for n in range(12)
    }
    assert signs == {-1.0, 1.0}


def test_splittings_in_zero_field_are_those_given():
    assert TwoChannelKondo(SYSTEMS, tuning_K=1.0).in_field(0.0).splitting_K == pytest.approx([3.0, 4.0])


def test_channel_breaking_is_linear_in_the_size_of_the_field():
    systems = TwoLevelSystems.from_e2_per_h([0.3], [1.0], 100.0)
    contact = TwoChannelKondo(systems, channel_coupling=0.5)
    g0, g1, g2, minus = contact.conductance_S(0.0, 4.0, [0.0, 0.1, 0.2, -0.1])
    # eq B1 by hand: (e2/h) lambda mu_B H / kB (TK T)^(1/2) = 0.5 * 0.067171 K / 20 K
    assert g1 - g0 == pytest.approx(0.5 * 0.067171 / 20 * E2_PER_H_S, rel=1e-4)
    assert (g2 - g0) / (g1 - g0) == pytest.approx(2.0, rel=1e-4)
    assert minus == g1


def test_channel_breaking_falls_as_the_root_of_temperature_and_of_bias():
    systems = TwoLevelSystems.from_e2_per_h([1.0], [0.0], 1e3)
    contact = TwoChannelKondo(systems, channel_coupling=1.0)
    assert np.divide(*contact.conductance_S(0.0, [1.0, 4.0], 0.1)) == pytest.approx(2.0, rel=1e-3)
    assert np.divide(*contact.conductance_S([1e-2, 4e-2], 0.1, 0.1)) == pytest.approx(2.0, rel=1e-3)


def test_points_of_several_fields_keep_their_places():
    contact = TwoChannelKondo(SYSTEMS, tuning_K=1.0, channel_coupling=0.1)
    field_T = np.array([3.0, 0.0, 3.0])
    together = contact.conductance_S([0.0, 1e-4, 2e-4], 0.1, field_T)
    alone = [float(contact.conductance_S(v, 0.1, h)) for v, h in zip([0.0, 1e-4, 2e-4], field_T, strict=True)]
    assert together == pytest.approx(alone, rel=1e-12)


def test_saturated_power_law_by_hand():
    contact = SaturatedPowerLaw(array([2.0]), array([1.43]))
    assert contact.conductance_S(0.0, 0.076) == pytest.approx(2 * np.sqrt(2 * np.hypot(1.43, 0.076)))
    assert contact.conductance_S(1.0, 0.076) == pytest.approx(2 * np.sqrt(KELVIN_PER_VOLT), rel=1e-6)


def test_saturated_power_law_without_splitting_is_thermal():
    contact = SaturatedPowerLaw(array([1.0]), array([0.0]))
    assert np.divide(*contact.conductance_S(0.0, [0.4, 0.1])) == pytest.approx(2.0)


def test_two_saturation_terms_add():
    both = SaturatedPowerLaw(array([1.0, 2.0]), array([0.9, 9.7])).conductance_S(1e-4, 0.1)
    parts = SaturatedPowerLaw(array([1.0]), array([0.9])).conductance_S(1e-4, 0.1) + SaturatedPowerLaw(
        array([2.0]), array([9.7])
    ).conductance_S(1e-4, 0.1)
    assert both == pytest.approx(parts)


def test_magnetic_impurities_rise_as_temperature_squared():
    impurities = MagneticKondo(1.0, 100.0)
    bottom, *rise = impurities.conductance_S(0.0, [1e-6, 0.05, 0.1])
    assert bottom == pytest.approx(-1.0)
    assert (rise[1] - bottom) / (rise[0] - bottom) == pytest.approx(4.0, rel=1e-3)


def test_magnetic_impurities_rise_as_bias_squared_with_the_weight_of_a_fermi_liquid():
    impurities = MagneticKondo(1.0, 100.0)
    at_bias = impurities.conductance_S(0.1 / KELVIN_PER_VOLT, 1e-6)
    at_temperature = impurities.conductance_S(0.0, 0.1)
    assert (at_bias + 1) / (at_temperature + 1) == pytest.approx(3 / (2 * np.pi**2), rel=1e-3)


def test_half_of_the_magnetic_dip_is_left_at_the_kondo_temperature():
    assert MagneticKondo(1.0, 7.0).conductance_S(0.0, 7.0) == pytest.approx(-0.5)


@pytest.mark.parametrize(("spin", "low", "high"), [(0.5, 0.15, 3.0), (2.5, 0.1, 10.0)])
def test_about_and_above_the_kondo_temperature_the_magnetic_dip_is_a_logarithm(spin, low, high):
    temperature_K = 10.0 * np.geomspace(low, high, 19)
    dip = MagneticKondo(1.0, 10.0, spin=spin).conductance_S(0.0, temperature_K)
    straight = np.polynomial.Polynomial.fit(np.log(temperature_K), dip, 1)
    assert np.abs(dip - straight(np.log(temperature_K))).max() < 0.035


def test_far_above_the_kondo_temperature_the_magnetic_dip_fades_as_parquet_diagrams_do():
    # 1 / ln^2 (T / T0): the inverse roots at T, 100 T and 10^4 T lie on a line
    dip = MagneticKondo(1.0, 1.0).conductance_S(0.0, [1e6, 1e8, 1e10])
    first, second, third = (-dip) ** -0.5
    assert (third - second) / (second - first) == pytest.approx(1.0, abs=0.02)


def test_the_magnetic_dip_of_a_spin_half_is_that_of_the_numerical_renormalisation_group():
    ratio = np.geomspace(0.01, 8.0, 30)
    goldhaber_gordon = -((1.0 + (2.0 ** (1.0 / 0.22) - 1.0) * ratio**2) ** -0.22)
    assert np.abs(MagneticKondo(1.0, 1.0).conductance_S(0.0, ratio) - goldhaber_gordon).max() < 2e-3


@pytest.mark.parametrize("field_T", [2.0, 5.0])
def test_a_field_splits_the_magnetic_dip_by_twice_the_zeeman_energy(field_T):
    bias_V = np.arange(0, 2e-3, 1e-6)
    dip = MagneticKondo(1.0, 0.3).conductance_S(bias_V, 0.1, field_T)
    assert bias_V[np.argmin(dip)] == pytest.approx(2 * BOHR_MAGNETON_OVER_E_V_per_T * field_T, rel=0.05)


def test_no_splitting_shows_where_the_kondo_temperature_is_large():
    bias_V = np.arange(-2e-3, 2e-3, 1e-5)
    dip = MagneticKondo(1.0, 50.0).conductance_S(bias_V, 0.1, 5.0)
    assert abs(bias_V[np.argmin(dip)]) < 1e-5


def test_charge_trap_makes_a_peak_that_splits():
    trap = ChargeTrap(1.0, 0.3)
    bias_V = np.arange(-2e-3, 2e-3, 1e-6)
    assert abs(bias_V[np.argmax(trap.conductance_S(bias_V, 0.1))]) < 2e-6
    assert trap.conductance_S(0.0, 1e-6) == pytest.approx(1.0)
    assert abs(bias_V[np.argmax(trap.conductance_S(bias_V, 0.1, 5.0))]) == pytest.approx(5.788e-4, rel=0.05)


@pytest.mark.parametrize(
    "make",
    [
        lambda: MagneticKondo(0.0, 1.0),
        lambda: MagneticKondo(1.0, -1.0),
        lambda: ChargeTrap(1.0, np.nan),
        lambda: SaturatedPowerLaw(array([1.0]), array([1.0, 2.0])),
        lambda: TwoChannelKondo(SYSTEMS, tuning_K=-1.0),
        lambda: TwoChannelKondo(SYSTEMS, channel_coupling=np.inf),
    ],
)
def test_parameters_outside_the_domain_are_refused(make):
    with pytest.raises(ModelError):
        make()
