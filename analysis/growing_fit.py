"""The fit of a run that grows: a batch fit now and then, and the live collapse from one batch fit to the next.

The batch fit chooses the window and finds what moves alpha besides noise; the live collapse takes each further point at
a cost that does not depend on how many there are. With the settings of the batch fit the two agree to rounding.
"""

from dataclasses import dataclass, field, fields, replace

import numpy as np
from numpy.typing import NDArray

from analysis.collapse import fit_exponent
from analysis.corrections import Corrections, correct_isotherm, electron_temperature_K
from analysis.curves import Curves, Isotherm, is_same_field, make_curves
from analysis.errors import ModelError, WindowError
from analysis.fit_result import ExponentFit
from analysis.live import LiveCollapse
from analysis.points import Points
from analysis.scaling.collapsed import CollapsedIsotherm, collapse_isotherm

Floats = NDArray[np.float64]

SAME_ISOTHERM = 8e-3
"""Relative difference of two temperatures that `make_curves` would take for one."""

MOST_POINTS = 60_000
"""A batch fit is made of so many points, or up to twice as many. A hundred thousand leave a statistical error some ten
times below the others, and a run of a week would have a million: then every second is left out, or every fourth."""

VISIBLE_MOVE = 0.2
"""Movement of alpha, in its own errors, from which all isotherms are scaled anew and not only those with new points."""


@dataclass
class _Place:
    """One isotherm of the live collapse: its settings, and its points so far."""

    temperature_K: float
    noise_S: float
    error_median_S: float
    excitation_Vrms: float
    points: list[Points] = field(default_factory=list)

    def isotherm(self) -> Isotherm:
        self.points = [Points.joined(self.points)]
        (points,) = self.points
        return Isotherm(
            self.temperature_K,
            float(np.mean(points.field_T)),
            points.bias_V,
            points.conductance_S,
            points.direction,
            points.is_anchor,
            points.conductance_error_S,
            points.time_s,
            points.excitation_Vrms,
        )


class GrowingFit:
    """The exponent of a run under way. Not to be used by two threads at once.

    Parameters
    ----------
    corrections : Corrections
        As for `fit_exponent`.

    Raises
    ------
    ModelError
        For a series resistance: its current is the integral of a whole curve.

    Attributes
    ----------
    stride : int
        Of so many points in the order of time one is fitted.
    """

    def __init__(self, corrections: Corrections) -> None:
        if corrections.series_ohm:
            raise ModelError(f"a growing fit has no series resistance, and series_ohm is {corrections.series_ohm:g}")
        self._corrections = corrections
        self._points: list[Points] = []
        self._seen = self._kept = 0
        self.stride = 1
        self._batch: ExponentFit | None = None
        self._live: LiveCollapse | None = None
        self._places: list[_Place] = []
        self._place_of: dict[int, int] = {}
        self._touched: set[int] = set()
        self._drawn_alpha = float("nan")

    @property
    def is_fitted(self) -> bool:
        """Say whether there is a batch fit to go on from."""
        return self._batch is not None

    def add(self, points: Points) -> bool:
        """Take further points; say whether a batch fit is due: of a new isotherm, or of fewer points than before."""
        points = self._share_of(points)
        self._points.append(points)
        self._kept += len(points.bias_V)
        if self._kept > 2 * MOST_POINTS:
            self._halve()
            return True
        if self._batch is None:
            return True
        known = set(self._place_of)
        self._give(points)
        return bool(set(self._place_of) - known)

    def _share_of(self, points: Points) -> Points:
        """Return the points whose turn it is."""
        places = self._seen + np.arange(len(points.bias_V))
        self._seen += len(places)
        return points if self.stride == 1 else points.select(places % self.stride == 0)

    def _halve(self) -> None:
        """Leave every second point out, from now on too; the live collapse goes on with the next batch fit."""
        while self._kept > 2 * MOST_POINTS:
            points = self._all_points()
            self._points = [points.select(np.arange(self._kept) % 2 == 0)]
            self.stride *= 2
            self._kept = len(self._points[0].bias_V)

    def refit(self) -> None:
        """Fit all points anew, and go on from there.

        Raises
        ------
        AnalysisError
            As `fit_exponent`; the fit before stays.
        """
        if not self._points:
            raise WindowError("no points yet")
        points = self._all_points()
        columns = {column.name: getattr(points, column.name) for column in fields(points)}
        del columns["isotherm_index"]
        curves = make_curves(**columns)
        self._batch = fit_exponent(curves, None, self._corrections, field_T=min(curves.fields_T(), key=abs))
        self._start_from(self._batch, curves)
        self._give(points)
        self._drawn_alpha = float("nan")

    def fit(self) -> ExponentFit:
        """Return the fit of all points: window and systematic errors are those of the last batch fit.

        Raises
        ------
        WindowError
            If nothing has been fitted yet.
        """
        batch, live = self._batch, self._live
        if batch is None or live is None:
            raise WindowError("nothing has been fitted yet")
        found, systematic = live.exponent(), batch.systematic
        statistical = float(np.sqrt(max(0.0, found.statistical**2 - systematic.drift**2)))
        offsets_S = live.offsets_S()
        return replace(
            batch,
            alpha=found.alpha,
            error=float(np.hypot(statistical, systematic.total())),
            interval95=systematic.widened(found.interval95, found.alpha),
            statistical=statistical,
            chi2_per_dof=found.chi2_per_dof,
            degrees_of_freedom=found.degrees_of_freedom,
            points_used=found.points,
            isotherms_used=found.isotherms,
            profile=found.profile,
            master_curve=live.master_curve(),
            isotherms=tuple(
                replace(part, offset_S=offsets_S.get(self._place_at(part.temperature_K), part.offset_S))
                for part in batch.isotherms
            ),
        )

    def collapsed(self, fit: ExponentFit) -> dict[int, CollapsedIsotherm]:
        """Return the isotherms that changed since the last call, by place: with new points, or all if alpha moved."""
        assert self._live is not None, "fitted before"
        has_moved = not abs(fit.alpha - self._drawn_alpha) <= VISIBLE_MOVE * fit.error
        if has_moved:
            self._drawn_alpha = fit.alpha
        offsets_S = self._live.offsets_S()
        places = set(range(len(self._places))) if has_moved else self._touched
        self._touched = set()
        return {place: self._collapsed(place, fit, offsets_S.get(place)) for place in sorted(places)}

    def _collapsed(self, place: int, fit: ExponentFit, offset_S: float | None) -> CollapsedIsotherm:
        here = self._places[place]
        base = Corrections(electron_base_K=self._corrections.electron_base_K)
        isotherm = correct_isotherm(here.isotherm(), base, fit.corrections.bias_offset_V)
        return collapse_isotherm(isotherm, fit, offset_S, here.noise_S)

    def _start_from(self, batch: ExponentFit, curves: Curves) -> None:
        """Make a live collapse in the settings of a batch fit, and a place for each isotherm of its field."""
        isotherms = curves.isotherms(batch.window.field_T)
        own = {part.temperature_K: part for part in batch.isotherms}
        self._places, self._place_of, self._touched = [], {}, set()
        for isotherm in isotherms:
            electrons_K = electron_temperature_K(isotherm.temperature_K, self._corrections.electron_base_K)
            part = own.get(electrons_K)
            inside = batch.window.select(correct_isotherm(isotherm, Corrections(), batch.corrections.bias_offset_V))
            assert isotherm.conductance_error_S is not None
            assert isotherm.excitation_Vrms is not None
            used = inside if part is not None else isotherm
            error_S = float(np.median(_given(used.conductance_error_S)))
            noise_S = error_S if part is None else part.noise_S
            excitation_Vrms = float(np.mean(_given(used.excitation_Vrms)))
            self._places.append(_Place(isotherm.temperature_K, noise_S, error_S, excitation_Vrms))
        self._make_live()

    def _make_live(self) -> None:
        batch = self._batch
        assert batch is not None
        self._live = LiveCollapse(
            float("inf"),
            [place.temperature_K for place in self._places],
            batch.window,
            Corrections(
                bias_offset_V=batch.corrections.bias_offset_V, electron_base_K=self._corrections.electron_base_K
            ),
            [place.noise_S for place in self._places],
            drift_S_per_sqrt_s=batch.corrections.drift_S_per_sqrt_s or 0.0,
            excitation_Vrms=[place.excitation_Vrms for place in self._places],
            crossover=batch.crossover,
        )

    def _give(self, points: Points) -> None:
        """Give points to the live collapse; an isotherm it does not know gets a place, and it starts anew."""
        batch = self._batch
        assert batch is not None
        for index in np.unique(points.isotherm_index).tolist():
            part = points.select(points.isotherm_index == index)
            if not is_same_field(float(np.mean(part.field_T)), batch.window.field_T):
                continue
            if index not in self._place_of and not self._find_place(index, part):
                self._add_place(part)
                return
            self._give_to(self._place_of[index], part)

    def _find_place(self, index: int, part: Points) -> bool:
        temperature_K = float(np.mean(part.temperature_K))
        distances = [abs(place.temperature_K / temperature_K - 1.0) for place in self._places]
        nearest = int(np.argmin(distances))
        if distances[nearest] > SAME_ISOTHERM:
            return False
        self._place_of[index] = nearest
        return True

    def _add_place(self, part: Points) -> None:
        """Make room for an isotherm that has begun since the batch fit, and give all points again."""
        error_S, excitation_Vrms = float(np.median(part.conductance_error_S)), float(np.mean(part.excitation_Vrms))
        self._places.append(_Place(float(np.mean(part.temperature_K)), error_S, error_S, excitation_Vrms))
        for place in self._places:
            place.points = []
        self._make_live()
        self._give(self._all_points())

    def _all_points(self) -> Points:
        self._points = [Points.joined(self._points)]
        return self._points[0]

    def _give_to(self, place: int, part: Points) -> None:
        here, live = self._places[place], self._live
        assert live is not None
        relative = part.conductance_error_S / here.error_median_S
        live.add(place, part.bias_V, part.conductance_S, part.time_s, conductance_error_S=relative * here.noise_S)
        here.points.append(part)
        self._touched.add(place)

    def _place_at(self, electrons_K: float) -> int:
        base_K = self._corrections.electron_base_K
        temperatures_K = [electron_temperature_K(place.temperature_K, base_K) for place in self._places]
        return int(np.argmin(np.abs(np.array(temperatures_K) - electrons_K)))


def _given(column: np.ndarray | None) -> np.ndarray:
    assert column is not None, "points of a run have every column"
    return column
