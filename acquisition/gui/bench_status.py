"""What the status strip says while no run goes on and a rack is on the bench, worked out from the bench's tail."""

from collections.abc import Mapping

import numpy as np

from acquisition.clock import Wall
from acquisition.gui.conditions_view import HEATER, HELIUM, PERCENT
from acquisition.gui.run_phase import QUENCHED, RunPhase
from acquisition.gui.run_status import DRIFT_S, drift_K_per_min, free_bytes, written_ago_s
from acquisition.gui.status_strip import BENCH, Status
from acquisition.gui.tail import RunTail
from acquisition.readings import QUENCH, PointFlag
from acquisition.running.channels import LOCK_IN, MAGNET, SOURCE, TEMPERATURE
from acquisition.running.lock import lock_path, read_owner

SAID = {
    (LOCK_IN, "input overload"): PointFlag.LOCKIN_INPUT_OVERLOAD,
    (LOCK_IN, "filter overload"): PointFlag.LOCKIN_FILTER_OVERLOAD,
    (LOCK_IN, "output overload"): PointFlag.LOCKIN_OUTPUT_OVERLOAD,
    (LOCK_IN, "reference unlocked"): PointFlag.REFERENCE_UNLOCKED,
    (SOURCE, "in compliance"): PointFlag.SOURCE_COMPLIANCE,
}
"""Words of a box on the bench, and what they are in a run; a box may say several."""


def bench_status(tail: RunTail, wall: Wall) -> Status:
    """Return how a rack on the bench stands: what its boxes read last, and what they say of themselves."""
    words: Mapping[str, str] = tail.header.get("boxes", {})
    owner, last = read_owner(lock_path(tail.path), wall), tail.events[-1] if tail.events else None
    heater = _newest(tail, HEATER)
    return Status(
        state=BENCH,
        phase=RunPhase(f"{last.kind}: {last.message}" if last else "", alarms=tail.alarms),
        temperature_K=_newest(tail, (TEMPERATURE, "temperature_K")),
        drift_K_per_min=_drift(tail),
        is_settled=None,
        field_T=_newest(tail, (MAGNET, "field_T")),
        magnet_mode=QUENCHED if words.get(MAGNET) == QUENCH else words.get(MAGNET, ""),
        heater="" if heater is None else f"{PERCENT * heater:.0f} % of its range",
        helium_fraction=_newest(tail, HELIUM),
        current_A=_newest(tail, (SOURCE, "current_A")),
        lockin_x_V=_input_referred_V(tail),
        is_measuring=True,
        flags=_flags(words),
        commit_age_s=written_ago_s(tail.path, wall),
        heartbeat_age_s=None if owner is None else owner.heartbeat_age_s,
        free_bytes=free_bytes(tail.path.parent),
    )


def _newest(tail: RunTail, channel: tuple[str, str]) -> float | None:
    history = tail.channels.get(channel)
    return None if history is None else history.values[-1]


def _drift(tail: RunTail) -> float | None:
    history = tail.channels.get((TEMPERATURE, "temperature_K"))
    if history is None:
        return None
    times, values = np.array(history.time_s), np.array(history.values)
    is_recent = times >= times[-1] - DRIFT_S
    return drift_K_per_min(times[is_recent], values[is_recent])


def _input_referred_V(tail: RunTail) -> float | None:
    """Return X as a run has it, referred to the input of the preamplifier; a bench keeps it as the lock-in says it."""
    x_V, circuit = _newest(tail, (LOCK_IN, "x_V")), tail.header.get("station", {}).get("circuit", {})
    return None if x_V is None else x_V / (circuit.get("preamplifier_gain", 1.0) * circuit.get("gain_factor", 1.0))


def _flags(words: Mapping[str, str]) -> PointFlag:
    flags = PointFlag.GOOD
    for (role, word), flag in SAID.items():
        if word in words.get(role, ""):
            flags |= flag
    return flags
