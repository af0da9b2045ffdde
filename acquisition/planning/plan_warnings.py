"""What a plan may do within the limits, but should not without a thought. Plain sentences for the operator."""

import math
from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from acquisition.circuit import source_current_for
from acquisition.planning.boxes import SOURCE_METERS
from acquisition.planning.budget import StageHeat
from acquisition.planning.sweep import bias_grid
from acquisition.recipe import Recipe
from acquisition.station_file import Station

LARGEST_RATIO = 1.4
"""sqrt(2) e Vrms / kB T above which the excitation smears the curve."""

RATIO_TOLERANCE = 0.1
HEAT_FRACTION = 0.1
SCALING_REGION = 10.0
"""e|V| / kB T up to which the curve bends and wants a dense grid."""

LINE_Hz = (50.0, 60.0)
LINE_GUARD_Hz = 1.0

CALIBRATED_WITHIN = 0.02
"""Part of a frequency by which that of the calibration may differ."""


class Isotherm(Protocol):
    """What the warnings look at; `acquisition.plan.IsothermPlan` has it."""

    @property
    def temperature_K(self) -> float:
        """Return the temperature."""
        ...

    @property
    def thermal_voltage_V(self) -> float:
        """Return kB T / e."""
        ...

    @property
    def excitation_Vrms(self) -> float:
        """Return the excitation across the contact."""
        ...

    @property
    def crosses_regime(self) -> bool:
        """Return whether the cryostat changes its regime on the way here."""
        ...

    @property
    def heat(self) -> tuple[StageHeat, ...]:
        """Return the heat on each stage."""
        ...


def warnings_for(recipe: Recipe, station: Station, isotherms: Sequence[Isotherm]) -> Iterator[str]:
    """Yield the warnings of a plan, one sentence each; of many like ones the gravest."""
    distinct = list({isotherm.temperature_K: isotherm for isotherm in reversed(isotherms)}.values())[::-1]
    yield from _worst(_coarse_grids(recipe, distinct))
    yield from _worst(_bent_ratios(recipe, distinct))
    yield from _worst(_smeared_curves(distinct))
    yield from _worst(_hot_stages(distinct))
    yield from _station_warnings(recipe, station)
    crossings = sum(isotherm.crosses_regime for isotherm in isotherms)
    if crossings > 1:
        yield (
            f"the cryostat changes its regime at {station.temperature.crossing_K:g} K {crossings} times "
            f"({station.temperature.crossing_minutes:g} minutes each); order the temperatures so that it does once"
        )


def largest_step_V(thermal_voltage_V: float, excitation_Vrms: float) -> float:
    """Return the largest useful bias step where the curve bends: max(Vac peak, kB T / 2e)."""
    return max(math.sqrt(2.0) * excitation_Vrms, 0.5 * thermal_voltage_V)


def _worst(found: Iterator[tuple[float, str]]) -> Iterator[str]:
    """Yield the gravest of many like findings, and how many there are."""
    findings = sorted(found, reverse=True)
    if findings:
        yield findings[0][1] + (f" (the worst of {len(findings)} such temperatures)" if len(findings) > 1 else "")


def _coarse_grids(recipe: Recipe, isotherms: Sequence[Isotherm]) -> Iterator[tuple[float, str]]:
    outer_V = _outer_grid_V(recipe)
    steps_V = np.diff(outer_V)
    for isotherm in isotherms:
        edge_V = SCALING_REGION * isotherm.thermal_voltage_V
        # steps grow outwards: the last one that begins inside the region is its largest
        step_V = steps_V[min(int(np.searchsorted(outer_V, edge_V)), len(steps_V)) - 1]
        allowed_V = largest_step_V(isotherm.thermal_voltage_V, isotherm.excitation_Vrms)
        if step_V > allowed_V * (1 + 1e-9):
            yield (
                step_V / allowed_V,
                f"bias steps of up to {1e6 * step_V:.3g} uV at {isotherm.temperature_K:g} K within |eV| < 10 kT, "
                f"better at most {1e6 * allowed_V:.3g} uV; take more points or a smaller dense_V",
            )


def _bent_ratios(recipe: Recipe, isotherms: Sequence[Isotherm]) -> Iterator[tuple[float, str]]:
    wanted = recipe.excitation.rms_over_kT
    for isotherm in isotherms:
        ratio = _ratio(isotherm)
        if abs(ratio / wanted - 1.0) > RATIO_TOLERANCE:
            yield (
                abs(math.log(ratio / wanted)),
                f"the excitation at {isotherm.temperature_K:g} K is {ratio:.3g} kT/e instead of {wanted:g}; "
                "the analysis folds it in, but curves of one ratio collapse without help",
            )


def _smeared_curves(isotherms: Sequence[Isotherm]) -> Iterator[tuple[float, str]]:
    for isotherm in isotherms:
        ratio = _ratio(isotherm)
        if ratio > LARGEST_RATIO:
            yield (
                ratio,
                f"the excitation at {isotherm.temperature_K:g} K is {ratio:.3g} kT/e and smears the curve; "
                f"{LARGEST_RATIO:g} is plenty",
            )


def _hot_stages(isotherms: Sequence[Isotherm]) -> Iterator[tuple[float, str]]:
    for isotherm in isotherms:
        for heat in isotherm.heat:
            if heat.fraction > HEAT_FRACTION:
                yield (
                    heat.fraction,
                    f"the bias puts {heat.heat_W:.3g} W on the {heat.stage} at {isotherm.temperature_K:g} K, "
                    f"{heat.fraction:.0%} of its cooling power of {heat.cooling_W:.3g} W",
                )


def _ratio(isotherm: Isotherm) -> float:
    return math.sqrt(2.0) * isotherm.excitation_Vrms / isotherm.thermal_voltage_V


def _outer_grid_V(recipe: Recipe) -> NDArray[np.float64]:
    bias = recipe.bias
    return bias_grid(bias.maximum_V, bias.points, bias.spacing, bias.dense_V)[bias.points // 2 :]


def _station_warnings(recipe: Recipe, station: Station) -> Iterator[str]:
    frequency_Hz = recipe.lockin.frequency_Hz
    for line_Hz in LINE_Hz:
        harmonic = round(frequency_Hz / line_Hz)
        if harmonic and abs(frequency_Hz - harmonic * line_Hz) < LINE_GUARD_Hz:
            yield f"{frequency_Hz:g} Hz is beside a harmonic of the {line_Hz:g} Hz line; take 137.7 or 37.7 Hz"
    calibrated_Hz = station.circuit.calibrated_Hz
    if calibrated_Hz is not None and not math.isclose(calibrated_Hz, frequency_Hz, rel_tol=CALIBRATED_WITHIN):
        yield (
            f"the line was calibrated at {calibrated_Hz:g} Hz, this recipe is at {frequency_Hz:g} Hz; "
            f"zerobias calibrate --frequency-Hz {frequency_Hz:g}"
        )
    meter = station.sourcemeter
    box = SOURCE_METERS[meter.model]
    quantum_A = dict(zip(box.ranges_A, box.steps_A, strict=True)).get(meter.range_A, 0.0)
    step_V = _outer_grid_V(recipe)[1]
    step_A = source_current_for(step_V, station.contact.expected_conductance_S, station.circuit)
    if step_A < quantum_A:
        yield (
            f"the smallest bias step of {1e6 * step_V:.3g} uV is {step_A:.3g} A, less than the source's step of "
            f"{quantum_A:g} A; take fewer points or a larger dense_V"
        )
