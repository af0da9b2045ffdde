"""One free curve through several isotherms: G_j(V) = level_j + scale_j F(V / unit_j), F an even spline.

The hypothesis behind scaling (unit_j ~ T_j, scale_j ~ T_j^alpha) and its variants: other powers of T, an effective
temperature, other samples. What changes from one hypothesis to the next are the units and the scales.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.errors import WindowError
from analysis.scaling.master_curve import MasterBasis, first_harmonic_rule
from analysis.signs.even_curve import EvenCurve

Floats = NDArray[np.float64]

RIDGE = 1e-10
KERNEL_NODES = 6
DEPARTURE_SCALE = 0.5


@dataclass(frozen=True, slots=True)
class SharedCurveFit:
    """Chi-square of the values at the nodes about one curve, what the curve takes of it, and its coefficients (k,)."""

    chi2: float
    degrees_of_freedom: int
    coefficients: Floats
    explained: float


@dataclass(frozen=True, slots=True)
class SharedCurve:
    """The problem for given units of bias: normal equations of each isotherm.

    Attributes
    ----------
    basis : MasterBasis
        Of the variable x = V / unit.
    gram : array, shape (N, k, k)
    moment : array, shape (N, k)
    power : array, shape (N,)
        Squared length of each isotherm's weighted values.
    values : int
        Number of values at nodes less levels.
    """

    basis: MasterBasis
    gram: Floats
    moment: Floats
    power: Floats
    values: int

    @classmethod
    def for_units(
        cls,
        curves: Sequence[EvenCurve],
        units_V: Floats,
        weights: Sequence[Floats] | None = None,
        omegas: tuple[float, ...] = (),
    ) -> "SharedCurve":
        """Set the problem up, with the lock-in's excitation averaged over the curve.

        Parameters
        ----------
        curves : sequence of EvenCurve, length N
        units_V : array, shape (N,)
            Bias that makes x = 1 in each.
        weights : sequence of arrays, shape (m_j, m_j), or None
            What `EvenCurve.weights` returns, where it is known already.
        omegas : tuple of float
            Departures from scaling towards the Kondo scale that are fitted too: unit^omega (1 + (x/2)^2)^((omega +
            1/2) / 2) beside the free curve, the form of `CrossoverTerm`.

        Raises
        ------
        WindowError
            For fewer than two isotherms, or none that share a range of x.
        """
        if len(curves) < 2:
            raise WindowError(f"{len(curves)} isotherm(s) cannot share a curve; at least two are needed")
        reaches = np.array([curve.bias_V[-1] for curve in curves]) / units_V
        starts = np.array([curve.bias_V[0] for curve in curves]) / units_V
        overlaps = np.minimum(reaches[:, None], reaches) > np.maximum(starts[:, None], starts)
        if not np.any(overlaps & ~np.eye(len(curves), dtype=bool)):
            raise WindowError("the isotherms share no range of the reduced bias; widen the range of bias")
        basis = MasterBasis.for_range(float(reaches.max()))
        functions = _averaged(basis, curves, units_V)
        if omegas:
            relative = units_V / np.exp(np.mean(np.log(units_V)))
            functions = [
                np.column_stack([part, *(_departure(curve.bias_V / unit_V, factor, omega) for omega in omegas)])
                for part, curve, unit_V, factor in zip(functions, curves, units_V, relative, strict=True)
            ]
        weights = [curve.weights() for curve in curves] if weights is None else weights
        designs = [weight @ part for weight, part in zip(weights, functions, strict=True)]
        data = [
            weight @ (curve.conductance_S - curve.conductance_S[0])
            for weight, curve in zip(weights, curves, strict=True)
        ]
        gram = [design.T @ design for design in designs]
        moment = [design.T @ own for design, own in zip(designs, data, strict=True)]
        power = [own @ own for own in data]
        count = sum(curve.bias_V.size - 1 for curve in curves)
        return cls(basis, np.array(gram), np.array(moment), np.array(power), count)

    def fit(self, scales: Floats) -> SharedCurveFit:
        """Return the best curve for the `scales`, shape (N,), of the isotherms."""
        gram = np.einsum("j,jkl->kl", scales**2, self.gram)
        moment = scales @ self.moment
        return fit_linear(gram, moment, float(self.power.sum()), self.values)


def fit_linear(gram: Floats, moment: Floats, power: float, values: int) -> SharedCurveFit:
    """Solve normal equations, leaving out what the data do not see.

    Parameters
    ----------
    gram, moment : array, shapes (k, k) and (k,)
    power : float
        Squared length of the weighted data.
    values : int
        Number of data less levels.
    """
    # a function that no node sees gets no weight
    size = np.sqrt(np.maximum(np.diag(gram), RIDGE * np.max(np.diag(gram))))
    eigenvalues, vectors = np.linalg.eigh(gram / np.outer(size, size))
    is_seen = eigenvalues > RIDGE * eigenvalues[-1]
    projected = (vectors.T @ (moment / size))[is_seen]
    coefficients = vectors[:, is_seen] @ (projected / eigenvalues[is_seen]) / size
    explained = float(np.sum(projected**2 / eigenvalues[is_seen]))
    return SharedCurveFit(max(power - explained, 0.0), max(1, values - int(is_seen.sum())), coefficients, explained)


def _departure(x: Floats, relative_unit: float, omega: float) -> Floats:
    return relative_unit**omega * (1.0 + (DEPARTURE_SCALE * x) ** 2) ** (0.5 * (omega + 0.5))


def _averaged(basis: MasterBasis, curves: Sequence[EvenCurve], units_V: Floats) -> list[Floats]:
    """Return the basis at the nodes of each curve as the lock-in sees it, all in one evaluation."""
    shifts, weights = first_harmonic_rule(KERNEL_NODES)
    if not any(curve.excitation_Vrms for curve in curves):
        shifts, weights = np.zeros(1), np.ones(1)
    places = [
        (curve.bias_V[:, None] + np.sqrt(2.0) * curve.excitation_Vrms * shifts) / unit_V
        for curve, unit_V in zip(curves, units_V, strict=True)
    ]
    stacked = np.concatenate(places)
    values = np.einsum("s,nsk->nk", weights, basis.evaluate(stacked.ravel()).reshape(*stacked.shape, -1))
    return np.split(values, np.cumsum([curve.bias_V.size for curve in curves])[:-1])
