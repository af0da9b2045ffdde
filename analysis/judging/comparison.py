"""All mechanisms fitted to the same curves, and what each costs against the others."""

from dataclasses import dataclass, replace

import numpy as np

from analysis.judging.hypotheses import fit_circuit, fit_disorder, fit_heating, fit_magnetic, fit_trap
from analysis.judging.model_fit import ModelFit
from analysis.judging.two_level_fits import fit_levels, fit_split, fit_two_channel
from analysis.judging.whitened import WhitenedCurves

LEVELS = "kozub-kulik"
INVISIBLE_SATURATION = 0.5
"""Share of the lowest temperature below which a saturation temperature cannot show."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """All mechanisms fitted to the same values.

    Attributes
    ----------
    fits : dict of str to ModelFit
    chi2_nothing : float
        Of a constant conductance: its excess over the best fit says how significant the anomaly is.
    points, isotherms : int
    """

    fits: dict[str, ModelFit]
    chi2_nothing: float
    points: int
    isotherms: int

    @property
    def best(self) -> str:
        """The mechanism that fits best for its number of parameters."""
        return min(self.fits.values(), key=lambda fit: fit.score).mechanism

    @property
    def misfit(self) -> float:
        """Chi-square per degree of freedom of the best mechanism, at least one: the unit of all costs."""
        return max(1.0, self.per_dof(self.best))

    @property
    def significance(self) -> float:
        """How much chi-square the anomaly takes, in units of `misfit`."""
        return (self.chi2_nothing - min(fit.chi2 for fit in self.fits.values())) / self.misfit

    def per_dof(self, mechanism: str) -> float:
        """Return chi-square per degree of freedom."""
        fit = self.fits[mechanism]
        return fit.chi2 / max(1, self.points - fit.parameters - 1)

    def cost(self, mechanism: str) -> float:
        """Return what a mechanism costs against the best: delta chi-square plus two for each parameter more."""
        return (self.fits[mechanism].score - self.fits[self.best].score) / self.misfit


def compare_mechanisms(curves: WhitenedCurves) -> Comparison:
    """Fit every mechanism that has a forward model for the even part of G(V, T) in zero field."""
    fitters = (
        fit_two_channel,
        fit_split,
        fit_disorder,
        fit_magnetic,
        fit_levels,
        fit_heating,
        fit_circuit,
        fit_trap,
    )
    fits = {fit.mechanism: fit for fit in (fitter(curves) for fitter in fitters)}
    if min(fits.values(), key=lambda fit: fit.score).mechanism == LEVELS:
        # before they are called the best, or no model at all, they get every chance
        fits[LEVELS] = fit_levels(curves, np.inf)
    fits["2CK"] = _without_saturation(fits["2CK"], fits["2CK-with-splitting"], float(curves.temperature_K.min()))
    return Comparison(fits, float(curves.data @ curves.data), curves.points, curves.isotherms)


def _without_saturation(plain: ModelFit, split: ModelFit, lowest_K: float) -> ModelFit:
    """Return the better fit by systems that do not saturate in the data; some of the split ones do not either."""
    if split.values.get("saturation_K", 0.0) < INVISIBLE_SATURATION * lowest_K and split.score < plain.score:
        return replace(split, mechanism=plain.mechanism)
    return plain
