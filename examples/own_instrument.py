"""A role filled by an object of one's own: a temperature controller with a calibration curve of its own laboratory.

    python examples/own_instrument.py [FOLDER]

Whatever has the methods of a role (`instruments/roles.py`) fills it; nothing is inherited and nothing registered. Here
the thermometer reads 2 % too high below 2 K, and the laboratory knows it: the object passes everything on to the
controller of the rack, but corrects what is read and what is set. In the same way a role may be filled by a box that
there is no driver for. docs/own-instrument.md says what each method has to keep to.
"""

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from acquisition.clock import WallClock
from acquisition.engine import run_plan
from acquisition.plan import make_plan
from acquisition.planning.plan_edit import RunningPlan
from acquisition.readings import Event
from acquisition.recipe import load_recipe
from acquisition.run_outcome import RunOutcome
from acquisition.running.control import Control
from acquisition.running.journal import WriteJournal
from acquisition.safety import Roles
from acquisition.station import open_simulated
from acquisition.station_file import simulated_station
from instruments.roles import TemperatureController, TemperatureReading

RECIPE = Path(__file__).parent / "quick.toml"
TOO_HIGH = 1.02
BELOW_K = 2.0


class CorrectedThermometer:
    """A temperature controller whose thermometer is corrected; fills `instruments.roles.TemperatureController`."""

    def __init__(self, controller: TemperatureController) -> None:
        self._controller = controller
        self.name = f"{controller.name}, corrected"
        self.identity = controller.identity

    def read(self) -> TemperatureReading:
        """Read the thermometer and correct what it says."""
        reading = self._controller.read()
        return replace(reading, temperature_K=reading.temperature_K / _factor(reading.temperature_K))

    def set_temperature(self, setpoint_K: float, *, ramp_K_per_min: float | None = None) -> None:
        """Set what the thermometer will say at this temperature."""
        self._controller.set_temperature(setpoint_K * _factor(setpoint_K), ramp_K_per_min=ramp_K_per_min)

    def heater_fraction(self) -> float:
        """Read the heater output."""
        return self._controller.heater_fraction()

    def heater_off(self) -> None:
        """Switch the heater off."""
        self._controller.heater_off()

    def settings(self) -> Mapping[str, str | float | int | bool]:
        """Return the settings, and the correction with them: what bears on the data belongs into the run file."""
        return {**self._controller.settings(), "reads_too_high_by": TOO_HIGH, "reads_too_high_below_K": BELOW_K}

    def make_safe(self) -> None:
        """Bring it to idle-safe; may be called twice, in any state."""
        self._controller.make_safe()

    def close(self) -> None:
        """Give the wire back; may be called twice."""
        self._controller.close()


def _factor(temperature_K: float) -> float:
    return TOO_HIGH if temperature_K < BELOW_K else 1.0


class Teller:
    """Says on stdout what happens; fills `acquisition.running.observer.Observer`."""

    def started(self, run_file: Path, running: RunningPlan, measured: int) -> None:
        """Say where the run goes."""
        sys.stdout.write(f"{run_file}: {running.points} points, {measured} of them there already\n")

    def committed(self, seq: int, plan_index: int) -> None:
        """Take note of a point; there are too many to tell of each."""

    def happened(self, event: Event) -> None:
        """Say what happened."""
        sys.stdout.write(f"{event.time_s:9.1f} s  {event.kind}: {event.message}\n")

    def planned(self, running: RunningPlan) -> None:
        """Take note of a change of the plan."""


def measure(out: Path) -> RunOutcome:
    """Measure the quick recipe with the corrected thermometer on the simulated rack."""
    station, wall, journal = simulated_station(), WallClock(), WriteJournal()
    plan = make_plan(load_recipe(RECIPE), station)
    # on a rack of your own: open_station(load_station("my.toml"), wall)
    with open_simulated(station, "cu1", seed=1, speed=None, wall=wall, on_write=journal.note) as rack:
        own = Roles(
            lock_in=rack.roles.lock_in,
            source=rack.roles.source,
            temperature=CorrectedThermometer(rack.roles.temperature),
            magnet=rack.roles.magnet,
        )
        return run_plan(
            plan,
            own,
            rack.clock,
            out=out,
            wall=wall,
            control=Control(wall, is_unattended=True),
            observer=Teller(),
            provenance={"simulated": "cu1", "seed": 1, "speed": None},
            journal=journal,
        )


if __name__ == "__main__":
    outcome = measure(Path(sys.argv[1] if len(sys.argv) > 1 else "runs"))
    sys.stdout.write(f"{outcome.state.value}: {outcome.points} points in {outcome.run_file}\n")
    sys.exit(outcome.exit_status)
