"""The Oxford Mercury iPS magnet supply as it answers on its socket, driving the simulated coil.

After the MercuryiPS manual (issue 14, 10.3): ``READ`` and ``SET`` with colon-separated nouns, case sensitive, at most
1024 characters, lines end with LF. Values carry scale and unit, ``1.2345T``, ``0.0282A``; a setting is answered by
itself and ``VALID``. Refusals: ``<verb>:INVALID``, ``<verb>:<noun>:INVALID``, ``NOT_FOUND`` for an axis that is not
there, ``N/A``, ``DENIED``. The reply formats of the signals, of ``ACTN``, ``SWHT`` and ``STAT`` are those that the ISIS
facility recorded on its supply. The noun of the supply is ``PSU``, from firmware 2.6 on ``SPSU``.

At its target the activity goes back to ``HOLD``. ``SWHT:ON`` is denied while supply and magnet carry different
currents, ``SWHN:ON`` (without check) is not. As the lab left it: on hold at zero, switch heaters on.

A level board answers ``LVL:SIG:HEL`` with level and resistance, ``LVL:SIG:HEL:LEV`` with the level alone, in per cent,
as clients of such boards have recorded them; it is read all the time (a real one has a slow mode).

Assumed: a question mark at the end is allowed; what `ASSUMED` lists; a setting that is refused ends in ``DENIED`` or
``INVALID``; ``ACTN`` is denied while quenched or clamped, except ``HOLD``, which clears a quench once the current is
gone; ``SWHT`` without a switch is ``N/A``; the ramp of the leads goes at the rate that is set.
"""

from collections.abc import Callable, Mapping
from typing import Final

from simulators.cryogenics.helium_bath import HeliumBath
from simulators.cryogenics.magnet import COIL_T_PER_A, INDUCTANCE_H, MagnetCoil
from simulators.cryogenics.magnet_circuit import Clock, MagnetCircuit, Switch, SwitchState

ASSUMED: Final = frozenset(
    {"*IDN?", "SIG:PFLD", "SIG:PCUR", "SIG:SWHN", "ATOB", "CLIM", "IND", "VLIM", "SHTC", "SYS:CAT", "LVL:HEL:LOW"}
)
"""Nouns whose reply format is recalled or inferred from clients, not read in a manual."""

LARGEST_A: Final = 80.0
VOLTAGE_LIMIT_V: Final = 5.0

_DIODE_V: Final = 1.0
_DIFFERENT_A: Final = 0.1
_LARGEST_RATE_T_PER_MIN: Final = 10.0
_QUENCH_DETECTED: Final = 0x100
_LONGEST_LINE: Final = 1024
_MAGNET_K: Final = 4.2
_FULL_PROBE_OHM: Final = 110.0
_LOW_ALARM_PERCENT: Final = 20.0
_THERMOMETERS: Final = ("MB1.T1", "DB8.T1", "DB7.T1")


class _DeniedError(Exception):
    """Raised by a group: it does not do this now. Never leaves the box."""


class LevelBoard:
    """A level meter: what is dry of its probe is not superconducting.

    Parameters
    ----------
    clock
        The rack's clock.
    bath
        What it stands in.
    """

    def __init__(self, clock: Clock, bath: HeliumBath) -> None:
        self._clock = clock
        self._bath = bath

    def read(self, noun: str) -> str | None:
        """Return the value of a noun, None if there is no such noun."""
        level = self._bath.level(self._clock.now_s())
        values = {
            "LVL:SIG:HEL:LEV": f"{100.0 * level:.4f}%",
            "LVL:SIG:HEL:RES": f"{_FULL_PROBE_OHM * (1.0 - level):.4f}O",
            "LVL:SIG:HEL": f"LEV:{100.0 * level:.4f}%:RES:{_FULL_PROBE_OHM * (1.0 - level):.4f}O",
            "LVL:HEL:LOW": f"{_LOW_ALARM_PERCENT:.4f}",
        }
        return values.get(noun)


class PsuGroup:
    """One axis of the supply, with the coil that it drives.

    Parameters
    ----------
    clock
        The rack's clock.
    coil
        The magnet of this axis.
    switch
        Its persistent switch; None for a magnet without.
    """

    def __init__(self, clock: Clock, coil: MagnetCoil, switch: Switch | None) -> None:
        self._clock = clock
        self._coil = coil
        self._circuit = MagnetCircuit(clock, coil, switch)
        self._course = "HOLD"
        self._target_A = 0.0
        self._rate_A_per_s = 0.03
        self._a_per_T = 1.0 / COIL_T_PER_A

    def read(self, noun: str) -> str | None:
        """Return the value of a noun, None if there is no such noun."""
        supply_A, coil_A = self._shown_A(self._circuit.supply_A()), self._shown_A(self._circuit.coil_A())
        rate_A_per_min = 60.0 * self._rate_A_per_s
        values: Mapping[str, Callable[[], str]] = {
            "ACTN": self._activity,
            "ATOB": lambda: f"{self._a_per_T:.4f}",
            "CLIM": lambda: f"{LARGEST_A:.4f}",
            "IND": lambda: f"{INDUCTANCE_H:.4f}",
            "SHTC": lambda: f"{50.0 if self._circuit.switch and self._circuit.is_heater_on else 0.0:.4f}mA",
            "STAT": lambda: f"{_QUENCH_DETECTED * self._circuit.is_quenched():08x}",
            "VLIM": lambda: f"{VOLTAGE_LIMIT_V:.4f}",
            "SIG:CURR": lambda: f"{supply_A:.4f}A",
            "SIG:FLD": lambda: f"{supply_A / self._a_per_T:.4f}T",
            "SIG:PCUR": lambda: f"{coil_A:.4f}A",
            "SIG:PFLD": lambda: f"{coil_A / self._a_per_T:.4f}T",
            "SIG:VOLT": lambda: f"{self._shown_V():.4f}V",
            "SIG:CSET": lambda: f"{self._target_A:.4f}A",
            "SIG:FSET": lambda: f"{self._target_A / self._a_per_T:.4f}T",
            "SIG:RCST": lambda: f"{rate_A_per_min:.4f}A/m",
            "SIG:RFST": lambda: f"{rate_A_per_min / self._a_per_T:.4f}T/m",
            "SIG:SWHT": self._heater,
            "SIG:SWHN": self._heater,
        }
        return values[noun]() if noun in values else None

    def set(self, noun: str, value: str) -> bool:
        """Take a setting; return False if there is no such noun to be set.

        Raises
        ------
        ValueError
            If the value is none.
        """
        settings: Mapping[str, Callable[[str], None]] = {
            "ACTN": self._set_activity,
            "ATOB": self._set_coil_constant,
            "SIG:CSET": lambda text: self._set_target(float(text)),
            "SIG:FSET": lambda text: self._set_target(float(text) * self._a_per_T),
            "SIG:RCST": lambda text: self._set_rate(float(text)),
            "SIG:RFST": lambda text: self._set_rate(float(text) * self._a_per_T),
            "SIG:SWHT": lambda text: self._set_heater(text, is_checked=True),
            "SIG:SWHN": lambda text: self._set_heater(text, is_checked=False),
        }
        if noun not in settings:
            return False
        settings[noun](value)
        return True

    def switch_off(self) -> None:
        """Take its power away: the current dies down through the diodes; a persistent one stays (assumed)."""
        self._circuit.ramp(0.0, 1e9, _DIODE_V)
        self._circuit.set_heater(False)

    def switch_on(self) -> None:
        """Give it power again: on hold at the current that is left."""
        self._course = "HOLD"
        self._circuit.hold()

    def _shown_A(self, current_A: float) -> float:
        return self._coil.shown_current_A(self._clock.now_s(), current_A)

    def _shown_V(self) -> float:
        return self._coil.measured_voltage_V(self._clock.now_s(), self._circuit.supply_voltage_V())

    def _activity(self) -> str:
        is_done = self._course in ("RTOS", "RTOZ") and self._circuit.is_at_rest()
        return "HOLD" if is_done or self._circuit.is_quenched() else self._course

    def _heater(self) -> str:
        if self._circuit.switch is None:
            return "N/A"
        return "ON" if self._circuit.is_heater_on else "OFF"

    def _set_activity(self, value: str) -> None:
        if value not in ("HOLD", "RTOS", "RTOZ", "CLMP"):
            raise ValueError(value)
        if value == "HOLD" and self._circuit.is_quenched():
            self._coil.reset_quench(self._clock.now_s())
        is_clamped = self._course == "CLMP" and value != "HOLD"
        is_loaded = value == "CLMP" and abs(self._circuit.supply_A()) > _DIFFERENT_A
        if self._circuit.is_quenched() or is_clamped or is_loaded:
            raise _DeniedError
        self._course = value
        self._drive()

    def _drive(self) -> None:
        if self._course in ("RTOS", "RTOZ"):
            goal_A = self._target_A if self._course == "RTOS" else 0.0
            self._circuit.ramp(goal_A, self._rate_A_per_s, VOLTAGE_LIMIT_V)
        else:
            self._circuit.hold()

    def _set_target(self, current_A: float) -> None:
        if not abs(current_A) <= LARGEST_A:
            raise ValueError(current_A)
        self._target_A = current_A
        self._redrive()

    def _set_rate(self, rate_A_per_min: float) -> None:
        if not 0.0 < rate_A_per_min <= _LARGEST_RATE_T_PER_MIN * self._a_per_T:
            raise ValueError(rate_A_per_min)
        self._rate_A_per_s = rate_A_per_min / 60.0
        self._redrive()

    def _redrive(self) -> None:
        """Follow a new target or rate while on the way; at rest nothing starts by itself."""
        if self._activity() in ("RTOS", "RTOZ"):
            self._drive()

    def _set_coil_constant(self, value: str) -> None:
        if not 0.1 <= float(value) <= 1e3:
            raise ValueError(value)
        self._a_per_T = float(value)

    def _set_heater(self, value: str, *, is_checked: bool) -> None:
        if value not in ("ON", "OFF"):
            raise ValueError(value)
        differ = abs(self._circuit.supply_A() - self._circuit.coil_A()) > _DIFFERENT_A
        is_risky = value == "ON" and self._circuit.switch_state is SwitchState.CLOSED and differ
        if self._circuit.switch is None or self._circuit.is_quenched() or (is_checked and is_risky):
            raise _DeniedError
        self._circuit.set_heater(value == "ON")


class MercuryiPS:
    """State and dialect of the magnet supply (fills `simulators.dialect.Box`).

    Parameters
    ----------
    clock
        The rack's clock.
    coils
        Axis (``"X"``, ``"Y"``, ``"Z"``) -> the magnet that it drives.
    switch
        The persistent switch across each coil; None for magnets without.
    firmware
        Version of the firmware, which decides the noun of the supply.
    level_boards
        Name (``"DB5.L1"``) -> level meter.
    """

    terminator = b"\n"
    greeting: str | None = None
    latency_s = 5e-3

    def __init__(
        self,
        clock: Clock,
        coils: Mapping[str, MagnetCoil],
        switch: Switch | None,
        firmware: str = "2.5.08.000",
        level_boards: Mapping[str, LevelBoard] | None = None,
    ) -> None:
        self._firmware = firmware
        self._level_boards = level_boards or {}
        major, minor = (int(part) for part in firmware.split(".")[:2])
        self._noun = "SPSU" if (major, minor) >= (2, 6) else "PSU"
        self._groups = {f"GRP{axis}": PsuGroup(clock, coil, switch) for axis, coil in coils.items()}

    def answer(self, message: str) -> str | None:
        """Do what one line says and return the reply line."""
        line = message.strip()
        if line == "*IDN?":
            return f"IDN:OXFORD INSTRUMENTS:MERCURY IPS:141350034:{self._firmware}"
        if len(line) >= _LONGEST_LINE:
            return "INVALID"
        verb, _, rest = line.removesuffix("?").partition(":")
        if verb == "READ":
            return self._read(rest)
        if verb == "SET":
            return self._set(rest)
        return f"{verb}:INVALID"

    def switch_off(self) -> None:
        """Take its power away."""
        for group in self._groups.values():
            group.switch_off()

    def switch_on(self) -> None:
        """Give it power again."""
        for group in self._groups.values():
            group.switch_on()

    def _read(self, nouns: str) -> str:
        if nouns == "SYS:CAT":
            supplies = "".join(f":DEV:{uid}:{self._noun}" for uid in self._groups)
            levels = "".join(f":DEV:{uid}:LVL" for uid in self._level_boards)
            return f"STAT:SYS:CAT{''.join(f':DEV:{uid}:TEMP' for uid in _THERMOMETERS)}{levels}{supplies}"
        kind, _, address = nouns.partition(":")
        uid, _, noun = address.partition(":")
        if kind != "DEV":
            return f"STAT:{kind}:INVALID"
        if uid in _THERMOMETERS and noun == "TEMP:SIG:TEMP":
            return f"STAT:{nouns}:{_MAGNET_K:.4f}K"
        if uid in self._level_boards:
            return f"STAT:{nouns}:{self._level_boards[uid].read(noun) or 'INVALID'}"
        if uid not in self._groups:
            return f"STAT:DEV:{uid}:NOT_FOUND"
        supply, _, what = noun.partition(":")
        value = self._groups[uid].read(what) if supply == self._noun else None
        return f"STAT:{nouns}:{'INVALID' if value is None else value}"

    def _set(self, nouns: str) -> str:
        path, _, value = nouns.rpartition(":")
        kind, _, address = path.partition(":")
        uid, _, noun = address.partition(":")
        if kind != "DEV":
            return f"STAT:SET:{kind}:INVALID"
        if uid not in self._groups:
            return f"STAT:SET:DEV:{uid}:NOT_FOUND"
        supply, _, what = noun.partition(":")
        try:
            is_known = supply == self._noun and self._groups[uid].set(what, value)
        except _DeniedError:
            return f"STAT:SET:{nouns}:DENIED"
        except ValueError:
            is_known = False
        return f"STAT:SET:{nouns}:{'VALID' if is_known else 'INVALID'}"
