"""What batch and live fits show of a profile likelihood: its rise about the minimum, and the master curve."""

import numpy as np
from numpy.typing import NDArray

from analysis.errors import WindowError
from analysis.fit_result import LikelihoodProfile, MasterCurve
from analysis.scaling.likelihood import ExponentMinimum, Profile
from analysis.scaling.master_curve import MasterBasis

Floats = NDArray[np.float64]

PROFILE_POINTS = 61
PROFILE_REACH = 4.0
MASTER_POINTS = 121
CHI2_95 = 3.841458820694124


def refuse_undetermined(minimum: ExponentMinimum, degrees_of_freedom: int, isotherms: int, points: int) -> None:
    """Raise WindowError unless there is a signal and a minimum."""
    if not minimum.is_determined(degrees_of_freedom):
        raise WindowError(
            f"alpha is not determined by {isotherms} isotherms of {points} points: no anomaly "
            "beyond the noise, or no minimum of chi-square between -1 and 3; widen the window or look at the curves"
        )


def likelihood_profile(
    profile: Profile, minimum: ExponentMinimum, misfit: float, points: int = PROFILE_POINTS
) -> LikelihoodProfile:
    """Return the rise of chi-square within four standard errors, in units of `misfit`."""
    reach = PROFILE_REACH * float(np.sqrt(misfit / minimum.curvature))
    alpha = minimum.alpha + np.linspace(-reach, reach, points)
    return LikelihoodProfile(alpha, np.maximum(profile.chi2(alpha) - minimum.chi2, 0.0) / misfit)


def interval_95(profile: Profile, minimum: ExponentMinimum, misfit: float) -> tuple[float, float]:
    """Return where chi-square has risen by 3.84 times `misfit` on either side of its minimum."""
    low, high = (profile.crossing(minimum, CHI2_95 * misfit, side) for side in (-1, 1))
    return low, high


def master_curve(
    basis: MasterBasis,
    profile: Profile,
    minimum: ExponentMinimum,
    *,
    misfit: float,
    reference_K: float,
    reach: float,
) -> MasterCurve:
    """Return F(v) - F(0) for 0 <= v <= `reach` with its error at fixed alpha; `reference_K` is the unit of T."""
    v = np.sinh(np.linspace(0.0, np.arcsinh(reach), MASTER_POINTS))
    functions = basis.evaluate(v) - basis.evaluate(np.zeros(1))
    unit = reference_K**-minimum.alpha
    # terms beside the master curve come after it
    coefficients = minimum.coefficients[: basis.size]
    covariance = profile.covariance(minimum.alpha)[: basis.size, : basis.size]
    variance = np.einsum("ij,jk,ik->i", functions, covariance, functions) * misfit
    return MasterCurve(v, functions @ coefficients * unit, np.sqrt(np.maximum(variance, 0.0)) * unit)
