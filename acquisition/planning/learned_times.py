"""How long temperatures took to come in, learned from the events of earlier runs, in the words of a station file.

A run notes when it set off for a temperature (`settling`) and when that had settled (`settled`). Taking off the ramp
and the dwell, which a plan works out by itself, leaves the approach, which only the cryostat knows.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from acquisition.planning.timing import crosses, temperature_dwell_s
from acquisition.readings import Event
from acquisition.recipe import SettlingSection
from acquisition.station_file import Approach, TemperatureSection

_SET_OFF = re.compile(r"temperature -> (\S+) K")
_ARRIVED = re.compile(r"temperature \S+ K after ")
_BROKEN_OFF = frozenset({"paused", "interrupted", "unsettled"})


@dataclass(frozen=True, slots=True)
class Arrival:
    """One temperature that was waited for until it had settled; `from_K` is the setpoint before, None if not known."""

    from_K: float | None
    to_K: float
    waited_s: float


def arrivals(events: Iterable[Event]) -> tuple[Arrival, ...]:
    """Return the waits of one run that ended by themselves.

    Parameters
    ----------
    events : iterable of Event
        All events of the run, in order.
    """
    found: list[Arrival] = []
    before_K: float | None = None
    goal: tuple[float, float] | None = None
    for event in events:
        if event.kind in _BROKEN_OFF:
            goal = None
        elif event.kind == "settling" and (words := _SET_OFF.search(event.message)):
            goal = (event.time_s, float(words[1]))
        elif event.kind == "settled" and goal is not None and _ARRIVED.search(event.message):
            start_s, goal_K = goal
            found.append(Arrival(before_K, goal_K, event.time_s - start_s))
            before_K, goal = goal_K, None
    return tuple(found)


def approach_s(arrival: Arrival, cryostat: TemperatureSection, settling: SettlingSection) -> float | None:
    """Return what of a wait was neither ramp nor dwell nor the crossing between two regimes of the cryostat.

    None where it cannot be told: the way there is unknown, or there was none.
    """
    if arrival.from_K is None or arrival.from_K == arrival.to_K:
        return None
    ramp_s = 60.0 * abs(arrival.to_K - arrival.from_K) / cryostat.ramp_K_per_min
    crossing_s = 60.0 * cryostat.crossing_minutes if crosses(arrival.from_K, arrival.to_K, cryostat) else 0.0
    return max(0.0, arrival.waited_s - ramp_s - crossing_s - temperature_dwell_s(arrival.to_K, settling))


def learned_approach(
    runs: Iterable[Sequence[Event]], cryostat: TemperatureSection, settling: SettlingSection
) -> tuple[Approach, ...]:
    """Return the entries `approach` of a station file as earlier runs teach them.

    Parameters
    ----------
    runs : iterable of sequences of Event
        The events of each run, in order.
    cryostat : TemperatureSection
        Whose ramps were taken; its entries say where one band of temperatures ends and the next begins.
    settling : SettlingSection
        With which dwells the runs waited.

    Returns
    -------
    tuple of Approach
        One entry a band, from warm to cold: the median of what was seen there, in tenths of a minute; the entry of
        before where nothing was.
    """
    edges_K = sorted((entry.above_K for entry in cryostat.approach), reverse=True)
    seen_s: dict[float, list[float]] = {edge_K: [] for edge_K in edges_K}
    for events in runs:
        for arrival in arrivals(events):
            spent_s = approach_s(arrival, cryostat, settling)
            edge_K = next((edge_K for edge_K in edges_K if edge_K <= arrival.to_K), None)
            if spent_s is not None and edge_K is not None:
                seen_s[edge_K].append(spent_s)
    before = {entry.above_K: entry.minutes for entry in cryostat.approach}
    return tuple(
        Approach(
            above_K=edge_K,
            minutes=round(median(seen_s[edge_K]) / 60.0, 1) if seen_s[edge_K] else before[edge_K],
        )
        for edge_K in edges_K
    )
