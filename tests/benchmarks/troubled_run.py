"""Runs on the simulated rack during which something goes wrong, for the campaigns beside this file."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from acquisition.clock import WallClock
from acquisition.engine import run_plan
from acquisition.plan import make_plan
from acquisition.planning.plan_edit import RunningPlan
from acquisition.readings import UNTRUSTED, Event, Reading
from acquisition.recipe import parse_recipe
from acquisition.run_outcome import RunOutcome
from acquisition.run_reader import RunFileReader
from acquisition.running.control import AttentiveWall, Control
from acquisition.running.journal import WriteJournal
from acquisition.station import open_simulated
from acquisition.station_file import simulated_station
from simulators.rack import Rack, find_rack

RECIPE = """
[run]
name = "faults"
sample = "cu1"
[[series]]
temperatures_K = [4.1]  # about where the simulated cryostat begins
fields_T = [0.0, 0.02]
[bias]
maximum_V = 0.5e-3
points = POINTS
[anchors]
every_points = 20
[settling]
dwell_above_1K_s = 30
temperature_drift_fraction_per_10min = 0.05
field_dwell_s = 10
anchor_gap_s = 10
"""

WALL = WallClock()


@dataclass
class Night:
    """A run during which something happens; an `acquisition.engine.Observer`."""

    folder: Path
    points: int
    on_start: Callable[[Rack], None] = lambda _rack: None
    on_event: Callable[["Night", Event], None] = lambda _night, _event: None
    run_file: Path = Path()
    events: list[Event] = field(default_factory=list)

    def started(self, run_file: Path, running: RunningPlan, measured: int, /) -> None:
        """Note where the run is."""
        self.run_file = run_file

    def committed(self, seq: int, plan_index: int, /) -> None:
        """Let points pass."""

    def planned(self, running: RunningPlan, /) -> None:
        """Let changes of the plan pass."""

    def happened(self, event: Event, /) -> None:
        """Note an event and act on it."""
        self.events.append(event)
        self.on_event(self, event)

    def run(self) -> RunOutcome:
        """Measure, and look at the world when it is over."""
        station, control, journal = simulated_station(), Control(WALL), WriteJournal()
        self.control = control
        with open_simulated(station, "cu1", 1, None, AttentiveWall(WALL, control), on_write=journal.note) as rack:
            self.rack = find_rack(rack.visa_library.partition("@")[0])
            self.on_start(self.rack)
            outcome = run_plan(
                make_plan(parse_recipe(RECIPE.replace("POINTS", str(self.points)), "faults"), station),
                rack.roles,
                rack.clock,
                out=self.folder,
                wall=WALL,
                control=control,
                observer=self,
                provenance={"simulated": "cu1", "seed": 1, "speed": None},
                journal=journal,
            )
            wiring = self.rack.world.wiring
            self.is_idle = abs(wiring.source_A.target) < 0.5e-6 and wiring.oscillator_Vrms.target < 0.0042
        return outcome

    def readings(self) -> dict[int, Reading]:
        """Return the points in the file by plan index."""
        with RunFileReader(self.run_file) as reader:
            return {one.plan_index: one for index in range(2) for one in reader.points_of(index)}

    def kinds(self) -> set[str]:
        """Return what kinds of things happened."""
        return {event.kind for event in self.events}


def implausible(found: dict[int, Reading], undisturbed: dict[int, Reading]) -> list[str]:
    """Return the trusted points that are not what an undisturbed run has there, in words.

    Allowed are six standard errors of the difference and a tenth of a percent for temperature band and drift; 1e-3 of
    the bias beside what a step of the source makes; for what is set, the bands in which the run itself flags nothing.
    """
    troubles = []
    for index, one in found.items():
        if one.flags & UNTRUSTED:
            continue
        known = undisturbed[index]
        checks = {
            "conductance": (
                abs(one.conductance_S - known.conductance_S),
                6.0 * math.hypot(one.conductance_error_S, known.conductance_error_S) + 1e-3 * known.conductance_S,
            ),
            "bias": (
                abs(one.bias_V - known.bias_V),
                1e-3 * abs(known.bias_V)
                + 2e-7
                + abs(one.current_setpoint_A - known.current_setpoint_A) / known.conductance_S,
            ),
            "temperature": (abs(one.temperature_K - one.temperature_setpoint_K), 0.006 * one.temperature_setpoint_K),
            "field": (abs(one.field_T - one.field_setpoint_T), 0.6e-3),
            "current": (abs(one.current_A - one.current_setpoint_A), 1e-3 * abs(one.current_setpoint_A) + 6e-7),
        }
        troubles += [
            f"point {index}: {name} off by {off:.3g}, allowed {allowed:.3g}"
            for name, (off, allowed) in checks.items()
            if not off <= allowed
        ]
    return troubles
