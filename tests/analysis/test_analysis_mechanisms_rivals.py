import numpy as np
import pytest
from numpy import array

from analysis.errors import ModelError
from analysis.mechanisms_rivals import (
    ExternalCircuit,
    HotSpot,
    KozubKulik,
    StaticDisorder,
    disorder_scaling_function,
    effective_temperature_K,
)

KELVIN_PER_VOLT = 11604.518
VON_KLITZING_ohm = 25812.80745

# mpmath, 30 digits: Phi(x) = int dy y^(-1/2) [1 - (tanh((y+x)/2) + tanh((y-x)/2))/2], Phi(1.14951619379506 v)/Phi(0)
DISORDER = {
    0.0: 1.0,
    0.1: 1.0012951245384840581,
    1.0: 1.1192109704157320151,
    2.0: 1.3891841054506569347,
    5.0: 2.2059387295962497269,
    10.0: 3.152064629709679476,
    20.0: 4.4686271071817286561,
    30.0: 5.4753246159425524329,
    39.0: 6.2437174347068015026,
    100.0: 9.99968868475704153,
    1000.0: 31.622766760219178061,
    1e6: 999.99999999968878658,
}


def test_disorder_curve_agrees_with_high_precision():
    assert disorder_scaling_function(list(DISORDER)) == pytest.approx(np.array(list(DISORDER.values())), abs=1e-11)


def test_disorder_curve_is_the_thermal_average_of_the_root_of_energy():
    # 2 int (-f') |x + eps|^(1/2) d eps, with x = c v; substitution by the occupation f = p, in the midpoint rule
    p = (np.arange(400_000) + 0.5) / 400_000
    energy = np.log(1 / p - 1)
    x = (np.mean(np.sqrt(np.abs(energy)))) ** 2 * 3.0
    average = np.mean(np.sqrt(np.abs(energy + x))) / np.mean(np.sqrt(np.abs(energy)))
    assert disorder_scaling_function(3.0) == pytest.approx(average, rel=1e-4)


def test_disorder_has_no_step_between_table_and_series():
    below, above = disorder_scaling_function(np.array([30.0, np.nextafter(30.0, 31.0)]))
    assert abs(below - above) < 1e-11


def test_disorder_rises_as_the_root_of_temperature_and_of_bias():
    region = StaticDisorder(3.0)
    assert region.conductance_S(0.0, [0.04, 0.16]) == pytest.approx([0.6, 1.2])
    assert np.divide(*region.conductance_S([0.04, 0.01], 0.1)) == pytest.approx(2.0, rel=1e-3)


def test_disorder_has_a_magnetoconductance_as_the_root_of_the_field():
    region = StaticDisorder(1.0, magneto_S_per_sqrt_T=0.2)
    change = region.conductance_S(0.0, 0.001, [4.0, 16.0]) - region.conductance_S(0.0, 0.001)
    assert change == pytest.approx([0.4, 0.8], rel=0.02)
    small = region.conductance_S(0.0, 5.0, [0.01, -0.02]) - region.conductance_S(0.0, 5.0)
    assert small[1] / small[0] == pytest.approx(4.0, rel=1e-3)


def test_populations_in_equilibrium_are_a_hyperbolic_tangent():
    defects = KozubKulik(array([2.0]), array([0.5]), array([3.0]))
    temperature_K = np.array([0.5, 1.0, 4.0])
    assert defects.conductance_S(0.0, temperature_K) == pytest.approx(1.5 * (np.tanh(1 / temperature_K) - 1))


def test_cold_populations_move_only_once_the_bias_exceeds_the_splitting():
    # T = 0, q = 1/2: n = 1 below eV = Delta, 2/(1 + eV/Delta) above, by hand from the golden rule
    defects = KozubKulik(array([2.0]), array([0.5]), array([3.0]))
    nu = np.array([0.5, 0.9, 2.0, 3.0])
    change = defects.conductance_S(nu * 2.0 / KELVIN_PER_VOLT, 1e-3)
    assert change == pytest.approx(1.5 * np.array([0, 0, 2 / 3 - 1, 1 / 2 - 1]), abs=1e-4)


@pytest.mark.parametrize(("strength", "sign"), [(1.0, -1), (-1.0, 1)])
def test_population_spectroscopy_gives_both_signs(strength, sign):
    defects = KozubKulik(array([1.0]), array([0.4]), array([strength]))
    rise = defects.conductance_S([1e-3, -1e-3], 0.1) - defects.conductance_S(0.0, 0.1)
    assert np.all(np.sign(rise) == sign)
    assert rise[0] == pytest.approx(rise[1])


def test_populations_away_from_the_orifice_do_not_feel_the_bias():
    assert np.ptp(KozubKulik(array([1.0]), array([0.0]), array([1.0])).conductance_S([0.0, 1e-3, 1e-2], 0.3)) < 1e-12


def test_population_spectroscopy_does_not_scale():
    defects = KozubKulik(array([1.0]), array([0.5]), array([-1.0]))
    temperature_K = np.array([0.1, 0.2, 0.4, 0.8])
    rise = defects.conductance_S(3 * temperature_K / KELVIN_PER_VOLT, temperature_K) - defects.conductance_S(
        0.0, temperature_K
    )
    # under scaling the exponent from any pair of temperatures at one v would be the same
    exponents = np.diff(np.log(rise)) / np.log(2)
    assert np.ptp(exponents) > 1.0


def test_circuit_sets_the_exponent():
    assert ExternalCircuit(1.0, VON_KLITZING_ohm / 4).exponent == pytest.approx(0.5)
    change = ExternalCircuit(2.0, VON_KLITZING_ohm / 4).conductance_S(0.0, [1.0, 4.0, 0.01])
    assert change == pytest.approx([2.0, 4.0, 0.2])


def test_circuit_of_exponent_two_is_a_parabola():
    # |Gamma(2 + iy)|^2 = (1 + y^2) pi y / sinh(pi y): I ~ (1 + v^2/4 pi^2) v, G ~ 1 + 3 v^2/4 pi^2
    v = np.array([0.0, 1.0, 7.0, 300.0, 1e5])
    change = ExternalCircuit(1.0, VON_KLITZING_ohm).conductance_S(v * 0.5 / KELVIN_PER_VOLT, 0.5)
    assert change == pytest.approx(0.25 * (1 + 3 * v**2 / (4 * np.pi**2)), rel=1e-6)


def test_circuit_forgets_temperature_at_large_bias():
    cold, warm = ExternalCircuit(1.0, VON_KLITZING_ohm / 4).conductance_S(0.01, [0.05, 0.2])
    assert cold == pytest.approx(warm, rel=1e-4)


def test_heated_contact_at_a_millivolt_has_three_kelvin():
    # V / (2 L0^(1/2)) with L0 = 2.443e-8
    assert effective_temperature_K(1e-3, 1e-3) == pytest.approx(1e-3 / (2 * np.sqrt(2.443e-8)), rel=1e-3)


def test_heating_maps_bias_onto_temperature_exactly():
    spot = HotSpot(2.0, 0.5)
    assert spot.conductance_S(5e-4, 0.3) == pytest.approx(spot.conductance_S(0.0, effective_temperature_K(5e-4, 0.3)))


def test_heating_scales_with_the_slope_of_the_lorenz_number():
    v, temperature_K = 1e6, 0.1
    curve = HotSpot(1.0, 0.5).conductance_S(v * temperature_K / KELVIN_PER_VOLT, temperature_K) / np.sqrt(temperature_K)
    # Gamma -> (A v)^(1/2), A = kB/(2 e L0^(1/2)) = 3^(1/2)/(2 pi)
    assert curve**2 / v == pytest.approx(np.sqrt(3) / (2 * np.pi), rel=1e-6)


@pytest.mark.parametrize(
    "model", [StaticDisorder(1.0), KozubKulik(array([1]), array([0.5]), array([1])), ExternalCircuit(1, 9), HotSpot(1)]
)
def test_points_that_are_none_are_refused(model):
    for arguments in ((np.nan, 0.1), (0.0, 0.0), (0.0, 0.1, np.inf)):
        with pytest.raises(ModelError):
            model.conductance_S(*arguments)


@pytest.mark.parametrize(
    "make",
    [
        lambda: StaticDisorder(0.0),
        lambda: KozubKulik(array([1.0]), array([1.5]), array([1.0])),
        lambda: KozubKulik(array([0.0]), array([0.5]), array([1.0])),
        lambda: ExternalCircuit(1.0, -1.0),
        lambda: HotSpot(1.0, np.nan),
    ],
)
def test_parameters_outside_the_domain_are_refused(make):
    with pytest.raises(ModelError):
        make()
