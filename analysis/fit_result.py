"""What a fit of the exponent returns: frozen, every value with its error."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.corrections import AppliedCorrections
from analysis.curves import Window

Floats = NDArray[np.float64]


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


@dataclass(frozen=True, slots=True)
class CrossoverForm:
    """One form of the departure from scaling: amplitude T^(alpha + omega) (1 + (scale v)^2)^(power / 2).

    `amplitude` is in S / K^(alpha + omega) and `power` is alpha + omega with the alpha that shaped the form.
    """

    omega: float
    alpha: float
    amplitude: float
    scale: float
    power: float

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
        What full correction would add to alpha (mean of the two forms, omega = 1 and 2).
    shift_error, shift_ambiguity : float
        Its standard error, and the difference between the two forms over the root of 12.
    significance : float
        Fall of chi-square through the one further parameter, mean of the two forms.
    applied_fraction : float
        Share of the correction that was applied, 0 to 1: (1 + (12 / significance)^4)^-1.
    amplitude : float
        Of the form omega = 2 in S / K^(alpha + 2): negative where conductance rises more slowly than it scales.
    amplitude_error : float
    scale : float
        p of the form (1 + (p v)^2)^((alpha + omega) / 2).
    forms : tuple of CrossoverForm
        Both forms; `applied_fraction` of their mean was taken out of the data.
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
        departures = [form.evaluate_S(reduced_bias, temperature_K) for form in self.forms]
        return self.applied_fraction * np.mean(departures, axis=0) if departures else np.zeros_like(reduced_bias)


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
    alpha, d, d_dimensionless : array, shape (n,)
        As printed, in `unit`; and over the integral of the squared mean curve.
    minimum, minimum_dimensionless : float
        Alpha of the lowest value.
    temperatures_K : tuple of float
        The isotherms used, at most the five lowest.
    vmax : float
        Limit of the integral.
    unit : str
    """

    alpha: Floats
    d: Floats
    d_dimensionless: Floats
    minimum: float
    minimum_dimensionless: float
    temperatures_K: tuple[float, ...]
    vmax: float
    unit: str


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
