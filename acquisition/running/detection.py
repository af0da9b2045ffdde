"""How the lock-in is read at a point: once or averaged, on which range, at which phase, and the second harmonic too."""

from collections import deque
from collections.abc import Callable
from statistics import median

from acquisition.planning.timing import harmonic_s, point_settle_s
from acquisition.recipe import LockInSection, PhaseSetting, SensitivitySetting, SettlingSection
from instruments.errors import StateError
from instruments.roles import AdaptableLockIn, LockIn, LockInReading, LockInStatus

SURPRISE = 5e-4
"""Part of the signal by which a reading may be off what is expected of it without being read again."""


def _signal_V(reading: LockInReading) -> complex:
    return complex(reading.x_V, reading.y_V)


class Detection:
    """The lock-in as a recipe wants it read.

    Parameters
    ----------
    wanted : LockInSection
        How it is to be read.
    settling : SettlingSection
        How often an overload is read again, and after which wait.
    lock_in : LockIn
        Configured; the excitation is set.
    sensitivity_V : float
        Full scale as the lock-in took it.
    pass_time : callable
        Lets so many seconds of the timetable pass.

    Attributes
    ----------
    sensitivity_V : float
        Full scale as it now is.
    """

    def __init__(
        self,
        wanted: LockInSection,
        settling: SettlingSection,
        lock_in: LockIn,
        sensitivity_V: float,
        pass_time: Callable[[float], None],
    ) -> None:
        self.sensitivity_V = sensitivity_V
        self._wanted = wanted
        self._settling = settling
        self._lock_in = lock_in
        self._pass_time = pass_time
        self._signals_V: deque[complex] = deque(maxlen=2)
        self._further = round(wanted.average_s / wanted.time_constant_s)  # readings to average over

    @property
    def is_adaptive(self) -> bool:
        """Return whether range or phase are to be found at zero bias before an isotherm begins."""
        return (
            self._wanted.sensitivity is SensitivitySetting.AUTOMATIC or self._wanted.phase is PhaseSetting.EACH_ISOTHERM
        )

    def adapt(self) -> str:
        """Find range and phase at zero bias as far as the recipe wants, and say what was found."""
        box, found = self._adaptable(), []
        if self._wanted.sensitivity is SensitivitySetting.AUTOMATIC:
            self.sensitivity_V = box.adjust_sensitivity()
            found.append(f"full scale {self.sensitivity_V:g} V")
        if self._wanted.phase is PhaseSetting.EACH_ISOTHERM:
            phase_deg = box.auto_phase(max(self._wanted.average_s, self._lock_in.settle_s))
            found.append(f"phase {phase_deg:.3f} degrees")
        return ", ".join(found)

    def read(self) -> tuple[LockInReading, bool]:
        """Read X and Y, and say whether they had to be taken again; one with an overload is, after the wait of a jump.

        With automatic sensitivity a larger range is looked for first.
        """
        reading, is_repeated = self._averaged(), False
        for _ in range(self._settling.overload_repeats):
            if reading.status is LockInStatus.OK:
                break
            is_repeated = True
            if self._wanted.sensitivity is SensitivitySetting.AUTOMATIC:
                self.sensitivity_V = self._adaptable().adjust_sensitivity()
            self._pass_time(point_settle_s(self._wanted, self._settling, is_jump=True))
            reading = self._averaged()
        return reading, is_repeated

    def second_harmonic(self) -> LockInReading | None:
        """Return X and Y at twice the frequency, or None where the recipe does not want them."""
        if not self._wanted.second_harmonic:
            return None
        reading = self._adaptable().read_harmonic(2, self._wanted.average_s)
        self._pass_time(harmonic_s(self._wanted))
        return reading

    def _averaged(self) -> LockInReading:
        """Return the mean of readings one time constant apart, with every status that occurred."""
        reading = self._confirmed()
        if not self._further:
            return reading
        x_V, y_V, status = reading.x_V, reading.y_V, reading.status
        for _ in range(self._further):
            self._pass_time(self._wanted.time_constant_s)
            reading = self._confirmed()
            x_V, y_V, status = x_V + reading.x_V, y_V + reading.y_V, status | reading.status
        return LockInReading(x_V / (1 + self._further), y_V / (1 + self._further), status)

    def _confirmed(self) -> LockInReading:
        """Read X and Y; where they surprise, read twice more and return the middle of each.

        The wire has no checksum: a digit changed on it is a conductance like any other. No surprise is what equals the
        reading before, or goes on in a line with the two before.
        """
        reading = self._lock_in.read()
        signal_V = _signal_V(reading)
        if self._is_surprising(signal_V):
            others = [self._lock_in.read() for _ in range(2)]
            reading = LockInReading(
                median([reading.x_V, *(one.x_V for one in others)]),
                median([reading.y_V, *(one.y_V for one in others)]),
                reading.status | others[0].status | others[1].status,
            )
            signal_V = _signal_V(reading)
        self._signals_V.append(signal_V)
        return reading

    def _is_surprising(self, signal_V: complex) -> bool:
        if not self._signals_V:
            return True
        before_V, last_V = self._signals_V[0], self._signals_V[-1]
        off_V = min(abs(signal_V - last_V), abs(signal_V - (2.0 * last_V - before_V)))
        return off_V > SURPRISE * abs(signal_V)

    def _adaptable(self) -> AdaptableLockIn:
        if not isinstance(self._lock_in, AdaptableLockIn):
            raise StateError(
                self._lock_in.name,
                "cannot find range or phase by itself, nor read harmonics; leave [lockin] sensitivity, phase and "
                "second_harmonic of the recipe out",
            )
        return self._lock_in
