"""What a fit of the exponent returns: frozen, every value with its error."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.corrections import AppliedCorrections
from analysis.curves import Window

Floats = NDArray[np.float64]

QUANTILE_95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Systematic:
    """1-sigma parts of the error of alpha that noise does not cause.

    Attributes
    ----------
    temperature : float
        Calibration of the thermometer, independent from isotherm to isotherm or smooth in ln T, whichever is worse.
    drift : float
        What allowing for drift adds to the noise.
    excitation : float
        A 2 % error of the excitation of each isotherm.
    window : float
        Movement of alpha with the window beyond what noise explains.
    crossover : float
        Departure from scaling towards the Kondo temperature: error and ambiguity of its correction, and the part of
        it that was too uncertain to be corrected.
    """

    temperature: float
    drift: float
    excitation: float
    window: float
    crossover: float

    def total(self) -> float:
        """Return the root of the sum of squares."""
        parts = (self.temperature, self.drift, self.excitation, self.window, self.crossover)
        return float(np.sqrt(sum(part * part for part in parts)))

    def widened(self, interval95: tuple[float, float], alpha: float) -> tuple[float, float]:
        """Add these parts in quadrature to either side of the profile interval, which holds noise and drift."""
        beyond_profile = np.sqrt(max(0.0, self.total() ** 2 - self.drift**2)) * QUANTILE_95
        below, above = (float(np.hypot(end - alpha, beyond_profile)) for end in interval95)
        return alpha - below, alpha + above


@dataclass(frozen=True, slots=True)
class CrossoverForm:
    """One form of the departure from scaling: amplitude T^(alpha + omega) (1 + (scale v)^2)^(power / 2).

    `amplitude` is in S / K^(alpha + omega), `power` is alpha + omega with the alpha that shaped the form, and `weight`
    its probability among the forms given the data.
    """

    omega: float
    alpha: float
    amplitude: float
    scale: float
    power: float
    weight: float

    def evaluate_S(self, reduced_bias: Floats, temperature_K: float) -> Floats:
        """Return the departure in siemens at v = eV / kB T, shape (n,)."""
        shape = np.exp(0.5 * self.power * np.log1p((self.scale * reduced_bias) ** 2))
        return self.amplitude * temperature_K ** (self.alpha + self.omega) * shape


@dataclass(frozen=True, slots=True)
class Crossover:
    """The departure from scaling that was looked for and, in part or in full, taken out.

    Attributes
    ----------
    uncorrected_alpha : float
        Exponent without any of it.
    shift : float
        What full correction would add to alpha (mean of the forms by their weights).
    shift_error, shift_ambiguity : float
        Its standard error, and the standard deviation over the forms by their weights.
    significance : float
        Fall of chi-square through the one further parameter, mean of the forms by their weights.
    applied_fraction : float
        Share of the correction that was applied, 0 to 1: (1 + (12 / significance)^4)^-1.
    amplitude : float
        Of the form omega = 2 in S / K^(alpha + 2): negative where conductance rises more slowly than it scales.
    amplitude_error : float
    scale : float
        p of the form (1 + (p v)^2)^((alpha + omega) / 2).
    forms : tuple of CrossoverForm
        `applied_fraction` of their weighted mean was taken out of the data.
    """

    uncorrected_alpha: float
    shift: float
    shift_error: float
    shift_ambiguity: float
    significance: float
    applied_fraction: float
    amplitude: float
    amplitude_error: float
    scale: float
    forms: tuple[CrossoverForm, ...] = ()

    def applied_S(self, reduced_bias: Floats, temperature_K: float) -> Floats:
        """Return what was taken out of the data in siemens, at v = eV / kB T, shape (n,)."""
        total = np.zeros_like(reduced_bias)
        for form in self.forms:
            total += self.applied_fraction * form.weight * form.evaluate_S(reduced_bias, temperature_K)
        return total


@dataclass(frozen=True, slots=True)
class LikelihoodProfile:
    """Rise of chi-square above its minimum over a grid of alpha, shape (n,) each, in units of chi-square per dof."""

    alpha: Floats
    delta_chi2: Floats


@dataclass(frozen=True, slots=True)
class MasterCurve:
    """F(v) - F(0) over v >= 0, shape (n,) each; `value` and `error` in S / K^alpha at the fitted alpha."""

    reduced_bias: Floats
    value: Floats
    error: Floats


@dataclass(frozen=True, slots=True)
class IsothermFit:
    """One isotherm in the fit.

    Attributes
    ----------
    temperature_K : float
        Of the electrons.
    points : int
    offset_S : float
        Fitted conductance at zero bias, mean over the drift.
    noise_S : float
        Noise of a point that the fit used.
    predicted_noise_S : float or None
        Median of the errors that came with the data.
    residual_S : float
        Standard deviation of data minus fit, drift included.
    chi2 : float
        Of this isotherm's points.
    """

    temperature_K: float
    points: int
    offset_S: float
    noise_S: float
    predicted_noise_S: float | None
    residual_S: float
    chi2: float


@dataclass(frozen=True, slots=True)
class DeviationCurve:
    """D(alpha) of eq 24.

    Attributes
    ----------
    alpha, d, d_dimensionless, d_binned : array, shape (n,)
        As printed, in `unit`; over the integral of the squared mean curve; and as printed from curves averaged over
        bins of v, as a plotted curve is.
    minimum, minimum_dimensionless, minimum_binned : float
        Alpha of the lowest value.
    temperatures_K : tuple of float
        The isotherms used, at most the five lowest.
    vmax : float
        Limit of the integral.
    unit : str
    is_at_edge, is_dimensionless_at_edge, is_binned_at_edge : bool
        Whether the lowest value is the first or last, so that there is no minimum in the range of `alpha`.
    """

    alpha: Floats
    d: Floats
    d_dimensionless: Floats
    d_binned: Floats
    minimum: float
    minimum_dimensionless: float
    minimum_binned: float
    temperatures_K: tuple[float, ...]
    vmax: float
    unit: str
    is_at_edge: bool
    is_dimensionless_at_edge: bool
    is_binned_at_edge: bool


@dataclass(frozen=True, slots=True)
class ExponentFit:
    """The exponent of a scaling collapse, its error by source, and what it was found from.

    Attributes
    ----------
    alpha, error : float
        Value and total standard error: statistical and systematic.
    interval95 : tuple of float
        Total 95 % interval; its statistical part is the profile interval, which need not be symmetric.
    statistical : float
        Standard error by noise alone, scaled by the root of chi2_per_dof where that is above one.
    systematic : Systematic
    chi2_per_dof : float
    degrees_of_freedom, points_used, isotherms_used : int
    window : Window
    reason : str
        Why this window: "given", or how it was chosen.
    profile : LikelihoodProfile
    d_of_alpha : DeviationCurve or None
        None if the window has not two isotherms with points in the range of eq 24.
    master_curve : MasterCurve
    isotherms : tuple of IsothermFit
        By temperature.
    crossover : Crossover
    corrections : AppliedCorrections
    is_converged : bool
    caution : str
        Why alpha may be off by more than its error says; empty where nothing shows that.
    """

    alpha: float
    error: float
    interval95: tuple[float, float]
    statistical: float
    systematic: Systematic
    chi2_per_dof: float
    degrees_of_freedom: int
    points_used: int
    isotherms_used: int
    window: Window
    reason: str
    profile: LikelihoodProfile
    d_of_alpha: DeviationCurve | None
    master_curve: MasterCurve
    isotherms: tuple[IsothermFit, ...]
    crossover: Crossover
    corrections: AppliedCorrections
    is_converged: bool
    caution: str = ""
