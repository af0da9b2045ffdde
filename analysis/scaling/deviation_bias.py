"""How far D(alpha) of eq 24 is off, from simulation at the data's own noise.

The fitted scaling curve is taken for the truth and put back at the very points of the isotherms that D uses, noise is
added, and the minimum is looked for again. What comes back beside the alpha put in is the bias of D, with its scatter.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from analysis.corrections import corrected_again
from analysis.curves import Curves, Isotherm
from analysis.fit_result import ExponentFit
from analysis.quantities import reduced_bias
from analysis.quantity import Quantity
from analysis.scaling.collapsed import master_at
from analysis.scaling.deviation import deviation_curve

SIMULATIONS = 60


@dataclass(frozen=True, slots=True)
class DeviationBias:
    """Mean of (minimum of D - alpha put in) with the scatter of one data set as its error.

    Attributes
    ----------
    printed : Quantity
        Of D as printed, T in kelvin.
    dimensionless : Quantity
        Of D over the integral of the squared mean curve.
    """

    printed: Quantity
    dimensionless: Quantity


def deviation_bias(curves: Curves, fit: ExponentFit, rng: np.random.Generator) -> DeviationBias | None:
    """Simulate D at the noise of `fit`, the points of `curves` and `rng`; None where the data have no D."""
    if fit.d_of_alpha is None:
        return None
    isotherms = corrected_again(curves.isotherms(fit.window.field_T), fit.corrections)
    nearest = [min(isotherms, key=lambda own: abs(own.temperature_K - t)) for t in fit.d_of_alpha.temperatures_K]
    clean = [_clean(fit.window.select(isotherm), fit) for isotherm in nearest]
    noise_S = [min(fit.isotherms, key=lambda own: abs(own.temperature_K - i.temperature_K)).noise_S for i in clean]
    minima = np.array([_minima(clean, noise_S, rng) for _ in range(SIMULATIONS)]) - fit.alpha
    printed, dimensionless = (
        Quantity(float(own.mean()), float(own.std(ddof=1)), "", points=SIMULATIONS) for own in minima.T
    )
    return DeviationBias(printed, dimensionless)


def _clean(isotherm: Isotherm, fit: ExponentFit) -> Isotherm:
    """Return the isotherm as the fitted curve has it."""
    v = np.minimum(np.abs(reduced_bias(isotherm.bias_V, isotherm.temperature_K)), fit.master_curve.reduced_bias[-1])
    return replace(isotherm, conductance_S=isotherm.temperature_K**fit.alpha * master_at(fit.master_curve, v))


def _minima(clean: Sequence[Isotherm], noise_S: Sequence[float], rng: np.random.Generator) -> tuple[float, float]:
    noisy = [
        replace(own, conductance_S=own.conductance_S + noise * rng.standard_normal(own.bias_V.size))
        for own, noise in zip(clean, noise_S, strict=True)
    ]
    curve = deviation_curve(noisy)
    return curve.minimum, curve.minimum_dimensionless
