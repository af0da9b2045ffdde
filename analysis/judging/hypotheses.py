"""The mechanisms as hypotheses: forward models of one or two shape parameters, fitted to the even curves of a run."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import BSpline
from scipy.optimize import OptimizeResult, minimize

from analysis.judging.model_fit import ModelFit, averaged, one_column
from analysis.judging.whitened import WhitenedCurves, excitation_places
from analysis.mechanisms_kondo import SPIN_HALF, MagneticKondo
from analysis.mechanisms_rivals import ExternalCircuit, disorder_scaling_function, effective_temperature_K
from analysis.quantities import CONDUCTANCE_QUANTUM_S, reduced_bias

Floats = NDArray[np.float64]

START_KONDO_K = np.geomspace(0.15, 100.0, 14)
SPINS = (SPIN_HALF, 5.0 / 2.0)
"""Smallest and largest of magnetic impurities; 5/2 is that of manganese."""

START_BIAS_WEIGHTS = (0.04, 0.16, 0.32)
KONDO_LIMITS_K = (0.1, 300.0)
BIAS_WEIGHT_LIMITS = (0.03, 0.4)
START_EXPONENTS = np.linspace(0.05, 2.0, 14)
SMALLEST_EXPONENT = 0.01
EXPONENT_STEP = 1e-3
MAP_KNOT_SPACING = 0.45


def fit_disorder(curves: WhitenedCurves) -> ModelFit:
    """Fit the curve of a disordered metal, one amplitude (A 1)."""

    def law(bias_V: Floats, temperature_K: Floats) -> Floats:
        return np.sqrt(temperature_K) * disorder_scaling_function(reduced_bias(bias_V, temperature_K))

    chi2, amplitude, _ = one_column(curves, CONDUCTANCE_QUANTUM_S * averaged(curves, law))
    return ModelFit("disorder", chi2, 2, {"amplitude_S_per_sqrt_K": amplitude * CONDUCTANCE_QUANTUM_S})


def fit_magnetic(curves: WhitenedCurves) -> ModelFit:
    """Fit the dip of magnetic impurities of one Kondo temperature and of the spin that fits better (A 2)."""
    return _resonance("magnetic-kondo", curves, -1, SPINS)


def fit_trap(curves: WhitenedCurves) -> ModelFit:
    """Fit the peak of a charge trap (A 5)."""
    return _resonance("charge-trap", curves, 1, (SPIN_HALF,))


def _resonance(mechanism: str, curves: WhitenedCurves, sign: int, spins: Sequence[float]) -> ModelFit:
    """Fit a Kondo resonance of either sign: T_K and the weight of the bias by search, from a grid of starts.

    Of several spins that of the best start is taken.
    """

    def fit(logs: Floats, spin: float) -> tuple[float, float, Floats]:
        kondo_K, weight = (float(value) for value in np.exp(logs))
        model = MagneticKondo(CONDUCTANCE_QUANTUM_S, kondo_K, 0.0, weight, spin)
        return one_column(curves, -sign * averaged(curves, model.conductance_S))

    starts = np.log([(kondo_K, weight) for kondo_K in START_KONDO_K for weight in START_BIAS_WEIGHTS])
    trials = [(fit(logs, spin)[0], number, spin) for spin in spins for number, logs in enumerate(starts)]
    _, number, spin = min(trials)
    start = starts[number]
    found: OptimizeResult = minimize(
        lambda logs: fit(logs, spin)[0],
        start,
        method="Nelder-Mead",
        bounds=np.log([KONDO_LIMITS_K, BIAS_WEIGHT_LIMITS]),
        options={
            "xatol": 2e-3,
            "fatol": 0.05,
            "maxfev": 120,
            "initial_simplex": start + np.array([[0.0, 0.0], [0.3, 0.0], [0.0, 0.3]]),
        },
    )
    kondo_K, weight = (float(value) for value in np.exp(found["x"]))
    chi2, amplitude, _ = fit(found["x"], spin)
    depth_S = amplitude * CONDUCTANCE_QUANTUM_S
    values = {"kondo_temperature_K": kondo_K, "bias_weight": weight, "depth_S": depth_S, "spin": spin}
    return ModelFit(mechanism, chi2, 4, values)


def fit_circuit(curves: WhitenedCurves) -> ModelFit:
    """Fit the blockade by the leads: amplitude and exponent, which sets the curve too (A 4)."""

    def law(exponent: float) -> Callable[[Floats, Floats], Floats]:
        return ExternalCircuit(CONDUCTANCE_QUANTUM_S, exponent / (2.0 * CONDUCTANCE_QUANTUM_S)).conductance_S

    return _over_exponents("circuit", curves, law)


def fit_heating(curves: WhitenedCurves) -> ModelFit:
    """Fit heating of a hot spot, Teff^2 = T^2 + V^2 / 4 L0, by a power of Teff or any smooth function of it.

    The better one for its number of parameters. The second is the direct map of G(V, T) onto G(0, Teff), in which the
    bias has no free parameter.
    """

    def law(exponent: float) -> Callable[[Floats, Floats], Floats]:
        return lambda bias_V, temperature_K: (
            CONDUCTANCE_QUANTUM_S * effective_temperature_K(bias_V, temperature_K) ** exponent
        )

    return min(_over_exponents("heating", curves, law), _map(curves), key=lambda fit: fit.score)


def _map(curves: WhitenedCurves) -> ModelFit:
    """Fit a cubic spline in ln Teff."""
    places = [np.log(effective_temperature_K(bias_V, curves.temperature_K)) for bias_V, _ in excitation_places(curves)]
    low, high = float(np.min(places)), float(np.max(places)) + 1e-9
    inner = np.linspace(low, high, 2 + int(np.ceil((high - low) / MAP_KNOT_SPACING)))
    knots = np.concatenate([[low] * 3, inner, [high] * 3])

    def law(bias_V: Floats, temperature_K: Floats) -> Floats:
        return BSpline.design_matrix(np.log(effective_temperature_K(bias_V, temperature_K)), knots, 3).toarray()

    basis = curves.whiten(averaged(curves, law))
    rest = curves.data - basis @ np.linalg.lstsq(basis, curves.data, rcond=None)[0]
    return ModelFit("heating", float(rest @ rest), basis.shape[1], {})


def _over_exponents(
    mechanism: str, curves: WhitenedCurves, law: Callable[[float], Callable[[Floats, Floats], Floats]]
) -> ModelFit:
    """Fit amplitude and exponent, the latter from a grid of starts by halving the step."""

    def fit(exponent: float) -> tuple[float, float, Floats]:
        return one_column(curves, averaged(curves, law(exponent)))

    centre = float(START_EXPONENTS[int(np.argmin([fit(float(exponent))[0] for exponent in START_EXPONENTS]))])
    step = float(START_EXPONENTS[1] - START_EXPONENTS[0])
    while step > EXPONENT_STEP:
        step *= 0.5
        nearby = [max(SMALLEST_EXPONENT, centre - step), centre, centre + step]
        centre = nearby[int(np.argmin([fit(exponent)[0] for exponent in nearby]))]
    chi2, amplitude, _ = fit(centre)
    return ModelFit(mechanism, chi2, 3, {"exponent": centre, "amplitude_S": amplitude * CONDUCTANCE_QUANTUM_S})
