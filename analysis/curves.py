"""Curves: tidy columns, checked, in one canonical order, and sorted into isotherms.

Rows come in any order and temperatures as measured, with their jitter. An isotherm is found as a peak of the density
of measured temperatures, not from setpoints, so a file of another program works as well as a run file.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.errors import DataError, WindowError
from analysis.quantities import thermal_voltage_V

Floats = NDArray[np.float64]

MINIMUM_ROWS = 5
MAXIMUM_DECADES_OF_TEMPERATURE = 6.0
FIELD_JITTER_T = 2e-3
FIELD_JITTER_FRACTION = 2e-3
DENSITY_STEP = 5e-4
DENSITY_WIDTH = 8e-3
_REACH = DENSITY_WIDTH * np.linspace(-5.0, 5.0, 1 + 2 * round(5.0 * DENSITY_WIDTH / DENSITY_STEP))
_SMOOTHING = np.exp(-0.5 * (_REACH / DENSITY_WIDTH) ** 2)
VALLEY_DEPTH = 0.5
STRAY_FRACTION = 0.02
STRAY_DISTANCE = 0.05
WINDOW_TOLERANCE = 0.01


@dataclass(frozen=True, slots=True)
class Isotherm:
    """The rows of one temperature and field, by time if it is known, else by bias.

    Attributes
    ----------
    temperature_K, field_T : float
        Means of the measured values.
    bias_V, conductance_S : array, shape (n,)
    direction : int8 array, shape (n,)
        +1 up, -1 down, 0 none.
    is_anchor : bool array, shape (n,)
        Zero-bias readings taken between the points of a sweep.
    conductance_error_S, time_s, excitation_Vrms : array, shape (n,), or None
        Predicted standard error of a point, experiment time, rms excitation across the contact.
    """

    temperature_K: float
    field_T: float
    bias_V: Floats
    conductance_S: Floats
    direction: NDArray[np.int8]
    is_anchor: NDArray[np.bool_]
    conductance_error_S: Floats | None = None
    time_s: Floats | None = None
    excitation_Vrms: Floats | None = None

    def select(self, rows: NDArray[np.bool_]) -> "Isotherm":
        """Return the isotherm with only those `rows` (bool, shape (n,)); the temperature stays."""
        return Isotherm(
            self.temperature_K,
            self.field_T,
            self.bias_V[rows],
            self.conductance_S[rows],
            self.direction[rows],
            self.is_anchor[rows],
            *(
                None if column is None else column[rows]
                for column in (self.conductance_error_S, self.time_s, self.excitation_Vrms)
            ),
        )


@dataclass(frozen=True)
class Curves:
    """Checked columns of a measurement, shape (N,) each, in a canonical order; made by `make_curves`.

    The order (field, isotherm, time if known, bias, then the rest) depends on the rows alone, so a shuffled file
    gives the same numbers to the last bit.
    """

    bias_V: Floats
    temperature_K: Floats
    field_T: Floats
    conductance_S: Floats
    direction: NDArray[np.int8]
    is_anchor: NDArray[np.bool_]
    isotherm_index: NDArray[np.int64]
    conductance_error_S: Floats | None = None
    time_s: Floats | None = None
    excitation_Vrms: Floats | None = None
    _bounds: tuple[int, ...] = field(default=(), repr=False)

    def isotherms(self, field_T: float | None = None) -> tuple[Isotherm, ...]:
        """Return the isotherms by field, then temperature; with `field_T` only those of the nearest field."""
        if field_T is None:
            return self._isotherms
        nearest = min((isotherm.field_T for isotherm in self._isotherms), key=lambda value: abs(value - field_T))
        if not is_same_field(nearest, field_T):
            known = ", ".join(f"{round(value, 4) + 0.0:g}" for value in self.fields_T())
            raise WindowError(f"no isotherm at a field of {field_T:g} T; the data hold {known} T")
        return tuple(isotherm for isotherm in self._isotherms if is_same_field(isotherm.field_T, nearest))

    def fields_T(self) -> tuple[float, ...]:
        """Return the mean of each field of the data, rising."""
        fields: list[float] = []
        for isotherm in self._isotherms:
            if not fields or not is_same_field(isotherm.field_T, fields[-1]):
                fields.append(isotherm.field_T)
        return tuple(fields)

    @cached_property
    def _isotherms(self) -> tuple[Isotherm, ...]:
        return tuple(
            Isotherm(
                float(np.mean(self.temperature_K[start:stop])),
                float(np.mean(self.field_T[start:stop])),
                self.bias_V[start:stop],
                self.conductance_S[start:stop],
                self.direction[start:stop],
                self.is_anchor[start:stop],
                *(
                    None if column is None else column[start:stop]
                    for column in (self.conductance_error_S, self.time_s, self.excitation_Vrms)
                ),
            )
            for start, stop in pairwise(self._bounds)
        )


@dataclass(frozen=True, slots=True)
class Window:
    """The part of the data that is compared.

    Attributes
    ----------
    temperature_max_K : float
        Isotherms up to this, with a tolerance of 1 % for the jitter of measured temperatures.
    bias_max_V : float
        Points with at most this |V|.
    reduced_bias_max : float or None
        Points with at most this |v| = e|V| / kB T besides.
    field_T : float
        Isotherms measured at this field.
    temperature_min_K : float
        Isotherms from this on, with the same tolerance.

    Raises
    ------
    WindowError
        For limits that are not positive numbers.
    """

    temperature_max_K: float
    bias_max_V: float
    reduced_bias_max: float | None = None
    field_T: float = 0.0
    temperature_min_K: float = 0.0

    def __post_init__(self) -> None:
        for name in ("temperature_max_K", "bias_max_V", "reduced_bias_max"):
            limit = getattr(self, name)
            if limit is not None and not limit > 0:
                raise WindowError(f"window {name} is {limit}, expected a number above zero")
        if not np.isfinite(self.field_T):
            raise WindowError(f"window field_T is {self.field_T}, expected tesla")

    def holds(self, temperature_K: float) -> bool:
        """Say whether an isotherm of this temperature lies inside."""
        tolerance = 1.0 + WINDOW_TOLERANCE
        return self.temperature_min_K / tolerance <= temperature_K <= self.temperature_max_K * tolerance

    def select(self, isotherm: Isotherm) -> Isotherm:
        """Return the points of `isotherm` inside the bias limits."""
        return isotherm.select(self.is_inside(isotherm.bias_V, isotherm.temperature_K))

    def bias_limit_V(self, temperature_K: float) -> float:
        """Return the largest |V| of an isotherm inside the window."""
        if self.reduced_bias_max is None:
            return self.bias_max_V
        return min(self.bias_max_V, self.reduced_bias_max * float(thermal_voltage_V(temperature_K)))

    def is_inside(self, bias_V: Floats, temperature_K: float) -> NDArray[np.bool_]:
        """Say which points of an isotherm lie inside the bias limits."""
        # the last digit of a limit typed by hand must not cut the end point of a sweep
        return np.abs(bias_V) <= self.bias_limit_V(temperature_K) * (1.0 + 1e-9)

    def __str__(self) -> str:
        reduced = "" if self.reduced_bias_max is None else f", |v| <= {self.reduced_bias_max:g}"
        lowest = "" if self.temperature_min_K == 0 else f"{self.temperature_min_K:.3g} K <= "
        return (
            f"the window {lowest}T <= {self.temperature_max_K:.3g} K, |V| <= {self.bias_max_V * 1e3:.3g} mV{reduced} "
            f"at {_readable_field_T(self.field_T):g} T"
        )


def _readable_field_T(field_T: float) -> float:
    """Return the field to the digits that the jitter of a magnet's read-back leaves."""
    jitter_T = FIELD_JITTER_T + FIELD_JITTER_FRACTION * abs(field_T)
    # adding zero turns -0.0 into 0.0
    return round(field_T, -int(np.floor(np.log10(jitter_T)))) + 0.0


def is_same_field(first_T: float, second_T: float) -> bool:
    """Say whether two fields differ by no more than the jitter of a magnet's read-back."""
    return abs(first_T - second_T) <= FIELD_JITTER_T + FIELD_JITTER_FRACTION * max(abs(first_T), abs(second_T))


def make_curves(
    *,
    bias_V: ArrayLike,
    temperature_K: ArrayLike,
    conductance_S: ArrayLike,
    field_T: ArrayLike = 0.0,
    conductance_error_S: ArrayLike | None = None,
    time_s: ArrayLike | None = None,
    excitation_Vrms: ArrayLike | None = None,
    direction: ArrayLike | None = None,
    is_anchor: ArrayLike | None = None,
) -> Curves:
    """Check columns of shape (N,), cluster the temperatures into isotherms and bring the rows into order.

    `field_T`, `excitation_Vrms`, `direction` and `is_anchor` may be one value for all rows. Without `direction` it
    comes from the order in time if that is known, else it is 0 (unknown); without `is_anchor` no row is one.

    Raises
    ------
    DataError
        For unequal lengths, NaN or infinity, T <= 0, errors <= 0, fewer than 5 rows, or rows that are all alike.
    """
    bias = _column("bias_V", bias_V, None)
    count = bias.size
    if count < MINIMUM_ROWS:
        raise DataError(f"a curve needs at least {MINIMUM_ROWS} rows, not {count}")
    temperature = _column("temperature_K", temperature_K, count)
    field_column = _column("field_T", field_T, count)
    conductance = _column("conductance_S", conductance_S, count)
    optional = {
        "conductance_error_S": conductance_error_S,
        "time_s": time_s,
        "excitation_Vrms": excitation_Vrms,
    }
    columns = {name: None if given is None else _column(name, given, count) for name, given in optional.items()}
    directions = np.sign(_column("direction", 0 if direction is None else direction, count)).astype(np.int8)
    anchors = _column("is_anchor", False if is_anchor is None else is_anchor, count).astype(bool)
    _refuse_where(temperature <= 0, temperature, "temperature_K", "a temperature above zero")
    error, excitation = columns["conductance_error_S"], columns["excitation_Vrms"]
    if error is not None:
        _refuse_where(error <= 0, error, "conductance_error_S", "a standard error above zero")
    if excitation is not None:
        _refuse_where(excitation < 0, excitation, "excitation_Vrms", "an rms value of at least zero")
    if np.ptp(bias) == 0 and np.ptp(temperature) == 0 and np.ptp(conductance) == 0:
        raise DataError("all rows are alike: the file holds one point, not a curve; was the right file given?")

    labels = _isotherm_labels(temperature, field_column)
    keys = [anchors, directions, conductance, bias] + ([] if columns["time_s"] is None else [columns["time_s"]])
    order = np.lexsort((*keys, labels))
    sorted_labels = labels[order]
    if columns["time_s"] is None:
        _refuse_copies([column[order] for column in (bias, temperature, field_column, conductance, directions)])
    if direction is None and columns["time_s"] is not None:
        directions[order] = _directions_in_time(bias[order], sorted_labels)
    bounds = (0, *(np.flatnonzero(np.diff(sorted_labels)) + 1).tolist(), count)
    return Curves(
        bias[order],
        temperature[order],
        field_column[order],
        conductance[order],
        directions[order],
        anchors[order],
        sorted_labels,
        *(None if column is None else column[order] for column in columns.values()),
        _bounds=bounds,
    )


def _refuse_copies(sorted_columns: Sequence[NDArray[Any]]) -> None:
    """Refuse rows of which most stand there twice: copies feign that nothing scatters."""
    is_copy = np.logical_and.reduce([column[1:] == column[:-1] for column in sorted_columns])
    if 2 * is_copy.sum() >= sorted_columns[0].size:
        raise DataError(
            f"{int(is_copy.sum())} of {sorted_columns[0].size} rows are copies of others in every column; was a file "
            "put together from the same data twice?"
        )


def _directions_in_time(bias_V: Floats, labels: NDArray[np.int64]) -> NDArray[np.int8]:
    """Return which way the bias went to each row, within its isotherm; the first row goes with the second."""
    steps = np.sign(np.diff(bias_V, prepend=bias_V[0])).astype(np.int8)
    firsts = np.flatnonzero(np.diff(labels, prepend=-1))
    steps[firsts] = steps[np.minimum(firsts + 1, steps.size - 1)]
    return steps


def _column(name: str, values: ArrayLike, count: int | None) -> Floats:
    try:
        column = np.atleast_1d(np.asarray(values, dtype=np.float64))
    except (TypeError, ValueError) as error:
        raise DataError(f"{name} holds something that is not a number: {error}") from error
    if column.ndim != 1:
        raise DataError(f"{name} has {column.ndim} dimensions, expected one value a row")
    if count is not None and column.size == 1 and count != 1:
        column = np.full(count, column[0])
    if count is not None and column.size != count:
        raise DataError(f"{name} has {column.size} rows but bias_V has {count}; all columns must be of equal length")
    _refuse_where(~np.isfinite(column), column, name, "finite numbers; drop or mend these rows")
    return column


def _refuse_where(is_bad: NDArray[np.bool_], column: Floats, name: str, expected: str) -> None:
    if is_bad.any():
        row = int(np.argmax(is_bad))
        raise DataError(f"{name} is {column[row]:g} in row {row} ({int(is_bad.sum())} such rows), expected {expected}")


def _isotherm_labels(temperature_K: Floats, field_T: Floats) -> NDArray[np.int64]:
    """Return the number of each row's isotherm, by field, then by temperature."""
    labels = np.empty(temperature_K.size, dtype=np.int64)
    first_free = 0
    field_labels = _field_labels(field_T)
    for number in range(int(field_labels.max()) + 1):
        rows = np.flatnonzero(field_labels == number)
        inside = _temperature_labels(np.log(temperature_K[rows]))
        labels[rows] = first_free + inside
        first_free += int(inside.max()) + 1
    return labels


def _field_labels(field_T: Floats) -> NDArray[np.int64]:
    """Split the sorted fields where the step to the next is more than the jitter."""
    order = np.argsort(field_T, kind="stable")
    ordered = field_T[order]
    jitter = FIELD_JITTER_T + FIELD_JITTER_FRACTION * np.abs(ordered[1:])
    labels = np.empty(field_T.size, dtype=np.int64)
    labels[order] = np.concatenate([[0], np.cumsum(np.diff(ordered) > jitter)])
    return labels


def _temperature_labels(log_temperature: Floats) -> NDArray[np.int64]:
    """Cut ln T at the valleys of its density.

    The density has a resolution of 0.8 %, so that a jitter of 1 % still leaves a valley between isotherms 5 % apart;
    gaps alone would not, because a thousand rows spread over 3 sigma either way.
    """
    low, high = float(log_temperature.min()), float(log_temperature.max())
    if high - low > MAXIMUM_DECADES_OF_TEMPERATURE * np.log(10):
        raise DataError(
            f"temperatures from {np.exp(low):g} to {np.exp(high):g} K span more than "
            f"{MAXIMUM_DECADES_OF_TEMPERATURE:g} decades; is one of them in another unit?"
        )
    margin = 5 * DENSITY_WIDTH
    bins = int(np.ceil((high - low + 2 * margin) / DENSITY_STEP)) + 1
    cell = ((log_temperature - low + margin) / DENSITY_STEP).astype(np.int64)
    counts = np.bincount(cell, minlength=bins).astype(np.float64)
    density = np.convolve(counts, _SMOOTHING, mode="same")
    cuts = _merge_strays(_valleys(density), counts)
    return np.searchsorted(np.asarray(cuts, dtype=np.int64), cell, side="right").astype(np.int64)


def _valleys(density: Floats) -> list[int]:
    """Return the cells of valleys lower than half of the lower neighbouring peak."""
    rising = np.diff(density) > 0
    peaks = np.flatnonzero(rising[:-1] & ~rising[1:]) + 1
    cuts: list[int] = []
    last_peak = int(peaks[0])
    for peak in peaks[1:].tolist():
        valley = last_peak + int(np.argmin(density[last_peak : peak + 1]))
        if density[valley] < VALLEY_DEPTH * min(density[last_peak], density[peak]):
            cuts.append(valley)
            last_peak = peak
        elif density[peak] > density[last_peak]:
            last_peak = peak
    return cuts


def _merge_strays(cuts: list[int], counts: Floats) -> list[int]:
    """Drop the cuts that only set a few stray rows apart from a neighbour within 5 %."""
    cells = np.arange(counts.size)
    while cuts:
        bounds = [0, *cuts, counts.size]
        weights = [float(counts[a:b].sum()) for a, b in pairwise(bounds)]
        centres = [
            float((cells[a:b] * counts[a:b]).sum()) / weight
            for (a, b), weight in zip(pairwise(bounds), weights, strict=True)
        ]
        strays = [
            index
            for index in range(len(cuts))
            if (centres[index + 1] - centres[index]) * DENSITY_STEP < STRAY_DISTANCE
            and min(weights[index : index + 2]) < STRAY_FRACTION * max(weights[index : index + 2])
        ]
        if not strays:
            return cuts
        nearest = min(strays, key=lambda index: centres[index + 1] - centres[index])
        cuts = [cut for index, cut in enumerate(cuts) if index != nearest]
    return cuts
