"""An even scaling curve, made fast: a table of polynomials near zero, an asymptotic series beyond it.

The curves of two-channel Kondo, of static disorder and of an external circuit are all of the form
1 + int_0^inf dt k(t) sin^2(rate v t), with a kernel k(t) that falls off as e^-t or faster and has t^(-1-alpha) at the
origin. Every part of the integrand is positive, so nothing cancels.
"""

from collections.abc import Callable
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.errors import ModelError

Curve = Callable[[NDArray[np.float64]], NDArray[np.float64]]

_CELL = 0.2
_DEGREE = 6


class TabulatedCurve:
    """Evaluate an even function of v that is analytic for |Im v| < 3 or more, with a relative error about 1e-13.

    Parameters
    ----------
    near : function of an array
        The curve for 0 <= v <= join; called once, at the first evaluation.
    far : function of an array
        The curve for v > join.
    join : float
        Where one takes over from the other.
    """

    def __init__(self, near: Curve, far: Curve, join: float) -> None:
        self._near = near
        self._far = far
        self._join = join

    def __call__(self, reduced_bias: ArrayLike) -> NDArray[np.float64]:
        """Return the curve, any shape.

        Raises
        ------
        ModelError
            If a value is NaN or infinite.
        """
        v = np.abs(np.asarray(reduced_bias, dtype=float))
        if not np.all(np.isfinite(v)):
            raise ModelError("reduced_bias holds NaN or infinity; drop those points before asking for a scaling curve")
        is_far = v > self._join
        if not is_far.any():
            return self._look_up(v)
        values = np.empty_like(v)
        values[is_far] = self._far(v[is_far])
        is_near = ~is_far
        values[is_near] = self._look_up(v[is_near])
        return values

    def _look_up(self, v: NDArray[np.float64]) -> NDArray[np.float64]:
        position = v * (1 / _CELL)
        cell = position.astype(np.intp)
        x = position - cell
        values = self._polynomials[-1].take(cell)
        for row in self._polynomials[-2::-1]:
            values *= x
            values += row.take(cell)
        return values

    @cached_property
    def _polynomials(self) -> NDArray[np.float64]:
        """Polynomials in x = v/cell - index, shape (degree + 1, cells), lowest power first."""
        nodes = 0.5 - 0.5 * np.cos(np.pi * (np.arange(_DEGREE + 1) + 0.5) / (_DEGREE + 1))
        cells = round(self._join / _CELL) + 1  # one more for v = join itself
        values = self._near(_CELL * np.add.outer(nodes, np.arange(cells)))
        return np.linalg.solve(np.vander(nodes, increasing=True), values).astype(float)


def sine_square_transform(kernel: Curve, rate: float, v: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return int_0^inf dt k(t) sin^2(rate v t), any shape.

    Parameters
    ----------
    kernel : function of an array
        k(t), below 1e-16 for t > 44 and like t^(-1-alpha), 0 <= alpha < 2, for small t.
    rate : float
        Such that rate v stays below about 5.
    v : array
        Reduced bias.
    """
    # with t = s^2 the integrand is even in s but for a term s^6 ln s at most, and gone at the far end: the plain
    # trapezoidal rule then converges exponentially, down to that term's 1e-14
    step = 6.64 / 400
    s = step * np.arange(1, 400, dtype=float)
    t = s**2
    return np.tensordot(np.sin(np.multiply.outer(v, rate * t)) ** 2, 2 * step * s * kernel(t), axes=1)
