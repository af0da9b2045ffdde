"""How long things take. The loop waits by these very numbers, so that the plan's time is the run's.

Settling of the lock-in after a step: SR830 manual, chapter 3, "The time constants": 5, 7, 9, 10 TC to 99 %.
"""

import numpy as np
from numpy.typing import NDArray

from acquisition.planning.sweep import OPENING_ANCHORS, Sweep
from acquisition.recipe import FieldSection, LockInSection, SettlingSection
from acquisition.station_file import ContactSection, MagnetSection, StationSection, TemperatureSection

TIME_CONSTANTS_TO_SETTLE = {6: 5.0, 12: 7.0, 18: 9.0, 24: 10.0}
"""Roll-off in dB per octave to the wait after a step, in time constants."""


NEW_EXCITATION_SETTLES = 2.5
"""Wait after the excitation itself has changed, in ordinary waits. A step of the bias moves the signal by less than a
per cent, a new excitation moves all of it: after 10 TC at 24 dB 1 % of that is still missing, after 25 TC 4e-8."""


def lockin_settle_s(time_constant_s: float, slope_dB_per_octave: int) -> float:
    """Return the wait after a step for a lock-in filter."""
    return TIME_CONSTANTS_TO_SETTLE[slope_dB_per_octave] * time_constant_s


def harmonic_s(lockin: LockInSection) -> float:
    """Return what a look at the second harmonic takes: there, the average, and back."""
    if not lockin.second_harmonic:
        return 0.0
    return 2.0 * lockin_settle_s(lockin.time_constant_s, lockin.slope_dB_per_octave) + lockin.average_s


def reading_s(lockin: LockInSection, station: StationSection) -> float:
    """Return how long a settled point takes to be read."""
    return station.read_overhead_s + lockin.average_s + harmonic_s(lockin)


def point_settle_s(lockin: LockInSection, settling: SettlingSection, *, is_jump: bool) -> float:
    """Return the wait between the end of a change of bias and the reading of the point."""
    settle_s = lockin_settle_s(lockin.time_constant_s, lockin.slope_dB_per_octave)
    return max(settle_s, settling.jump_settle_s) if is_jump else settle_s


def move_s(step_V: float, contact: ContactSection) -> float:
    """Return how long a change of bias takes: nothing for a step made at once, a ramp's time for a longer one."""
    size_V = abs(step_V)
    return 0.0 if size_V <= contact.largest_step_V else size_V / contact.maximum_bias_rate_V_per_s


def _moves_s(step_V: NDArray[np.float64], contact: ContactSection) -> NDArray[np.float64]:
    size_V = np.abs(step_V)
    return np.where(size_V <= contact.largest_step_V, 0.0, size_V / contact.maximum_bias_rate_V_per_s)


def sweep_times_s(
    sweep: Sweep, lockin: LockInSection, settling: SettlingSection, contact: ContactSection
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return, for every point of an isotherm, how long the bias moves and how long it is then left to settle.

    Returns
    -------
    move_s, settle_s : arrays, shape (n,)
        `move_s` is 0 where the bias is stepped, else the duration of the ramp. The first opening anchor waits for the
        whole signal to come in, the second the gap between the two, by which electrons that lag are seen.
    """
    moves_s = _moves_s(sweep.step_V, contact)
    quiet_s = point_settle_s(lockin, settling, is_jump=False)
    settles_s = np.where(sweep.is_jump, point_settle_s(lockin, settling, is_jump=True), quiet_s)
    settles_s[0] = max(NEW_EXCITATION_SETTLES * quiet_s, settling.jump_settle_s)
    settles_s[1:OPENING_ANCHORS] = max(settling.anchor_gap_s, quiet_s)
    for array in (moves_s, settles_s):
        array.setflags(write=False)
    return moves_s, settles_s


def temperature_dwell_s(temperature_K: float, settling: SettlingSection) -> float:
    """Return how long a temperature must stay in its band before it counts as reached."""
    if temperature_K < 0.2:
        return settling.dwell_below_200mK_s
    return settling.dwell_below_1K_s if temperature_K < 1.0 else settling.dwell_above_1K_s


def crosses(from_K: float, to_K: float, cryostat: TemperatureSection) -> bool:
    """Say whether a change of temperature takes the cryostat into its other regime."""
    edge_K = cryostat.crossing_K
    return edge_K is not None and (from_K < edge_K) != (to_K < edge_K)


def temperature_approach_s(
    from_K: float, to_K: float, cryostat: TemperatureSection, settling: SettlingSection
) -> float:
    """Return the time until a temperature is settled: ramp, approach learned for the station, dwell.

    Every isotherm begins with the dwell, also at the temperature of the last one: a field ramp may have warmed it.
    """
    dwell_s = temperature_dwell_s(to_K, settling)
    if from_K == to_K:
        return dwell_s
    ramp_s = 60.0 * abs(to_K - from_K) / cryostat.ramp_K_per_min
    learned = [entry for entry in cryostat.approach if entry.above_K <= to_K] or list(cryostat.approach)
    minutes = max(learned, key=lambda entry: entry.above_K).minutes
    if crosses(from_K, to_K, cryostat):
        minutes += cryostat.crossing_minutes
    return ramp_s + 60.0 * minutes + dwell_s


DEGAUSS_WAY = 9.0
"""Way of a whole degauss in its first swing: swings of 0.8 of the one before, (1 + 0.8) / (1 - 0.8)."""


def field_approach_s(
    from_T: float,
    to_T: float,
    temperature_K: float,
    magnet: MagnetSection,
    settling: SettlingSection,
    field: FieldSection,
) -> float:
    """Return the time from one field to the next: ramp and wait; nothing where it is within its band already.

    With the persistent switch the leads go up to the old field and down from the new one besides.
    """
    way_T = abs(to_T - from_T)
    if way_T <= settling.field_band_T:
        return 0.0
    if field.degauss_from_T is not None and to_T == 0.0:
        way_T += DEGAUSS_WAY * field.degauss_from_T
    ramp_s = 60.0 * way_T / magnet.ramp_rate_T_per_min(temperature_K) + settling.field_dwell_s
    if not field.persistent:
        return ramp_s
    return ramp_s + 60.0 * (abs(from_T) + abs(to_T)) / magnet.lead_rate_T_per_min + 2.0 * magnet.switch_s


def duration_text(duration_s: float) -> str:
    """Return a duration as people say it: `1 d 02:10 h`, `02:10 h`, `12 s`."""
    if duration_s < 60:
        return f"{duration_s:.0f} s"
    days, rest = divmod(round(duration_s / 60), 24 * 60)
    hours, minutes = divmod(rest, 60)
    return (f"{days} d " if days else "") + f"{hours:02d}:{minutes:02d} h"
