"""The fit's problem, set up: isotherms in a window, a common basis, noise, and their normal equations."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analysis.corrections import Corrections, excitation_ratios
from analysis.curves import Isotherm, Window
from analysis.errors import WindowError
from analysis.quantities import reduced_bias
from analysis.scaling.drift import SlowColumns, estimate_drift
from analysis.scaling.likelihood import ExponentMinimum, Profile, is_reached, profile_of
from analysis.scaling.master_curve import MasterBasis
from analysis.scaling.noise import measured_scatter
from analysis.scaling.normal_equations import NormalEquations, ReducedIsotherm

Floats = NDArray[np.float64]

MINIMUM_POINTS = 8
EQUAL_RATIOS = 0.03
NOISE_FLOOR = 1e-9


@dataclass(frozen=True, slots=True)
class CrossoverTerm:
    """The leading departure from scaling towards the Kondo temperature, T^(alpha + omega) H(v).

    H(v) = (1 + (p v)^2)^((alpha + omega) / 2): even, smooth, and of the one asymptotic form that makes G independent
    of T for eV >> kB T. `omega` is the exponent of the leading irrelevant term, `scale` is p; temperatures are over
    `reference_K`, and values over `unit`, which keeps them near one.
    """

    omega: float
    scale: float
    alpha: float
    reference_K: float
    unit: float

    @property
    def power(self) -> float:
        """Power of T, and of V for large v."""
        return self.alpha + self.omega

    def evaluate(self, reduced_bias: Floats, temperature_K: float) -> Floats:
        """Return the term over (T / reference)^alpha, shape (n,)."""
        shape = np.exp(0.5 * self.power * np.log1p((self.scale * reduced_bias) ** 2))
        return (temperature_K / self.reference_K) ** self.omega * shape / self.unit


@dataclass(frozen=True, slots=True)
class Problem:
    """All that a fit of alpha needs.

    Attributes
    ----------
    isotherms : tuple of Isotherm
        Corrected, inside the window, by temperature.
    basis : MasterBasis
    reference_K : float
        Geometric mean T_gm of the temperatures, which keeps t = T / T_gm near one.
    ratios : array, shape (N,), or None
        Excitation ratios w; None if unknown.
    is_kernel_applied : bool
    slow : tuple of SlowColumns
        Levels and drift of each isotherm.
    relative_errors : tuple of arrays, shape (n_i,)
        Errors of the points in units of their isotherm's noise.
    noise_S : array, shape (N,)
    noise_source : str
    terms : tuple of CrossoverTerm
        Further functions beside the master curve.
    reduced : tuple of ReducedIsotherm
    """

    isotherms: tuple[Isotherm, ...]
    basis: MasterBasis
    reference_K: float
    ratios: Floats | None
    is_kernel_applied: bool
    slow: tuple[SlowColumns, ...]
    relative_errors: tuple[Floats, ...]
    noise_S: Floats
    noise_source: str
    terms: tuple[CrossoverTerm, ...]
    reduced: tuple[ReducedIsotherm, ...]

    @property
    def log_t(self) -> Floats:
        """ln(T / T_gm) of each isotherm, shape (N,)."""
        return np.log([isotherm.temperature_K / self.reference_K for isotherm in self.isotherms])

    @property
    def reach(self) -> float:
        """Largest |v| of the data."""
        return max(float(reduced_bias(np.abs(i.bias_V).max(), i.temperature_K)) for i in self.isotherms)

    @property
    def points(self) -> int:
        """Number of points."""
        return sum(isotherm.count for isotherm in self.reduced)

    @property
    def degrees_of_freedom(self) -> int:
        """Points less levels, functions that some point reaches, and alpha."""
        levels = sum(isotherm.levels for isotherm in self.reduced)
        reached = is_reached(np.sum([isotherm.products.diagonal()[:-1] for isotherm in self.reduced], axis=0))
        return self.points - levels - int(reached.sum()) - 1

    @property
    def duration_s(self) -> float:
        """Longest time spent on one isotherm, at least one second; its number of points where time is not known."""
        spans = [i.bias_V.size if i.time_s is None else float(np.ptp(i.time_s)) for i in self.isotherms]
        return max(1.0, *spans)

    def functions(self, index: int, temperature_K: float, ratio: float) -> Floats:
        """Return basis and further functions at the points of an isotherm taken at another T or excitation ratio."""
        v = reduced_bias(self.isotherms[index].bias_V, temperature_K)
        columns = [self.basis.averaged(v, ratio), *(term.evaluate(v, temperature_K)[:, None] for term in self.terms)]
        return np.hstack(columns)

    def kernel_ratio(self, index: int) -> float:
        """Return the w that the basis of an isotherm is averaged over; 0 where no kernel is applied."""
        return float(self.ratios[index]) if self.is_kernel_applied and self.ratios is not None else 0.0

    def reduce(self, index: int, temperature_K: float, ratio: float) -> ReducedIsotherm:
        """Build the normal equations of one isotherm as if it had another T or excitation ratio."""
        isotherm, slow = self.isotherms[index], self.slow[index]
        functions = self.functions(index, temperature_K, ratio)
        equations = NormalEquations(slow.levels.shape[1], slow.ramps.shape[1], functions.shape[1])
        # the mean goes first: levels take it anyway, and sums of squares keep their digits
        data = isotherm.conductance_S - isotherm.conductance_S.mean()
        equations.add(np.hstack([slow.levels, slow.ramps, functions]), data, self.relative_errors[index])
        return equations.eliminate_levels()

    def with_terms(self, terms: tuple[CrossoverTerm, ...]) -> "Problem":
        """Return the problem with other further functions."""
        return _reduced(replace(self, terms=terms, reduced=()))

    def with_data(self, isotherms: tuple[Isotherm, ...]) -> "Problem":
        """Return the problem with other conductances at the same points."""
        return _reduced(replace(self, isotherms=isotherms, reduced=()))

    def restricted(self, rows: Sequence[NDArray[np.bool_]]) -> "Problem | None":
        """Return the problem with only those `rows` of each isotherm; None if fewer than two isotherms are left."""
        kept = [index for index, chosen in enumerate(rows) if int(chosen.sum()) >= MINIMUM_POINTS]
        if len(kept) < 2:
            return None
        part = replace(
            self,
            isotherms=tuple(self.isotherms[index].select(rows[index]) for index in kept),
            slow=tuple(self.slow[index].select(rows[index]) for index in kept),
            relative_errors=tuple(self.relative_errors[index][rows[index]] for index in kept),
            ratios=None if self.ratios is None else self.ratios[kept],
            noise_S=self.noise_S[kept],
            reduced=(),
        )
        return _reduced(part)

    def profile(self, drift_S2_per_s: float) -> Profile:
        """Return the profile likelihood of alpha for a drift rate."""
        return profile_of(self.reduced, self.log_t, self.noise_S, drift_S2_per_s)[0]

    def perturbed_profile(
        self, index: int, drift_S2_per_s: float, *, temperature_factor: float = 1.0, ratio: float | None = None
    ) -> Profile:
        """Return the profile with one isotherm's T or excitation ratio changed; only that one is rebuilt."""
        temperature = self.isotherms[index].temperature_K * temperature_factor
        log_t = self.log_t
        log_t[index] += np.log(temperature_factor)
        changed = list(self.reduced)
        changed[index] = self.reduce(index, temperature, self.kernel_ratio(index) if ratio is None else ratio)
        return profile_of(changed, log_t, self.noise_S, drift_S2_per_s)[0]


def solve_with_drift(problem: Problem, corrections: Corrections) -> tuple[float, ExponentMinimum]:
    """Return the drift rate in S^2/s (0 if it is off or not needed) and the minimum of chi-square with it."""
    plain = problem.profile(0.0).minimum()
    if corrections.drift == "off" or not plain.is_converged:
        return 0.0, plain
    drift = estimate_drift(problem.reduced, problem.log_t, problem.noise_S, problem.duration_s, plain.alpha)
    return drift, problem.profile(drift).minimum(plain.alpha)


def make_problem(isotherms: Sequence[Isotherm], window: Window, corrections: Corrections) -> Problem:
    """Select the window from corrected `isotherms` and set the fit up.

    Raises
    ------
    WindowError
        For fewer than two isotherms, no overlap in v, or too few points.
    """
    inside = select_window(isotherms, window)
    temperatures = np.array([isotherm.temperature_K for isotherm in inside])
    ratios = excitation_ratios(inside)
    has_kernel = ratios is not None and needs_kernel(ratios)
    reach = max(float(reduced_bias(np.abs(i.bias_V).max(), i.temperature_K)) for i in inside)
    is_given = corrections.noise != "auto"
    relative_errors = tuple(np.ones(i.bias_V.size) if is_given else _relative_error(i) for i in inside)
    noise, source = _noise(inside, relative_errors, corrections)
    problem = Problem(
        inside,
        MasterBasis.for_range(reach),
        float(np.exp(np.mean(np.log(temperatures)))),
        ratios,
        has_kernel,
        tuple(map(SlowColumns.of, inside)),
        relative_errors,
        noise,
        source,
        (),
        (),
    )
    points = sum(isotherm.bias_V.size for isotherm in inside)
    if points - len(inside) - problem.basis.size < MINIMUM_POINTS:
        raise WindowError(
            f"{window} leaves {points} points, too few for a master curve of "
            f"{problem.basis.size} functions and {len(inside)} offsets; widen it"
        )
    return _reduced(problem)


def needs_kernel(ratios: Floats) -> bool:
    """Say whether excitation ratios, shape (N,), differ so that the kernel is no function of v alone."""
    return bool(np.ptp(ratios) > EQUAL_RATIOS * ratios.max())


def select_window(isotherms: Sequence[Isotherm], window: Window) -> tuple[Isotherm, ...]:
    """Return the isotherms inside `window` that have at least 8 points, or refuse."""
    inside = [window.select(isotherm) for isotherm in isotherms if window.holds(isotherm.temperature_K)]
    kept = tuple(isotherm for isotherm in inside if isotherm.bias_V.size >= MINIMUM_POINTS)
    if len(kept) < 2:
        raise WindowError(
            f"{window} holds {len(kept)} isotherm(s) with at least {MINIMUM_POINTS} points, and scaling compares at "
            f"least two; widen it or measure more temperatures"
        )
    sizes = [(reduced_bias(np.abs(i.bias_V), i.temperature_K)) for i in kept]
    refuse_no_overlap([(float(v.min()), float(v.max())) for v in sizes], window)
    return kept


def refuse_no_overlap(ranges: Sequence[tuple[float, float]], window: Window) -> None:
    """Raise WindowError if no two of the ranges of |v|, one an isotherm, have more than a point in common."""
    has_overlap = any(
        min(first[1], second[1]) > max(first[0], second[0])
        for number, first in enumerate(ranges)
        for second in ranges[:number]
    )
    if not has_overlap:
        raise WindowError(f"{window} leaves isotherms that share no value of v = eV/kT; widen its bias range")


def _reduced(problem: Problem) -> Problem:
    reduced = tuple(
        problem.reduce(index, isotherm.temperature_K, problem.kernel_ratio(index))
        for index, isotherm in enumerate(problem.isotherms)
    )
    return replace(problem, reduced=reduced)


def _relative_error(isotherm: Isotherm) -> Floats:
    error = isotherm.conductance_error_S
    return np.ones(isotherm.bias_V.size) if error is None else error / np.median(error)


def _noise(
    inside: tuple[Isotherm, ...],
    relative_errors: tuple[Floats, ...],
    corrections: Corrections,
) -> tuple[Floats, str]:
    """Return the noise of each isotherm, shape (N,), and where it comes from: scatter first, then predicted errors."""
    if corrections.noise != "auto":
        return np.full(len(inside), float(corrections.noise)), "given"
    estimates = [measured_scatter(isotherm, error) for isotherm, error in zip(inside, relative_errors, strict=True)]
    measured = [None if estimate is None else estimate.noise_S for estimate in estimates]
    predicted = [
        None if isotherm.conductance_error_S is None else float(np.median(isotherm.conductance_error_S))
        for isotherm in inside
    ]
    known = [value for value in measured if value is not None]
    values = [
        first if first is not None else second if second is not None else float(np.median(known)) if known else None
        for first, second in zip(measured, predicted, strict=True)
    ]
    if any(value is None for value in values):
        raise WindowError(
            "the noise cannot be measured: the points of every isotherm are too few or all equal; give their errors"
        )
    # a curve without any noise must not weigh infinitely
    floor = NOISE_FLOOR * max(float(np.abs(isotherm.conductance_S).max()) for isotherm in inside)
    noise = np.array([max(value, floor) for value in values if value is not None])
    return noise, "scatter" if known else "predicted"
