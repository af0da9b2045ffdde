"""Forward models of the rivals that could pass for two-channel Kondo: appendix A of the paper, and heating."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import digamma, loggamma

from analysis.errors import ModelError
from analysis.mechanisms import Floats, freeze_columns, points, require_positive
from analysis.quantities import (
    CONDUCTANCE_QUANTUM_S,
    KELVIN_PER_TESLA,
    KELVIN_PER_VOLT,
    LORENZ_NUMBER_V2_per_K2,
    reduced_bias,
)
from analysis.tabulated import TabulatedCurve, sine_square_transform

_DISORDER_AT_ZERO = 2.144309859880382679
"""Phi(0) = 2 pi^(1/2) (1 - 2^(1/2)) zeta(1/2)."""

_DISORDER_RATE = (_DISORDER_AT_ZERO / 2) ** 2
"""c of `disorder_scaling_function`, so that it tends to v^(1/2)."""

_DISORDER_JOIN = 30.0

# Sommerfeld's expansion: binomial(1/2, 2n) <eps^2n>, the moments of -f' being 2 (2n)! (1 - 2^(1-2n)) zeta(2n)
_SOMMERFELD = (
    1.0,
    -0.41123351671205660152,
    -1.7756865553073359898,
    -29.104555664877381105,
    -1051.7652086356058589,
    -67238.919890858524013,
    -6711903.7660087747499,
    -965011312.29088807106,
)


def disorder_scaling_function(reduced_bias: ArrayLike) -> Floats:
    """Return the scaling curve of the density of states of a disordered metal (A 1), normalised like Gamma.

    Phi(c v) / Phi(0) with Phi(x) = int_0^inf dy y^(-1/2) [f(y+x) + f(y-x)]: Altshuler and Aronov's correction in three
    dimensions, on which Wingreen, Altshuler and Meir's curve rests. It equals the thermal average of |eps + x|^(1/2),
    2 int d eps (-f') |eps + x|^(1/2), and rises as v^(1/2) without a constant, as Gamma does.

    Parameters
    ----------
    reduced_bias : array, any shape
        v = eV / kB T.

    Returns
    -------
    array, the shape of `reduced_bias`
        Absolute error below 1e-11 for |v| up to 1e6.

    Raises
    ------
    ModelError
        If a value is NaN or infinite.
    """
    return _DISORDER(reduced_bias)


@dataclass(frozen=True)
class StaticDisorder:
    """A disordered region about the orifice: T^(1/2) and V^(1/2) as in 2CK, and a magnetoconductance as H^(1/2) (A 1).

    amplitude T^(1/2) Phi(c eV/kB T)/Phi(0), and the field term m [(H^2 + H_T^2)^(1/4) - H_T^(1/2)] with
    H_T = kB T / g mu_B: H^2 in small, H^(1/2) in large field (the paper states the latter only).

    Parameters
    ----------
    amplitude_S_per_sqrt_K : float
        As B_Sigma of two-channel Kondo.
    magneto_S_per_sqrt_T : float
        m, of either sign.
    g_factor : float
    """

    amplitude_S_per_sqrt_K: float
    magneto_S_per_sqrt_T: float = 0.0
    g_factor: float = 2.0

    def __post_init__(self) -> None:
        require_positive(self, "amplitude_S_per_sqrt_K", "g_factor")

    def conductance_S(self, bias_V: ArrayLike, temperature_K: ArrayLike, field_T: ArrayLike = 0.0) -> Floats:
        """Return the change of conductance in S, the broadcast shape."""
        bias, temperature, field = points(bias_V, temperature_K, field_T)
        curve = np.sqrt(temperature) * disorder_scaling_function(reduced_bias(bias, temperature))
        thermal_T = temperature / (self.g_factor * KELVIN_PER_TESLA)
        growth = np.sqrt(np.hypot(field, thermal_T)) - np.sqrt(thermal_T)
        return self.amplitude_S_per_sqrt_K * curve + self.magneto_S_per_sqrt_T * growth


@dataclass(frozen=True)
class KozubKulik:
    """Kozub and Kulik's spectroscopy of the populations of two-level systems (eq A1): no scaling, both signs.

    The levels of a splitting Delta scatter differently, and the bias drives their populations. With electrons of which
    a share q comes from the other side, Fermi's golden rule gives the difference of the two populations as
    n = tanh(1/2 tau) / D(nu), D = p + q (1-q) [(1+nu) coth((1+nu)/2 tau) + (1-nu) coth((1-nu)/2 tau)] tanh(1/2 tau),
    p = q^2 + (1-q)^2, nu = eV/Delta, tau = kB T/Delta, and so S = -d(1/D)/d nu in eq A1. (The paper does not print S;
    this is our derivation, with eq A1's prefactor as its check.) The integral of eq A1 over V is the change of G.

    Parameters
    ----------
    splitting_K : array, shape (n,)
        Delta_j.
    geometry_q : array, shape (n,)
        q_j, 0 to 1; 1/2 in the middle of the orifice, where the bias works most.
    strength_S : array, shape (n,)
        G_o C_j (sigma+ - sigma-): positive for a peak at V = 0, negative for a dip.
    """

    splitting_K: Floats
    geometry_q: Floats
    strength_S: Floats

    def __post_init__(self) -> None:
        freeze_columns(self, "splitting_K", "geometry_q", "strength_S")
        require_positive(self, "splitting_K")
        if np.any((self.geometry_q < 0) | (self.geometry_q > 1)):
            raise ModelError(f"KozubKulik.geometry_q must lie in 0 to 1, got {self.geometry_q}")

    def conductance_S(self, bias_V: ArrayLike, temperature_K: ArrayLike, field_T: ArrayLike = 0.0) -> Floats:
        """Return the change of conductance in S, the broadcast shape, against full population of the lower levels."""
        bias, temperature, _ = (a[..., np.newaxis] for a in points(bias_V, temperature_K, field_T))
        splitting, drive_K = self.splitting_K / temperature, bias * KELVIN_PER_VOLT / temperature
        mixing = self.geometry_q * (1 - self.geometry_q)
        own = (1 - 2 * mixing) * _x_coth(splitting)
        crossed = mixing * (_x_coth(splitting + drive_K) + _x_coth(splitting - drive_K))
        return (splitting / (own + crossed) - 1) @ (0.5 * self.strength_S)


@dataclass(frozen=True)
class ExternalCircuit:
    """A contact blockaded by the resistance of its leads (A 4): scaling with an exponent that the circuit sets.

    alpha = 2 R e^2/h, and the curve is that of tunnelling with an ohmic environment, I ~ T^(1+alpha) sinh(v/2)
    |Gamma(1 + alpha/2 + i v/2 pi)|^2 (Ingold and Nazarov, in: Single Charge Tunneling (1992); Gamma here is Euler's).

    Parameters
    ----------
    amplitude_S : float
        Change of G at V = 0 between T = 0 and 1 K.
    circuit_ohm : float
        R.
    """

    amplitude_S: float
    circuit_ohm: float

    def __post_init__(self) -> None:
        require_positive(self, "amplitude_S", "circuit_ohm")

    @property
    def exponent(self) -> float:
        """Exponent alpha = 2 R e^2/h; 1/2 takes 6453 ohm."""
        return 2 * self.circuit_ohm * CONDUCTANCE_QUANTUM_S

    def conductance_S(self, bias_V: ArrayLike, temperature_K: ArrayLike, field_T: ArrayLike = 0.0) -> Floats:
        """Return the change of conductance in S, the broadcast shape; the field has no effect."""
        bias, temperature, _ = points(bias_V, temperature_K, field_T)
        return self.amplitude_S * temperature**self.exponent * self._curve(np.abs(reduced_bias(bias, temperature)))

    def _curve(self, v: Floats) -> Floats:
        start = 1 + self.exponent / 2
        z = start + 1j * v / (2 * np.pi)
        # dI/dv with the exponentials of sinh and of |Gamma|^2 taken together: each alone overflows
        size = np.exp(2 * (loggamma(z).real - loggamma(start)) + v / 2)
        return size * ((1 + np.exp(-v)) / 2 + np.expm1(-v) * digamma(z).imag / np.pi)


@dataclass(frozen=True)
class HotSpot:
    """Self-heating of a diffusive contact on a power-law background: the rival that scales exactly.

    amplitude Teff^alpha with Teff^2 = T^2 + V^2 / (4 L0), the temperature in the middle of a contact longer than the
    inelastic length, L0 the Lorenz number (Kohlrausch; Wiedemann and Franz).

    Parameters
    ----------
    amplitude_S : float
        Change of G at V = 0 between T = 0 and 1 K.
    exponent : float
        alpha of the background.
    """

    amplitude_S: float
    exponent: float = 0.5

    def __post_init__(self) -> None:
        require_positive(self, "amplitude_S", "exponent")

    def conductance_S(self, bias_V: ArrayLike, temperature_K: ArrayLike, field_T: ArrayLike = 0.0) -> Floats:
        """Return the change of conductance in S, the broadcast shape; the field has no effect."""
        bias, temperature, _ = points(bias_V, temperature_K, field_T)
        return self.amplitude_S * effective_temperature_K(bias, temperature) ** self.exponent


def effective_temperature_K(bias_V: ArrayLike, temperature_K: ArrayLike) -> Floats:
    """Return Teff = (T^2 + V^2 / 4 L0)^(1/2) of the middle of a heated contact, the broadcast shape.

    Raises
    ------
    ModelError
        If a temperature is not positive or a value not finite.
    """
    bias, temperature, _ = points(bias_V, temperature_K)
    return np.hypot(temperature, bias / (2 * np.sqrt(LORENZ_NUMBER_V2_per_K2)))


def _x_coth(x: Floats) -> Floats:
    """Return x coth(x/2), 2 at x = 0."""
    size = np.abs(x)
    safe = np.maximum(size, 1e-9)
    return np.where(size < 1e-4, 2 + size**2 / 6, safe / np.tanh(safe / 2))


def _disorder_near(v: Floats) -> Floats:
    # Phi(x) - Phi(0) = 4 (2 pi)^(-1/2) int dk k^(-3/2) (pi k / sinh pi k) sin^2(k x / 2): the Fourier transforms of
    # |eps|^(1/2) and of -f'; here k = t / pi and x = c v
    transform = np.sqrt(np.pi) * sine_square_transform(_disorder_kernel, _DISORDER_RATE / (2 * np.pi), v)
    return 1 + 4 / (np.sqrt(2 * np.pi) * _DISORDER_AT_ZERO) * transform


def _disorder_kernel(t: Floats) -> Floats:
    return 2 * np.exp(-t) / (np.sqrt(t) * -np.expm1(-2 * t))


def _disorder_far(v: Floats) -> Floats:
    inverse_square = (_DISORDER_RATE * v) ** -2.0
    total = np.zeros_like(v)
    for coefficient in reversed(_SOMMERFELD):
        total *= inverse_square
        total += coefficient
    return np.sqrt(v) * total


_DISORDER = TabulatedCurve(near=_disorder_near, far=_disorder_far, join=_DISORDER_JOIN)
