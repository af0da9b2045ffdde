"""What the criteria look at, in one object, and what several of them ask of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from analysis.features import Features
from analysis.fit_result import ExponentFit
from analysis.judging.comparison import Comparison
from analysis.parameters import Parameters
from analysis.sample_history import SampleEvent

DIPS = ("2CK", "2CK-with-splitting", "disorder", "magnetic-kondo", "heating", "circuit")
TWO_LEVEL = ("2CK", "2CK-with-splitting", "kozub-kulik")
SCALING = ("2CK", "disorder", "heating", "circuit")
ALIKE = ("2CK", "disorder")
"""What the shape of the curves must not tell apart (design decision 8)."""

DECISIVE_COST = 25.0
"""Delta chi-square from which a misfit counts."""

NOTEWORTHY_COST = 8.0
WORST_ACCEPTED_MISFIT = 1.8
EXPONENT_SIGMAS = 3.0
EXPONENT_FLOOR = 0.01
"""What crossovers to a spread of Kondo temperatures leave in alpha beyond its stated error."""

SCALING_RATIO = 4.0
SCALING_MISFIT = 1.3
SCALING_ERROR = 0.05
ODD_OVER_EVEN = 0.3
SMALL_ODD = 0.03
UNLIKELY_ODD = 1e-6
IMPOSSIBLE_ODD = 1e-20
SWITCHING_SHARE = 0.3
MOST_SIDED = 0.35


class Weight(Enum):
    """Which way a finding points."""

    FOR = "for"
    AGAINST = "against"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one criterion says of one mechanism."""

    mechanism: str
    weight: Weight
    text: str


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the criteria look at.

    Attributes
    ----------
    fit : ExponentFit or None
        None where the data do not determine an exponent; `fit_failure` says why.
    parameters : Parameters or None
    features : Features
    comparison : Comparison
    temperatures_K : tuple of float
        Of the zero-field isotherms.
    fields_T : tuple of float
    history : sequence of SampleEvent
    fit_failure : str
    background_S : float
        Mean conductance, which drift is a share of.
    sidedness : float
        Correlation of the upper of two curves with the sign of the bias, mean over the isotherms: near zero for a
        fluctuator, which does not know the bias; near one where an odd part is taken for two curves.
    """

    fit: ExponentFit | None
    parameters: Parameters | None
    features: Features
    comparison: Comparison
    temperatures_K: tuple[float, ...]
    fields_T: tuple[float, ...]
    history: Sequence[SampleEvent]
    fit_failure: str = ""
    background_S: float = 0.0
    sidedness: float = 0.0

    @property
    def is_peak(self) -> bool:
        """Whether conductance is highest at zero bias: dips describe nothing of it, and a peak fits."""
        costs = self.comparison
        refused = all(costs.fits[name].chi2 > 0.9 * costs.chi2_nothing for name in ("2CK", "disorder", "circuit"))
        return refused and costs.best in ("charge-trap", "kozub-kulik")

    @property
    def temperature_span(self) -> float:
        """Ratio of the warmest to the coldest temperature of the fit's window, 0 without a fit."""
        if self.fit is None:
            return 0.0
        temperatures = [isotherm.temperature_K for isotherm in self.fit.isotherms]
        return max(temperatures) / min(temperatures)

    @property
    def does_scale(self) -> bool:
        """Whether the curves collapse over a wide range of temperature, with a known exponent."""
        fit = self.fit
        return (
            fit is not None
            and fit.chi2_per_dof <= SCALING_MISFIT
            and self.temperature_span >= SCALING_RATIO
            and fit.error < SCALING_ERROR
        )

    @property
    def sigmas_from_half(self) -> float:
        """How far the exponent is from 1/2 in units of its error; infinite without a fit."""
        if self.fit is None:
            return np.inf
        return float(abs(self.fit.alpha - 0.5) / np.hypot(self.fit.error, EXPONENT_FLOOR))

    @property
    def is_root_law(self) -> bool:
        """Whether the curves scale with an exponent of 1/2."""
        return self.does_scale and self.sigmas_from_half <= EXPONENT_SIGMAS

    @property
    def saturation_gain(self) -> float:
        """What splittings gain in chi-square over every mechanism that scales."""
        return min(map(self.comparison.cost, SCALING)) - self.comparison.cost("2CK-with-splitting")

    @property
    def is_uneven(self) -> bool:
        """Whether an odd part is there that neither noise nor drift makes."""
        if self.does_switch and abs(self.sidedness) > MOST_SIDED:
            return True
        part = self.features.symmetry
        if part is None or part.p_value > UNLIKELY_ODD:
            return False
        # an odd part of one isotherm that is beyond all chance need not come back to be there
        limit = SMALL_ODD if part.odd_over_even.is_measured else ODD_OVER_EVEN
        is_likely = part.odd_over_even.is_measured or part.p_value < IMPOSSIBLE_ODD
        return is_likely and float(part.odd_over_even.value or 0.0) > limit

    @property
    def is_odd(self) -> bool:
        """Whether so large a part of G(V) is odd that interference must be what is seen."""
        part = self.features.symmetry
        return (
            part is not None
            and self.is_uneven
            and part.odd_over_even.is_measured
            and float(part.odd_over_even.value or 0.0) > ODD_OVER_EVEN
        )

    @property
    def does_switch(self) -> bool:
        """Whether enough isotherms show two curves; a fluctuator does not wait for one temperature."""
        part = self.features.telegraph
        needed = max(1.0, SWITCHING_SHARE * len(self.temperatures_K))
        return part is not None and part.is_found and len(part.isotherms) >= needed

    @property
    def is_switching_sided(self) -> bool:
        """Whether what looks like two curves goes with the sign of the bias, as an odd part does."""
        return self.is_odd or abs(self.sidedness) > MOST_SIDED


def against(mechanisms: Sequence[str], text: str) -> list[Finding]:
    """Return findings against several mechanisms."""
    return [Finding(mechanism, Weight.AGAINST, text) for mechanism in mechanisms]


def speaks_for(mechanisms: Sequence[str], text: str) -> list[Finding]:
    """Return findings for several mechanisms."""
    return [Finding(mechanism, Weight.FOR, text) for mechanism in mechanisms]


def left_open(mechanisms: Sequence[str], text: str) -> list[Finding]:
    """Return findings that decide nothing about several mechanisms."""
    return [Finding(mechanism, Weight.OPEN, text) for mechanism in mechanisms]
