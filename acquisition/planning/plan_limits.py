"""Every limit of the station, checked on the recipe before anything is touched.

A breach is a `PlanError` in one line that names file and field, what came, what is allowed and what to do. Limits that
need the excitation of an isotherm are checked where it is chosen, in `acquisition.planning.excitation`.
"""

import math
from typing import NoReturn

from acquisition.circuit import lockin_V, signal_V, source_current_for, source_voltage_V
from acquisition.errors import PlanError
from acquisition.planning.boxes import LOCK_INS, SOURCE_METERS, LockInBox
from acquisition.planning.sweep import Sweep
from acquisition.planning.timing import point_settle_s, reading_s
from acquisition.recipe import Recipe
from acquisition.station_file import Station

MARGIN = 1.02
"""Currents are predicted from the expected conductance; the run finds its own within this."""


def check_setpoints(recipe: Recipe, station: Station) -> None:
    """Check temperatures, fields and the largest bias; raises `PlanError`."""
    for number, series in enumerate(recipe.series):
        for place, temperature_K in enumerate(series.temperatures_K):
            if not station.temperature.limits.allows(temperature_K):
                refuse(
                    recipe,
                    f"series[{number}].temperatures_K[{place}]",
                    f"got {temperature_K:g} K, station {_name(station)} allows {station.temperature.limits}",
                    "choose one within ([temperature] minimum_K, maximum_K)",
                )
        for place, field_T in enumerate(series.fields_T):
            if not station.magnet.limits.allows(field_T):
                refuse(
                    recipe,
                    f"series[{number}].fields_T[{place}]",
                    f"got {field_T:g} T, station {_name(station)} allows {station.magnet.limits}",
                    "choose one within ([magnet] maximum_T)",
                )
    if not station.contact.bias_limits.allows(recipe.bias.maximum_V):
        refuse(
            recipe,
            "bias.maximum_V",
            f"got {recipe.bias.maximum_V:g} V, station {_name(station)} allows {station.contact.bias_limits}",
            "choose less ([contact] maximum_bias_V); mind that the unit is volt",
        )


def check_source(recipe: Recipe, station: Station) -> None:
    """Check range, current, compliance and preamplifier at the largest bias; raises `PlanError`."""
    meter, contact, circuit = station.sourcemeter, station.contact, station.circuit
    box = SOURCE_METERS[meter.model]
    bias_V, conductance_S = MARGIN * recipe.bias.maximum_V, contact.expected_conductance_S
    if not any(math.isclose(meter.range_A, one_A) for one_A in box.ranges_A):
        ranges = ", ".join(f"{one_A:g}" for one_A in box.ranges_A)
        refuse(station, "sourcemeter.range_A", f"got {meter.range_A:g} A, {meter.model} has {ranges}", "choose one")
    _within(station, "sourcemeter.compliance_V", meter.compliance_V, box.compliance_V, f"V of {meter.model}")
    _within(station, "sourcemeter.nplc", meter.nplc, box.nplc, f"line cycles of {meter.model}")
    current_A = source_current_for(bias_V, conductance_S, circuit)
    drives = f"{recipe.bias.maximum_V:g} V takes about {current_A:.3g} A of the source at {conductance_S:g} S"
    through_A = bias_V * conductance_S
    if not contact.current_limits.allows(through_A):
        refuse(
            recipe,
            "bias.maximum_V",
            f"{recipe.bias.maximum_V:g} V drives about {through_A:.3g} A through the contact at {conductance_S:g} S, "
            f"station {_name(station)} allows {contact.current_limits}",
            "choose less bias ([contact] maximum_current_A)",
        )
    if current_A > box.over_range * meter.range_A:
        refuse(
            recipe,
            "bias.maximum_V",
            f"{drives}, the source meter's range is {meter.range_A:g} A",
            "choose less bias, or a larger [sourcemeter] range_A",
        )
    voltage_V = source_voltage_V(current_A, conductance_S, circuit)
    if voltage_V >= meter.compliance_V:
        refuse(
            recipe,
            "bias.maximum_V",
            f"{drives}, which needs {voltage_V:.3g} V over DC arm, leads and contact, "
            f"the compliance is {meter.compliance_V:g} V",
            "choose less bias, a smaller [circuit] dc_arm_ohm or a larger [sourcemeter] compliance_V",
        )
    output_V = lockin_V(signal_V(bias_V, conductance_S, circuit), circuit)
    if output_V >= circuit.preamplifier_maximum_V:
        refuse(
            recipe,
            "bias.maximum_V",
            f"{recipe.bias.maximum_V:g} V makes {output_V:.3g} V at the preamplifier's output, "
            f"which clips at {circuit.preamplifier_maximum_V:g} V",
            "choose less bias, or less gain of the preamplifier in [circuit]",
        )


def check_steps(recipe: Recipe, station: Station, sweep: Sweep) -> None:
    """Check that steps of the bias, made at once, keep to the contact's rate on average; raises `PlanError`."""
    contact = station.contact
    small_V = abs(sweep.step_V)[abs(sweep.step_V) <= contact.largest_step_V]
    quiet_s = point_settle_s(recipe.lockin, recipe.settling, is_jump=False) + reading_s(recipe.lockin, station.station)
    rate_V_per_s = max(small_V, default=0.0) / quiet_s
    if rate_V_per_s > contact.maximum_bias_rate_V_per_s:
        refuse(
            recipe,
            "bias.points",
            f"the largest step makes {rate_V_per_s:.3g} V/s, station {_name(station)} allows "
            f"{contact.maximum_bias_rate_V_per_s:g} V/s",
            "take more points, a longer time constant or a smaller [contact] largest_step_V",
        )


def check_lockin(recipe: Recipe, station: Station) -> None:
    """Check frequency, time constant and roll-off against the lock-in's tables; raises `PlanError`."""
    wanted, box = recipe.lockin, LOCK_INS[station.lockin.model]
    _within(recipe, "lockin.frequency_Hz", wanted.frequency_Hz, box.frequency_Hz, f"Hz of {station.lockin.model}")
    if not any(math.isclose(wanted.time_constant_s, one_s) for one_s in box.time_constants_s):
        near_s = min(box.time_constants_s, key=lambda one_s: abs(math.log(one_s / wanted.time_constant_s)))
        refuse(
            recipe,
            "lockin.time_constant_s",
            f"got {wanted.time_constant_s:g} s, {station.lockin.model} has 1 and 3 times powers of ten",
            f"write {near_s:g}",
        )
    if wanted.slope_dB_per_octave not in box.slopes_dB_per_octave:
        slopes = ", ".join(map(str, box.slopes_dB_per_octave))
        refuse(
            recipe,
            "lockin.slope_dB_per_octave",
            f"got {wanted.slope_dB_per_octave}, {station.lockin.model} has {slopes}",
            "choose one",
        )
    if _too_slow(wanted.time_constant_s, wanted.frequency_Hz, box):
        refuse(
            recipe,
            "lockin.time_constant_s",
            f"got {wanted.time_constant_s:g} s at {wanted.frequency_Hz:g} Hz, {station.lockin.model} has time "
            f"constants above {box.slow_above_s:g} s below {box.slow_frequency_Hz:g} Hz only",
            "lower one of the two",
        )


def refuse(source: Recipe | Station, field: str, what: str, advice: str) -> NoReturn:
    """Raise the `PlanError` of a field of a recipe or station file."""
    raise PlanError(f"{source.where}: {field}: {what}; {advice}")


def _within(source: Recipe | Station, field: str, value: float, allowed: tuple[float, float], unit: str) -> None:
    low, high = allowed
    if not low <= value <= high:
        refuse(source, field, f"got {value:g}, expected {low:g} to {high:g} {unit}", "choose a value within")


def _too_slow(time_constant_s: float, frequency_Hz: float, box: LockInBox) -> bool:
    return time_constant_s > box.slow_above_s * (1 + 1e-9) and frequency_Hz >= box.slow_frequency_Hz


def _name(station: Station) -> str:
    return repr(station.station.name)
