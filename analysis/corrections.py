"""Corrections: what stands between the measured columns and the contact's own G, V and T.

Series resistance and bias offset change the data once, temperatures are replaced by those of the electrons. The
excitation kernel is never applied to data: it goes into the basis of the fit. Drift goes into the covariance.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.curves import Isotherm
from analysis.errors import ModelError
from analysis.quantities import excitation_ratio

Floats = NDArray[np.float64]

ELECTRON_PHONON_POWER = 5.0


@dataclass(frozen=True, slots=True)
class Corrections:
    """What to correct for; the defaults correct nothing but drift.

    Attributes
    ----------
    series_ohm : float
        Resistance in series with the contact inside the voltage taps.
    bias_offset_V : float or "auto"
        Voltage read at zero bias, subtracted; "auto" finds it from the even symmetry of the curves.
    excitation_Vrms : float or None
        One rms excitation for all rows; None takes the column of the data, if there is one.
    electron_base_K : float
        Temperature T0 at which the electrons saturate: T_e = (T^5 + T0^5)^(1/5).
    voltage_noise_Vrms : float
        Noise of the bias across the contact, far faster than a reading, rms. It smears curves as the excitation does
        and goes into its kernel, for variances add.
    temperature_accuracy_fraction : float
        1-sigma calibration error of an isotherm's temperature.
    drift : "auto" or "off"
        Whether a slow random walk of the conductance is estimated and allowed for.
    noise : float or "auto"
        Standard deviation of a point in siemens; "auto" measures it.

    Raises
    ------
    ModelError
        For a value outside its domain.
    """

    series_ohm: float = 0.0
    bias_offset_V: float | Literal["auto"] = 0.0
    excitation_Vrms: float | None = None
    electron_base_K: float = 0.0
    temperature_accuracy_fraction: float = 0.005
    drift: Literal["auto", "off"] = "auto"
    noise: float | Literal["auto"] = "auto"
    voltage_noise_Vrms: float = 0.0

    def __post_init__(self) -> None:
        not_negative = {
            "series_ohm": self.series_ohm,
            "excitation_Vrms": 0.0 if self.excitation_Vrms is None else self.excitation_Vrms,
            "electron_base_K": self.electron_base_K,
            "temperature_accuracy_fraction": self.temperature_accuracy_fraction,
            "voltage_noise_Vrms": self.voltage_noise_Vrms,
        }
        for name, value in not_negative.items():
            if not (np.isfinite(value) and value >= 0.0):
                raise ModelError(f"correction {name} is {value}, expected a finite number of at least 0")
        if self.drift not in ("auto", "off"):
            raise ModelError(f'correction drift is "{self.drift}", expected "auto" or "off"')
        if self.bias_offset_V != "auto" and not np.isfinite(_number("bias_offset_V", self.bias_offset_V)):
            raise ModelError(f'correction bias_offset_V is {self.bias_offset_V}, expected volts or "auto"')
        if self.noise != "auto" and not 0.0 < _number("noise", self.noise) < np.inf:
            raise ModelError(f'correction noise is {self.noise}, expected siemens above 0 or "auto"')


@dataclass(frozen=True, slots=True)
class AppliedCorrections:
    """What was corrected for, in numbers.

    Attributes
    ----------
    series_ohm, bias_offset_V, electron_base_K, temperature_accuracy_fraction : float
        As applied; `bias_offset_error_V` is None unless the offset was estimated.
    excitation_Vrms : tuple of float or None
        rms excitation of each isotherm of the fit, voltage noise included; None if nothing is known of it.
    is_kernel_applied : bool
        Whether the first-harmonic kernel was folded into the basis; not needed, and not done, where excitation / T
        is the same for all isotherms, because it then depends on v only.
    drift_S_per_sqrt_s : float or None
        Estimated strength of the random walk: its standard deviation grows as this times the square root of time.
        None for data without times, whose drift is modelled point by point.
    noise_source : str
        Where the noise came from: "scatter", "predicted" or "given".
    """

    series_ohm: float
    bias_offset_V: float
    bias_offset_error_V: float | None
    excitation_Vrms: tuple[float, ...] | None
    is_kernel_applied: bool
    electron_base_K: float
    temperature_accuracy_fraction: float
    drift_S_per_sqrt_s: float | None
    noise_source: str
    voltage_noise_Vrms: float = 0.0

    def again(self) -> Corrections:
        """Return the corrections that do the same to other isotherms of the same data."""
        return Corrections(
            series_ohm=self.series_ohm,
            bias_offset_V=self.bias_offset_V,
            electron_base_K=self.electron_base_K,
            temperature_accuracy_fraction=self.temperature_accuracy_fraction,
            voltage_noise_Vrms=self.voltage_noise_Vrms,
        )


def smeared_Vrms(excitation_Vrms: ArrayLike, voltage_noise_Vrms: float) -> Floats:
    """Return the excitation whose first-harmonic kernel is as wide as that of an excitation and of noise together.

    The kernel of an excitation has the variance Vrms^2 / 2, in any shape.
    """
    return np.sqrt(np.square(excitation_Vrms) + 2.0 * voltage_noise_Vrms**2)


def _number(name: str, value: float | str) -> float:
    if isinstance(value, str):
        raise ModelError(f'correction {name} is "{value}", expected a number or "auto"')
    return float(value)


def electron_temperature_K(temperature_K: float, electron_base_K: float) -> float:
    """Return T_e = (T^5 + T0^5)^(1/5), in kelvin: electrons cooled by phonons and heated by a constant power."""
    power = ELECTRON_PHONON_POWER
    return float((temperature_K**power + electron_base_K**power) ** (1.0 / power))


def correct_isotherm(isotherm: Isotherm, corrections: Corrections, bias_offset_V: float) -> Isotherm:
    """Return the contact's own G, V and electron temperature for one isotherm."""
    shifted = replace(
        isotherm,
        temperature_K=electron_temperature_K(isotherm.temperature_K, corrections.electron_base_K),
        bias_V=isotherm.bias_V - bias_offset_V,
    )
    if corrections.excitation_Vrms is not None:
        shifted = replace(shifted, excitation_Vrms=np.full(isotherm.bias_V.size, corrections.excitation_Vrms))
    if corrections.voltage_noise_Vrms > 0.0:
        known = np.zeros(isotherm.bias_V.size) if shifted.excitation_Vrms is None else shifted.excitation_Vrms
        shifted = replace(shifted, excitation_Vrms=smeared_Vrms(known, corrections.voltage_noise_Vrms))
    return remove_series_resistance(shifted, corrections.series_ohm)


def corrected_again(isotherms: Iterable[Isotherm], applied: AppliedCorrections) -> list[Isotherm]:
    """Return isotherms of the same data corrected as those of a fit were."""
    corrections = applied.again()
    return [correct_isotherm(isotherm, corrections, applied.bias_offset_V) for isotherm in isotherms]


def remove_series_resistance(isotherm: Isotherm, series_ohm: float) -> Isotherm:
    """Return V - I R_s and 1 / (1/G - R_s), with I the integral of G over V from zero bias.

    The excitation across the contact shrinks by the same factor as a small voltage does.

    Raises
    ------
    ModelError
        If the series resistance is not smaller than the measured one.
    """
    if series_ohm == 0.0:
        return isotherm
    share = 1.0 - series_ohm * isotherm.conductance_S
    if share.min() <= 0.0:
        raise ModelError(
            f"series_ohm is {series_ohm:g} but the whole circuit has only {1 / isotherm.conductance_S.max():g} ohm "
            f"at {isotherm.temperature_K:g} K; give the resistance inside the voltage taps"
        )
    error, excitation = isotherm.conductance_error_S, isotherm.excitation_Vrms
    return replace(
        isotherm,
        bias_V=isotherm.bias_V - series_ohm * current_A(isotherm.bias_V, isotherm.conductance_S),
        conductance_S=isotherm.conductance_S / share,
        conductance_error_S=None if error is None else error / share**2,
        excitation_Vrms=None if excitation is None else excitation * share,
    )


def current_A(bias_V: Floats, conductance_S: Floats) -> Floats:
    """Integrate dI/dV over V from zero bias (trapezium rule over the sorted values), in amperes, shape (n,).

    Where the curve does not reach zero bias, its conductance there is that of the nearest point.
    """
    grid, inverse = np.unique(bias_V, return_inverse=True)
    mean = np.bincount(inverse, weights=conductance_S) / np.bincount(inverse)
    at_zero = float(np.interp(0.0, grid, mean))
    place = int(np.searchsorted(grid, 0.0))
    nodes, values = np.insert(grid, place, 0.0), np.insert(mean, place, at_zero)
    steps = 0.5 * (values[1:] + values[:-1]) * np.diff(nodes)
    integral = np.concatenate([[0.0], np.cumsum(steps)])
    return np.delete(integral - integral[place], place)[inverse]


def excitation_ratios(isotherms: Sequence[Isotherm]) -> Floats | None:
    """Return w = sqrt(2) e V_rms / kB T of each isotherm, shape (N,); None if an excitation is unknown."""
    ratios = [
        float(np.mean(excitation_ratio(isotherm.excitation_Vrms, isotherm.temperature_K)))
        for isotherm in isotherms
        if isotherm.excitation_Vrms is not None
    ]
    return np.array(ratios) if len(ratios) == len(isotherms) else None
