"""One isotherm's walk over its bias values: step, wait, read, turn into a reading.

Points keep to a timetable laid out from the plan's own settling times, whatever the messages between them cost, so
that another client polling the rack changes no reading.
"""

import math
from collections.abc import Callable, Iterator
from copy import copy

from acquisition.circuit import BiasIntegral, Response, conductance, conductance_error_S, input_referred_V
from acquisition.plan import IsothermPlan, Plan
from acquisition.planning.timing import move_s, point_settle_s
from acquisition.readings import PointFlag, PointKind, Reading
from acquisition.running.detection import Detection
from acquisition.safety import Roles
from instruments.errors import QuenchError
from instruments.roles import (
    Clock,
    LockInReading,
    LockInStatus,
    MagnetReading,
    MagnetState,
    SourceReading,
    TemperatureReading,
    VoltageReading,
)

READBACK_FRACTION = 1e-3
"""Part of the current by which its read-back may differ: three times the accuracy of a class-typical source meter."""

READBACK_FRACTION_OF_RANGE = 5e-4
"""... and part of the range, for the offset of source and meter."""

STALE_S = 30.0
"""A temperature older than this is flagged: three scan periods of a bridge on one channel (class-typical 10 s)."""

STEADY = frozenset({MagnetState.HOLDING, MagnetState.PAUSED, MagnetState.AT_ZERO})
"""States of a supply in which the field does not move."""

_STATUS_FLAGS = {
    LockInStatus.INPUT_OVERLOAD: PointFlag.LOCKIN_INPUT_OVERLOAD,
    LockInStatus.FILTER_OVERLOAD: PointFlag.LOCKIN_FILTER_OVERLOAD,
    LockInStatus.OUTPUT_OVERLOAD: PointFlag.LOCKIN_OUTPUT_OVERLOAD,
    LockInStatus.REFERENCE_UNLOCKED: PointFlag.REFERENCE_UNLOCKED,
}


class BiasWalk:
    """The measured points of one isotherm, in order.

    Parameters
    ----------
    plan, isotherm
        What is measured.
    roles : Roles
        The instruments; oscillator, sensitivity, temperature and field are set already.
    clock : Clock
        The experiment clock.
    sleep_until : callable
        Waits for a time of that clock, or raises if the run is told to stop.
    origin_s : float
        Time of the clock at the start of the run.
    oscillator_Vrms, sensitivity_V : float
        As the lock-in took them.
    integral : BiasIntegral
        The bias so far: fresh at zero, or rebuilt from the last committed point.
    standing_flags : PointFlag
        What every point of this isotherm is flagged with.
    held_K : float, optional
        Temperature of a heater that is held; the thermometer is then deceived by the field, and kept beside it.
    """

    def __init__(
        self,
        plan: Plan,
        isotherm: IsothermPlan,
        roles: Roles,
        clock: Clock,
        sleep_until: Callable[[float], None],
        origin_s: float,
        oscillator_Vrms: float,
        sensitivity_V: float,
        integral: BiasIntegral,
        standing_flags: PointFlag = PointFlag.GOOD,
        held_K: float | None = None,
    ) -> None:
        self._station = plan.station
        self._range_A = plan.station.sourcemeter.range_A
        self._recipe = plan.recipe
        self._isotherm = isotherm
        self._roles = roles
        self._clock = clock
        self._sleep_until = sleep_until
        self._origin_s = origin_s
        self._oscillator_Vrms = oscillator_Vrms
        self._detection = Detection(
            isotherm.lockin, plan.recipe.settling, roles.lock_in, sensitivity_V, self._pass_time
        )
        self._integral = integral
        self._before = copy(integral)
        self._standing_flags = standing_flags
        self._held_K = held_K
        self._setpoint_A = 0.0
        self._bias_V = 0.0
        self._next_s = clock.now_s()
        # as plain lists: numbers of numpy take long to ask for one by one
        sweep = isotherm.sweep
        self._bias_setpoint_V: list[float] = sweep.bias_setpoint_V.tolist()
        self._settle_s: list[float] = isotherm.settle_s.tolist()
        self._kinds = [sweep.point_kind(place) for place in range(len(sweep))]
        self._directions = [sweep.point_direction(place) for place in range(len(sweep))]
        # The excitation is new, so the whole signal has to come in before the first point, wherever the walk begins.
        self._opening_settle_s = self._settle_s[0]

    def measure(self, place: int) -> Reading:
        """Measure the point at `place` of the isotherm's sweep.

        Raises
        ------
        InstrumentError
            If a box fails.
        InterlockError
            If the reading leaves no positive resistance for the contact.
        AbortedError
            If the run is told to stop meanwhile.
        """
        self._before.become(self._integral)
        bias_V = self._bias_setpoint_V[place]
        is_anchor = self._kinds[place] is PointKind.ANCHOR
        current_A = 0.0 if is_anchor else self._integral.source_current_for(bias_V)
        self._go_to(current_A, bias_V, self._settle_s[place])
        return self._read(place)

    def measure_again(self, place: int) -> Reading:
        """Measure the same point once more, where it is, after the wait that the plan gives it."""
        self.take_back()
        self._next_s += self._settle_s[place]
        self._sleep_until(self._next_s)
        return self._read(place)

    def take_back(self) -> None:
        """Let the point measured last not steer the bias: it is not believed."""
        self._integral.become(self._before)

    def probe(self, current_A: float, bias_V: float) -> Response:
        """Measure at a current beside the plan, to compare with what was measured there before.

        Parameters
        ----------
        current_A : float
            Level to set.
        bias_V : float
            Bias that it stands for, for the pace of the way there.
        """
        self._go_to(current_A, bias_V, point_settle_s(self._isotherm.lockin, self._recipe.settling, is_jump=True))
        lock_in, _ = self._detection.read()
        return self._response(lock_in)

    def adapt(self) -> str:
        """Let the lock-in find range and phase at zero bias, as far as the recipe wants; says what was found."""
        if not self._detection.is_adaptive:
            return ""
        self._go_to(0.0, 0.0, 0.0)
        return self._detection.adapt()

    def rest(self) -> None:
        """Go back to zero."""
        self._go_to(0.0, 0.0, 0.0)

    def _go_to(self, current_A: float, bias_V: float, settle_s: float) -> None:
        """Step or ramp to a current and wait until it has settled."""
        step_V = bias_V - self._bias_V
        moving_s = move_s(step_V, self._station.contact)
        if abs(step_V) > self._station.contact.largest_step_V:  # a step longer than planned, as after a gap
            settle_s = max(settle_s, point_settle_s(self._isotherm.lockin, self._recipe.settling, is_jump=True))
        settle_s, self._opening_settle_s = max(settle_s, self._opening_settle_s), 0.0
        start_s = max(self._next_s, self._clock.now_s())
        self._sleep_until(start_s)
        if moving_s:
            rate_A_per_s = abs(current_A - self._setpoint_A) / moving_s
            self._setpoint_A = self._roles.source.ramp_to_current(current_A, rate_A_per_s)
        else:
            self._setpoint_A = self._roles.source.set_current(current_A)
        self._bias_V = bias_V
        self._next_s = start_s + moving_s + settle_s
        self._sleep_until(self._next_s)

    def _pass_time(self, duration_s: float) -> None:
        self._next_s += duration_s
        self._sleep_until(self._next_s)

    def _response(self, lock_in: LockInReading) -> Response:
        circuit = self._station.circuit
        x_V, y_V = input_referred_V(lock_in.x_V, circuit), input_referred_V(lock_in.y_V, circuit)
        return conductance(x_V, y_V, self._oscillator_Vrms, circuit)

    def _read(self, place: int) -> Reading:
        """Read all four boxes."""
        lock_in, is_repeated = self._detection.read()
        flags = self._standing_flags
        time_s = self._next_s - self._origin_s - 0.5 * self._isotherm.lockin.average_s
        source, temperature, magnet = (
            self._roles.source.read(),
            self._roles.temperature.read(),
            self._roles.magnet.read(),
        )
        if magnet.state is MagnetState.QUENCH:
            raise QuenchError(
                self._roles.magnet.name,
                f"quench at {magnet.field_T:.4g} T; nothing is sent to the magnet; see to helium and the magnet first",
            )
        for flag in self._flags(lock_in, source, temperature, magnet, is_repeated):
            flags |= flag
        voltmeter = self._roles.voltmeter.read() if self._roles.voltmeter else None
        harmonic = self._detection.second_harmonic()
        self._next_s += self._station.station.read_overhead_s
        reading = self._reading(place, time_s, lock_in, source, temperature, magnet, flags)
        return self._with_spare_channels(reading, voltmeter, harmonic)

    def _flags(
        self,
        lock_in: LockInReading,
        source: SourceReading,
        temperature: TemperatureReading,
        magnet: MagnetReading,
        is_repeated: bool,
    ) -> Iterator[PointFlag]:
        """Yield what there is to know of a point, mostly nothing."""
        if is_repeated:
            yield PointFlag.REPEATED
        if lock_in.status is not LockInStatus.OK:
            yield from (flag for status, flag in _STATUS_FLAGS.items() if status in lock_in.status)
        settling, setpoint_K = self._recipe.settling, self._isotherm.temperature_K
        if source.is_in_compliance:
            yield PointFlag.SOURCE_COMPLIANCE
        allowed_A = READBACK_FRACTION * abs(self._setpoint_A) + READBACK_FRACTION_OF_RANGE * self._range_A
        if abs(source.current_A - self._setpoint_A) > allowed_A:
            yield PointFlag.BIAS_DISAGREES
        band_K = max(settling.temperature_band_fraction * setpoint_K, settling.temperature_band_K)
        if self._held_K is None and abs(temperature.temperature_K - setpoint_K) > band_K:
            yield PointFlag.TEMPERATURE_UNSETTLED
        if not temperature.is_valid or temperature.age_s > STALE_S:
            yield PointFlag.READING_STALE
        off_T = abs(magnet.field_T - self._isotherm.field_T)
        if off_T > settling.field_band_T or magnet.state not in STEADY:
            yield PointFlag.FIELD_UNSETTLED

    def _reading(
        self,
        place: int,
        time_s: float,
        lock_in: LockInReading,
        source: SourceReading,
        temperature: TemperatureReading,
        magnet: MagnetReading,
        flags: PointFlag,
    ) -> Reading:
        isotherm, circuit = self._isotherm, self._station.circuit
        x_V, y_V = input_referred_V(lock_in.x_V, circuit), input_referred_V(lock_in.y_V, circuit)
        response = conductance(x_V, y_V, self._oscillator_Vrms, circuit)
        kind = self._kinds[place]
        if kind is PointKind.SWEEP:
            self._bias_V = self._integral.advance(self._setpoint_A, response.conductance_S)
        return Reading(
            plan_index=isotherm.first_plan_index + place,
            isotherm_index=isotherm.index,
            kind=kind,
            direction=self._directions[place],
            time_s=time_s,
            bias_setpoint_V=self._bias_setpoint_V[place],
            temperature_setpoint_K=isotherm.temperature_K,
            field_setpoint_T=isotherm.field_T,
            bias_V=self._bias_V,
            current_A=source.current_A,
            excitation_Vrms=response.excitation_Vrms,
            temperature_K=temperature.temperature_K if self._held_K is None else self._held_K,
            field_T=magnet.field_T,
            lockin_x_V=x_V,
            lockin_y_V=y_V,
            conductance_S=response.conductance_S,
            conductance_error_S=conductance_error_S(
                isotherm.noise.sigma_V, response.conductance_S, response.excitation_Vrms, circuit
            ),
            flags=flags,
            current_setpoint_A=self._setpoint_A,
            source_voltage_V=source.voltage_V,
            oscillator_Vrms=self._oscillator_Vrms,
            sensitivity_V=self._detection.sensitivity_V,
            thermometer_K=math.nan if self._held_K is None else temperature.temperature_K,
        )

    def _with_spare_channels(
        self, reading: Reading, voltmeter: VoltageReading | None, harmonic: LockInReading | None
    ) -> Reading:
        """Return the reading with what was read besides; a voltmeter beyond its range says nothing."""
        circuit = self._station.circuit
        if voltmeter is not None and not voltmeter.is_over_range:
            reading = reading._replace(voltmeter_V=voltmeter.voltage_V)
        if harmonic is not None:
            reading = reading._replace(
                second_harmonic_x_V=input_referred_V(harmonic.x_V, circuit),
                second_harmonic_y_V=input_referred_V(harmonic.y_V, circuit),
            )
        return reading
