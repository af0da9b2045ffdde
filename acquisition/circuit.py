"""The circuit: lock-in volts to conductance, setpoints to currents, current to bias, and how wrong the scale may be.

Pure arithmetic on nominal values, for all kinds of circuit. The oscillator drives the contact through the AC arm, the
source meter, a current source, through the DC arm; where they meet, a divider may make a voltage of the currents. The
lock-in gets the voltage between two taps, or that of a current preamplifier behind the contact. Seen from the contact
each arm shunts the other's current: Kirchhoff's laws at the summing point are solved in closed form, no arm is taken
for infinite. The low-pass after the source meter holds the far end of the DC arm at ground for the AC.
"""

import cmath
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from acquisition.errors import InterlockError
from acquisition.station_file import CircuitSection, ContactSection

_SMALLEST_OHM, _LARGEST_OHM = 1e-9, 1e15


@dataclass(frozen=True, slots=True)
class Response:
    """What a lock-in reading says of the contact: all rms, the conductance at first harmonic."""

    conductance_S: float
    excitation_Vrms: float
    current_Arms: float


@dataclass(frozen=True, slots=True)
class ScaleError:
    """By which parts of themselves all conductances, and all biases, of a circuit are wrong together; one sigma.

    Not noise: it is the same for every point, moves no exponent, and averages away with nothing.
    """

    cause: str
    conductance_fraction: float
    bias_fraction: float


def input_referred_V(lockin_V: float, circuit: CircuitSection) -> float:
    """Refer volts at the lock-in's input to the voltage preamplifier's input, as the run file keeps them."""
    return lockin_V / (circuit.preamplifier_gain * circuit.gain_factor)


def lockin_V(input_referred_V: float, circuit: CircuitSection) -> float:
    """Refer volts at the preamplifier's input to the lock-in's input, e.g. to choose its range."""
    return input_referred_V * (circuit.preamplifier_gain * circuit.gain_factor)


def conductance(x_V: float, y_V: float, oscillator_Vrms: float, circuit: CircuitSection) -> Response:
    """Turn one lock-in reading into the contact's conductance.

    With the conductance g from the summing point to ground beside the contact, and RL all that is in line with it, a
    current I through the contact leaves Vosc/Ra - I = g I (RL + R). With a tap voltage U = I (R + Rin), of which Rin
    lies between the taps, I = (Vosc/Ra - g U) / (1 + g (RL - Rin)); a current preamplifier says I itself. Zero and
    phase of the line, if it was calibrated, are taken off first.

    Parameters
    ----------
    x_V, y_V : float
        In phase and quadrature, rms volts referred to the voltage preamplifier's input.
    oscillator_Vrms : float
        Oscillator amplitude as the lock-in took it.
    circuit : CircuitSection
        Nominal values of the wiring.

    Raises
    ------
    InterlockError
        If the reading leaves no positive resistance for the contact: an open lead, a wrong phase or known resistance.
    """
    drive_A, shunt_S = oscillator_Vrms / _ac_arm_ohm(circuit), _ac_shunt_S(circuit)
    signal_V = complex(x_V - circuit.zero_x_V, y_V - circuit.zero_y_V)
    if circuit.phase_deg:
        signal_V *= cmath.rect(1.0, -math.radians(circuit.phase_deg))
    if circuit.transimpedance_ohm:
        current_A, beside_ohm = signal_V / circuit.transimpedance_ohm, circuit.known_ohm
        across_V = (drive_A - current_A) / shunt_S
    else:
        across_V, beside_ohm = signal_V, circuit.inside_ohm
        current_A = (drive_A - shunt_S * across_V) / (1.0 + shunt_S * (circuit.known_ohm - circuit.inside_ohm))
    resistance_ohm = (across_V / current_A).real - beside_ohm if current_A else math.nan
    if not _SMALLEST_OHM < resistance_ohm < _LARGEST_OHM:
        raise InterlockError(
            f"contact: X = {x_V:.6g} V, Y = {y_V:.6g} V at {oscillator_Vrms:.6g} V of the oscillator leave "
            f"{resistance_ohm:.6g} ohm for the contact, expected more than 0; check leads, phase, lead_ohm, series_ohm"
        )
    return Response(1.0 / resistance_ohm, abs(current_A) * resistance_ohm, abs(current_A))


def conductance_error_S(sigma_V: float, conductance_S: float, excitation_Vrms: float, circuit: CircuitSection) -> float:
    """Return the standard error of a conductance, from that of X: sigma G / Vac for stiff arms, else somewhat more."""
    stiff_ohm = circuit.transimpedance_ohm or 1.0 / _ac_shunt_S(circuit) + circuit.known_ohm - circuit.inside_ohm
    return conductance_S * sigma_V / excitation_Vrms * loop_ohm(conductance_S, circuit) / stiff_ohm


def scale_errors(conductance_S: float, circuit: CircuitSection) -> tuple[ScaleError, ...]:
    """Return what each imperfectly known part of the circuit does to the scale, at one conductance.

    Where the line was calibrated, only what the dummy resistor could not see is left of arms, divider and leads.
    """
    circuit = circuit.model_copy(update={"phase_deg": 0.0, "zero_x_V": 0.0, "zero_y_V": 0.0})
    seen_V = lockin_V(signal_V(1.0, conductance_S, circuit), circuit)
    oscillator_Vrms = oscillator_for(1.0, conductance_S, circuit)
    slope_ohm = _bias_per_current_ohm(conductance_S, circuit)
    found = []
    for cause, other in _variations(circuit):
        found_S = conductance(input_referred_V(seen_V, other), 0.0, oscillator_Vrms, other).conductance_S
        bias_fraction = _bias_per_current_ohm(found_S, other) / slope_ohm - 1.0
        found.append(ScaleError(cause, abs(found_S / conductance_S - 1.0), abs(bias_fraction)))
    return tuple(found)


def total_scale_error(errors: tuple[ScaleError, ...]) -> ScaleError:
    """Return independent errors of the scale taken together."""
    return ScaleError(
        "all",
        math.hypot(*(error.conductance_fraction for error in errors)),
        math.hypot(*(error.bias_fraction for error in errors)),
    )


def _variations(circuit: CircuitSection) -> Iterator[tuple[str, CircuitSection]]:
    """Yield the circuit with one part after the other changed by its error."""
    parts = ("ac_arm_ohm", "dc_arm_ohm", *(["divider_ohm"] if circuit.divider_ohm else []))
    changes = {"gain_factor": circuit.gain_error_fraction * circuit.gain_factor}
    changes |= {name: circuit.arm_error_fraction * getattr(circuit, name) for name in parts}
    changes["lead_ohm"] = circuit.lead_error_ohm
    for name, change in changes.items():
        other = circuit.model_copy(update={name: getattr(circuit, name) + change})
        yield name, other if name == "gain_factor" else _as_calibrated(other, circuit)


def _as_calibrated(other: CircuitSection, circuit: CircuitSection) -> CircuitSection:
    """Return a changed circuit with the gain that the calibration finds in it: the dummy's signal is what it was."""
    dummy_S = circuit.calibrated_S
    if dummy_S is None:
        return other
    seen_V, expected_V = (signal_V(excitation_for(1.0, dummy_S, one), dummy_S, one) for one in (circuit, other))
    return other.model_copy(update={"gain_factor": other.gain_factor * seen_V / expected_V})


def oscillator_for(excitation_Vrms: float, conductance_S: float, circuit: CircuitSection) -> float:
    """Return the oscillator amplitude (rms volts, not yet rounded to its steps) that excites the contact so much."""
    current_A = excitation_Vrms * conductance_S
    node_V = excitation_Vrms + current_A * circuit.known_ohm
    return (current_A + node_V * _ac_shunt_S(circuit)) * _ac_arm_ohm(circuit)


def excitation_for(oscillator_Vrms: float, conductance_S: float, circuit: CircuitSection) -> float:
    """Return the excitation across the contact (rms volts) at an oscillator amplitude; undoes `oscillator_for`."""
    return oscillator_Vrms / oscillator_for(1.0, conductance_S, circuit)


def signal_V(excitation_Vrms: float, conductance_S: float, circuit: CircuitSection) -> float:
    """Return the signal of an excitation, or of a bias: between the taps, or from the current preamplifier."""
    if circuit.transimpedance_ohm:
        return excitation_Vrms * conductance_S * circuit.transimpedance_ohm
    return excitation_Vrms * (1.0 + circuit.inside_ohm * conductance_S)


def loop_ohm(conductance_S: float, circuit: CircuitSection) -> float:
    """Return the resistance of the loop through the contact and what drives it."""
    return 1.0 / conductance_S + circuit.known_ohm + 1.0 / _ac_shunt_S(circuit)


def source_current_for(bias_V: float, conductance_S: float, circuit: CircuitSection) -> float:
    """Return the source current that biases a contact of one conductance so; exactly 0 for 0."""
    return bias_V / _bias_per_current_ohm(conductance_S, circuit)


def largest_source_A(contact: ContactSection, circuit: CircuitSection) -> float:
    """Return the source current at which the contact that is expected carries the most that it may."""
    conductance_S = contact.expected_conductance_S
    return source_current_for(contact.maximum_current_A / conductance_S, conductance_S, circuit)


def source_voltage_V(current_A: float, conductance_S: float, circuit: CircuitSection) -> float:
    """Return the voltage at the source meter's terminals: DC arm, and what lies behind it."""
    branch_ohm = circuit.known_ohm + 1.0 / conductance_S
    return current_A * (circuit.dc_arm_ohm + branch_ohm / (1.0 + branch_ohm * _dc_shunt_S(circuit)))


class BiasIntegral:
    """The bias across the contact: dV/dI integrated over the set current from the zero crossing.

    Forward only, constant cost a point, trapezoids. Feed it the sweep's points in order and nothing else: an anchor
    is a return to zero beside the path and is not handed in. The integral is set to zero wherever the current is zero
    or changes sign, so that errors do not add up from branch to branch.

    The current is the level that the source took (`current_setpoint_A`), not its read-back, whose noise would enter
    the bias. The source's own offset (some 200 nA on the 1 mA range) therefore stays in the bias as a constant, some
    2 uV on 9 ohm; the analysis takes it out by the evenness of the curves. What AC arm and divider take of the current
    is accounted for.

    Parameters
    ----------
    circuit : CircuitSection
        Nominal values of the wiring.
    conductance_S : float
        Conductance to start from, until the first point: the station's expectation or the last anchor's.
    """

    def __init__(self, circuit: CircuitSection, conductance_S: float) -> None:
        self._circuit = circuit
        self._slope_ohm = _bias_per_current_ohm(conductance_S, circuit)
        self._current_A = 0.0
        self._bias_V = 0.0

    @classmethod
    def resumed(cls, circuit: CircuitSection, current_A: float, bias_V: float, conductance_S: float) -> Self:
        """Rebuild it from the last committed sweep point of an isotherm (`current_A` is its set level)."""
        integral = cls(circuit, conductance_S)
        integral._current_A, integral._bias_V = current_A, bias_V
        return integral

    def become(self, other: Self) -> None:
        """Go back to what a copy of it was, as if the points since then had not been taken."""
        self._slope_ohm, self._current_A, self._bias_V = other._slope_ohm, other._current_A, other._bias_V

    @property
    def bias_V(self) -> float:
        """Return the bias of the last point."""
        return self._bias_V

    def start(self) -> None:
        """Begin a new path at zero current, with the conductance of the last point."""
        self._current_A = self._bias_V = 0.0

    def advance(self, current_A: float, conductance_S: float) -> float:
        """Take the next point of the sweep.

        Parameters
        ----------
        current_A : float
            Level that the source took.
        conductance_S : float
            Conductance measured there.

        Returns
        -------
        float
            Bias across the contact at this point, in volt.
        """
        slope_ohm = _bias_per_current_ohm(conductance_S, self._circuit)
        if current_A * self._current_A <= 0.0:
            self._cross_zero(current_A, slope_ohm)
        self._bias_V += (current_A - self._current_A) * 0.5 * (slope_ohm + self._slope_ohm)
        self._current_A, self._slope_ohm = current_A, slope_ohm
        return self._bias_V

    def source_current_for(self, bias_setpoint_V: float) -> float:
        """Return the source current for the next point, by the slope of the last one; exactly 0 for 0."""
        if bias_setpoint_V == 0.0:
            return 0.0
        if bias_setpoint_V * self._bias_V <= 0.0:
            return bias_setpoint_V / self._slope_ohm
        return self._current_A + (bias_setpoint_V - self._bias_V) / self._slope_ohm

    def _cross_zero(self, current_A: float, slope_ohm: float) -> None:
        """Put the last point to zero current and bias, with the slope interpolated to there."""
        span_A = current_A - self._current_A
        if span_A != 0.0:
            self._slope_ohm += (slope_ohm - self._slope_ohm) * (-self._current_A / span_A)
        self._current_A = self._bias_V = 0.0


def _ac_arm_ohm(circuit: CircuitSection) -> float:
    return circuit.ac_arm_ohm + circuit.oscillator_output_ohm


def _dc_shunt_S(circuit: CircuitSection) -> float:
    """Conductance from the summing point to ground beside the contact, for the source meter's current."""
    return 1.0 / _ac_arm_ohm(circuit) + (1.0 / circuit.divider_ohm if circuit.divider_ohm else 0.0)


def _ac_shunt_S(circuit: CircuitSection) -> float:
    """Conductance from the summing point to ground beside the contact, for the AC."""
    return _dc_shunt_S(circuit) + 1.0 / circuit.dc_arm_ohm


def _bias_per_current_ohm(conductance_S: float, circuit: CircuitSection) -> float:
    """Return dV across the contact a change of source current; AC arm and divider take their parts of the current."""
    resistance_ohm = 1.0 / conductance_S
    return resistance_ohm / (1.0 + (resistance_ohm + circuit.known_ohm) * _dc_shunt_S(circuit))
