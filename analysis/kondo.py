"""The universal scaling function of the two-channel Kondo effect and what a lock-in makes of it.

The conductance of a point contact with two-channel Kondo (2CK) scatterers scales as
G(V,T) = G_o + T^(1/2) sum_i B_i Gamma(A_i eV / kB T) (eq 13), with Gamma(0) = 1 and Gamma(v) -> v^(1/2) (eq 12).
Gamma is the scattering rate of Affleck and Ludwig (Phys. Rev. B 48, 7297 (1993), eq 3.50 with k = 2), averaged over
the thermal electrons of the two leads (eq 19). The integral over energy can be done by hand; one over the conjugate
time t remains, and with the exact g(0) = 4/3 it reads, free of any cancellation,

    Gamma(v) = 1 + (3/2) int_0^inf dt k(t) sin^2(pi v t / 36)
    k(t) = t e^(-t) (1 - e^-t)^(-5/2) P(e^-t),    P(u) = 2F1(-1/2, -1/2; 1; u).

Near t = 0, k(t) = t^(-3/2) times an even series, plus ln t times another: hence for large v

    Gamma(v) ~ v^(1/2) sum_n (a_n + b_n ln v) v^(-2n),    a_0 = 1, b_0 = 0,

with no constant term: Gamma_1 of eq 26 is -1. The series is used beyond `_JOIN`, where its error is below 1e-13; below
it a piecewise polynomial, made from the integral at the first call in a few hundredths of a second.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.errors import ModelError
from analysis.tabulated import Curve, TabulatedCurve, sine_square_transform

ANALYTIC_STRIP = 18 / np.pi
"""Gamma(v) is analytic for |Im v| < 18/pi = 5.73, where sin^2(pi v t/36) begins to outgrow k(t) ~ t e^-t."""

_JOIN = 50.0

# (a_n, b_n), from the expansion of k(t) about t = 0: Abramowitz and Stegun 15.3.11 for P, term by term transformed
_ASYMPTOTIC = (
    (1.0, 0.0),
    (-0.87550208530425440063, 0.25646924609466748397),
    (-9.6386006563717156488, 2.8777207459160611709),
    (-285.65540195648445399, 81.103970563649032338),
    (-15198.529654146194274, 4094.7274547772448087),
    (-1255060.2202687022981, 322957.65467165853027),
    (-148387493.85917408973, 36718445.198807908918),
    (-23800041794.663090953, 5695638054.9325276765),
)


def scaling_function(reduced_bias: ArrayLike) -> NDArray[np.float64]:
    """Return the universal 2CK scaling function Gamma(v) (eq 12, 19).

    Parameters
    ----------
    reduced_bias : array, any shape
        v = eV / kB T, times the coupling A of the two-level system; Gamma is even in it.

    Returns
    -------
    array, the shape of `reduced_bias`
        Gamma(v); absolute error below 2e-12 for |v| up to 1e6.

    Raises
    ------
    ModelError
        If a value is NaN or infinite.
    """
    return _GAMMA(reduced_bias)


def broadened_scaling_function(
    reduced_bias: ArrayLike, excitation_ratio: ArrayLike, noise_ratio: ArrayLike = 0.0
) -> NDArray[np.float64]:
    """Return Gamma(v) as a lock-in of finite excitation reads it, with Gaussian voltage noise.

    It is normalised like Gamma itself, so its value at v = 0 is above 1. For a two-level system with coupling A pass
    A v, A w and A n: the kernel is stretched with the curve.

    Parameters
    ----------
    reduced_bias : array, any shape
        v = eV / kB T.
    excitation_ratio : array, shape that broadcasts with `reduced_bias`
        w = sqrt(2) e Vrms / kB T, the peak of the sinusoidal excitation.
    noise_ratio : array, shape that broadcasts with `reduced_bias`
        n = e sigma_V / kB T, rms voltage noise across the contact.

    Raises
    ------
    ModelError
        If an argument is NaN or infinite, or a ratio negative.
    """

    def quiet(v: NDArray[np.float64]) -> NDArray[np.float64]:
        return first_harmonic_average(scaling_function, v, excitation_ratio, analytic_strip=ANALYTIC_STRIP)

    return gaussian_average(quiet, reduced_bias, noise_ratio, analytic_strip=ANALYTIC_STRIP)


def first_harmonic_average(
    curve: Curve, bias: ArrayLike, excitation_peak: ArrayLike, *, analytic_strip: ArrayLike = np.pi
) -> NDArray[np.float64]:
    """Return the conductance curve that a lock-in reads at the first harmonic of a sinusoidal voltage.

    (2/pi) int_-1^1 du (1-u^2)^(1/2) curve(V + V_peak u), which in Fourier space is the kernel 2 J1(q)/q; done with the
    Gauss-Chebyshev rule of the second kind, whose nodes and weights are elementary.

    Parameters
    ----------
    curve : function of an array
        dI/dV against bias, elementwise; it gets arrays with the shape of `bias` behind one leading axis.
    bias : array, any shape
        Where the average is wanted, in the unit the curve takes (reduced bias or volt).
    excitation_peak : array, shape that broadcasts with `bias`
        Peak excitation in the same unit: sqrt(2) times its rms; 0 for none.
    analytic_strip : array, shape that broadcasts with `bias`
        How far off the real axis the curve stays analytic, in the same unit: it sets the number of nodes. Any curve
        rounded by the Fermi edges of the leads is analytic up to pi kB T / e, the default for a reduced bias.

    Returns
    -------
    array, the shape of `bias` and `excitation_peak` broadcast
        Relative error about 1e-12 for a curve as analytic as stated.

    Raises
    ------
    ModelError
        If the excitation is negative or not finite.
    """
    widest = _widest("excitation", excitation_peak, analytic_strip)
    # the rule converges as rho^(-2 nodes), rho the sum of the semi-axes of the ellipse that meets the singularity
    nodes = 1 + int(np.ceil(6.5 / np.log10(1 / widest + np.hypot(1 / widest, 1)))) if widest else 1
    angle = np.pi * np.arange(1, nodes + 1) / (nodes + 1)
    return _weighted_sum(curve, bias, excitation_peak, np.cos(angle), 2 * np.sin(angle) ** 2 / (nodes + 1))


def gaussian_average(
    curve: Curve, bias: ArrayLike, noise_rms: ArrayLike, *, analytic_strip: ArrayLike = np.pi
) -> NDArray[np.float64]:
    """Return a curve averaged over Gaussian noise of its argument.

    By the trapezoidal rule, which for a Gaussian times an analytic curve converges exponentially.

    Parameters
    ----------
    curve, bias, analytic_strip
        As for `first_harmonic_average`.
    noise_rms : array, shape that broadcasts with `bias`
        Standard deviation of the noise, in the unit of `bias`; 0 for none.

    Raises
    ------
    ModelError
        If the noise is negative or not finite.
    """
    widest = _widest("noise", noise_rms, analytic_strip)
    # errors exp(-2 pi strip/step) from the curve and exp(-2 (pi sigma/step)^2) from the Gaussian, cut at 8 sigma
    step = min(0.75, 0.2 / widest) if widest else 8.0
    count = int(np.ceil(8 / step))
    deviation = step * np.arange(-count, count + 1) if widest else np.zeros(1)
    weight = np.exp(-0.5 * deviation**2)
    return _weighted_sum(curve, bias, noise_rms, deviation, weight / weight.sum())


def _widest(what: str, width: ArrayLike, strip: ArrayLike) -> float:
    """Return the largest width in units of the strip, having refused widths that are none."""
    if not np.all(np.isfinite(width) & (np.asarray(width) >= 0)):
        raise ModelError(f"the {what} must be finite and not negative, got {width!r}")
    return float(np.max(np.asarray(width) / strip, initial=0.0))


def _weighted_sum(
    curve: Curve, bias: ArrayLike, width: ArrayLike, nodes: NDArray[np.floating], weights: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Return sum_j weights_j curve(bias + width nodes_j), in blocks that bound the memory."""
    bias, width = np.broadcast_arrays(np.asarray(bias, dtype=float), np.asarray(width, dtype=float))
    block = max(1, 8_000 // max(1, bias.size))
    total = np.zeros(bias.shape)
    for start in range(0, len(nodes), block):
        part = slice(start, start + block)
        total += np.tensordot(weights[part], curve(bias + np.multiply.outer(nodes[part], width)), axes=1)
    return total[()]


def _by_asymptotic_series(v: NDArray[np.float64]) -> NDArray[np.float64]:
    inverse_square = v**-2.0
    logarithm = np.log(v)
    total = np.zeros_like(v)
    for a, b in reversed(_ASYMPTOTIC):
        total *= inverse_square
        total += a + b * logarithm
    return np.sqrt(v) * total


def _by_quadrature(v: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1 + 1.5 * sine_square_transform(_kernel, np.pi / 36, v)


def _kernel(t: NDArray[np.float64]) -> NDArray[np.float64]:
    return t * np.exp(-t) * (-np.expm1(-t)) ** -2.5 * _mean_distance(t)


def _mean_distance(t: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return P(e^-t) = 2F1(-1/2, -1/2; 1; e^-t), by the arithmetic-geometric mean.

    P(k^2) is the perimeter of the ellipse with semi-axes 1 + k and 1 - k, divided by 2 pi (Ivory 1796); Gauss's mean of
    the two axes gives it to full precision in six steps, without the elliptic integrals of scipy.
    """
    k = np.exp(-t / 2)
    large, small = 1 + k, -np.expm1(-t / 2)
    squares = large**2 - 2 * k
    scale = 0.5
    for _ in range(7):
        large, small, half_difference = (large + small) / 2, np.sqrt(large * small), (large - small) / 2
        scale *= 2
        squares -= scale * half_difference**2
    return squares / large


_GAMMA = TabulatedCurve(near=_by_quadrature, far=_by_asymptotic_series, join=_JOIN)
