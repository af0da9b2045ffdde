"""One forward model fitted to the even curves of a run, and the tools that such fits have in common."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from analysis.judging.whitened import WhitenedCurves, excitation_places

Floats = NDArray[np.float64]

COST_OF_A_PARAMETER = 2.0
"""In chi-square, as in Akaike's criterion."""


@dataclass(frozen=True, slots=True)
class ModelFit:
    """A hypothesis fitted.

    Attributes
    ----------
    mechanism : str
    chi2 : float
    parameters : int
        How many were free, the background among them; amplitudes that came out zero do not count.
    values : dict of str to float
        Those worth telling, SI units with the unit in the name.
    """

    mechanism: str
    chi2: float
    parameters: int
    values: dict[str, float] = field(default_factory=dict)

    @property
    def score(self) -> float:
        """Chi-square and what the parameters cost."""
        return self.chi2 + COST_OF_A_PARAMETER * self.parameters


def averaged(curves: WhitenedCurves, law: Callable[[Floats, Floats], Floats]) -> Floats:
    """Return a model as the lock-in reads it.

    Parameters
    ----------
    law : function of bias and temperature, shape (N,) each
        Returns values of shape (N,) or, for several columns, (N, k).
    """
    return np.sum([weight * law(bias_V, curves.temperature_K) for bias_V, weight in excitation_places(curves)], axis=0)


def one_column(curves: WhitenedCurves, column: Floats) -> tuple[float, float, Floats]:
    """Return chi-square, amplitude (not negative) and residuals, shape (N,), of one column."""
    whitened = curves.whiten(column)
    amplitude = max(0.0, float(whitened @ curves.data) / float(whitened @ whitened))
    rest = curves.data - amplitude * whitened
    return float(rest @ rest), amplitude, rest
