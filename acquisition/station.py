"""The composition root: a station becomes four connected roles and a clock; the one file that knows real and simulated.

On a station file the rack is real, or served over sockets, and so is time. On a simulated sample the rack lives in this
process behind PyVISA, and time is its virtual clock, paced by the wall if a speed is asked for.
"""

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any, TypeVar

from acquisition.circuit import largest_source_A, source_current_for
from acquisition.clock import PacedClock, RealClock, Wall
from acquisition.running.channels import read_magnet
from acquisition.running.command_file import CommandRefusedError
from acquisition.running.rehearsal import Simulation
from acquisition.safety import Roles, SafeState
from acquisition.station_file import (
    CircuitKind,
    CircuitSection,
    LockInModel,
    MagnetModel,
    SourceMeterModel,
    Station,
    TemperatureModel,
    VoltmeterModel,
)
from instruments.errors import InstrumentError
from instruments.lockin_sr830 import SR830
from instruments.lockin_sr860 import SR860
from instruments.magnet_ami430 import AMI430
from instruments.magnet_ips120 import IPS120
from instruments.magnet_mercuryips import MercuryiPS
from instruments.roles import (
    Clock,
    DcVoltmeter,
    Instrument,
    LockIn,
    Magnet,
    MagnetState,
    SourceMeter,
    TemperatureController,
)
from instruments.sourcemeter_keithley2400 import Keithley2400
from instruments.sourcemeter_keithley2450 import Keithley2450
from instruments.sourcemeter_yokogawags200 import YokogawaGS200
from instruments.temperature_itc503 import ITC503
from instruments.temperature_lakeshore336 import LakeShore336
from instruments.temperature_lakeshore372 import LakeShore372
from instruments.transport import WriteObserver
from instruments.visa_adapter import TIMEOUT_S
from instruments.voltmeter_keithley2182a import Keithley2182A
from simulators.control import book_fault, switch_fault
from simulators.fault_panel import RefusedFaultError
from simulators.rack import START_K, Circuit, Options, Switch, close_rack, open_rack
from simulators.rack import Rack as SimulatedRack

_LOCK_INS = {LockInModel.SR830: SR830, LockInModel.SR860: SR860, LockInModel.SR865A: SR860}
_SOURCE_METERS = {
    SourceMeterModel.KEITHLEY_2400: Keithley2400,
    SourceMeterModel.KEITHLEY_2450: Keithley2450,
    SourceMeterModel.YOKOGAWA_GS200: YokogawaGS200,
}
_VOLTMETERS = {VoltmeterModel.KEITHLEY_2182A: Keithley2182A}
_TEMPERATURE_CONTROLLERS = {
    TemperatureModel.LAKESHORE_336: LakeShore336,
    TemperatureModel.LAKESHORE_372: LakeShore372,
    TemperatureModel.ITC503: ITC503,
}
_MAGNETS = {
    MagnetModel.AMI_430: AMI430,
    MagnetModel.IPS120: IPS120,
    MagnetModel.PS120: IPS120,
    MagnetModel.MERCURY_IPS: MercuryiPS,
}


LONGEST_TIMEOUT_S = TIMEOUT_S
"""Longest wait for one reply of any box."""

_Box = TypeVar("_Box", bound=Instrument)


@dataclass(frozen=True)
class Rack:
    """Four connected roles, the clock that they live by, and the VISA library by which others reach the same boxes.

    `simulation` has the handles of a simulated rack; a real one has none.
    """

    roles: Roles
    clock: Clock
    visa_library: str = ""
    simulation: Simulation | None = None


@dataclass(frozen=True)
class BenchRack:
    """A rack whose boxes are connected to one by one: connectors by role, in the order in which boxes are made safe."""

    connectors: Mapping[str, Callable[[], Instrument]]
    clock: Clock
    simulation: Simulation | None = None


@dataclass(frozen=True)
class Start:
    """Where a simulated world goes on: its time, and the temperature (None: not known) and field last seen."""

    time_s: float
    temperature_K: float | None
    field_T: float


@contextmanager
def open_station(station: Station, wall: Wall, *, on_write: WriteObserver | None = None) -> Iterator[Rack]:
    """Connect the boxes of a real (or served) rack; gives the wires back on leaving, and changes nothing by itself.

    Told of every message that changes a box: `on_write`.

    Raises
    ------
    ConnectionFailedError
        If a box is absent, silent, or not the one named; those already connected are closed again.
    """
    with _connected(station, station.station.visa_library, RealClock(wall), on_write) as rack:
        yield rack


@contextmanager
def open_simulated(
    station: Station,
    sample: str,
    seed: int,
    speed: float | None,
    wall: Wall,
    *,
    start: Start | None = None,
    dummy_ohm: float | None = None,
    on_write: WriteObserver | None = None,
) -> Iterator[Rack]:
    """Build the simulated rack with `sample` in it and connect to it as to a real one.

    Parameters
    ----------
    station : Station
        The station to connect with. The rack has its models, in the places where the simulated ones stand, and its
        circuit, about; `station_file.simulated_station` describes the usual one.
    sample : str
        A simulated sample's name.
    seed : int
        Seed of its world.
    speed : float or None
        Virtual seconds a wall second; None for as fast as it goes.
    start : Start, optional
        Where its world goes on; a fresh one if left out.
    dummy_ohm : float, optional
        A resistor in the place of the sample.
    on_write : callable, optional
        Told of every message that changes a box.
    """
    with _simulated(station, sample, seed, start or Start(0.0, None, 0.0), dummy_ohm) as simulated:
        clock = PacedClock(simulated.clock, speed, wall)
        with _connected(_moved(station, simulated.models), simulated.visa_library, clock, on_write) as rack:
            yield replace(rack, simulation=_SimulatedWorld(simulated, clock))


@contextmanager
def _simulated(
    station: Station, sample: str, seed: int, start: Start, dummy_ohm: float | None = None
) -> Iterator[SimulatedRack]:
    """Build the simulated rack that a station describes, and forget it on leaving."""
    simulated = open_rack(
        sample,
        seed,
        simulated_models(station),
        start_s=start.time_s,
        start_K=START_K if start.temperature_K is None else start.temperature_K,
        start_T=start.field_T,
        options=replace(simulated_options(station), dummy_ohm=dummy_ohm),
    )
    try:
        yield simulated
    finally:
        close_rack(simulated)


@dataclass(frozen=True)
class _SimulatedWorld:
    """Fills `acquisition.running.rehearsal.Simulation`."""

    rack: SimulatedRack
    clock: PacedClock

    def switch_fault(self, request: Mapping[str, Any]) -> None:
        try:
            switch_fault(self.rack, request)
        except RefusedFaultError as error:
            raise CommandRefusedError(str(error)) from error

    def book_fault(self, time_s: float, request: Mapping[str, Any]) -> None:
        try:
            book_fault(self.rack, time_s, request)
        except RefusedFaultError as error:
            raise CommandRefusedError(str(error)) from error

    def set_speed(self, factor: float | None) -> None:
        self.clock.set_factor(factor)


@contextmanager
def open_station_bench(station: Station, wall: Wall, *, on_write: WriteObserver | None = None) -> Iterator[BenchRack]:
    """Make ready to connect to the boxes of a real (or served) rack one by one; connects to none."""
    clock = RealClock(wall)
    yield BenchRack(dict(_connectors(station, station.station.visa_library, clock, on_write).each()), clock)


@contextmanager
def open_simulated_bench(
    station: Station, sample: str, seed: int, speed: float | None, wall: Wall, *, on_write: WriteObserver | None = None
) -> Iterator[BenchRack]:
    """Build the simulated rack as `open_simulated` does, and make ready to connect to its boxes one by one."""
    with _simulated(station, sample, seed, Start(0.0, None, 0.0)) as simulated:
        clock = PacedClock(simulated.clock, speed, wall)
        connectors = _connectors(_moved(station, simulated.models), simulated.visa_library, clock, on_write)
        yield BenchRack(dict(connectors.each()), clock, _SimulatedWorld(simulated, clock))


def simulated_options(station: Station) -> Options:
    """Return what a station says of its simulated rack, besides its boxes."""
    said = station.simulation
    return Options(
        remanence_T=said.remanence_T,
        thermometer_shift_per_T=said.thermometer_shift_per_T,
        switch=Switch() if said.persistent_switch else None,
        circuit=_circuit(station.circuit),
        eddy_W_per_T2_s2=said.eddy_W_per_T2_s2,
        insert=said.insert,
    )


def simulated_models(station: Station) -> tuple[str, ...]:
    """Return the models of a station's boxes, as a simulated rack knows them."""
    return tuple(getattr(station, role).model.value for role in station.addresses)


def _moved(station: Station, addresses: Mapping[str, str]) -> Station:
    """Return the station with its boxes where a simulated rack has them; `addresses` by model."""
    boxes = {role: getattr(station, role) for role in station.addresses}
    moved = {role: box.model_copy(update={"address": addresses[box.model.value]}) for role, box in boxes.items()}
    return station.model_copy(update=moved)


def _circuit(section: CircuitSection) -> Circuit:
    """Return a station's circuit as a simulated rack knows it; that one always has the low-pass."""
    common = {field.name: getattr(section, field.name) for field in fields(Circuit) if hasattr(section, field.name)}
    return Circuit(
        **common
        | {
            "divider_ohm": section.divider_ohm or math.inf,
            "is_two_wire": section.kind is CircuitKind.CURRENT_BIAS_2_WIRE,
            "filter_Hz": section.filter_Hz or Circuit().filter_Hz,
        }
    )


@dataclass(frozen=True)
class SafeStep:
    """What became of one box on the way to idle-safe: nothing in `trouble` if it got there."""

    role: str
    name: str
    trouble: str = ""


def safe_steps(station: Station, wall: Wall, only: Collection[str] | None = None) -> Iterator[SafeStep]:
    """Bring box after box to idle-safe, each on its own: connected, made safe, given back, then the next.

    The source first, since it is what can hurt the contact. No box that is absent, silent or in a bad state keeps the
    next one from being made safe. With `only`, the roles to see to, as `SafeStep.role` names them.
    """
    for role, connect in _connectors(station, station.station.visa_library, RealClock(wall)).each():
        if only is not None and role not in only:
            continue
        try:
            with closing(connect()) as box:
                box.make_safe()
                yield SafeStep(role, box.name)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one box, the others must be made safe
            yield SafeStep(role, "", str(error) if isinstance(error, InstrumentError) else f"{role}: {error!r}")


def safe_station(station: Station, wall: Wall) -> SafeState:
    """Bring every box that answers to idle-safe and say which did not; see `safe_steps`."""
    steps = list(safe_steps(station, wall))
    return SafeState(
        tuple(step.name for step in steps if not step.trouble), tuple(step.trouble for step in steps if step.trouble)
    )


@dataclass(frozen=True)
class BoxReport:
    """What a box says of itself; `identity` is empty if it could not be connected, `trouble` if all is well."""

    role: str
    identity: str
    reads: Mapping[str, str | float | int | bool]
    trouble: str


def check_boxes(station: Station, wall: Wall) -> list[BoxReport]:
    """Connect to each box on its own, identify it, read its channels and settings; changes nothing."""
    connectors = _connectors(station, station.station.visa_library, RealClock(wall))
    return [_report(role, connect) for role, connect in connectors.each()]


def _report(role: str, connect: Callable[[], Instrument]) -> BoxReport:
    identity, reads, trouble = "", {}, ""
    try:
        with closing(connect()) as box:
            identity = box.identity
            channels, trouble = _channels(box)
            reads = channels | dict(box.settings())
    except InstrumentError as error:
        trouble = str(error)
    return BoxReport(role, identity, reads, trouble)


def _channels(box: Instrument) -> tuple[dict[str, str | float | int | bool], str]:
    """Return the readings of a box and what is wrong with them; a source meter measures nothing until it is set up."""
    match box:
        case SR830() | SR860():
            lock_in = box.read()
            status = str(lock_in.status.name) if lock_in.status else ""
            return {"x_V": lock_in.x_V, "y_V": lock_in.y_V}, status
        case LakeShore336() | LakeShore372() | ITC503():
            thermometer = box.read()
            return {"temperature_K": thermometer.temperature_K, "age_s": thermometer.age_s}, thermometer.fault
        case AMI430() | IPS120() | MercuryiPS():
            magnet = read_magnet(box)
            quench = "the magnet has quenched" if magnet.word == MagnetState.QUENCH.value else ""
            return dict(magnet.channels) | {"state": magnet.word}, quench
        case _:
            return {}, ""


@contextmanager
def _connected(station: Station, visa_library: str, clock: Clock, on_write: WriteObserver | None) -> Iterator[Rack]:
    with ExitStack() as opened:

        def connect(connector: Callable[[], _Box]) -> _Box:
            box = connector()
            opened.callback(box.close)
            return box

        connectors = _connectors(station, visa_library, clock, on_write)
        roles = Roles(
            lock_in=connect(connectors.lock_in),
            source=connect(connectors.source),
            temperature=connect(connectors.temperature),
            magnet=connect(connectors.magnet),
            voltmeter=connect(connectors.voltmeter) if connectors.voltmeter else None,
        )
        yield Rack(roles, clock, visa_library)


@dataclass(frozen=True)
class _Connectors:
    """How to connect to each box; nothing is connected yet."""

    lock_in: Callable[[], LockIn]
    source: Callable[[], SourceMeter]
    temperature: Callable[[], TemperatureController]
    magnet: Callable[[], Magnet]
    voltmeter: Callable[[], DcVoltmeter] | None = None

    def each(self) -> tuple[tuple[str, Callable[[], Instrument]], ...]:
        """Return role and connector in the order in which boxes are made safe, as `Roles.each` does."""
        return (
            ("source meter", self.source),
            ("lock-in", self.lock_in),
            ("temperature controller", self.temperature),
            ("magnet", self.magnet),
            *([("voltmeter", self.voltmeter)] if self.voltmeter else []),
        )


def _connectors(
    station: Station, visa_library: str, clock: Clock, on_write: WriteObserver | None = None
) -> _Connectors:
    contact, cryostat, magnet = station.contact, station.temperature, station.magnet
    wired = {"visa_library": visa_library, "clock": clock, "on_write": on_write}
    return _Connectors(
        lock_in=partial(_LOCK_INS[station.lockin.model], station.lockin.address, **wired),
        source=partial(
            _SOURCE_METERS[station.sourcemeter.model],
            station.sourcemeter.address,
            maximum_A=largest_source_A(contact, station.circuit),
            maximum_V=station.sourcemeter.compliance_V,
            safe_rate_A_per_s=source_current_for(
                contact.maximum_bias_rate_V_per_s, contact.expected_conductance_S, station.circuit
            ),
            **wired,
        ),
        temperature=partial(
            _TEMPERATURE_CONTROLLERS[cryostat.model],
            cryostat.address,
            channel=cryostat.channel,
            minimum_K=cryostat.minimum_K,
            maximum_K=cryostat.maximum_K,
            **wired,
        ),
        magnet=partial(
            _MAGNETS[magnet.model],
            magnet.address,
            maximum_T=magnet.maximum_T,
            maximum_rate_T_per_min=magnet.rate_T_per_min,
            **({"level_board": magnet.level_board} if magnet.level_board else {}),
            **wired,
        ),
        voltmeter=partial(_VOLTMETERS[station.voltmeter.model], station.voltmeter.address, **wired)
        if station.voltmeter
        else None,
    )
