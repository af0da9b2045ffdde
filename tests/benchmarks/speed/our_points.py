"""The loop on instruments that cost nothing: plan, checks, interlocks, run file and commits as in production.

    python tests/benchmarks/speed/our_points.py 10000 [FOLDER]

Prints one JSON object. Timed from the first point to the last, settling between the isotherms of a long run included,
in processor and in wall time. The run file is left in the folder, a new one if none is named, for whoever checks it.
"""

import json
import math
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from instant_rack import CONDUCTANCE_S, GAIN, TEMPERATURE_K, x_V, y_V

from acquisition.clock import WallClock
from acquisition.engine import run_plan
from acquisition.plan import Plan, make_plan
from acquisition.planning.plan_edit import RunningPlan
from acquisition.readings import Event
from acquisition.recipe import parse_recipe
from acquisition.run_reader import RunFileReader
from acquisition.running.control import Control
from acquisition.safety import Roles
from acquisition.station_file import simulated_station
from instruments.roles import LockInReading, LockInStatus, MagnetReading, MagnetState, SourceReading, TemperatureReading
from simulators.clock import VirtualClock

POINTS_A_SWEEP = 4001
LARGEST_BIAS_V = 0.7e-3


class Box:
    """What all boxes have."""

    def __init__(self, name: str) -> None:
        self.name = self.identity = name

    def settings(self) -> dict[str, float]:
        return {}

    def make_safe(self) -> None: ...

    def close(self) -> None: ...


class InstantSource(Box):
    """Sources what it is told."""

    current_A = 0.0

    def configure(self, **_: float) -> None: ...

    def set_output(self, is_on: bool) -> None: ...

    def set_current(self, current_A: float) -> float:
        self.current_A = current_A
        return current_A

    def ramp_to_current(self, current_A: float, _: float, **__: Any) -> float:
        return self.set_current(current_A)

    def read(self) -> SourceReading:
        return SourceReading(self.current_A, 1e4 * self.current_A, False)


class InstantLockIn(Box):
    """Shows what the common instruments show."""

    settle_s = 3.0
    oscillator_Vrms = 0.0

    def __init__(self, source: InstantSource) -> None:
        super().__init__("lock-in")
        self._source = source

    def configure(self, **_: float) -> None: ...

    def set_excitation(self, oscillator_Vrms: float) -> float:
        self.oscillator_Vrms = oscillator_Vrms
        return oscillator_Vrms

    def set_sensitivity(self, full_scale_V: float) -> float:
        return full_scale_V

    def read(self) -> LockInReading:
        current_A = self._source.current_A
        return LockInReading(x_V(current_A, self.oscillator_Vrms), y_V(current_A), LockInStatus.OK)


class InstantCryostat(Box):
    """Is at its setpoint."""

    setpoint_K = 4.2

    def set_temperature(self, setpoint_K: float, **_: Any) -> None:
        self.setpoint_K = setpoint_K

    def read(self) -> TemperatureReading:
        return TemperatureReading(self.setpoint_K, 0.0, True)

    def heater_fraction(self) -> float:
        return 0.5

    def heater_off(self) -> None: ...


class InstantMagnet(Box):
    """Is at its field."""

    at_T = 0.0

    def start_ramp(self, field_T: float, _: float) -> None:
        self.at_T = field_T

    def hold(self) -> None: ...

    def read(self) -> MagnetReading:
        return MagnetReading(self.at_T, 0.0, MagnetState.HOLDING)


class Stopwatch:
    """An observer that times from the first sweep to the end of the last, and counts what was acknowledged."""

    def __init__(self) -> None:
        self.acknowledged = 0
        self.marks: list[tuple[float, float]] = []

    def started(self, run_file: Path, running: RunningPlan, measured: int) -> None: ...

    def committed(self, seq: int, plan_index: int) -> None:
        self.acknowledged += 1

    def planned(self, running: RunningPlan) -> None: ...

    def happened(self, event: Event) -> None:
        if event.kind == "closing" or (event.kind == "sweeping" and not self.marks):
            self.marks.append((time.process_time(), time.perf_counter()))

    @property
    def seconds(self) -> tuple[float, float]:
        """Processor and wall time."""
        (first_processor_s, first_s), (last_processor_s, last_s) = self.marks
        return last_processor_s - first_processor_s, last_s - first_s


def plan_of(points: int, temperatures_K: str = "[1.4]", fields: int = 0) -> Plan:
    """Return a plan of about so many points; fields are added when one sweep does not hold them."""
    one = min(POINTS_A_SWEEP, max(5, int(points / 2.08)) // 2 * 2 + 1)
    fields = fields or max(1, round(points / (2.08 * one)))
    fields_T = ", ".join(f"{0.01 * place:g}" for place in range(fields))
    text = f"""
        [run]
        name = "speed"
        sample = "instant"
        [[series]]
        temperatures_K = {temperatures_K}
        fields_T = [{fields_T}]
        [bias]
        maximum_V = {LARGEST_BIAS_V}
        points = {one}
        dense_V = 1e-4
    """
    station = simulated_station(conductance_S=CONDUCTANCE_S)
    return make_plan(parse_recipe(text, "speed"), station)


def run(plan: Plan, folder: Path) -> tuple[Path, Stopwatch]:
    """Measure a plan on instant instruments and return its run file and what it took."""
    source = InstantSource("source")
    boxes: Any = (InstantLockIn(source), source, InstantCryostat("cryostat"), InstantMagnet("magnet"))
    wall, watch = WallClock(), Stopwatch()
    outcome = run_plan(
        plan, Roles(*boxes), VirtualClock(), out=folder, wall=wall, control=Control(wall), observer=watch, provenance={}
    )
    if outcome.exit_status or outcome.points != plan.points:
        raise SystemExit(f"{outcome.points} of {plan.points} points: {outcome.message}")
    return outcome.run_file, watch


def is_exact(run_file: Path) -> bool:
    """Say whether what was stored is what the instruments showed at what was set, point by point."""
    with RunFileReader(run_file) as reader:
        columns = reader.columns("current_setpoint_A", "oscillator_Vrms", "lockin_x_V", "lockin_y_V", "temperature_K")
    rows = zip(*(column.tolist() for column in columns.values()), strict=True)
    return all(
        math.isclose(GAIN * stored_x_V, x_V(current_A, oscillator_V))
        and math.isclose(GAIN * stored_y_V, y_V(current_A))
        and temperature_K == TEMPERATURE_K
        for current_A, oscillator_V, stored_x_V, stored_y_V, temperature_K in rows
    )


def main() -> None:
    """Measure as many points as the command line says."""
    plan, folder = plan_of(int(sys.argv[1])), Path(sys.argv[2] if len(sys.argv) > 2 else tempfile.mkdtemp())
    run_file, watch = run(plan, folder)
    processor_s, wall_s = watch.seconds
    answer = {
        "points": plan.points,
        "is_exact": watch.acknowledged == plan.points and is_exact(run_file),
        "processor_us": 1e6 * processor_s / plan.points,
        "wall_us": 1e6 * wall_s / plan.points,
        "resident_MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0,
        "file": str(run_file),
        "bytes": run_file.stat().st_size,
    }
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
