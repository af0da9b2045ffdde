"""What the lock-ins of Stanford Research Systems do alike, in the role `LockIn`.

A model adds its command table, `configure`, the setters with its own tables, `settings` and one transaction that reads
X, Y and status.
"""

import math
from collections.abc import Callable, Sequence

from pymeasure.adapters import Adapter
from pyvisa.highlevel import VisaLibraryBase

from instruments.errors import LimitError
from instruments.limits import Limits
from instruments.lockin_routines import adjust_sensitivity, average, phase_of_deg
from instruments.roles import Clock, LockInReading
from instruments.transport import Line, WriteObserver
from instruments.wired import Wired

SETTLE_TIME_CONSTANTS = {6: 5.0, 12: 7.0, 18: 9.0, 24: 10.0}
"""Wait after a step in time constants, by roll-off in dB per octave: to within 0.1 % and better (SR830, page 3-25)."""


class SrsLockIn:
    """What the models share; not a driver by itself.

    The command table must have the properties `frequency`, `phase`, `harmonic`, `sensitivity` and `time_constant`.

    Parameters
    ----------
    model : str
        For messages.
    expected : tuple of str
        Words of the identity.
    commands : type
        The command table.
    amplitude : Limits
        Of the oscillator at this station.
    sensitivities_V : sequence of float
        Ascending.
    highest_harmonic, phase_digits : int
        Of this model.
    address, visa_library, clock, name, on_write
        As the drivers say.
    """

    def __init__(
        self,
        model: str,
        expected: tuple[str, ...],
        commands: Callable[[Line], Wired],
        *,
        amplitude: Limits,
        sensitivities_V: Sequence[float],
        highest_harmonic: int,
        phase_digits: int,
        address: str | Adapter,
        visa_library: str | VisaLibraryBase,
        clock: Clock,
        name: str | None,
        on_write: WriteObserver | None,
    ) -> None:
        self._clock = clock
        self._name = name or f"{model} at {address}"
        self._amplitude = amplitude
        self._sensitivities_V = sensitivities_V
        self._harmonics = Limits(1, highest_harmonic, "", "harmonic")
        self._phase_digits = phase_digits
        self._line = Line(address, name=self._name, visa_library=visa_library, on_write=on_write)
        with self._line.connecting():
            self._identity = self._line.identify(*expected)
            self._frequency = Limits(1e-3, self._highest_Hz(), "Hz", "reference frequency")
            self._box = commands(self._line)
            self._settle_s = self._read_settle_s()

    @property
    def name(self) -> str:
        """Return the name used in messages."""
        return self._name

    @property
    def identity(self) -> str:
        """Return the reply to ``*IDN?`` at connection."""
        return self._identity

    @property
    def minimum_Vrms(self) -> float:
        """Return the smallest oscillator amplitude; the output cannot be switched off (V, rms)."""
        return self._amplitude.minimum

    @property
    def settle_s(self) -> float:
        """Return the wait after a step for the present time constant and roll-off."""
        return self._settle_s

    def read(self) -> LockInReading:
        """Read X and Y in one transaction, then the status since the last reading.

        The status is cleared by asking, so after a failed exchange both are taken anew.

        Raises
        ------
        CommunicationError, ReplyError
            If that fails too.
        """
        return self._line.twice(self._read_once)

    def read_average(self, duration_s: float, should_stop: Callable[[], bool] | None = None) -> LockInReading:
        """Return the mean of readings one time constant apart over `duration_s`, with every status that occurred.

        Raises
        ------
        StoppedError
            If told to stop.
        CommunicationError, ReplyError
            If a reading fails.
        """
        return average(self.read, self._clock, duration_s, self._box.number("time_constant"), self._name, should_stop)

    def adjust_sensitivity(self) -> float:
        """Find the range that suits the signal, settling after each change, and return it (V, rms).

        A range is kept between 30 % and 90 % full, so that a signal near an edge does not make it hop.
        """
        present_V = self._box.number("sensitivity")
        return adjust_sensitivity(self.read, self._settled_on, present_V, self._sensitivities_V)

    def auto_phase(self, duration_s: float = 0.0) -> float:
        """Turn the phase until the present signal is all in X, settle, and return the phase (degrees).

        Meant for zero bias, where contact and arms are resistive; the phase then stays until `configure`.

        Parameters
        ----------
        duration_s : float
            Average the signal for so long.

        Raises
        ------
        ReadbackError
            If the box did not take it.
        """
        reading = self.read_average(duration_s)
        turned_deg = round(phase_of_deg(reading, self._box.number("phase")), self._phase_digits)
        taken_deg = self._box.take("phase", turned_deg, tolerance=10.0**-self._phase_digits)
        self._clock.sleep(self._settle_s)
        return taken_deg

    def read_harmonic(self, harmonic: int, duration_s: float = 0.0) -> LockInReading:
        """Return X and Y at a multiple of the frequency, settled; then go back to the fundamental and settle again.

        The second harmonic of a current bias is ``dR/dI i^2 / (2 sqrt 2)`` in -Y, where the phase is zero.

        Raises
        ------
        LimitError
            If the box has no such multiple, or not at this frequency.
        """
        self._harmonics.check(harmonic, self._name)
        self._frequency.check(harmonic * self._box.number("frequency"), self._name)
        try:
            self._detect(harmonic)
            return self.read_average(duration_s)
        finally:
            self._detect(1)

    def close(self) -> None:
        """Give the wire back; may be called twice."""
        self._line.close()

    def set_sensitivity(self, full_scale_V: float) -> float:
        """Choose a range; each model its own."""
        raise NotImplementedError

    def _read_once(self) -> LockInReading:
        raise NotImplementedError

    def _slope_dB(self) -> int:
        raise NotImplementedError

    def _highest_Hz(self) -> float:
        raise NotImplementedError

    def _settled_on(self, full_scale_V: float) -> float:
        """Choose a range, settle, and drop what the change itself has latched."""
        taken_V = self.set_sensitivity(full_scale_V)
        self._clock.sleep(self._settle_s)
        self.read()
        return taken_V

    def _detect(self, harmonic: int) -> None:
        self._box.take("harmonic", harmonic)
        self._clock.sleep(self._settle_s)
        self.read()  # what was latched on the way says nothing of the settled signal

    def _read_settle_s(self) -> float:
        return SETTLE_TIME_CONSTANTS[self._slope_dB()] * self._box.number("time_constant")

    def _entry(self, what: str, unit: str, value: float, table: Sequence[float]) -> float:
        """Return the entry of `table` that `value` is, to rounding; refuse anything in between."""
        Limits(table[0], table[-1], unit, what).check(value, self._name)
        above = next(index for index, entry in enumerate(table) if entry >= value * (1 - 1e-9))
        if math.isclose(table[above], value, rel_tol=1e-9):
            return table[above]
        raise LimitError(
            self._name,
            f"{what} {value:g} {unit} refused: the box has {table[above - 1]:g} and {table[above]:g} {unit} next to it",
        )
