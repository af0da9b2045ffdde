"""The loop: walk the plan with four roles and a clock, and yield readings and events.

It decides nothing that the plan could have decided, writes nothing, and leaves making the rack safe to whoever runs it
(`acquisition.engine`). Points are stepped and read at times laid out from the plan's own settling times, whatever the
messages between them cost, so that another client polling the rack changes no reading.
"""

import math
from collections.abc import Iterator
from dataclasses import replace

from acquisition.bias_walk import BiasWalk
from acquisition.circuit import BiasIntegral
from acquisition.errors import AbortedError
from acquisition.plan import IsothermPlan, Plan
from acquisition.readings import Event, PointFlag, PointKind, Reading
from acquisition.safety import Roles
from acquisition.stop import StopRequest
from acquisition.sweep import OPENING_ANCHORS
from acquisition.timing import temperature_dwell_s
from instruments.errors import DeadlineError, QuenchError, StoppedError
from instruments.roles import Clock, MagnetReading, MagnetState
from instruments.settling import Criteria, Settled, temperature_criteria, wait_for_field, wait_for_temperature

STOP_POLL_S = 0.25
"""Longest sleep between two looks at the stop request."""

CLOCK_RESOLUTION_S = 1e-6
"""What is left of a wait below this is over; a clock that counts whole nanoseconds could never pass the rest."""

ANCHOR_REPEATS = 5
"""How often the second opening anchor is measured again where it disagrees with the first."""


class Loop:
    """One walk through a plan.

    Parameters
    ----------
    plan : Plan
        What to do; checked already.
    roles : Roles
        The four instruments, connected.
    clock : Clock
        The experiment clock.
    stop : StopRequest
        Looked at between points and during every wait.
    elapsed_s : float
        Experiment time that the run has behind it, for one that goes on after a gap.
    """

    def __init__(self, plan: Plan, roles: Roles, clock: Clock, stop: StopRequest, elapsed_s: float = 0.0) -> None:
        self._plan = plan
        self._recipe = plan.recipe
        self._station = plan.station
        self._roles = roles
        self._clock = clock
        self._stop = stop
        self._origin_s = clock.now_s() - elapsed_s
        self._conductance_S = plan.station.contact.expected_conductance_S
        self._unsettled = PointFlag.GOOD

    def now_s(self) -> float:
        """Return the experiment time since the start of the run."""
        return self._clock.now_s() - self._origin_s

    def walk(self, measured: frozenset[int] = frozenset()) -> Iterator[Reading | Event]:
        """Measure every point of the plan that is not in `measured`, in order.

        Yields
        ------
        Reading or Event
            In the order in which they came about.

        Raises
        ------
        AbortedError
            If the stop was requested.
        InstrumentError, InterlockError
            If a box failed or a reading says that the contact is not what it was.
        """
        try:
            yield from self._prepare()
            for isotherm in self._plan.isotherms:
                missing = [
                    place for place in range(len(self._plan.sweep)) if isotherm.first_plan_index + place not in measured
                ]
                if missing:
                    yield from self._reach(isotherm)
                    yield from self._sweep(isotherm, missing)
            yield self._event("closing", "all points measured")
        except StoppedError as error:
            raise AbortedError(self._stop.reason or str(error)) from error

    def _event(self, kind: str, message: str) -> Event:
        return Event(self.now_s(), kind, message)

    def _sleep_until(self, clock_s: float) -> None:
        """Wait for a time of the experiment clock, in slices, so that a stop is noticed."""
        while (left_s := clock_s - self._clock.now_s()) > CLOCK_RESOLUTION_S:
            if self._stop.is_requested():
                raise AbortedError(self._stop.reason)
            self._clock.sleep(min(left_s, STOP_POLL_S))

    # --- setting up -------------------------------------------------------------------------------------------------

    def _prepare(self) -> Iterator[Event]:
        roles, lockin, meter = self._roles, self._recipe.lockin, self._station.sourcemeter
        roles.lock_in.configure(
            frequency_Hz=lockin.frequency_Hz,
            time_constant_s=lockin.time_constant_s,
            slope_dB_per_octave=lockin.slope_dB_per_octave,
        )
        roles.source.configure(range_A=meter.range_A, compliance_V=meter.compliance_V, nplc=meter.nplc)
        roles.source.set_output(True)
        yield self._event("prepared", "lock-in and source meter configured, output on at zero")

    # --- temperature and field --------------------------------------------------------------------------------------

    def _reach(self, isotherm: IsothermPlan) -> Iterator[Event]:
        self._unsettled = PointFlag.GOOD
        yield from self._reach_field(isotherm)
        yield from self._reach_temperature(isotherm)

    def _reach_field(self, isotherm: IsothermPlan) -> Iterator[Event]:
        magnet, settling = self._roles.magnet, self._recipe.settling
        reading = self._checked(magnet.read())
        if abs(reading.field_T - isotherm.field_T) <= settling.field_band_T:
            return
        rate_T_per_min = self._station.magnet.ramp_rate_T_per_min(isotherm.temperature_K)
        yield self._event(
            "ramping", f"field {reading.field_T:.4g} -> {isotherm.field_T:g} T at {rate_T_per_min:g} T/min"
        )
        magnet.start_ramp(isotherm.field_T, rate_T_per_min)
        ramp_s = 60.0 * abs(isotherm.field_T - reading.field_T) / rate_T_per_min
        criteria = Criteria(
            band=settling.field_band_T,
            dwell_s=settling.field_dwell_s,
            deadline_s=ramp_s + settling.field_deadline_s,
            poll_s=5.0,
        )
        try:
            settled = wait_for_field(
                magnet, isotherm.field_T, self._clock, criteria, should_stop=self._stop.is_requested
            )
        except DeadlineError as error:
            self._unsettled |= PointFlag.FIELD_UNSETTLED
            yield self._event("unsettled", f"{error}; its points are flagged")
        else:
            yield self._settled(settled, "field", "T")

    def _reach_temperature(self, isotherm: IsothermPlan) -> Iterator[Event]:
        controller, settling = self._roles.temperature, self._recipe.settling
        yield self._event("settling", f"temperature -> {isotherm.temperature_K:g} K")
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
                controller, isotherm.temperature_K, self._clock, criteria, should_stop=self._stop.is_requested
            )
        except DeadlineError as error:
            self._unsettled |= PointFlag.TEMPERATURE_UNSETTLED
            yield self._event("unsettled", f"{error}; its points are flagged")
        else:
            yield self._settled(settled, "temperature", "K")

    def _temperature_band_K(self, isotherm: IsothermPlan) -> float:
        settling = self._recipe.settling
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

    # --- the bias ---------------------------------------------------------------------------------------------------

    def _sweep(self, isotherm: IsothermPlan, missing: list[int]) -> Iterator[Reading | Event]:
        oscillator_Vrms = self._roles.lock_in.set_excitation(isotherm.oscillator_Vrms)
        sensitivity_V = self._roles.lock_in.set_sensitivity(isotherm.full_scale_V)
        yield self._event(
            "sweeping",
            f"isotherm {isotherm.index}: {isotherm.temperature_K:g} K, {isotherm.field_T:g} T, oscillator "
            f"{oscillator_Vrms:g} Vrms, full scale {sensitivity_V:g} V",
        )
        walk = BiasWalk(
            self._plan,
            isotherm,
            self._roles,
            self._clock,
            self._sleep_until,
            self._origin_s,
            oscillator_Vrms,
            sensitivity_V,
            BiasIntegral(self._station.circuit, self._conductance_S),
            self._unsettled,
        )
        first_S = math.nan
        for place in missing:
            if self._stop.is_requested():
                raise AbortedError(self._stop.reason)
            reading = walk.measure(place)
            if place == OPENING_ANCHORS - 1:
                repeats = 0
                while self._disagrees(first_S, reading) and repeats < ANCHOR_REPEATS:
                    first_S, reading = reading.conductance_S, walk.measure_again(place)
                    repeats += 1
                if repeats:
                    yield self._event(
                        "anchors", f"opening anchors differed, the second was measured {repeats} times more"
                    )
            if reading.kind is PointKind.ANCHOR:
                first_S = self._conductance_S = reading.conductance_S
            yield reading

    def _disagrees(self, first_S: float, second: Reading) -> bool:
        """Say whether two opening anchors differ by more than noise: the electrons still lag the thermometer."""
        allowed_S = self._recipe.settling.anchor_agreement_sigma * math.sqrt(2.0) * second.conductance_error_S
        return abs(second.conductance_S - first_S) > allowed_S
