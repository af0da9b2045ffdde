"""The way to an isotherm: field, then temperature, each waited for until it has settled.

A wait ends early where a pause or an abort is asked for, and where its deadline passes; the run then pauses, or flags
the points and goes on, as the recipe says.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import replace

from acquisition.errors import AcquisitionError
from acquisition.plan import IsothermPlan
from acquisition.planning.timing import temperature_dwell_s
from acquisition.readings import Event, Monitor, PointFlag
from acquisition.recipe import OnDeadline, Recipe
from acquisition.running.control import Control
from acquisition.running.field_routines import FieldRoutines, Step
from acquisition.safety import Roles
from acquisition.station_file import Station
from instruments.errors import DeadlineError, QuenchError, StateError, StoppedError
from instruments.roles import Clock, ConstantHeater, MagnetReading, MagnetState
from instruments.settling import Criteria, Settled, temperature_criteria, wait_for_field, wait_for_temperature

FIELD_POLL_S = 5.0


class PauseNeededError(AcquisitionError):
    """Tell the loop to pause here and why; never leaves it."""


class Approach:
    """Reaches temperature and field of one isotherm after the other.

    Parameters
    ----------
    recipe : Recipe
        Its tables [settling] and [field]: when a setpoint counts as reached, and how fields are.
    station : Station
        Its ramp rates.
    roles : Roles
        The instruments, connected.
    clock : Clock
        The experiment clock.
    origin_s : float
        Time of the clock at the start of the run.
    control : Control
        Attended to during every wait.
    on_monitor : callable
        Told of every reading.

    Attributes
    ----------
    unsettled : PointFlag
        What the points of the isotherm reached last are to be flagged with.
    held_K : float or None
        What the thermometer read when the heater was frozen; None while it regulates.
    """

    def __init__(
        self,
        recipe: Recipe,
        station: Station,
        roles: Roles,
        clock: Clock,
        origin_s: float,
        control: Control,
        on_monitor: Callable[[Monitor], None],
    ) -> None:
        self._settling = recipe.settling
        self._is_heater_to_be_held = recipe.field.hold_heater
        self._routines = FieldRoutines(recipe.field, station.magnet, roles.magnet, clock, self._is_interrupted)
        self._regulated: IsothermPlan | None = None
        self.held_K: float | None = None
        self._station = station
        self._roles = roles
        self._clock = clock
        self._origin_s = origin_s
        self._control = control
        self._on_monitor = on_monitor
        self.unsettled = PointFlag.GOOD

    def reach(self, isotherm: IsothermPlan) -> Iterator[Event]:
        """Go to the setpoints of an isotherm and wait until they have settled.

        Raises
        ------
        PauseNeededError
            If a pause was asked for meanwhile, or a deadline passed and the recipe wants to pause then.
        AbortedError
            If the run is to stop.
        InstrumentError
            If a box failed; `QuenchError` on a quench.
        """
        self.unsettled = PointFlag.GOOD
        if self._is_heater_to_be_held:
            yield from self._reach_with_held_heater(isotherm)
            return
        yield from self._reach_field(isotherm)
        yield from self._reach_temperature(isotherm)

    def read(self) -> Monitor:
        """Read temperature and field, tell of them, and return them; raises `QuenchError` on a quench."""
        monitor = self._monitor(self._checked(self._roles.magnet.read()).field_T)
        self._on_monitor(monitor)
        return monitor

    def _monitor(self, field_T: float) -> Monitor:
        """Read the temperature to a field; a magnet that ramps is when it is most worth watching."""
        temperature = self._roles.temperature.read()
        return Monitor(self._now_s(), temperature.temperature_K if temperature.is_valid else None, field_T)

    def is_there(self, isotherm: IsothermPlan, monitor: Monitor) -> bool:
        """Say whether a reading is within the bands of an isotherm."""
        return (
            monitor.temperature_K is not None
            and monitor.field_T is not None
            and abs(monitor.temperature_K - isotherm.temperature_K) <= self._temperature_band_K(isotherm)
            and abs(monitor.field_T - isotherm.field_T) <= self._settling.field_band_T
        )

    def _reach_field(self, isotherm: IsothermPlan) -> Iterator[Event]:
        magnet, settling = self._roles.magnet, self._settling
        reading = self._checked(magnet.read())
        self._on_monitor(Monitor(self._now_s(), None, reading.field_T))
        if abs(reading.field_T - isotherm.field_T) <= settling.field_band_T:
            yield from self._said(self._routines.after_arrival())
            return
        rate_T_per_min = self._station.magnet.ramp_rate_T_per_min(isotherm.temperature_K)
        routines = self._routines.before_ramp(reading.field_T, isotherm.field_T, rate_T_per_min)
        yield from self._said(routines)
        yield self._event(
            "ramping", f"field {reading.field_T:.4g} -> {isotherm.field_T:g} T at {rate_T_per_min:g} T/min"
        )
        self._control.beat()
        magnet.start_ramp(isotherm.field_T, rate_T_per_min)
        ramp_s = 60.0 * abs(isotherm.field_T - reading.field_T) / rate_T_per_min
        criteria = Criteria(
            band=settling.field_band_T,
            dwell_s=settling.field_dwell_s,
            deadline_s=ramp_s + settling.field_deadline_s,
            poll_s=FIELD_POLL_S,
        )
        try:
            settled = wait_for_field(
                magnet,
                isotherm.field_T,
                self._clock,
                criteria,
                should_stop=self._is_interrupted,
                on_reading=lambda _, field_T: self._on_monitor(self._monitor(field_T)),
            )
        except StoppedError as error:
            raise self._interruption(error) from error
        except DeadlineError as error:
            yield self._late(error, PointFlag.FIELD_UNSETTLED)
        else:
            yield self._settled(settled, "field", "T")
            yield from self._said(self._routines.after_arrival())

    def _said(self, routine: Iterator[Step]) -> Iterator[Event]:
        """Go through a routine of the magnet and tell of its steps; stopped, it is the pause that was asked for."""
        try:
            for step in routine:
                yield self._event(step.kind, step.words)
        except StoppedError as error:
            raise self._interruption(error) from error

    def _reach_with_held_heater(self, isotherm: IsothermPlan) -> Iterator[Event]:
        """Regulate at the first field of the temperature, also when a run goes on in the middle; then hold and ramp."""
        if not self._is_at_temperature_of(isotherm):
            self.held_K = self._regulated = None
            first = replace(isotherm, field_T=isotherm.first_field_T)
            yield from self._reach_field(first)
            yield from self._reach_temperature(first)
            self._regulated = isotherm
        if self.held_K is None and isotherm.field_T == isotherm.first_field_T:
            return
        yield from self._hold_heater()
        yield from self._reach_field(isotherm)
        yield from self._let_settle(isotherm)

    def _is_at_temperature_of(self, isotherm: IsothermPlan) -> bool:
        """Say whether the cryostat has settled at this temperature for this very series."""
        before = self._regulated
        return before is not None and (before.series_index, before.temperature_K) == (
            isotherm.series_index,
            isotherm.temperature_K,
        )

    def _hold_heater(self) -> Iterator[Event]:
        """Freeze the heater; from now on the thermometer is not believed."""
        if self.held_K is not None:
            return
        controller = self._roles.temperature
        if not isinstance(controller, ConstantHeater):
            raise StateError(controller.name, "cannot hold its heater; leave [field] hold_heater of the recipe out")
        reading = controller.read()
        fraction = controller.hold_heater()
        self.held_K = reading.temperature_K
        yield self._event("holding", f"heater held at {fraction:.4g} of its range, thermometer {self.held_K:.6g} K")

    def _let_settle(self, isotherm: IsothermPlan) -> Iterator[Event]:
        """Wait as long as a temperature has to stay in its band: what the ramp has heated cools down again."""
        dwell_s = temperature_dwell_s(isotherm.temperature_K, self._settling)
        end_s = self._clock.now_s() + dwell_s
        while (left_s := end_s - self._clock.now_s()) > 0.0:
            if self._is_interrupted():
                raise self._interruption(StoppedError(self._roles.temperature.name, "the wait was stopped"))
            self._clock.sleep(min(left_s, FIELD_POLL_S))
            self.read()
        yield self._event("settled", f"heater held for {dwell_s:g} s")

    def _reach_temperature(self, isotherm: IsothermPlan) -> Iterator[Event]:
        controller, settling = self._roles.temperature, self._settling
        yield self._event("settling", f"temperature -> {isotherm.temperature_K:g} K")
        self._control.beat()
        controller.set_temperature(isotherm.temperature_K, ramp_K_per_min=self._station.temperature.ramp_K_per_min)
        criteria = replace(
            temperature_criteria(isotherm.temperature_K),
            band=self._temperature_band_K(isotherm),
            dwell_s=temperature_dwell_s(isotherm.temperature_K, settling),
            deadline_s=settling.temperature_deadline_s,
            drift_fraction_per_s=settling.temperature_drift_fraction_per_10min / 600.0,
        )
        try:
            settled = wait_for_temperature(
                controller,
                isotherm.temperature_K,
                self._clock,
                criteria,
                should_stop=self._is_interrupted,
                on_reading=lambda _, temperature_K: self._on_monitor(
                    Monitor(self._now_s(), None if math.isnan(temperature_K) else temperature_K, None)
                ),
            )
        except StoppedError as error:
            raise self._interruption(error) from error
        except DeadlineError as error:
            yield self._late(error, PointFlag.TEMPERATURE_UNSETTLED)
        else:
            yield self._settled(settled, "temperature", "K")

    def _is_interrupted(self) -> bool:
        self._control.attend()
        return self._control.wants_pause(is_sweep_done=False)

    def _interruption(self, error: StoppedError) -> PauseNeededError:
        wish = self._control.pause_wish
        return PauseNeededError(wish.reason if wish else str(error))

    def _late(self, error: DeadlineError, flag: PointFlag) -> Event:
        """Flag the points and say so, or raise the pause that the recipe wants here."""
        if self._settling.on_deadline is OnDeadline.PAUSE and not self._control.is_unattended:
            raise PauseNeededError(f"{error}; continue to wait once more, or abort") from error
        self.unsettled |= flag
        return self._event("unsettled", f"{error}; its points are flagged")

    def _temperature_band_K(self, isotherm: IsothermPlan) -> float:
        settling = self._settling
        return max(settling.temperature_band_fraction * isotherm.temperature_K, settling.temperature_band_K)

    def _settled(self, settled: Settled, what: str, unit: str) -> Event:
        drift_per_min = 60.0 * settled.drift_per_s
        return self._event(
            "settled",
            f"{what} {settled.value:.6g} {unit} after {settled.waited_s / 60.0:.1f} min, "
            f"drift {drift_per_min:.2g} {unit}/min",
        )

    def _checked(self, reading: MagnetReading) -> MagnetReading:
        if reading.state is MagnetState.QUENCH:
            raise QuenchError(
                self._roles.magnet.name,
                f"quench at {reading.field_T:.4g} T; nothing is sent to the magnet; see to helium and the magnet first",
            )
        return reading

    def _now_s(self) -> float:
        return self._clock.now_s() - self._origin_s

    def _event(self, kind: str, message: str) -> Event:
        return Event(self._now_s(), kind, message)
