"""The switches of all faults of one rack, to be thrown now or at a time of the rack's clock.

What a fault does to readings and settings is done by the box or by the world; this room only knows which handle to
pull, and how to let go of it again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol, runtime_checkable

from simulators.faults import WIRE_FAULTS, Fault, Wire
from simulators.rack import LOCKIN_ADDRESS, SOURCEMETER_ADDRESS, TEMPERATURE_ADDRESS, Rack
from simulators.world import Break

REBOOT_S: Final = 3.0
"""How long a box is without power if no duration is given."""

PRESSED: Final = {
    "SR830": "PHAS 90",
    "SR860": "PHAS 90",
    "SR865A": "PHAS 90",
    "Keithley2400": ":OUTP OFF",
    "Keithley2450": ":OUTP OFF",
    "YokogawaGS200": ":OUTP OFF",
    "LakeShore372": "RANGE 0,0",
    "LakeShore336": "RANGE 1,0",
    "ITC503": "A0",
    "AMI430": "PAUSE",
    "IPS120": "A0",
    "PS120": "A0",
    "MercuryiPSLegacy": "A0",
    "MercuryiPS": "SET:DEV:GRPZ:PSU:ACTN:HOLD",
}
"""What a hand does on the front panel if nothing is said: each spoils a measurement without a word of complaint."""

UNLOCKED: Final = {"SR830": ("FMOD 0", "FMOD 1"), "SR860": ("RSRC 1", "RSRC 0"), "SR865A": ("RSRC 1", "RSRC 0")}
"""How a lock-in is set to an external reference, and back."""

COMPLIANCE: Final = {
    "Keithley2400": (":SENS:VOLT:PROT", 0.05),
    "Keithley2450": (":SOUR:CURR:VLIM", 0.05),
    "YokogawaGS200": (":SOUR:PROT:VOLT", 1.0),
}
"""How the compliance of a current source is set, with a question mark read; and how low it goes, in volt."""

INTERFERENCE_V: Final = 10.0

Undo = Callable[[], None]


class RefusedFaultError(Exception):
    """There is no such fault, or not for this box."""


@runtime_checkable
class Powered(Protocol):
    """A box that can be switched off and on."""

    def switch_off(self) -> None:
        """Take its power away."""
        ...

    def switch_on(self) -> None:
        """Give it power again; it comes up in its power-on state."""
        ...


@runtime_checkable
class Pressed(Protocol):
    """A box whose front panel does what its wire is refused."""

    def press(self, command: str) -> None:
        """Do a command as a hand at the front panel does."""
        ...


@runtime_checkable
class Thermometric(Protocol):
    """A box whose sample thermometer can break."""

    def set_sensor_broken(self, is_broken: bool) -> None:
        """Break or mend it."""
        ...


@dataclass(frozen=True, slots=True)
class Order:
    """One fault to be switched.

    Attributes
    ----------
    fault
        Which.
    model
        At which box; empty for the only one that can have it, or for all.
    for_s
        How long, in seconds of the rack; None for once (wire, power) or for good.
    press
        What is pressed on a front panel, in the box's own command language; empty for `PRESSED`.
    """

    fault: Fault
    model: str = ""
    for_s: float | None = None
    press: str = ""


class FaultPanel:
    """The switches.

    Parameters
    ----------
    rack
        What they break.
    """

    def __init__(self, rack: Rack) -> None:
        self._rack = rack

    def book(self, time_s: float, order: Order) -> None:
        """Carry out an order at a time of the rack's clock; refused now if it cannot be."""
        self._check(order)
        self._rack.clock.call_at(time_s, partial(self.carry_out, order))

    def carry_out(self, order: Order) -> None:
        """Switch a fault on, now, and off after its duration.

        Raises
        ------
        RefusedFaultError
            If there is no such box, the fault is not one of this box, or it has no duration.
        """
        self._check(order)
        for_s = order.for_s
        if order.fault in WIRE_FAULTS:
            undo = [self._break_wire(order.fault, model, for_s) for model in self._models(order)]
        elif order.fault is Fault.POWER_CYCLE:
            undo, for_s = [self._cut_power(model) for model in self._models(order)], for_s or REBOOT_S
        else:
            undo = [self._break_things(order)]
        undo = [_once(action) for action in undo]
        self._rack.undo.extend([] if order.fault in _FOR_GOOD else undo)
        if for_s is not None:
            for action in undo:
                self._rack.clock.call_at(self._now_s() + for_s, action)

    def _check(self, order: Order) -> None:
        models = self._rack.models
        if order.model and order.model not in models:
            raise RefusedFaultError(f"no box {order.model!r} in the rack; there are {', '.join(models)}")
        address = _ONLY_AT.get(order.fault)
        only = self._model_at(address) if address else ""
        if order.model and address and order.model != only:
            raise RefusedFaultError(f"{order.fault} is a fault of the {only}, not of the {order.model}")
        if order.model and order.fault in _OF_NO_BOX:
            raise RefusedFaultError(f"{order.fault} is a fault of no box; leave the box out")
        if order.for_s is not None and order.fault in _FOR_GOOD:
            raise RefusedFaultError(f"{order.fault} has no duration: nothing takes it back")
        if order.for_s is not None and not 0.0 < order.for_s < float("inf"):
            raise RefusedFaultError(f"a fault lasts a time above zero, got {order.for_s!r} s")
        if order.fault is Fault.FRONT_PANEL and not order.model:
            raise RefusedFaultError(f"on which front panel? name one of {', '.join(models)}")
        if order.fault is Fault.FRONT_PANEL and not (order.press or order.model in PRESSED):
            raise RefusedFaultError(f"what is pressed on the {order.model}? say it in its own commands")

    def _now_s(self) -> float:
        return self._rack.clock.now_s()

    def _models(self, order: Order) -> tuple[str, ...]:
        return (order.model,) if order.model else tuple(self._rack.models)

    def _model_at(self, address: str) -> str:
        return next((model for model, place in self._rack.models.items() if place == address), "")

    def _tell(self, model: str, message: str) -> str:
        return self._rack.boxes[self._rack.models[model]].answer(message) or ""

    def _wire(self, model: str) -> Wire:
        return self._rack.wires[self._rack.models[model]]

    # wires and power

    def _break_wire(self, fault: Fault, model: str, for_s: float | None) -> Undo:
        wire = self._wire(model)
        if fault is Fault.DEAD_SESSION:
            wire.lose_sessions()
            wire.is_cut = for_s is not None
            return partial(setattr, wire, "is_cut", False)
        if for_s is None:
            wire.strike(fault)
        else:
            wire.switch(fault, True)
        return partial(wire.switch, fault, False)

    def _cut_power(self, model: str) -> Undo:
        box, wire = self._rack.boxes[self._rack.models[model]], self._wire(model)
        if not isinstance(box, Powered):
            raise RefusedFaultError(f"the simulated {model} cannot be switched off")
        box.switch_off()
        wire.is_box_off = True
        if self._rack.models[model].endswith("SOCKET"):
            wire.lose_sessions()

        def restore() -> None:
            wire.is_box_off = False
            box.switch_on()

        return restore

    # boxes and physics

    def _break_things(self, order: Order) -> Undo:
        now_s, rack = self._now_s(), self._rack
        match order.fault:
            case Fault.FRONT_PANEL:
                return self._press(order.model, order.press or PRESSED[order.model])
            case Fault.UNLOCK:
                lock_in = self._model_at(LOCKIN_ADDRESS)
                there, back = UNLOCKED[lock_in]
                return self._press(lock_in, there, back)
            case Fault.COMPLIANCE:
                source, command, present_V = self._compliance()
                return self._press(source, f"{command} {COMPLIANCE[source][1]}", f"{command} {present_V}")
            case Fault.OVERLOAD:
                rack.world.wiring.interference_Vrms.step(now_s, INTERFERENCE_V)
                return lambda: rack.world.wiring.interference_Vrms.step(self._now_s(), 0.0)
            case Fault.HEATER_OPEN:
                rack.cryostat.set_heater_open(now_s, True)
                return lambda: rack.cryostat.set_heater_open(self._now_s(), False)
            case Fault.COOLING_LOST:
                rack.cryostat.set_cooling(now_s, 0.0)
                return lambda: rack.cryostat.set_cooling(self._now_s(), 1.0)
            case Fault.SENSOR_FAULT:
                box = rack.boxes[TEMPERATURE_ADDRESS]
                if not isinstance(box, Thermometric):
                    raise RefusedFaultError("the simulated thermometer cannot break")
                box.set_sensor_broken(True)
                return partial(box.set_sensor_broken, False)
            case Fault.LEAD_BROKEN:
                self._open_circuit(Break.LEAD)
                return lambda: self._open_circuit(Break.NONE)
            case Fault.CONTACT_DESTROYED:
                self._open_circuit(Break.CONTACT)
            case Fault.HELIUM_LOW:
                self._set_helium_low(True)
                return lambda: self._set_helium_low(False)
            case Fault.QUENCH:
                rack.coil.quench(now_s)
            case _:
                raise RefusedFaultError(f"{order.fault} is no fault of a box")
        return _nothing

    def _set_helium_low(self, is_low: bool) -> None:
        self._rack.bath.set_low(self._now_s(), is_low)
        self._rack.coil.set_helium_low(self._now_s(), is_low)

    def _press(self, model: str, message: str, back: str = "") -> Undo:
        box = self._rack.boxes[self._rack.models[model]]
        if isinstance(box, Pressed):
            box.press(message)
        else:
            box.answer(message)
        return partial(self._tell_quietly, model, back)

    def _tell_quietly(self, model: str, message: str) -> None:
        self._tell(model, message)

    def _compliance(self) -> tuple[str, str, str]:
        """Return model of the source, how its compliance is set, and what it is now."""
        source = self._model_at(SOURCEMETER_ADDRESS)
        if source not in COMPLIANCE:
            raise RefusedFaultError(f"the compliance of a {source} has no switch here")
        command, _ = COMPLIANCE[source]
        return source, command, self._tell(source, f"{command}?")

    def _open_circuit(self, where: Break) -> None:
        self._rack.world.set_break(self._now_s(), where)
        if self._model_at(SOURCEMETER_ADDRESS) in COMPLIANCE:
            # set anew, so that the clamp acts at once on what the source is connected to now
            source, command, present_V = self._compliance()
            self._tell(source, f"{command} {present_V}")


_ONLY_AT: Final = {
    Fault.OVERLOAD: LOCKIN_ADDRESS,
    Fault.UNLOCK: LOCKIN_ADDRESS,
    Fault.COMPLIANCE: SOURCEMETER_ADDRESS,
    Fault.HEATER_OPEN: TEMPERATURE_ADDRESS,
    Fault.SENSOR_FAULT: TEMPERATURE_ADDRESS,
}
_OF_NO_BOX: Final = frozenset(
    {Fault.QUENCH, Fault.HELIUM_LOW, Fault.COOLING_LOST, Fault.LEAD_BROKEN, Fault.CONTACT_DESTROYED}
)
_FOR_GOOD: Final = frozenset({Fault.FRONT_PANEL, Fault.QUENCH, Fault.CONTACT_DESTROYED})


def put_right(rack: Rack) -> None:
    """Take back every fault that can be taken back, those that would end by themselves included."""
    while rack.undo:
        rack.undo.pop()()


def _once(action: Undo) -> Undo:
    """Return what does it the first time only: a box that was given power by hand is not switched on again later."""
    left = [action]

    def act() -> None:
        if left:
            left.pop()()

    return act


def _nothing() -> None:
    """Take back what cannot be taken back."""
