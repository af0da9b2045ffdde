"""The hand on a rack that no run owns: sets one thing at a time, within the limits of the station."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from acquisition.by_hand import limits_of, peak_V
from acquisition.checklist import BEFORE
from acquisition.circuit import excitation_for, oscillator_for, source_current_for
from acquisition.recipe import LockInSection
from acquisition.running.channels import Boxes
from acquisition.running.command_file import Action, CommandRefusedError, Quantity
from acquisition.running.settings_watch import SettingsWatch
from acquisition.safety import make_safe
from acquisition.station_file import Station

_Box = TypeVar("_Box")


class Hand:
    """Sets what it is told to, or refuses.

    Parameters
    ----------
    station : Station
        Whose limits hold.
    boxes : Boxes
        What is connected.
    is_simulated : bool
        Whether there is no contact that could be hurt; if there is, setting up asks for the connection checklist.
    before_each : callable
        Called before anything is set, since what is set must be watched over from then on.

    Attributes
    ----------
    is_set_up : bool
        Whether lock-in and source meter are configured, and the output on at zero.
    oscillator_Vrms : float or None
        What was set last; None if nothing was.
    conductance_S : float
        Of the contact, for the current that makes a bias: what is expected, or what was measured if that is less.
    """

    def __init__(self, station: Station, boxes: Boxes, *, is_simulated: bool, before_each: Callable[[], None]) -> None:
        self._station, self._boxes = station, boxes
        self._is_simulated = is_simulated
        self._before_each = before_each
        self.is_set_up = False
        self.oscillator_Vrms: float | None = None
        self.conductance_S = station.contact.expected_conductance_S
        self._bias_V = 0.0
        self._excitation_Vrms = 0.0
        self._settings = SettingsWatch()

    def measured(self, conductance_S: float) -> None:
        """Take note of the contact's conductance."""
        self.conductance_S = min(conductance_S, self._station.contact.expected_conductance_S)

    def set(self, argument: Mapping[str, Any], temperature_K: float) -> str:
        """Set ``{"quantity": "field_T", "value": 0.5}`` and return what was done, in words.

        Parameters
        ----------
        argument : mapping
            Of the command.
        temperature_K : float
            At which the sample is; decides how fast the field may go.

        Raises
        ------
        CommandRefusedError
            If there is no such quantity, or its box is not there or not set up.
        InstrumentError
            If a limit would be broken, or the box fails.
        """
        name, value = argument.get("quantity"), argument.get("value")
        if name not in list(Quantity):
            raise CommandRefusedError(f"quantity {name!r}: expected one of {', '.join(Quantity)}")
        quantity = Quantity(name)
        value = limits_of(quantity, self._station).check(value, "by hand")
        match quantity:
            case Quantity.BIAS_V:
                return self._set_bias(value)
            case Quantity.EXCITATION_Vrms:
                return self._set_excitation(value)
            case Quantity.SENSITIVITY_V:
                lock_in = self._there(self._boxes.lock_in, "lock-in")
                self._before_each()
                return f"lock-in full scale {lock_in.set_sensitivity(value):g} V"
            case Quantity.TEMPERATURE_K:
                return self._set_temperature(value)
            case Quantity.FIELD_T:
                return self._start_field(value, self._station.magnet.ramp_rate_T_per_min(temperature_K))

    def do(self, argument: Mapping[str, Any]) -> str:
        """Do ``{"action": "heater-off"}`` and return what was done, in words; raises as `set` does."""
        match argument.get("action"):
            case Action.SET_UP:
                return self._set_up(argument.get("confirmed"))
            case Action.IDLE_SAFE:
                self._before_each()
                self._bias_V, self._excitation_Vrms, self.oscillator_Vrms = 0.0, 0.0, None
                return str(make_safe(self._boxes))
            case Action.HOLD_FIELD:
                magnet = self._there(self._boxes.magnet, "magnet")
                self._before_each()
                magnet.hold()
                return "field held where it is"
            case Action.HEATER_OFF:
                temperature = self._there(self._boxes.temperature, "temperature controller")
                self._before_each()
                temperature.heater_off()
                return "heater off"
            case other:
                raise CommandRefusedError(f"action {other!r}: expected one of {', '.join(Action)}")

    def _set_up(self, confirmed: object) -> str:
        """Configure lock-in and source meter as a run does, output on at zero."""
        missing = [item.sentence for item in BEFORE if not isinstance(confirmed, list) or item.name not in confirmed]
        if missing and not self._is_simulated:
            raise CommandRefusedError(f"the connection checklist is not confirmed: {missing[0]}")
        lock_in, source = self._there(self._boxes.lock_in, "lock-in"), self._there(self._boxes.source, "source meter")
        self._before_each()
        defaults, meter = LockInSection(), self._station.sourcemeter
        lock_in.configure(
            frequency_Hz=defaults.frequency_Hz,
            time_constant_s=defaults.time_constant_s,
            slope_dB_per_octave=defaults.slope_dB_per_octave,
        )
        source.configure(range_A=meter.range_A, compliance_V=meter.compliance_V, nplc=meter.nplc)
        source.set_output(True)
        if self._boxes.voltmeter is not None and self._station.voltmeter is not None:
            spare = self._station.voltmeter
            self._boxes.voltmeter.configure(range_V=spare.range_V, nplc=spare.nplc)
        self._settings.remember((lock_in, source))
        self.is_set_up = True
        checked = "" if missing else "; connection checklist confirmed"
        return f"lock-in at {defaults.frequency_Hz:g} Hz, source output on at zero{checked}"

    def _set_bias(self, bias_V: float) -> str:
        source = self._there(self._boxes.source, "source meter")
        self._insist_on_set_up()
        self._check_peak(bias_V, self._excitation_Vrms)
        contact, circuit = self._station.contact, self._station.circuit
        current_A, rate_A_per_s = (
            source_current_for(value_V, self.conductance_S, circuit)
            for value_V in (bias_V, contact.maximum_bias_rate_V_per_s)
        )
        self._before_each()
        self._bias_V = max(abs(bias_V), abs(self._bias_V))  # while it walks, and if it is stopped on the way
        taken_A = source.ramp_to_current(current_A, rate_A_per_s)
        self._bias_V = bias_V
        return f"bias {1e3 * bias_V:g} mV, source at {1e6 * taken_A:.4g} uA"

    def _set_excitation(self, excitation_Vrms: float) -> str:
        lock_in = self._there(self._boxes.lock_in, "lock-in")
        self._insist_on_set_up()
        self._check_peak(self._bias_V, excitation_Vrms)
        conductance_S, circuit = self._station.contact.expected_conductance_S, self._station.circuit
        self._before_each()
        self.oscillator_Vrms = lock_in.set_excitation(oscillator_for(excitation_Vrms, conductance_S, circuit))
        self._excitation_Vrms = excitation_for(self.oscillator_Vrms, conductance_S, circuit)
        return f"excitation {1e6 * self._excitation_Vrms:.4g} uV rms, oscillator at {self.oscillator_Vrms:g} V"

    def _set_temperature(self, temperature_K: float) -> str:
        controller, rate = self._there(self._boxes.temperature, "temperature controller"), self._station.temperature
        self._before_each()
        controller.set_temperature(temperature_K, ramp_K_per_min=rate.ramp_K_per_min)
        return f"temperature going to {temperature_K:g} K at {rate.ramp_K_per_min:g} K/min"

    def _start_field(self, field_T: float, rate_T_per_min: float) -> str:
        magnet = self._there(self._boxes.magnet, "magnet")
        self._before_each()
        magnet.start_ramp(field_T, rate_T_per_min)
        return f"field going to {field_T:g} T at {rate_T_per_min:g} T/min"

    def _check_peak(self, bias_V: float, excitation_Vrms: float) -> None:
        self._station.contact.bias_limits.check(peak_V(bias_V, excitation_Vrms), "bias and excitation together")

    def _insist_on_set_up(self) -> None:
        """See that both are as they were set up: a power cycle says nothing by itself."""
        if not self.is_set_up:
            raise CommandRefusedError("lock-in and source meter are not set up; do that first (action set-up)")
        both = self._there(self._boxes.lock_in, "lock-in"), self._there(self._boxes.source, "source meter")
        if changes := self._settings.changes(both):
            self.is_set_up, self.oscillator_Vrms = False, None  # nor is a conductance known any more
            raise CommandRefusedError(f"{changes[0]}: a power cycle, or a hand at the panel? Set up again (set-up)")

    def _there(self, box: _Box | None, role: str) -> _Box:
        if box is None:
            raise CommandRefusedError(f"the {role} is not connected; switch it on, then connect")
        return box
