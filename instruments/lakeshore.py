"""The control loop that Lake Shore's controllers share: setpoint, ramp, gains and heater faults of one output.

After the manuals of the Models 336 (6.6) and 372 (6.6.1): SETP, RAMP, PID and HTRST take the output's number first, and
are read back after every set.
"""

from instruments.errors import ReadbackError, StateError
from instruments.transport import Line

_SETPOINT_TOLERANCE = 2e-4
_RATE_TOLERANCE = 0.01
_HEATER_FAULTS = {1: "heater open", 2: "heater shorted"}


class Loop:
    """One output of a controller, as far as all models agree on it.

    Parameters
    ----------
    line : Line
        The line to the box.
    output : int
        Number of the output.
    gain_tolerances : tuple of float
        Resolution of P, I and D.
    """

    def __init__(self, line: Line, output: int, gain_tolerances: tuple[float, float, float]) -> None:
        self._line = line
        self._output = output
        self._gain_tolerances = gain_tolerances

    def setpoint_K(self) -> float:
        """Read the setpoint; a ramping one may read as where it is just now."""
        return self._line.ask_float(f"SETP? {self._output}")

    def ramp(self) -> tuple[bool, float]:
        """Read whether setpoints are ramped, and the rate in K/min."""
        is_on, rate_K_per_min = self._line.ask_floats(f"RAMP? {self._output}", 2)
        return bool(is_on), rate_K_per_min

    def gains(self) -> tuple[float, float, float]:
        """Read P, I and D in the box's own units."""
        proportional, integral, derivative = self._line.ask_floats(f"PID? {self._output}", 3)
        return proportional, integral, derivative

    def insist_on_sound_heater(self) -> None:
        """Raise `StateError` on a heater fault."""
        self.insist_on_sound(self._line.ask_int(f"HTRST? {self._output}"))

    def insist_on_sound(self, error: int) -> None:
        """Raise `StateError` on a heater fault by its number in the reply to HTRST?."""
        if error:
            raise StateError(
                self._line.name,
                f"heater fault {error} ({_HEATER_FAULTS.get(error, 'unknown')}); check its wiring before heating",
            )

    def take_ramp(self, rate_K_per_min: float | None) -> None:
        """Switch ramping on at a rate, or off and leave the rate as it is."""
        is_on, present = self.ramp()
        wanted = (False, present) if rate_K_per_min is None else (True, rate_K_per_min)
        if (is_on, present) == wanted:
            return
        self._line.write(f"RAMP {self._output},{wanted[0]:d},{wanted[1]:.6g}")
        self.compare(f"RAMP? {self._output}", (float(wanted[0]), wanted[1]), (0.0, _RATE_TOLERANCE * wanted[1]))

    def take_setpoint(self, setpoint_K: float, before_K: float | None = None) -> None:
        """Set the setpoint; a ramped one starts at `before_K` and must read as somewhere on the way."""
        tolerance_K = _SETPOINT_TOLERANCE * setpoint_K
        self._line.write(f"SETP {self._output},{setpoint_K:.6g}")
        reads_K = self.setpoint_K()
        start_K = setpoint_K if before_K is None else before_K
        if not min(start_K, setpoint_K) - tolerance_K <= reads_K <= max(start_K, setpoint_K) + tolerance_K:
            raise ReadbackError(self._line.name, f"setpoint set to {setpoint_K:g} K, but it reads {reads_K:g} K")

    def take_gains(self, proportional: float, integral: float, derivative: float) -> None:
        """Set P, I and D, in the box's own units."""
        gains = (proportional, integral, derivative)
        self._line.write(f"PID {self._output},{proportional:.6g},{integral:.6g},{derivative:.6g}")
        self.compare(f"PID? {self._output}", gains, self._gain_tolerances)

    def compare(self, question: str, wanted: tuple[float, ...], tolerances: tuple[float, ...]) -> None:
        """Ask and raise `ReadbackError` unless every number is as wanted, within its tolerance."""
        reads = self._line.ask_floats(question, len(wanted))
        if any(abs(got - want) > tolerance for got, want, tolerance in zip(reads, wanted, tolerances, strict=True)):
            raise ReadbackError(self._line.name, f"{question} reads {reads}, but {wanted} was set")
