"""Corrections, against a contact whose wiring, offset and excitation are put in by hand."""

import numpy as np
import pytest
from scipy.integrate import quad
from simulated_contact import QUANTUM_S, run_columns

from analysis.collapse import fit_exponent
from analysis.corrections import (
    Corrections,
    correct_isotherm,
    current_A,
    electron_temperature_K,
    remove_series_resistance,
    smeared_Vrms,
)
from analysis.curves import Window, make_curves
from analysis.errors import DataError, ModelError
from analysis.scaling.bias_offset import estimate_bias_offset
from analysis.scaling.master_curve import MasterBasis

PAPER = Window(1.5, 0.8e-3)
SERIES_OHM = 3.0


def contact_conductance(bias_V: np.ndarray) -> np.ndarray:
    return 0.11 + 2.0 * np.abs(bias_V) + 1e-4


def test_series_resistance_is_taken_off_bias_and_conductance() -> None:
    bias = np.linspace(-2e-3, 2e-3, 401)
    conductance = contact_conductance(bias)
    current = 0.1101 * bias + bias * np.abs(bias)
    measured = make_curves(
        bias_V=bias + SERIES_OHM * current, temperature_K=0.1, conductance_S=1 / (1 / conductance + SERIES_OHM)
    )
    own = remove_series_resistance(measured.isotherms()[0], SERIES_OHM)
    assert own.bias_V == pytest.approx(bias, abs=2e-9)
    assert own.conductance_S == pytest.approx(conductance, rel=1e-12)


def test_series_resistance_shrinks_the_excitation_and_widens_the_error() -> None:
    curves = make_curves(
        bias_V=np.linspace(-1e-3, 1e-3, 11), temperature_K=0.1, conductance_S=0.1,
        conductance_error_S=1e-5, excitation_Vrms=6e-6,
    )  # fmt: skip
    own = remove_series_resistance(curves.isotherms()[0], 5.0)
    assert own.excitation_Vrms == pytest.approx(np.full(11, 3e-6))
    assert own.conductance_error_S == pytest.approx(np.full(11, 4e-5))


def test_more_series_resistance_than_there_is_is_refused() -> None:
    curves = make_curves(bias_V=np.linspace(-1, 1, 11), temperature_K=0.1, conductance_S=0.11)
    with pytest.raises(ModelError, match=r"series_ohm is 10 but the whole circuit has only 9\.09"):
        remove_series_resistance(curves.isotherms()[0], 10.0)


def test_current_is_the_integral_from_zero_bias() -> None:
    bias = np.array([3.0, -1.0, 1.0, 2.0])
    assert current_A(bias, np.full(4, 2.0)).tolist() == [6.0, -2.0, 2.0, 4.0]


def test_electrons_saturate_at_their_base_temperature() -> None:
    assert electron_temperature_K(0.0, 0.03) == pytest.approx(0.03)
    assert electron_temperature_K(0.03, 0.03) == pytest.approx(0.03 * 2**0.2)


@pytest.mark.parametrize("offset_V", [0.0, 5e-6, -3e-4])
def test_bias_offset_is_found_from_symmetry(offset_V: float) -> None:
    columns = run_columns(4)
    columns["bias_V"] = columns["bias_V"] + offset_V
    found, error = estimate_bias_offset(make_curves(**columns).isotherms())
    assert error < 2e-6
    assert found == pytest.approx(offset_V, abs=3 * error)


def test_drift_between_the_legs_of_a_triangle_is_no_bias_offset() -> None:
    # down to -1 mV, up to +1 mV, down to zero: by the third leg the chain has drifted by 0.6 e2/h
    half = np.linspace(0.0, 1e-3, 121)
    bias = np.concatenate([-half, np.linspace(-1e-3, 1e-3, 241), half[::-1]])
    leg = np.repeat([0.0, 1.0, 2.0], [121, 241, 121])
    rng = np.random.default_rng(7)
    shape = [np.sqrt(np.hypot(bias * 11604.5, t)) for t in (0.5, 2.0, 5.0)]
    conductance = [2800.0 + curve + 0.3 * leg + 0.03 * rng.standard_normal(leg.size) for curve in shape]
    curves = make_curves(
        bias_V=np.tile(bias, 3),
        temperature_K=np.repeat([0.5, 2.0, 5.0], bias.size),
        conductance_S=np.concatenate(conductance) * QUANTUM_S,
        time_s=np.arange(3.0 * bias.size),
        direction=np.tile(np.where(leg == 1.0, 1, -1), 3),
    )
    found, error = estimate_bias_offset(curves.isotherms())
    assert found == pytest.approx(0.0, abs=4.0 * error)
    assert error < 2e-6


def test_an_offset_that_was_found_is_taken_off_and_listed() -> None:
    columns = run_columns(4)
    centred = fit_exponent(make_curves(**columns), PAPER)
    columns["bias_V"] = columns["bias_V"] + 2e-5
    fit = fit_exponent(make_curves(**columns), PAPER, Corrections(bias_offset_V="auto"))
    assert fit.corrections.bias_offset_V == pytest.approx(2e-5, abs=3e-6)
    assert fit.corrections.bias_offset_error_V is not None
    assert fit.alpha == pytest.approx(centred.alpha, abs=0.003)


def test_offset_of_one_sided_curves_is_refused() -> None:
    curves = make_curves(bias_V=np.linspace(1e-5, 1e-3, 50), temperature_K=0.1, conductance_S=np.arange(50.0))
    with pytest.raises(DataError, match="both sides of zero bias"):
        estimate_bias_offset(curves.isotherms())


def test_fast_noise_of_the_bias_smears_as_much_as_its_kernel() -> None:
    # a Gaussian of width s and the first harmonic of w on one smooth curve, by quadrature
    excitation_V, noise_V, thermal_V = 6e-6, 5e-6, 8.617333e-6
    u, weights = np.polynomial.hermite_e.hermegauss(40)
    angle = np.pi * np.arange(1, 41) / 41
    v = np.linspace(-8.0, 8.0, 33)[:, None, None]
    places = v + np.sqrt(2.0) * excitation_V / thermal_V * np.cos(angle)[:, None] + noise_V / thermal_V * u
    both = np.einsum(
        "iab,a,b->i", np.sqrt(np.sqrt(4.0 + places**2)), 2 / 41 * np.sin(angle) ** 2, weights / weights.sum()
    )
    wider = np.sqrt(2.0) * float(smeared_Vrms(excitation_V, noise_V)) / thermal_V
    one = np.sqrt(np.sqrt(4.0 + (v[..., 0] + wider * np.cos(angle)) ** 2)) @ (2 / 41 * np.sin(angle) ** 2)
    plain = np.sqrt(np.sqrt(4.0 + v[:, 0, 0] ** 2))
    assert np.abs(both - one).max() < 0.03 * np.abs(both - plain).max()


def test_voltage_noise_goes_into_the_kernel_of_every_isotherm() -> None:
    curves = make_curves(
        bias_V=np.linspace(-1e-3, 1e-3, 11), temperature_K=0.1, conductance_S=0.1, excitation_Vrms=6e-6
    )
    own = correct_isotherm(curves.isotherms()[0], Corrections(voltage_noise_Vrms=4e-6), 0.0)
    assert own.excitation_Vrms == pytest.approx(np.full(11, np.sqrt(36.0 + 32.0) * 1e-6))


def test_basis_under_the_kernel_is_its_first_harmonic() -> None:
    basis, ratio, v = MasterBasis.for_range(20.0), 2.5, 1.3

    def first_harmonic(angle: float, column: int) -> float:
        return 2 / np.pi * np.sin(angle) ** 2 * basis.evaluate(np.array([v + ratio * np.cos(angle)]))[0, column]

    averaged = basis.averaged(np.array([v]), ratio)[0]
    expected = [quad(first_harmonic, 0, np.pi, args=(k,), epsabs=1e-9)[0] for k in range(basis.size)]
    assert averaged == pytest.approx(expected, abs=2e-3)


def test_basis_is_even_and_spans_a_parabola_at_zero() -> None:
    basis = MasterBasis.for_range(50.0)
    v = np.linspace(-3.0, 3.0, 41)
    values = basis.evaluate(v)
    assert values == pytest.approx(basis.evaluate(-v))
    near = np.linspace(-0.3, 0.3, 21)
    design = np.column_stack([np.ones(21), basis.evaluate(near)])
    target = np.arcsinh(near) ** 2
    assert design @ np.linalg.lstsq(design, target, rcond=None)[0] == pytest.approx(target, abs=1e-9)


def broadened_columns(fixed_Vrms: float) -> dict[str, np.ndarray]:
    """A pure power law, G = .11 + 3e-4 T^.5 (1 + v^2)^(1/4), as a lock-in of fixed excitation reads it."""
    rng = np.random.default_rng(5)
    bias = np.linspace(-4e-4, 4e-4, 201)
    angle = np.pi * np.arange(1, 41) / 41
    weight = 2 / 41 * np.sin(angle) ** 2
    pieces = []
    for temperature in np.geomspace(0.1, 1.4, 8):
        v = (bias[:, None] + np.sqrt(2) * fixed_Vrms * np.cos(angle)) / (8.617333e-5 * temperature)
        signal = ((1 + v**2) ** 0.25) @ weight
        pieces.append(0.11 + 3e-4 * np.sqrt(temperature) * signal + 2e-7 * rng.standard_normal(201))
    return {
        "bias_V": np.tile(bias, 8),
        "temperature_K": np.repeat(np.geomspace(0.1, 1.4, 8), 201),
        "conductance_S": np.concatenate(pieces),
    }


def test_a_fixed_excitation_biases_alpha_until_its_kernel_is_in_the_basis() -> None:
    curves = make_curves(**broadened_columns(2e-5))
    blind = fit_exponent(curves, PAPER)
    fit = fit_exponent(curves, PAPER, Corrections(excitation_Vrms=2e-5))
    assert fit.corrections.is_kernel_applied
    assert fit.crossover.uncorrected_alpha == pytest.approx(0.5, abs=4 * fit.statistical)
    assert fit.chi2_per_dof < 1.15 < blind.chi2_per_dof


def test_a_proportional_excitation_needs_no_kernel() -> None:
    fit = fit_exponent(make_curves(**run_columns(4, temperatures_K=np.array([0.1, 0.2, 0.4, 0.8]))), PAPER)
    assert not fit.corrections.is_kernel_applied
    assert 0 < fit.systematic.excitation < 0.002


def test_given_noise_is_used_as_it_is() -> None:
    columns = run_columns(4, temperatures_K=np.array([0.1, 0.2, 0.4]))
    fit = fit_exponent(make_curves(**columns), PAPER, Corrections(noise=0.2 * QUANTUM_S))
    assert [isotherm.noise_S for isotherm in fit.isotherms] == pytest.approx([0.2 * QUANTUM_S] * 3)
    assert fit.corrections.noise_source == "given"


@pytest.mark.parametrize(
    "wrong",
    [
        {"series_ohm": -1.0},
        {"electron_base_K": float("nan")},
        {"bias_offset_V": "zero"},
        {"noise": 0.0},
        {"drift": "on"},
        {"excitation_Vrms": -1e-6},
        {"temperature_accuracy_fraction": float("inf")},
    ],
)
def test_corrections_outside_their_domain_are_refused(wrong: dict) -> None:
    with pytest.raises(ModelError, match=next(iter(wrong))):
        Corrections(**wrong)
