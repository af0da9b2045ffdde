"""The exponent while the run goes on: the estimator of `collapse`, kept up to date point by point.

An isotherm enters the fit through sums of products (see `likelihood`), and a new point only adds to those of its own
isotherm, at O(K^2). Drift is a sum of ramps whose stretches grow by a rule that never looks back (see `stretches`), and
the knots of the master curve come from the plan, so that the sums are those of the batch fit of the same points: alpha
agrees with it to rounding. Sums are kept unscaled by noise and drift, which may therefore change at any time. What
enters at the level of a point may not: for another window, offset, series resistance or excitation, other temperatures
or another crossover, make a new `LiveCollapse` and give it all points at once.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.corrections import Corrections, electron_temperature_K, smeared_Vrms
from analysis.curves import Window
from analysis.errors import DataError, ModelError, WindowError
from analysis.fit_result import Crossover, LikelihoodProfile, MasterCurve
from analysis.quantities import excitation_ratio, reduced_bias
from analysis.scaling.drift import estimate_drift
from analysis.scaling.likelihood import ExponentMinimum, Profile
from analysis.scaling.live_isotherm import LiveIsotherm
from analysis.scaling.master_curve import MasterBasis
from analysis.scaling.problem import MINIMUM_POINTS, needs_kernel, refuse_no_overlap
from analysis.scaling.profile_curves import interval_95, likelihood_profile, master_curve, refuse_undetermined

Floats = NDArray[np.float64]

PROFILE_POINTS = 25


@dataclass(frozen=True, slots=True)
class LiveExponent:
    """The exponent of the points taken so far.

    Attributes
    ----------
    alpha : float
    statistical : float
        Standard error by noise and drift, scaled by the root of chi2_per_dof where that is above one.
    interval95 : tuple of float
        Profile interval by noise and drift. What else moves alpha only the batch fit tells.
    chi2_per_dof : float
    degrees_of_freedom, points, isotherms : int
        Of those isotherms inside the window that have enough points, at least 8.
    profile : LikelihoodProfile
    """

    alpha: float
    statistical: float
    interval95: tuple[float, float]
    chi2_per_dof: float
    degrees_of_freedom: int
    points: int
    isotherms: int
    profile: LikelihoodProfile


@dataclass(frozen=True, slots=True)
class _Solution:
    """The minimum with what it was found from."""

    profile: Profile
    minimum: ExponentMinimum
    taking_part: tuple[int, ...]
    points: int
    degrees_of_freedom: int
    reference_K: float

    @property
    def misfit(self) -> float:
        return max(1.0, self.minimum.chi2 / self.degrees_of_freedom)


class LiveCollapse:
    """The collapse of a run under way.

    Not to be used by two threads at once; what it returns is frozen and may go anywhere.

    Parameters
    ----------
    plan_bias_max_V : float
        Largest |V| that the plan will reach.
    temperatures_K : array, shape (N,)
        Planned or measured temperature of each isotherm, before the correction for electrons.
    window : Window
        Its field is not looked at: give points of one field.
    corrections : Corrections or None
        As for `fit_exponent`; `bias_offset_V` must be a number.
    noise_S : array, shape (N,), or float, or None
        Standard deviation of a point of each isotherm; None takes `corrections.noise`.
    drift_S_per_sqrt_s : float
        Strength of the random walk of the conductance, as a fit reports it; 0 for none.
    excitation_Vrms : array, shape (N,), or float, or None
        rms excitation across the contact itself; None takes `corrections.excitation_Vrms`.
    crossover : Crossover or None
        Departure from scaling found by the last batch fit; its applied part is taken out of the points.

    Raises
    ------
    ModelError
        For an offset or a noise that is not a number, or a number outside its domain.
    WindowError
        If the window holds fewer than two of the temperatures.
    """

    def __init__(
        self,
        plan_bias_max_V: float,
        temperatures_K: ArrayLike,
        window: Window,
        corrections: Corrections | None = None,
        noise_S: ArrayLike | None = None,
        *,
        drift_S_per_sqrt_s: float = 0.0,
        excitation_Vrms: ArrayLike | None = None,
        crossover: Crossover | None = None,
    ) -> None:
        self.window = window
        self.corrections = Corrections() if corrections is None else corrections
        if isinstance(self.corrections.bias_offset_V, str):
            raise ModelError('a live collapse needs bias_offset_V in volts: "auto" needs whole curves')
        self._offset_V = self.corrections.bias_offset_V
        self._crossover = crossover
        measured_K = np.atleast_1d(np.asarray(temperatures_K, dtype=np.float64))
        base_K = self.corrections.electron_base_K
        self._temperatures_K = np.array([electron_temperature_K(float(t), base_K) for t in measured_K])
        is_inside = [window.holds(float(temperature)) for temperature in self._temperatures_K]
        if sum(is_inside) < 2:
            raise WindowError(f"{window} holds {sum(is_inside)} of the planned isotherms, and scaling compares two")
        limits_V = [min(plan_bias_max_V, window.bias_limit_V(float(t))) for t in self._temperatures_K]
        reaches = reduced_bias(limits_V, self._temperatures_K)
        self._basis = MasterBasis.for_range(float(reaches[is_inside].max()))
        ratios = _kernel_ratios(self.corrections, excitation_Vrms, self._temperatures_K, np.array(is_inside))
        self._isotherms = [
            LiveIsotherm(self._basis, float(temperature), float(ratio)) if is_in else None
            for temperature, ratio, is_in in zip(self._temperatures_K, ratios, is_inside, strict=True)
        ]
        self._grams = np.zeros((measured_K.size, self._basis.size + 1, self._basis.size + 1))
        self._is_stale = np.zeros(measured_K.size, dtype=bool)
        self.set_noise(self.corrections.noise if noise_S is None else noise_S, drift_S_per_sqrt_s)
        self._unit_S = self._noise_S
        self._solution: _Solution | None = None
        self._start = 0.5

    def set_noise(self, noise_S: ArrayLike, drift_S_per_sqrt_s: float) -> None:
        """Set noise (shape (N,) or one value, siemens) and drift; no point needs to be given again.

        Raises
        ------
        ModelError
            For a noise that is not a finite number above zero, or a drift that is not one of at least zero.
        """
        if isinstance(noise_S, str):
            raise ModelError(f'a live collapse needs noise_S in siemens, not "{noise_S}": the plan predicts it')
        noise = np.broadcast_to(np.asarray(noise_S, dtype=np.float64), self._temperatures_K.shape).copy()
        if not (np.all(np.isfinite(noise)) and noise.min() > 0.0):
            raise ModelError(f"noise_S of a live collapse is {noise_S}, expected finite siemens above 0")
        if not (np.isfinite(drift_S_per_sqrt_s) and drift_S_per_sqrt_s >= 0.0):
            raise ModelError(f"drift_S_per_sqrt_s is {drift_S_per_sqrt_s}, expected a finite number of at least 0")
        self._noise_S = noise
        self._drift_S2_per_s = drift_S_per_sqrt_s**2
        self._is_stale[:] = True
        self._solution = None

    def add(
        self,
        isotherm_index: ArrayLike,
        bias_V: ArrayLike,
        conductance_S: ArrayLike,
        time_s: ArrayLike,
        *,
        conductance_error_S: ArrayLike | None = None,
        current_A: ArrayLike | None = None,
    ) -> None:
        """Take one point or several, shape (n,) each, in any order; those outside the window are left out.

        Parameters
        ----------
        isotherm_index : int array
            Place in `temperatures_K`; one value may stand for all points.
        bias_V, conductance_S, time_s : array
            As measured, zero-bias anchors included.
        conductance_error_S : array or None
            Standard error of a point; None takes the noise first given for its isotherm.
        current_A : array or None
            Current through the contact; needed where there is a series resistance.

        Raises
        ------
        DataError
            For lengths that differ, numbers that are not finite, an unknown isotherm, or a missing current.
        """
        index = np.atleast_1d(np.asarray(isotherm_index, dtype=np.int64))
        if index.size and (index.min() < 0 or index.max() >= len(self._isotherms)):
            raise DataError(f"isotherm {index.min()} to {index.max()}: there are {len(self._isotherms)}, from 0 on")
        error = self._unit_S[index] if conductance_error_S is None else conductance_error_S
        current = 0.0 if current_A is None else current_A
        columns = _columns(bias_V, conductance_S, time_s, error, current)
        if self.corrections.series_ohm > 0.0 and current_A is None:
            raise DataError("a live collapse with a series resistance needs current_A with every point")
        groups = np.unique(index)
        for place in groups.tolist():
            rows = columns if groups.size == 1 else columns[:, index == place]
            self._add_to(place, *rows)

    def _add_to(self, place: int, bias_V: Floats, conductance_S: Floats, time_s: Floats, *rest: Floats) -> None:
        isotherm = self._isotherms[place]
        if isotherm is None:
            return
        error_S, current_A = rest
        series_ohm = self.corrections.series_ohm
        share = 1.0 - series_ohm * conductance_S
        bias_V = bias_V - self._offset_V - series_ohm * current_A
        rows = self.window.is_inside(bias_V, isotherm.temperature_K)
        if not rows.any():
            return
        if share[rows].min() <= 0.0:
            raise DataError(f"series_ohm is {series_ohm:g} but the circuit has only {1 / conductance_S.max():g} ohm")
        contact_S = conductance_S / share
        if self._crossover is not None:
            contact_S = contact_S - self._crossover.applied_S(
                reduced_bias(bias_V, isotherm.temperature_K), isotherm.temperature_K
            )
        relative_error = error_S / share**2 / self._unit_S[place]
        isotherm.add(bias_V[rows], contact_S[rows], time_s[rows], relative_error[rows])
        self._is_stale[place] = True
        self._solution = None

    def exponent(self) -> LiveExponent:
        """Return the exponent of all points taken so far.

        Raises
        ------
        WindowError
            While fewer than two isotherms have points, share a value of v, or determine alpha.
        """
        found = self._solve()
        profile, minimum, misfit = found.profile, found.minimum, found.misfit
        return LiveExponent(
            minimum.alpha,
            float(np.sqrt(misfit / minimum.curvature)),
            interval_95(profile, minimum, misfit),
            minimum.chi2 / found.degrees_of_freedom,
            found.degrees_of_freedom,
            found.points,
            len(found.taking_part),
            likelihood_profile(profile, minimum, misfit, PROFILE_POINTS),
        )

    def master_curve(self) -> MasterCurve:
        """Return the master curve of all points taken so far, as far as they reach; raises as `exponent` does."""
        found = self._solve()
        return master_curve(
            self._basis,
            found.profile,
            found.minimum,
            misfit=found.misfit,
            reference_K=found.reference_K,
            reach=max(self._taking(place).reduced_range[1] for place in found.taking_part),
        )

    def offsets_S(self) -> dict[int, float]:
        """Return the fitted zero-bias conductance of each isotherm that takes part; raises as `exponent` does."""
        found = self._solve()
        offsets = {}
        for place in found.taking_part:
            scale = float((self._temperatures_K[place] / found.reference_K) ** found.minimum.alpha)
            master_S = scale * found.minimum.coefficients
            offsets[place] = self._taking(place).offset_S(master_S, self._drift_to_noise(place))
        return offsets

    def likeliest_drift_S_per_sqrt_s(self) -> float:
        """Return the strength of drift that makes the points likeliest, 0 if they need none; raises as `exponent` does.

        For `set_noise`; some twenty times the cost of a re-solve, so now and then, not for every point.
        """
        found = self._solve()
        reduced = [self._taking(place).reduced() for place in found.taking_part]
        log_t = np.log(self._temperatures_K[list(found.taking_part)] / found.reference_K)
        duration_s = max(1.0, *(self._taking(place).duration_s for place in found.taking_part))
        noise_S = self._noise_S[list(found.taking_part)]
        return float(np.sqrt(estimate_drift(reduced, log_t, noise_S, duration_s, found.minimum.alpha)))

    def _solve(self) -> _Solution:
        if self._solution is None:
            self._solution = self._solved()
        return self._solution

    def _solved(self) -> _Solution:
        known = [(place, isotherm) for place, isotherm in enumerate(self._isotherms) if isotherm is not None]
        known = [(place, isotherm) for place, isotherm in known if isotherm.count >= MINIMUM_POINTS]
        if len(known) < 2:
            raise WindowError(
                f"{len(known)} isotherm(s) have at least {MINIMUM_POINTS} points in {self.window} so far; "
                "scaling compares at least two"
            )
        refuse_no_overlap([isotherm.reduced_range for _, isotherm in known], self.window)
        for place, isotherm in known:
            if self._is_stale[place]:
                self._grams[place] = isotherm.gram(self._drift_to_noise(place)) / self._noise_S[place] ** 2
                self._is_stale[place] = False
        places = [place for place, _ in known]
        log_t = np.log(self._temperatures_K[places])
        profile = Profile(log_t - log_t.mean(), self._grams[places])
        points = sum(isotherm.count for _, isotherm in known)
        degrees_of_freedom = points - len(known) - profile.reached - 1
        if degrees_of_freedom < MINIMUM_POINTS:
            raise WindowError(f"{points} points in {self.window} so far are too few for a master curve")
        minimum = profile.minimum(self._start)
        refuse_undetermined(minimum, degrees_of_freedom, len(known), points)
        self._start = minimum.alpha
        reference_K = float(np.exp(log_t.mean()))
        return _Solution(profile, minimum, tuple(places), points, degrees_of_freedom, reference_K)

    def _drift_to_noise(self, place: int) -> float:
        return self._drift_S2_per_s / float(self._noise_S[place]) ** 2

    def _taking(self, place: int) -> LiveIsotherm:
        isotherm = self._isotherms[place]
        assert isotherm is not None, "only isotherms inside the window take part"
        return isotherm


def _columns(*given: ArrayLike) -> Floats:
    """Return checked columns, shape (5, n)."""
    names = ("bias_V", "conductance_S", "time_s", "conductance_error_S", "current_A")
    arrays = [np.atleast_1d(np.asarray(column, dtype=np.float64)) for column in given]
    count = arrays[0].size
    for name, column in zip(names, arrays, strict=True):
        if column.ndim != 1 or column.size not in (1, count):
            raise DataError(f"{name} has shape {column.shape} but bias_V has {count} points; give one value a point")
        if not np.isfinite(column).all():
            raise DataError(f"{name} holds a number that is not finite; drop or mend such points")
    if arrays[3].size and not arrays[3].min() > 0.0:
        raise DataError(f"conductance_error_S is {arrays[3].min():g}, expected a standard error above zero")
    columns = np.empty((len(arrays), count))
    for row, column in zip(columns, arrays, strict=True):
        row[:] = column
    return columns


def _kernel_ratios(
    corrections: Corrections, excitation_Vrms: ArrayLike | None, temperatures_K: Floats, is_inside: NDArray[np.bool_]
) -> Floats:
    """Return the w that each isotherm's basis is averaged over; zeros where all are alike or nothing is known."""
    known = corrections.excitation_Vrms if excitation_Vrms is None else excitation_Vrms
    if known is None and corrections.voltage_noise_Vrms == 0.0:
        return np.zeros(temperatures_K.size)
    smeared = smeared_Vrms(0.0 if known is None else known, corrections.voltage_noise_Vrms)
    ratios = np.broadcast_to(excitation_ratio(smeared, temperatures_K), temperatures_K.shape)
    return np.array(ratios) if needs_kernel(ratios[is_inside]) else np.zeros(temperatures_K.size)
