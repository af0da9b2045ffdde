"""Forward models of the conductance G(V, T, H) of a point contact: two-channel Kondo and what rides on it.

Every model gives the change of conductance that its mechanism brings, in S, for a bias across the contact in V, an
electron temperature in K and a field in T; the arrays broadcast. All but `two_channel_kondo` itself are frozen
dataclasses of parameters with one method `conductance_S(bias_V, temperature_K, field_T)`, without the lock-in, which
`lockin_conductance_S` adds. The other rooms: `mechanisms_kondo` (Kondo in a field, splittings, magnetic impurities),
`mechanisms_rivals` (what else could look like it), `mechanisms_events` (fluctuations, transitions, telegraph).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from analysis.errors import ModelError
from analysis.kondo import first_harmonic_average, scaling_function
from analysis.quantities import KELVIN_PER_VOLT, siemens, thermal_voltage_V

Floats = NDArray[np.float64]
ConductanceModel = Callable[[ArrayLike, ArrayLike, ArrayLike], Floats]

# Copper phonons in a point contact (paper, III, Cu.5 and fig 2): transverse peak at 16.5 mV, longitudinal at 28 mV;
# widths and weights are class-typical. Each row: center, width, weight.
_PHONON_PEAKS_V = ((16.5e-3, 3.0e-3, 1.0), (28e-3, 1.8e-3, 0.45))
_QUENCHED_PHONON_PEAKS_V = ((16.5e-3, 3.0e-3, 0.85), (28e-3, 5.0e-3, 0.38))


def points(bias_V: ArrayLike, temperature_K: ArrayLike, field_T: ArrayLike = 0.0) -> tuple[Floats, Floats, Floats]:
    """Return bias, temperature and field broadcast to one shape.

    Raises
    ------
    ModelError
        If a value is not finite or a temperature not positive.
    """
    thermal_voltage_V(temperature_K)
    for name, value in (("bias_V", bias_V), ("field_T", field_T)):
        if not np.all(np.isfinite(value)):
            raise ModelError(f"{name} holds NaN or infinity; drop those points before asking a model for them")
    bias, temperature, field = np.broadcast_arrays(
        *(np.asarray(a, dtype=float) for a in (bias_V, temperature_K, field_T))
    )
    return bias, temperature, field


def freeze_columns(instance: Any, *names: str) -> None:
    """Make the named attributes of a frozen dataclass read-only arrays of one common length.

    Raises
    ------
    ModelError
        If they differ in length or hold NaN or infinity.
    """
    kind = type(instance).__name__
    for name in names:
        column = np.array(getattr(instance, name), dtype=float, ndmin=1)
        if not np.all(np.isfinite(column)):
            raise ModelError(f"{kind}.{name} must be finite, got {column}")
        column.setflags(write=False)
        object.__setattr__(instance, name, column)
    shapes = [getattr(instance, name).shape for name in names]
    if len(set(shapes)) > 1 or len(shapes[0]) != 1:
        raise ModelError(f"{kind} needs {', '.join(names)} of one common length, got shapes {shapes}")


def require_positive(instance: Any, *names: str) -> None:
    """Refuse a model with an attribute that is not finite and positive.

    Raises
    ------
    ModelError
        If one is not.
    """
    for name in names:
        value = getattr(instance, name)
        if not np.all(np.isfinite(value) & (np.asarray(value) > 0)):
            raise ModelError(f"{type(instance).__name__}.{name} must be finite and above zero, got {value!r}")


def lockin_conductance_S(
    model: ConductanceModel,
    bias_V: ArrayLike,
    temperature_K: ArrayLike,
    field_T: ArrayLike = 0.0,
    excitation_Vrms: ArrayLike = 0.0,
) -> Floats:
    """Return what a lock-in of finite excitation reads of a model: its exact first harmonic.

    Parameters
    ----------
    model : function of bias_V, temperature_K, field_T
        For example the method `conductance_S` of a mechanism.
    bias_V, temperature_K, field_T, excitation_Vrms : array, shapes that broadcast

    Raises
    ------
    ModelError
        If a temperature is not positive, the excitation is negative, or a value is not finite.
    """
    bias, temperature, field = points(bias_V, temperature_K, field_T)
    bias, temperature, field, excitation = np.broadcast_arrays(bias, temperature, field, excitation_Vrms)
    # nothing that knows the temperature is sharper than 2 kB T / e, the branch point of eq 29 off the real axis
    return first_harmonic_average(
        lambda shifted_V: model(shifted_V, temperature, field),
        bias,
        np.sqrt(2) * excitation,
        analytic_strip=2 * thermal_voltage_V(temperature),
    )


@dataclass(frozen=True)
class TwoLevelSystems:
    """Two-level systems (TLSs) of one contact, one entry of each array for each.

    Parameters
    ----------
    scale_A : array, shape (n,)
        A_i of eq 11: how much of the bias the TLS feels (no unit).
    amplitude_B : array, shape (n,)
        B_i of eq 11, in S per K^(1/2). `from_e2_per_h` takes it in e^2/h per K^(1/2).
    kondo_temperature_K : array, shape (n,)
        Above it, and for a bias beyond it, the power law turns into a logarithm (eq 10, Cu.7).
    splitting_K : array, shape (n,)
        Energy splitting Delta_i of eq 7; scaling ends below Delta^2 / TK (eq 28).

    Raises
    ------
    ModelError
        If the arrays differ in length, or a value is not finite, or a Kondo temperature is not positive, or an A or a
        splitting is negative.
    """

    scale_A: Floats
    amplitude_B: Floats
    kondo_temperature_K: Floats
    splitting_K: Floats

    def __post_init__(self) -> None:
        freeze_columns(self, "scale_A", "amplitude_B", "kondo_temperature_K", "splitting_K")
        require_positive(self, "kondo_temperature_K")
        if np.any(self.scale_A < 0) or np.any(self.splitting_K < 0):
            raise ModelError("two-level systems need scale_A >= 0 and splitting_K >= 0")

    @classmethod
    def from_e2_per_h(
        cls,
        scale_A: ArrayLike,
        amplitude_e2_per_h_per_sqrt_K: ArrayLike,
        kondo_temperature_K: ArrayLike,
        splitting_K: ArrayLike = 0.0,
    ) -> "TwoLevelSystems":
        """Build them from amplitudes in the paper's unit e^2/h per K^(1/2).

        Parameters
        ----------
        scale_A, amplitude_e2_per_h_per_sqrt_K, kondo_temperature_K, splitting_K : array
            As for the class; they broadcast to one length.
        """
        arrays = np.broadcast_arrays(
            np.atleast_1d(np.asarray(scale_A, dtype=float)),
            siemens(amplitude_e2_per_h_per_sqrt_K),
            np.asarray(kondo_temperature_K, dtype=float),
            np.asarray(splitting_K, dtype=float),
        )
        return cls(*arrays)

    @property
    def saturation_temperature_K(self) -> Floats:
        """Temperature below which the splitting has frozen the TLS, shape (n,).

        Delta^2 / TK (eq 28: the splitting is a relevant perturbation of dimension -1/2), and Delta itself once it
        exceeds TK, since such a TLS never reaches the Kondo regime.
        """
        return self.splitting_K * np.minimum(1.0, self.splitting_K / self.kondo_temperature_K)


def kondo_crossover(y: ArrayLike) -> Floats:
    """Return lj(y) = int_0^y dx (1 + x^4)^(-1/4): y below the Kondo scale, ln y + const above it.

    A smooth way from the power law to the logarithm of eq 10; the paper gives the two limits only. With
    s = y (1 + y^4)^(-1/4) the integral is (artanh s + arctan s) / 2.

    Parameters
    ----------
    y : array, any shape
        Not negative, below 1e70.
    """
    y = np.asarray(y, dtype=float)
    fourth = 1 + np.square(np.square(y))
    s = y / np.sqrt(np.sqrt(fourth))
    # artanh s through 1 - s^4 = 1/(1 + y^4): 1 - s itself would lose all digits for large y
    return 0.25 * np.log(np.square(1 + s) * (1 + np.square(s)) * fourth) + 0.5 * np.arctan(s)


def two_channel_kondo(
    bias_V: ArrayLike, temperature_K: ArrayLike, systems: TwoLevelSystems, excitation_Vrms: ArrayLike = 0.0
) -> Floats:
    """Return the conductance that independent TLSs add to the background (eq 13, with eq 10 beyond the Kondo scale).

    sum_i B_i TK_i^(1/2) lj((T_i/TK_i)^(1/2) Gamma(A_i eV / kB T_i)), lj being `kondo_crossover`: for T and eV small
    against TK it is eq 13, beyond either it is a logarithm. T_i^2 = T^2 + Tx_i^2 carries the splitting: the premature
    saturation of eq 29 and Ti.3 in the form Teff^2 = Tx^2 + T^2, Tx_i the `saturation_temperature_K` of the TLS.

    Parameters
    ----------
    bias_V, temperature_K, excitation_Vrms : array, shapes that broadcast
        Bias across the contact, temperature of the electrons, excitation of the lock-in, whose first harmonic is
        averaged exactly.
    systems : TwoLevelSystems

    Returns
    -------
    array, the broadcast shape
        Conductance change in S, positive; at V = 0 and low T about sum_i B_i T^(1/2).

    Raises
    ------
    ModelError
        If a temperature is not positive, the excitation is negative, or a value is not finite.
    """
    bias, temperature, excitation = points(bias_V, temperature_K, excitation_Vrms)
    thermal_V = thermal_voltage_V(temperature)
    # one row for each TLS ahead of the axes of the data
    rows = (slice(None), *(np.newaxis for _ in bias.shape))
    kondo_K = systems.kondo_temperature_K[rows]
    effective_K = np.hypot(temperature, systems.saturation_temperature_K[rows])
    inner = systems.scale_A[rows] * KELVIN_PER_VOLT / effective_K
    weight = systems.amplitude_B * np.sqrt(systems.kondo_temperature_K)
    root = np.sqrt(effective_K / kondo_K)

    def curve(shifted_V: Floats) -> Floats:
        # the nodes of the average come first; the TLS axis goes between them and the data
        each = kondo_crossover(root * scaling_function(inner * shifted_V[:, np.newaxis]))
        return np.einsum("i,ji...->j...", weight, each)

    strip_V = np.pi * thermal_V / max(float(systems.scale_A.max(initial=0.0)), 0.1)
    return first_harmonic_average(curve, bias, np.sqrt(2) * excitation, analytic_strip=strip_V)


def phonon_backscattering(
    bias_V: ArrayLike, conductance_S: ArrayLike, depth: float = 0.05, quenched: bool = False
) -> Floats:
    """Return the conductance lost to phonons, which sets in above 5 mV in copper (section III, Cu.5).

    -depth G times the share of the point-contact spectrum alpha^2 F below |eV|, of two Gaussian peaks at the paper's
    16.5 and 28 mV; no thermal broadening. The paper gives the shape in a figure only, so widths and weights are
    class-typical. A quenched contact has its longitudinal peak smeared out and 15 % less in all (Cu.5).

    Parameters
    ----------
    bias_V, conductance_S : array, shapes that broadcast
        Bias; background conductance G.
    depth : float
        Share of G lost above all phonons. 16 a int alpha^2 F d eps / (3 hbar v_F), section III, is some 0.05 for
        a = 5.5 nm and a class-typical int alpha^2 F d eps of 2 meV.
    quenched : bool
        Whether the contact still has its defects.

    Returns
    -------
    array, the broadcast shape
        In S, zero or negative.
    """
    size_V = np.abs(np.asarray(bias_V, dtype=float))
    below = sum(
        weight * (ndtr((size_V - center) / width) - ndtr(-center / width))
        for center, width, weight in (_QUENCHED_PHONON_PEAKS_V if quenched else _PHONON_PEAKS_V)
    )
    return -depth * np.asarray(conductance_S, dtype=float) * below / sum(row[2] for row in _PHONON_PEAKS_V)


def field_amplitude(field_T: ArrayLike, share: float = 0.5, scale_T: float = 3.0) -> Floats:
    """Return by which factor a field shrinks the anomaly of a quenched copper contact (Cu.8a, fig 14).

    1 - share (1 - exp(-|H| / H0)): the paper gives no formula but the growth with |H| at small and the flattening at
    large field. To apply it, scale the conductance about the top of the anomaly. The defaults are class-typical.

    Parameters
    ----------
    field_T : array, any shape
    share : float
        Part of the amplitude that a large field takes away, 0 to 1.
    scale_T : float
        H0.

    Raises
    ------
    ModelError
        If the share is outside 0 to 1 or H0 is not positive.
    """
    if not (0 <= share <= 1 and scale_T > 0):
        raise ModelError(f"a field needs a share in 0 to 1 and scale_T above 0, got {share!r} and {scale_T!r}")
    return 1 + share * np.expm1(-np.abs(np.asarray(field_T, dtype=float)) / scale_T)
