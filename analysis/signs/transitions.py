"""Conductance transitions: spikes of dI/dV at +-Vc and their motion with the field (Cu.9, figs 12, 13).

The spikes of all isotherms are strung onto tracks Vc(H) = Vc (1 - (|H| / Hc)^n), n = 2 as the paper reads its figure
12, or n = 1. Two tracks that leave one Vc are a bifurcation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analysis.curves import Isotherm
from analysis.errors import WindowError
from analysis.quantity import Quantity, missing
from analysis.signs.spikes import Spike, find_spikes

Floats = NDArray[np.float64]

ZERO_FIELD_T = 5e-3
TOLERANCE = 3.0
SCATTER = 0.01
MINIMUM_FIELDS = 3
SAME_START = 0.04


@dataclass(frozen=True, slots=True)
class TransitionTrack:
    """One transition followed through the fields: Vc(H) = Vc (1 - (|H| / Hc)^power).

    Attributes
    ----------
    position_V : Quantity
        Vc in zero field.
    critical_field_T : Quantity
        Hc, where Vc(H) reaches zero; none for a fixed transition.
    motion : "quadratic", "linear" or "fixed"
        The form with the lowest chi-square; fixed where the motion is within its error.
    delta_chi2 : float
        Chi-square of the linear less that of the quadratic form.
    points : int
        Spikes on it.
    """

    position_V: Quantity
    critical_field_T: Quantity
    motion: Literal["quadratic", "linear", "fixed"]
    delta_chi2: float
    points: int


@dataclass(frozen=True, slots=True)
class Transitions:
    """All transitions of the data.

    Attributes
    ----------
    spikes : tuple of Spike
        By field, temperature and |V|.
    tracks : tuple of TransitionTrack
        Empty without three fields to follow.
    is_bifurcating : bool
        Whether two tracks leave one Vc.
    narrowing_V_per_K : Quantity
        Growth of the width with temperature, in zero field.
    searched_bias_V : float
        Largest |V| that was searched.
    why : str
    """

    spikes: tuple[Spike, ...]
    tracks: tuple[TransitionTrack, ...]
    is_bifurcating: bool
    narrowing_V_per_K: Quantity
    searched_bias_V: float
    why: str


def find_transitions(isotherms: Sequence[Isotherm]) -> Transitions:
    """Find the spikes of all isotherms and follow them through the fields.

    Raises
    ------
    WindowError
        For no isotherm.
    """
    if not isotherms:
        raise WindowError("there is no isotherm to search for conductance transitions")
    spikes = tuple(spike for isotherm in isotherms for spike in find_spikes(isotherm))
    tracks = tuple(_tracks(spikes))
    reach = float(max(np.abs(isotherm.bias_V).max() for isotherm in isotherms))
    why = f"{len(spikes)} spike(s) in {len(isotherms)} isotherm(s) up to {reach * 1e3:.3g} mV"
    return Transitions(spikes, tracks, _is_bifurcating(tracks), _narrowing(spikes), reach, why)


@dataclass(frozen=True, slots=True)
class _Line:
    """V = start - slope |H|^power through spikes, with the covariance of both."""

    power: int
    start: float
    slope: float
    covariance: Floats
    chi2: float
    members: tuple[int, ...]


def _tracks(spikes: Sequence[Spike]) -> list[TransitionTrack]:
    fields = np.abs([spike.field_T for spike in spikes])
    places = np.array([spike.position_V.value or 0.0 for spike in spikes])
    errors = np.array([spike.position_V.error or 0.0 for spike in spikes])
    # the paper's own points scatter by about a per cent
    errors = np.hypot(errors, SCATTER * places)
    left = set(range(len(spikes)))
    tracks: list[TransitionTrack] = []
    while True:
        lines = [
            line
            for power in (2, 1)
            for pair in combinations(sorted(left), 2)
            if (line := _grow(pair, power, fields, places, errors, left)) is not None
        ]
        if not lines:
            return tracks
        best = max(lines, key=lambda line: (len(line.members), -line.chi2))
        tracks.append(_track(best, fields, places, errors))
        # the spike of zero field may belong to two tracks: a bifurcation
        taken = {index for index in best.members if fields[index] > ZERO_FIELD_T}
        left -= taken


def _grow(
    pair: tuple[int, int], power: int, fields: Floats, places: Floats, errors: Floats, left: set[int]
) -> _Line | None:
    """Return the line through a pair with all spikes near it, one a field and temperature; None for too few fields."""
    x = fields**power
    first, second = pair
    if abs(fields[first] - fields[second]) < ZERO_FIELD_T:
        return None
    slope = (places[first] - places[second]) / (x[second] - x[first])
    if slope < 0.0:
        return None
    start = places[first] + slope * x[first]
    others = np.array(sorted(left))
    near = others[np.abs(places[others] - start + slope * x[others]) < TOLERANCE * errors[others]]
    if np.unique(np.round(fields[near], 2)).size < MINIMUM_FIELDS or not np.any(fields[near] > ZERO_FIELD_T):
        return None
    return _line(tuple(near.tolist()), power, fields, places, errors)


def _line(members: tuple[int, ...], power: int, fields: Floats, places: Floats, errors: Floats) -> _Line:
    rows = list(members)
    design = np.column_stack([np.ones(len(rows)), -(fields[rows] ** power)]) / errors[rows][:, None]
    data = places[rows] / errors[rows]
    covariance = np.asarray(np.linalg.inv(design.T @ design), dtype=np.float64)
    start, slope = covariance @ design.T @ data
    return _Line(
        power, float(start), float(slope), covariance, float(np.sum((data - design @ [start, slope]) ** 2)), members
    )


def _track(best: _Line, fields: Floats, places: Floats, errors: Floats) -> TransitionTrack:
    other = _line(best.members, 3 - best.power, fields, places, errors)
    delta = (other.chi2 - best.chi2) if best.power == 2 else (best.chi2 - other.chi2)
    line = min((best, other), key=lambda own: own.chi2)
    start_error, slope_error = np.sqrt(np.diag(line.covariance))
    position = Quantity(line.start, float(start_error), "V", points=len(line.members))
    if line.slope < TOLERANCE * slope_error:
        critical = missing("T", "the transition does not move with the field")
        return TransitionTrack(position, critical, "fixed", delta, len(line.members))
    critical_T = (line.start / line.slope) ** (1.0 / line.power)
    gradient = np.array([1.0 / line.start, -1.0 / line.slope]) * critical_T / line.power
    error = float(np.sqrt(gradient @ line.covariance @ gradient))
    critical = Quantity(float(critical_T), error, "T", points=len(line.members))
    return TransitionTrack(position, critical, "quadratic" if line.power == 2 else "linear", delta, len(line.members))


def _is_bifurcating(tracks: Sequence[TransitionTrack]) -> bool:
    """Say whether two tracks that start within 4 % of one Vc have critical fields that differ by 3 sigma."""
    for one, two in combinations(tracks, 2):
        starts = (one.position_V.value or 0.0, two.position_V.value or 0.0)
        ends = (one.critical_field_T, two.critical_field_T)
        if abs(starts[0] - starts[1]) > SAME_START * max(starts):
            continue
        if any(end.value is None or end.error is None for end in ends):
            return ends[0].value != ends[1].value
        if abs(ends[0].value - ends[1].value) > TOLERANCE * np.hypot(ends[0].error, ends[1].error):  # type: ignore[operator, arg-type]
            return True
    return False


def _narrowing(spikes: Sequence[Spike]) -> Quantity:
    still = [spike for spike in spikes if abs(spike.field_T) < ZERO_FIELD_T]
    temperatures = np.array([spike.temperature_K for spike in still])
    if np.unique(np.round(temperatures, 3)).size < 2:
        return missing("V/K", "spikes of at least two temperatures in zero field are needed")
    widths = np.array([spike.width_V.value or 0.0 for spike in still])
    # widths of several transitions scatter more than their errors say
    design = np.column_stack([np.ones(temperatures.size), temperatures])
    inverse = np.linalg.inv(design.T @ design)
    solution = inverse @ design.T @ widths
    rest = widths - design @ solution
    errors = np.array([spike.width_V.error or 0.0 for spike in still])
    variance = max(float(rest @ rest) / max(1, temperatures.size - 2), float(np.mean(errors**2)))
    return Quantity(float(solution[1]), float(np.sqrt(variance * inverse[1, 1])), "V/K", points=len(still))
